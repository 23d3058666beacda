"""Communities judged by their rooms: status, shortfall, remedy, and that evidence never harms."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from app.geo.assessment import STATUSES, Community, add_households, assess, compare
from app.geo.projects import Phase
from app.geo.rooms import EVIDENCE_KINDS, ROOM_KINDS, Room
from tests.geo.test_rooms import STATION, TODAY
from tests.geo.test_standards import NATION

FLOOR = replace(
    NATION, id="COUNTY-300", metric="floor_area_per_community", threshold=300, valid_from=None, valid_until=None
)
NEW = replace(NATION, id="COUNTY-50", threshold=50, level="project", valid_from=None, valid_until=None)
ACTIVITY = replace(FLOOR, id="NAT-60PCT", metric="resident_activity_share", threshold=0.6)
SIZE = replace(FLOOR, id="COMM-HH", part="", metric="households_per_community", threshold=1000, threshold_max=3000)
A = Community("510100001001", "东街社区", 1200.0, "urban")


def room(**facts):
    return replace(STATION, community_code=A.code, **facts)


def judge(*rooms, community=A, standards=(FLOOR, NATION, NEW), as_of=TODAY):
    return assess([community], rooms, [], standards, as_of=as_of).communities[0]


def test_several_sites_are_summed_and_the_main_one_is_shown():
    one = judge(room(area_m2=260.0), room(room_id="R2", area_m2=140.0))
    assert (one.counted_m2, one.status, one.main_site.room.room_id) == (400.0, "达标", "R1")


def test_the_standard_that_asks_for_most_binds():
    one = judge(room(area_m2=320.0))
    assert (one.status, one.binding.standard.id, one.shortfall_m2) == ("不达标", "N", 40.0)
    assert judge(room(area_m2=290.0), community=replace(A, households=500.0)).binding.standard.id == "COUNTY-300"


def test_what_papers_could_mend_is_to_be_verified_and_what_they_cannot_is_missed():
    unproven = room(room_id="R2", area_m2=100.0, evidence="")
    assert judge(room(area_m2=280.0), unproven).status == "待核实"
    assert judge(room(area_m2=250.0), unproven).status == "不达标"


def test_no_rooms_unknown_area_and_unknown_households_are_no_data_and_no_silent_nought():
    assert (judge().status, judge().shortfall_m2) == ("数据不足", None)
    assert judge(room(area_m2=None)).status == "数据不足"
    assert judge(room(area_m2=320.0), community=replace(A, households=None)).status == "数据不足"


def test_known_rooms_that_suffice_are_enough_whatever_another_comes_to():
    assert judge(room(area_m2=400.0), room(room_id="R2", area_m2=None)).status == "达标"


def test_old_communities_are_held_to_the_rule_of_new_projects_only_as_a_hint_with_its_routes():
    one = judge(room(area_m2=400.0))
    (hint,) = [finding for finding in one.findings if finding.advisory]
    assert (hint.standard.id, hint.shortfall, one.status) == ("COUNTY-50", 200.0, "达标")
    assert "购买、置换、租赁或共建" in "".join(one.hints)


def test_the_size_of_a_community_is_a_hint_and_never_a_failure():
    one = judge(room(area_m2=400.0), community=replace(A, households=900.0), standards=(FLOOR, SIZE))
    assert one.status == "达标"
    assert "1,000–3,000" in "".join(one.hints)


def test_where_only_elder_care_fills_the_floor_it_is_said():
    one = judge(room(area_m2=310.0, elder_m2=60.0), standards=(FLOOR,))
    assert (one.status, one.without_elder_m2) == ("达标", 250.0)
    assert "不含则缺 50.00" in "".join(one.hints)


def test_the_share_of_residents_activities_is_no_data_without_the_area_of_each_room():
    full = judge(room(area_m2=400.0, activity_m2=240.0), standards=(FLOOR, ACTIVITY))
    assert (full.activity_share, full.status) == (0.6, "达标")
    lacking = judge(room(area_m2=400.0), standards=(FLOOR, ACTIVITY))
    assert (lacking.activity_share, lacking.status) == (None, "数据不足")


def test_ranks_are_by_shortfall_and_by_households():
    b = Community("510100001002", "西街社区", 4000.0, "urban")
    rooms = [room(area_m2=100.0), replace(STATION, room_id="R2", community_code=b.code, area_m2=150.0)]
    found = assess([A, b], rooms, [], [FLOOR], as_of=TODAY)
    assert [one.community.code for one in found.by_shortfall()] == [A.code, b.code]
    assert [one.community.code for one in found.by_households()] == [b.code, A.code]


def test_a_what_if_tells_whom_it_changes():
    before = assess([A], [room(area_m2=200.0)], [], [FLOOR], as_of=TODAY)
    after = assess([A], [room(area_m2=200.0), room(room_id="R2", area_m2=150.0)], [], [FLOOR], as_of=TODAY)
    (change,) = compare(before, after)
    assert (change.before.status, change.after.status) == ("不达标", "达标")
    assert compare(before, before) == ()


def test_a_new_project_brings_households_to_its_community():
    phase = Phase("P", "新苑", "", A.code, 800, TODAY, "启用")
    assert add_households([A], [phase])[0].households == 2000.0


KINDS, PAPERS = sorted(ROOM_KINDS), ["", *sorted(EVIDENCE_KINDS)]
ROOMS = st.builds(
    Room,
    room_id=st.uuids().map(str),
    community_code=st.just(A.code),
    name=st.just("用房"),
    kind=st.sampled_from(KINDS),
    area_m2=st.none() | st.floats(0, 900),
    elder_m2=st.none() | st.floats(0, 300),
    evidence=st.sampled_from(PAPERS),
    lease_until=st.none() | st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    in_use=st.sampled_from([True, False, None]),
    below_ground=st.booleans(),
    shares=st.sampled_from([{}, {A.code: 0.5, "510100001002": 0.5}, {A.code: None, "510100001002": None}]),
)


@given(st.lists(ROOMS, min_size=1, max_size=6), st.floats(0, 900), st.sampled_from(PAPERS[1:]))
def test_adding_evidenced_floor_area_never_worsens_a_finding(rooms, area, paper):
    more = room(area_m2=area, evidence=paper, lease_until=date(2030, 1, 1))
    before = judge(*rooms, standards=(FLOOR, NATION, NEW))
    after = judge(*rooms, more, standards=(FLOOR, NATION, NEW))
    for one, other in zip(before.findings, after.findings, strict=True):
        assert STATUSES.index(other.status) >= STATUSES.index(one.status)
        if one.shortfall is not None and other.shortfall is not None:
            assert other.shortfall <= one.shortfall
    assert after.counted_m2 >= before.counted_m2
