"""Standards as values: where and when they hold, and which replaces which."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from app.geo.standards import Standard, choose_standards, in_force, required_area

NATION = Standard(
    id="N",
    facility="社区综合服务设施",
    part="rooms",
    metric="floor_area_per_100hh",
    operator=">=",
    threshold=30,
    unit="m2/100hh",
    level="community",
    settlements=frozenset({"urban", "town", "rural"}),
    build="all",
    source="somewhere",
    standing="secondary text",
    valid_from=date(2021, 1, 1),
    valid_until=date(2025, 12, 31),
    continued=True,
    enabled=True,
)
PROVINCE = replace(NATION, id="P", code_prefix="51", threshold=40, valid_from=date(2023, 1, 1), valid_until=None)
CITY = replace(PROVINCE, id="C", code_prefix="5101", threshold=45)


def ids(*standards, code="510100001001", settlement="urban", on=date(2024, 6, 1)):
    return [one.id for one in in_force(standards, level="community", code=code, settlement=settlement, on=on)]


def test_a_local_standard_replaces_the_national_one_in_its_place_only():
    assert ids(NATION, PROVINCE, CITY) == ["C"]
    assert ids(NATION, PROVINCE, CITY, code="510200001001") == ["P"]
    assert ids(NATION, PROVINCE, CITY, code="360600001001") == ["N"]


def test_a_local_standard_replaces_the_national_one_from_its_day_only():
    assert ids(NATION, PROVINCE, on=date(2022, 12, 31)) == ["N"]
    assert ids(NATION, PROVINCE, on=date(2023, 1, 1)) == ["P"]


def test_of_two_of_the_same_place_the_later_counts():
    assert ids(PROVINCE, replace(PROVINCE, id="Q", valid_from=date(2024, 1, 1))) == ["Q"]


def test_a_standard_whose_period_is_over_is_continued_only_if_it_says_so_and_is_told():
    assert ids(NATION, on=date(2026, 1, 1)) == ["N"]
    assert "期满沿用" in NATION.describe(date(2026, 1, 1))
    assert "期满沿用" not in NATION.describe(date(2025, 12, 31))
    assert ids(replace(NATION, continued=False), on=date(2026, 1, 1)) == []


def test_a_standard_that_names_another_takes_its_place_though_it_asks_for_something_else():
    assert ids(NATION, replace(CITY, metric="floor_area_per_community", replaces=("N",))) == ["C"]


def test_a_standard_of_a_place_without_a_code_holds_nowhere():
    assert ids(replace(NATION, code_prefix=None)) == []


def test_towns_are_not_held_to_a_standard_of_cities_but_the_unknown_are():
    urban = replace(NATION, settlements=frozenset({"urban"}))
    assert ids(urban, settlement="town") == []
    assert ids(urban, settlement="") == ["N"]


def test_an_unverified_standard_says_so_when_it_is_switched_on():
    doubtful = replace(NATION, standing="unverified", enabled=False)
    assert ids(doubtful) == []
    (switched,) = choose_standards([doubtful], on=["N"])
    assert ids(switched) == ["N"]
    assert "依据未核实" in switched.describe(date(2024, 6, 1))


def test_what_is_asked_of_unknown_households_is_unknown_and_never_nought():
    assert required_area(NATION, 1234) == 370.2
    assert required_area(NATION, None) is None
    assert required_area(NATION, 0) is None
