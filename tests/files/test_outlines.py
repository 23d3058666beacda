"""Outlines that overlap or gape are found where they do, measured in metres, left, refused or closed as asked."""

from __future__ import annotations

import re

import geopandas as gpd
import numpy as np
import pytest
import shapely
from county import CODES, EAST, NORTH, OUTLINES, box, communities, faults, notes, only_fault, read, write
from hypothesis import given, settings
from hypothesis import strategies as st

from app.files.inputs import read_layers
from app.files.outlines import close_misfits, find_misfits
from app.geo.crs import densify_outlines, metric_crs, project, to_degrees


def degrees(*outlines: shapely.Geometry) -> np.ndarray:
    """Outlines drawn in metres as they arrive: densified, in degrees."""
    return to_degrees(densify_outlines(communities(*outlines))).geometry.to_numpy()


def moved(row: int, dx: float, dy: float) -> list[shapely.Geometry]:
    """The four communities, one of them moved by some metres."""
    return [shapely.affinity.translate(o, dx, dy) if k == row else o for k, o in enumerate(OUTLINES)]


def county_of(*outlines: shapely.Geometry) -> dict[str, gpd.GeoDataFrame]:
    return {"communities": communities(*outlines)}


def square_metres(text: str) -> float:
    return float(re.search(r"([\d,]+) 平方米", text)[1].replace(",", ""))


def area_m2(shapes) -> np.ndarray:
    return shapely.area(project(np.asarray(shapes, dtype=object), metric_crs(120)))


def test_outlines_that_fit_have_no_misfit():
    found = find_misfits(degrees(*OUTLINES))
    assert (found.overlaps, found.gaps, found.holes) == ((), (), ())
    assert (found.small_overlaps, found.small_gaps) == (0, 0)


def test_edges_with_different_vertices_that_lie_on_each_other_fit():
    with_more = shapely.segmentize(OUTLINES[1], 37.0)
    found = find_misfits(degrees(OUTLINES[0], with_more, *OUTLINES[2:]))
    assert (found.overlaps, found.gaps, found.small_overlaps, found.small_gaps) == ((), (), 0, 0)


@pytest.mark.parametrize("width", [5.2, 8.0, 40.0])
def test_an_overlap_is_refused_with_both_codes_width_area_and_place(tmp_path, width):
    wider = box(600 - width, 0, 1200, 600)
    fault = only_fault(write(tmp_path, county_of(OUTLINES[0], wider, *OUTLINES[2:])))
    assert (fault.kind, fault.feature) == ("communities_overlap", f"{CODES[0]} / {CODES[1]}")
    assert f"最宽 {width:.1f} 米" in fault.fact
    assert f"面积 {width * 600:,.0f} 平方米" in fault.fact
    assert "位于 118.84" in fault.fact
    assert "--mend" in fault.remedy
    assert "--as-is" in fault.remedy


@pytest.mark.parametrize("width", [5.2, 8.0, 45.0])
def test_a_gap_is_refused_with_its_neighbours_width_area_and_place(tmp_path, width):
    narrower = box(600 + width, 0, 1200, 600)
    fault = only_fault(write(tmp_path, county_of(OUTLINES[0], narrower, *OUTLINES[2:])))
    assert fault.kind == "communities_gap"
    assert fault.feature == " / ".join((CODES[0], CODES[1], CODES[3]))
    assert f"最宽 {width:.1f} 米" in fault.fact
    assert square_metres(fault.fact) == pytest.approx(width * 600, rel=0.02)  # its mouth is rounded off


def test_a_gap_closed_all_round_is_refused(tmp_path):
    """Between two towns of four communities with a slit that ends inside."""
    slit = box(597, 100, 603, 500)
    outlines = [shapely.difference(outline, slit) for outline in OUTLINES]
    fault = only_fault(write(tmp_path, county_of(*outlines)))
    assert (fault.kind, fault.feature) == ("communities_gap", f"{CODES[0]} / {CODES[1]}")
    assert "最宽 6.0 米" in fault.fact


@pytest.mark.parametrize(("width", "kind"), [(-4.8, "small_overlaps"), (4.8, "small_gaps"), (0.3, "small_gaps")])
def test_misfits_of_at_most_five_metres_are_left_and_counted(tmp_path, width, kind):
    second = box(600 + width, 0, 1200, 600)
    layers, report = read(tmp_path, county_of(OUTLINES[0], second, *OUTLINES[2:]))
    assert notes(report) == {kind: 1}
    assert square_metres(report.notes[0].text) == pytest.approx(abs(width) * 600, rel=0.02)
    assert area_m2(layers.communities.geometry)[1] == pytest.approx((600 - width) * 600, rel=1e-6)


def test_rounding_in_the_file_is_not_reported(tmp_path):
    second = shapely.affinity.translate(OUTLINES[1], 1e-6, -1e-6)
    _, report = read(tmp_path, county_of(OUTLINES[0], second, *OUTLINES[2:]))
    assert report.notes == ()


def test_a_community_moved_aside_overlaps_here_and_gapes_there(tmp_path):
    found = faults(write(tmp_path, county_of(*moved(3, 9, 9))))
    assert {fault.kind for fault in found} == {"communities_gap"}
    (tmp_path / "county.gpkg").unlink()
    found = faults(write(tmp_path, county_of(*moved(3, -9, 9))))
    assert [fault.kind for fault in found] == ["communities_overlap", "communities_gap"]
    assert found[0].feature == f"{CODES[2]} / {CODES[3]}"
    assert CODES[1] in found[1].feature


def test_an_enclave_in_its_hole_fits(tmp_path):
    inner = box(200, 200, 400, 400)
    ring = shapely.difference(OUTLINES[0], inner)
    _, report = read(tmp_path, county_of(ring, OUTLINES[1], inner))
    assert report.notes == ()


def test_an_enclave_without_its_hole_overlaps(tmp_path):
    fault = only_fault(write(tmp_path, county_of(OUTLINES[0], OUTLINES[1], box(200, 200, 400, 400))))
    assert (fault.kind, fault.feature) == ("communities_overlap", f"{CODES[0]} / {CODES[2]}")
    assert "最宽 200.0 米" in fault.fact


def test_a_lake_between_communities_is_noted_and_no_gap(tmp_path):
    lake = box(500, 500, 700, 700)
    _, report = read(tmp_path, county_of(*(shapely.difference(outline, lake) for outline in OUTLINES)))
    assert notes(report) == {"large_holes": 1}


def test_a_bay_between_two_outer_corners_is_no_gap(tmp_path):
    cape = shapely.Polygon([(600, 0), (1200, 0), (1200, -500), (900, -500)])
    other = shapely.affinity.translate(cape, EAST, NORTH)
    _, report = read(tmp_path, county_of(OUTLINES[0], OUTLINES[1], other))
    assert report.notes == ()


def test_a_narrow_inlet_of_one_community_is_its_own_affair(tmp_path):
    inlet = shapely.difference(OUTLINES[0], box(0, 290, 400, 310))
    _, report = read(tmp_path, county_of(inlet, *OUTLINES[1:]))
    assert report.notes == ()


def test_communities_apart_from_each_other_fit(tmp_path):
    _, report = read(tmp_path, county_of(OUTLINES[0], box(700, 0, 1200, 600)))
    assert report.notes == ()


def test_misfits_across_a_zone_border_are_found_once():
    lon = 118.5  # where zones 39 and 40 meet
    left = [shapely.box(lon - 0.02, 32 + k * 0.01, lon, 32.01 + k * 0.01) for k in range(3)]
    right = [shapely.box(lon + 0.0001, 32 + k * 0.01, lon + 0.02, 32.01 + k * 0.01) for k in range(3)]
    shapes = densify_outlines(gpd.GeoDataFrame(geometry=[*left, *right], crs=4490)).geometry.to_numpy()
    found = find_misfits(shapes)
    assert len(found.gaps) == 1
    assert found.gaps[0].width_m == pytest.approx(9.45, abs=0.1)
    assert set(found.gaps[0].communities) == set(range(6))


def test_widths_are_metres_at_every_latitude():
    for lat in (18.0, 50.0):
        gap = 8.0 / (111_320 * np.cos(np.radians(lat)))
        shapes = [shapely.box(110, lat, 110.01, lat + 0.01), shapely.box(110.01 + gap, lat, 110.02, lat + 0.01)]
        found = find_misfits(densify_outlines(gpd.GeoDataFrame(geometry=shapes, crs=4490)).geometry.to_numpy())
        assert found.gaps[0].width_m == pytest.approx(8.0, abs=0.1)


def test_communities_go_on_as_they_are_when_asked(tmp_path):
    sources = write(tmp_path, county_of(*moved(3, -9, 9)))
    layers, report = read_layers(sources, as_is=True)
    assert area_m2(layers.communities.geometry) == pytest.approx([360_000] * 4, rel=1e-4)
    assert notes(report) == {"left_as_is": 2}
    assert f"{CODES[2]} / {CODES[3]}" in report.notes[0].text
    assert report.mended is None


def test_as_is_holds_even_when_mending(tmp_path):
    _, report = read(tmp_path, county_of(*moved(3, -9, 9)), as_is=True, mend=True)
    assert notes(report) == {"left_as_is": 2}


def test_mending_gives_the_overlap_to_the_lower_code_and_the_gap_to_the_longest_edge(tmp_path):
    overlapping = box(580, 0, 1200, 600)
    layers, report = read(
        tmp_path, county_of(OUTLINES[0], overlapping, OUTLINES[2], box(600, 610, 1200, 1200)), mend=True
    )
    outlines = layers.communities.geometry
    assert area_m2(outlines) == pytest.approx([360_000, 366_000, 360_000, 354_000], rel=1e-5)
    assert notes(report)["outlines_mended"] == 2
    assert report.mended is not None
    assert report.mended.geometry.equals(outlines)


def test_mended_outlines_share_their_edges_vertex_by_vertex(tmp_path):
    layers, _ = read(tmp_path, county_of(*moved(3, -9, 12)), mend=True)
    outlines = layers.communities.geometry.to_numpy()
    assert find_misfits(outlines).gaps == ()
    assert shapely.area(shapely.union_all(outlines)) == pytest.approx(shapely.area(outlines).sum(), rel=1e-12)


def test_mending_moves_no_vertex_that_is_not_in_the_way(tmp_path):
    before, _ = read(tmp_path, county_of(*OUTLINES))
    (tmp_path / "county.gpkg").unlink()
    after, _ = read(tmp_path, county_of(OUTLINES[0], box(580, 0, 1200, 600), *OUTLINES[2:]), mend=True)
    for row in (0, 2, 3):
        assert after.communities.geometry[row].equals_exact(before.communities.geometry[row])


def test_a_community_that_mending_would_swallow_is_refused(tmp_path):
    fault = only_fault(write(tmp_path, county_of(OUTLINES[0], OUTLINES[1], box(200, 200, 400, 400))), mend=True)
    assert (fault.kind, fault.feature) == ("community_swallowed", CODES[2])
    assert CODES[0] in fault.fact


def test_the_lower_code_wins_whatever_the_order_of_the_file(tmp_path):
    frame = communities(box(580, 0, 1200, 600), OUTLINES[0], community_code=["b", "a"])
    layers, _ = read(tmp_path, {"communities": frame}, mend=True)
    assert area_m2(layers.communities.geometry) == pytest.approx([360_000, 360_000], rel=1e-5)


def test_places_beyond_the_first_twenty_are_counted(tmp_path):
    strips = [box(k * 100, 0, k * 100 + 108, 300) for k in range(26)]
    frame = communities(*strips, community_code=[f"c{k:02}" for k in range(26)], name=[""] * 26)
    found = faults(write(tmp_path, {"communities": frame}))
    assert [fault.kind for fault in found] == ["communities_overlap"] * 20 + ["more"]
    assert "另有 5 处" in found[-1].fact


@settings(max_examples=40)
@given(
    row=st.integers(0, 3),
    dx=st.floats(-45, 45).filter(lambda shift: abs(abs(shift) - 5) > 0.2),
    dy=st.floats(-45, 45).filter(lambda shift: abs(abs(shift) - 5) > 0.2),
)
def test_a_moved_community_is_found_where_it_moved_and_closed_without_a_rest(row, dx, dy):
    outlines = degrees(*moved(row, dx, dy))
    found = find_misfits(outlines)
    wide = max(abs(dx), abs(dy)) > 5
    assert bool(found.overlaps or found.gaps) == wide
    for misfit in (*found.overlaps, *found.gaps):
        assert 5 < misfit.width_m < 50 * 1.5
    closed = close_misfits(outlines, found)
    assert shapely.is_valid(closed).all()
    left = find_misfits(closed)
    assert (left.overlaps, left.gaps) == ((), ())
    if not wide:
        assert all(after is before for after, before in zip(closed, outlines, strict=True))
