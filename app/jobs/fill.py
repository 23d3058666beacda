"""Fill a superior's own workbook from what is known of facility standards, from a check or from the store."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from app.files.messages import fault
from app.geo.assessment import Assessment
from app.geo.errors import InputError, UsageError
from app.geo.findings import plain_community, plain_project
from app.jobs.database import work_in
from app.output import write_whole
from app.reports.templates import Mapped, fill_template, learn_mapping, read_mapping, write_mapping
from app.reports.texts import file_name
from app.settings import StoreSettings
from app.store.connect import Store
from app.store.findings import assess_stored

__all__ = ["FIELDS", "FillOrder", "Filled", "fill", "learn"]

COUNTY = (
    *("as_of", "communities", "households", "counted_m2", "pending_m2", "shortfall_m2", "rooms"),
    *("met", "missed", "to_verify", "no_data", "projects", "projects_missed", "projects_required_m2"),
    *("projects_given_m2", "projects_shortfall_m2"),
)
COMMUNITIES = (
    *("number", "community_code", "name", "households", "status", "binding", "counted_m2", "without_elder_m2"),
    *("pending_m2", "left_out_m2", "required_m2", "shortfall_m2", "per_100_households_m2", "activity_share"),
    *("rooms", "remedy", "responsible"),
)
PROJECTS = (
    *("number", "project_id", "name", "community_code", "standard", "households", "required_m2", "planned_m2"),
    *("built_m2", "handed_over_m2", "given_m2", "shortfall_m2", "status", "stage"),
)
FIELDS: Mapping[str, tuple[str, ...]] = {
    "county": COUNTY,
    "communities": COMMUNITIES,
    "missing": COMMUNITIES,
    "projects": PROJECTS,
}
"""What can be written, by list; `missing` are the communities that miss something, most first."""
SINGLES = frozenset({"county"})
CODES = frozenset({"community_code", "project_id", "standard", "binding"})


@dataclass(frozen=True)
class FillOrder:
    """A template, the name of its mapping, and where the figures come from."""

    template: Path
    mapping: str
    out: Path | None = None
    check: Path | None = None
    """`check.json` that `jiexiang check --out` wrote, or its folder; the store where none is named."""
    as_of: date | None = None
    """The day of what is read from the store."""
    force: bool = False

    @property
    def mapping_file(self) -> Path:
        """Return where the mapping lies: beside the template.

        Raises
        ------
        UsageError
            Its name is no part of a file name.
        """
        if not self.mapping or file_name(self.mapping) != self.mapping:
            raise UsageError(f"--mapping {self.mapping}：名称里不能有空格、点、斜杠等 (no name for a file)")
        return self.template.with_name(f"{self.template.stem}.{self.mapping}.toml")


@dataclass(frozen=True)
class Filled:
    """What was written."""

    file: Path
    cells: int
    communities: int
    projects: int


def learn(order: FillOrder, marked: Path) -> Filled:
    """Save which values go into which cells, from a marked copy of the template.

    Raises
    ------
    InputError, UsageError
        A file is missing, or cannot be used.
    """
    mapped = learn_mapping(_read(marked), _read(order.template), FIELDS, SINGLES)
    file = order.mapping_file
    with write_whole(file.parent, [file.name], force=order.force) as part:
        (part / file.name).write_text(write_mapping(mapped), "utf-8")
    return Filled(file, len(mapped), 0, 0)


def fill(order: FillOrder, settings: StoreSettings) -> Filled:
    """Fill the template by its mapping; the workbook appears whole or not at all.

    Raises
    ------
    InputError, UsageError
        A file cannot be used, or the mapping no longer fits the template.
    StoreError
        There is no store to read from.
    """
    if order.out is None:
        raise UsageError("请用 --out 指明写到哪里 (say by --out where to write)")
    template = _read(order.template)
    if not order.mapping_file.exists():
        raise UsageError(
            f"没有 {order.mapping_file}：先用 --learn 从标记过的副本建立 (learn the mapping first, from a marked copy)"
        )
    try:
        mapped = read_mapping(order.mapping_file.read_text("utf-8"), FIELDS)
    except UnicodeDecodeError as error:
        raise UsageError(f"{order.mapping_file} 不是 UTF-8 文本 (no UTF-8 text)") from error
    record = _read_check(order.check) if order.check else _read_store(order, settings)
    values = _values(record)
    content = fill_template(template, mapped, values, codes=CODES)
    with write_whole(order.out.parent, [order.out.name], force=order.force) as part:
        (part / order.out.name).write_bytes(content)
    return Filled(order.out, _count(mapped, values), len(record["communities"]), len(record["projects"]))


def _read(file: Path) -> bytes:
    if not file.is_file():
        raise InputError([fault("file_missing", str(file))])
    return file.read_bytes()


def _read_check(named: Path) -> dict[str, Any]:
    file = named / "check.json" if named.is_dir() else named
    try:
        record: dict[str, Any] = json.loads(_read(file))
        return {name: record[name] for name in ("as_of", "communities", "projects", "by_shortfall")}
    except (ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{file} 不是 jiexiang check --out 写出的 check.json (no check.json of ours)") from error


def _read_store(order: FillOrder, settings: StoreSettings) -> dict[str, Any]:
    day = order.as_of
    if day is None:
        raise UsageError("从数据库取数须有 --as-of (a day is needed)")

    async def work(store: Store) -> Assessment:
        async with store.reading() as connection:
            return await assess_stored(connection, on=day)

    found = work_in(settings, work)
    return {
        "as_of": found.as_of.isoformat(),
        "communities": [plain_community(one) for one in found.communities],
        "projects": [plain_project(one) for one in found.projects],
        "by_shortfall": [one.community.code for one in found.by_shortfall()],
    }


def _values(record: Mapping[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """Return rows by list; a sum of which a part is not known is not known."""
    communities = {one["community_code"]: _community(one) for one in record["communities"]}
    projects = list(record["projects"])
    everywhere = list(communities.values())
    statuses = [one["status"] for one in everywhere]
    county = {
        "as_of": record["as_of"],
        "communities": len(everywhere),
        "households": _sum(everywhere, "households"),
        "counted_m2": _sum(everywhere, "counted_m2"),
        "pending_m2": _sum(everywhere, "pending_m2"),
        "shortfall_m2": _sum([one for one in everywhere if one["status"] == "不达标"], "shortfall_m2"),
        "rooms": _sum(everywhere, "rooms"),
        "met": statuses.count("达标"),
        "missed": statuses.count("不达标"),
        "to_verify": statuses.count("待核实"),
        "no_data": statuses.count("数据不足"),
        "projects": len(projects),
        "projects_missed": sum(one["status"] == "不达标" for one in projects),
        "projects_required_m2": _sum(projects, "required_m2"),
        "projects_given_m2": _sum(projects, "given_m2"),
        "projects_shortfall_m2": _sum(projects, "shortfall_m2"),
    }
    missing = [communities[code] for code in record["by_shortfall"]]
    return {
        "county": [county],
        "communities": _number(everywhere),
        "missing": _number(missing),
        "projects": _number(projects),
    }


def _community(one: Mapping[str, Any]) -> dict[str, Any]:
    binding = next((finding for finding in one["findings"] if finding["standard"] == one["binding"]), None)
    return {**one, "rooms": len(one["rooms"]), "required_m2": binding["required"] if binding else None}


def _number(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**row, "number": number} for number, row in enumerate(rows, 1)]


def _sum(rows: Sequence[Mapping[str, Any]], name: str) -> float | None:
    numbers = [row[name] for row in rows]
    return None if None in numbers else round(sum(numbers), 2)


def _count(mapped: Sequence[Mapped], values: Mapping[str, Sequence[Any]]) -> int:
    return sum(len(values[one.name.partition(".")[0]]) if one.last_row else 1 for one in mapped)
