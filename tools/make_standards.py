"""Make app/files/standards.toml from a table of rules, as `python tools/make_standards.py RULES.csv`.

The table has a row a rule (rule_id, facility_class, metric, operator, threshold, threshold_max, unit, settlement_scope,
build_scope, level, applies_when, source, standing, note). Places and periods stand in words there; what they mean is
said here, once.
"""

from __future__ import annotations

import csv
import re
import sys
from pathlib import Path

TARGET = Path(__file__).parents[1] / "app" / "files" / "standards.toml"

ON = {"COUNTY-300", "COUNTY-50", "NAT-30", "COMM-HH"}
"""Switched on as shipped: the county's two, the national one, and the size of a community, which is only a hint."""

PLACES = {
    "银川市": ("银川市", "6401"),
    "安徽省": ("安徽省", "34"),
    "安徽 draft": ("安徽省", "34"),
    "杭州余杭": ("杭州市余杭区", "330110"),
    "湖北省": ("湖北省", "42"),
    "芜湖": ("芜湖市", "3402"),
    "西咸新区": ("西咸新区", None),
    "2007 city programme": ("（未指明的城市）", None),
    "one street": ("（某街道）", None),
    "local schemes": ("（各地）", None),
    "one provincial wording": ("（某省）", None),
}
"""Where a rule holds, by how `applies_when` begins: the place, and how codes of communities there begin."""

PERIODS = (
    (r"14th five-year period, to 2025-12-31; continued", ("2021-01-01", "2025-12-31", True)),
    (r"from 2026-01-01", ("2026-01-01", None, False)),
    (r"until 2025-12-31", (None, "2025-12-31", False)),
    (r"安徽省 2022-07-20起", ("2022-07-20", None, False)),
    (r"杭州余杭 2021", ("2021-01-01", None, False)),
    (r"2020-2022", ("2020-01-01", "2022-12-31", False)),
)
"""When a rule holds: valid from, valid until, and whether it is continued after that."""

PARTS = (("养老|老年|托老", "elder_care"), ("综合服务|办公|社区服务站|社区配套用房", "rooms"))
"""What is measured, by the words of the facility class; a class that combines office and elder care is `rooms`."""

SOURCES = {
    "NDRC briefing on 十四五城乡社区服务体系建设规划 (2022-02-09)": (
        "国家发展改革委对“十四五”城乡社区服务体系建设规划的介绍 2022-02-09"
    ),
}
"""What the pages call a source that the table names in English, for standards that are switched on."""


def main() -> None:
    with Path(sys.argv[1]).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    text = (
        "# Facility standards as data. Made by tools/make_standards.py; a county's own go into a file of their own.\n"
    )
    TARGET.write_text(text + "".join("\n" + entry(row) for row in rows), encoding="utf-8")


def entry(row: dict[str, str]) -> str:
    place, prefix = next((value for key, value in PLACES.items() if row["applies_when"].startswith(key)), ("", ""))
    begin, end, continued = next(
        (value for pattern, value in PERIODS if re.match(pattern, row["applies_when"])), (None, None, False)
    )
    scope = row["settlement_scope"]
    facts = {
        "id": row["rule_id"],
        "facility": row["facility_class"],
        "part": part_of(row["facility_class"]),
        "metric": row["metric"],
        "operator": row["operator"],
        "threshold": float(row["threshold"]),
        "threshold_max": float(row["threshold_max"]) if row["threshold_max"] else None,
        "unit": row["unit"],
        "level": row["level"],
        "settlements": ["urban", "town", "rural"] if scope in ("", "urban+rural") else scope.split("+"),
        "build": row["build_scope"],
        "jurisdiction": place,
        "code_prefix": prefix,
        "valid_from": begin,
        "valid_until": end,
        "continued": continued or None,
        "applies_when": row["applies_when"],
        "source": SOURCES.get(row["source"], row["source"]),
        "standing": row["standing"],
        "note": row["note"].strip(" ,:"),
        "enabled": row["rule_id"] in ON,
    }
    lines = [f"{name} = {toml(name, value)}" for name, value in facts.items() if value is not None]
    return "[[standard]]\n" + "\n".join(lines) + "\n"


def part_of(facility: str) -> str:
    if "合用房" in facility:
        return "rooms"
    return next((part for words, part in PARTS if re.search(words, facility)), "")


def toml(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, list):
        return "[" + ", ".join(toml(name, item) for item in value) + "]"
    text = str(value)
    return text if name.startswith("valid_") else '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


if __name__ == "__main__":
    main()
