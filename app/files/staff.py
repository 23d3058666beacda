"""Tables that go with a plan: who works in the grids, and the other names of compounds and roads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np

from app.files.messages import Findings, Note, listed
from app.files.reading import read_layer
from app.files.tables import LedgerTable, read_ledger
from app.geo.layers import OTHER_NAMES, STAFF, TOWNS

__all__ = ["OtherName", "StaffRow", "read_other_names", "read_staff", "read_towns"]

KINDS = {"小区": "compound", "compound": "compound", "道路": "road", "road": "road", "街巷": "road"}


@dataclass(frozen=True)
class StaffRow:
    """A row of a staff ledger; `role` is '' for whom no grid is named or whose post is none of a grid."""

    label: str
    staff_code: str
    name: str
    phone: str
    post: str
    community_code: str
    grid_code: str
    role: str
    since: date | None
    until: date | None


@dataclass(frozen=True)
class OtherName:
    """Another name of a compound or a road."""

    kind: str
    alias: str
    name: str


def read_staff(spec: str, roles: tuple[str, ...]) -> tuple[list[StaffRow], tuple[Note, ...]]:
    """Read a staff ledger, CSV or xlsx; `roles` are the posts that belong to a grid.

    Raises
    ------
    InputError
        With everything that is wrong: codes missing, repeated or turned into numbers, dates missing or impossible.
    """
    findings = Findings("staff", spec)
    table = LedgerTable(read_ledger(STAFF, spec, findings, {}), STAFF, findings)
    rows = []
    for k, label in enumerate(table.labels):
        grid, post = table.text("grid_code", k), table.text("post", k)
        role = post if grid and post in roles else ""
        since, until = table.date("since", k), table.date("until", k)
        if (role and not table.text("since", k)) or (since and until and until <= since):
            findings.refuse("staff_dates", label, since=since or "", until=until or "")
        code, name = table.text("staff_code", k), table.text("name", k)
        for field, value in (("staff_code", code), ("name", name)):
            if not value:
                findings.refuse("code_missing" if field == "staff_code" else "text_missing", label, field=field)
        community, phone = table.text("community_code", k), table.text("phone", k)
        rows.append(StaffRow(label, code, name, phone, post, community, grid, role, since, until))
    for code, numbers in _contradictions(rows):
        findings.refuse("code_duplicate", code, field="staff_code", value=code, rows=numbers)
    findings.settle()
    others = Counter(row.post or "-" for row in rows if not row.role)
    posts = listed([f"{post}×{count}" for post, count in sorted(others.items())])
    findings.note("not_in_a_grid", sum(others.values()), posts=posts)
    return rows, tuple(findings.notes)


def _contradictions(rows: list[StaffRow]) -> Iterator[tuple[str, str]]:
    """Find codes that two people bear, or one twice in the same grid; one person in two grids has a row for each."""
    alike: dict[str, list[StaffRow]] = {}
    for row in rows:
        alike.setdefault(row.staff_code, []).append(row)
    for code, same in sorted(alike.items()):
        grids = [(row.grid_code, row.post) for row in same]
        if code and (len({row.name for row in same}) > 1 or len(set(grids)) < len(grids)):
            yield code, "、".join(row.label.removeprefix("row ") for row in same)


def read_other_names(spec: str) -> list[OtherName]:
    """Read a table of other names, CSV or xlsx.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    findings = Findings("aliases", spec)
    table = LedgerTable(read_ledger(OTHER_NAMES, spec, findings, {}), OTHER_NAMES, findings)
    names = []
    for k, label in enumerate(table.labels):
        kind = table.text("kind", k)
        if kind not in KINDS:
            findings.refuse("alias_kind", label, value=kind)
            continue
        if table.text("alias", k) and table.text("name", k):
            names.append(OtherName(KINDS[kind], table.text("alias", k), table.text("name", k)))
    findings.settle()
    return names


def read_towns(spec: str) -> dict[str, str]:
    """Read the names of towns by code from a layer of their outlines.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    findings = Findings("towns", spec)
    frame = read_layer(TOWNS, spec, findings, told={}).frame
    findings.refuse_rows(
        "text_missing",
        np.flatnonzero(frame["name"].to_numpy(object) == "").tolist(),
        [f"#{row + 1}" for row in range(len(frame))],
        lambda _: {"field": "name"},
    )
    findings.settle()
    return dict(zip(frame["town_code"], frame["name"], strict=True))
