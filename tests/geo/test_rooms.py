"""What counts of a room, for whom, and why the rest does not."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from app.geo.rooms import Counting, Room, count_rooms

TODAY = date(2026, 7, 1)
STATION = Room("R1", "A", "服务站", "service_station", 200.0, evidence="title", evidence_number="X1", in_use=True)


def count(room, households=None, **options):
    return count_rooms([room], households or {}, as_of=TODAY, **options)


def test_a_room_in_use_with_a_title_counts_whole():
    (one,) = count(STATION)
    assert (one.counted_m2, one.pending_m2, one.left_out_m2, one.reason) == (200.0, 0.0, 0.0, "")


@pytest.mark.parametrize("evidence", ["title", "handover", "loan", "owner", "survey"])
def test_every_paper_counts(evidence):
    assert count(replace(STATION, evidence=evidence))[0].counted_m2 == 200.0


def test_a_room_without_paper_is_to_be_verified_and_does_not_count():
    (one,) = count(replace(STATION, evidence=""))
    assert (one.counted_m2, one.pending_m2, one.reason) == (0.0, 200.0, "no_evidence")


def test_a_lease_counts_to_its_last_day_with_a_warning_before():
    lease = replace(STATION, evidence="lease", lease_until=TODAY)
    assert count(lease)[0].counted_m2 == 200.0
    assert count(replace(lease, lease_until=date(2026, 6, 30)))[0].reason == "lease_ended"
    assert count(replace(lease, lease_until=None))[0].pending_m2 == 200.0
    warned = [
        bool(count(replace(lease, lease_until=day))[0].warnings) for day in (date(2026, 12, 28), date(2026, 12, 29))
    ]
    assert warned == [True, False]  # 180 and 181 days


@pytest.mark.parametrize("kind", ["property_management", "subdistrict_centre", "clinic", "police", "kindergarten"])
def test_kinds_that_do_not_count_are_listed_with_their_square_metres_and_can_be_counted(kind):
    room = replace(STATION, kind=kind)
    assert (count(room)[0].left_out_m2, count(room)[0].reason) == (200.0, "kind")
    assert count(room, counting=Counting(left_out=frozenset()))[0].counted_m2 == 200.0


def test_a_subdistrict_centre_counts_where_it_is_shared_out():
    centre = replace(STATION, kind="subdistrict_centre", area_m2=1000.0, shares={"A": 0.1, "B": 0.2})
    assert [one.counted_m2 for one in count(centre)] == [100.0, 200.0]


def test_basements_count_only_once_converted_and_temporary_or_vacated_rooms_never():
    assert count(replace(STATION, below_ground=True))[0].reason == "basement"
    assert count(replace(STATION, below_ground=True, converted=True))[0].counted_m2 == 200.0
    assert count(replace(STATION, temporary=True))[0].reason == "temporary"
    assert count(replace(STATION, in_use=False))[0].reason == "vacated"


def test_a_room_without_area_is_unknown_and_not_nought():
    (one,) = count(replace(STATION, area_m2=None))
    assert one.area_unknown
    assert one.reason == "area_unknown"


def test_a_shared_room_is_counted_by_agreement_else_by_households_and_never_twice():
    agreed = count(replace(STATION, shares={"A": 0.25, "B": 0.75}))
    assert [(one.community_code, one.counted_m2) for one in agreed] == [("A", 50.0), ("B", 150.0)]
    by_households = count(replace(STATION, shares={"A": None, "B": None}), {"A": 100.0, "B": 300.0})
    assert [one.counted_m2 for one in by_households] == [50.0, 150.0]
    assert all("按户分摊" in one.share_words for one in by_households)
    mixed = count(replace(STATION, shares={"A": 0.5, "B": None, "C": None}), {"B": 100.0, "C": 300.0})
    assert [one.counted_m2 for one in mixed] == [100.0, 25.0, 75.0]


def test_a_room_shared_by_unknown_households_is_unknown():
    assert all(one.area_unknown for one in count(replace(STATION, shares={"A": None, "B": None}), {"A": 100.0}))


def test_measured_area_that_differs_by_more_than_a_twentieth_is_flagged():
    assert not count(replace(STATION, measured_m2=190.0))[0].warnings
    assert any("实测" in words for words in count(replace(STATION, measured_m2=189.0))[0].warnings)


def test_office_service_elder_and_activity_parts_are_told_apart():
    room = replace(
        STATION, office_m2=40.0, service_m2=100.0, elder_m2=60.0, activity_m2=120.0, shares={"A": 0.5, "B": 0.5}
    )
    one = count(room)[0]
    assert (one.office_m2, one.service_m2, one.elder_m2, one.activity_m2) == (20.0, 50.0, 30.0, 60.0)
