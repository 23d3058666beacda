"""Households that nobody counted are modelled soberly and sum to what is known of a community."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import shapely
from county import box, buildings, communities, frames, notes, only_fault, point, read, streets, write
from hypothesis import given
from hypothesis import strategies as st

from app.files.households import communities_of, scale_households
from app.files.messages import Findings


def houses(*shapes: shapely.Geometry, **columns: object) -> gpd.GeoDataFrame:
    """Buildings without a column of households."""
    return gpd.GeoDataFrame(columns, geometry=list(shapes), crs=4549)


def modelled(tmp_path, frame: gpd.GeoDataFrame, **options):
    return read(tmp_path, frames(buildings=frame), **options)


def test_households_follow_footprint_and_levels(tmp_path):
    layers, report = modelled(tmp_path, houses(box(40, 40, 61, 60), box(100, 100, 121, 120), 层数=[10, 5]))
    assert list(layers.buildings["households"]) == [40, 20]  # 420 m² × levels / 105 m²
    assert layers.household_basis == "估算"
    assert notes(report) == {"households_modelled": 2}


def test_floor_area_comes_before_levels(tmp_path):
    layers, _ = modelled(tmp_path, houses(box(40, 40, 61, 60), 层数=[10], 建筑面积=[1050.0]))
    assert list(layers.buildings["households"]) == [10]


def test_missing_levels_are_assumed_by_size_and_counted(tmp_path):
    layers, report = modelled(tmp_path, houses(box(40, 40, 55, 53), box(100, 100, 121, 120), levels=[None, "?"]))
    assert list(layers.buildings["households"]) == [6, 24]  # 195 m² by three levels, 420 m² by six
    assert notes(report)["levels_assumed"] == 2


def test_only_dwellings_and_buildings_of_unknown_use_have_households(tmp_path):
    uses = ["apartments", "school", "yes", None, "商住楼", "住院部", "非居住", "办公"]
    shapes = [box(40 + 50 * k, 40, 61 + 50 * k, 60) for k in range(len(uses))]
    layers, report = modelled(tmp_path, houses(*shapes, building=uses, levels=[5] * len(uses)))
    assert list(layers.buildings["households"]) == [20, 0, 20, 20, 20, 0, 0, 0]
    assert notes(report)["households_modelled"] == 4


def test_points_need_a_floor_area(tmp_path):
    fault = only_fault(write(tmp_path, frames(buildings=houses(point(50, 50), point(90, 90), levels=[6, 6]))))
    assert (fault.kind, fault.feature) == ("households_unknown", "")
    assert "2 个点没有建筑面积" in fault.fact
    assert "--columns buildings.households=" in fault.remedy


def test_points_with_floor_area_are_modelled(tmp_path):
    layers, _ = modelled(tmp_path, houses(point(50, 50), 建筑面积=[2100]))
    assert list(layers.buildings["households"]) == [20]


def test_points_with_households_are_counted(tmp_path):
    layers, _ = modelled(tmp_path, houses(point(50, 50), 户数=[20]))
    assert list(layers.buildings["households"]) == [20]


def test_estimates_sum_to_the_known_total_of_each_community(tmp_path):
    shapes = [box(40 + 50 * k, 40, 61 + 50 * k, 60) for k in range(3)] + [box(700, 40, 721, 60)]
    whole = frames(
        communities=communities(households=[100, np.nan, np.nan, np.nan]),
        buildings=houses(*shapes, levels=[1, 1, 1, 5]),
    )
    layers, report = read(tmp_path, whole)
    assert list(layers.buildings["households"]) == [34, 33, 33, 20]
    assert notes(report)["households_scaled"] == 1


def test_a_total_that_no_dwelling_bears_is_said(tmp_path):
    whole = frames(
        communities=communities(households=[100, 100, 0, np.nan]), buildings=houses(box(40, 40, 61, 60), levels=[5])
    )
    _, report = read(tmp_path, whole)
    assert notes(report)["total_without_dwellings"] == 1
    assert "320199001002" in next(note.text for note in report.notes if note.kind == "total_without_dwellings")


def test_stated_households_stay_and_a_differing_total_is_said(tmp_path):
    layers, report = read(tmp_path, frames(communities=communities(households=[400, 500, 400, 403])))
    assert layers.buildings["households"].sum() == 1600
    assert notes(report)["totals_differ"] == 1
    text = next(note.text for note in report.notes if note.kind == "totals_differ")
    assert "320199001002（500 / 400）" in text


def test_a_basis_without_column_is_refused(tmp_path):
    fault = only_fault(
        write(tmp_path, frames(buildings=houses(box(40, 40, 61, 60), levels=[5]))), household_basis="户籍户"
    )
    assert fault.kind == "basis_without_column"
    assert "户籍户" in fault.fact


def test_the_total_of_a_community_must_be_a_whole_number(tmp_path):
    fault = only_fault(write(tmp_path, frames(communities=communities(households=[400, 400.5, 400, 400]))))
    assert (fault.kind, fault.feature) == ("number_fraction", "320199001002")


def test_buildings_in_no_community_are_counted_with_their_households(tmp_path):
    shapes = [*buildings().geometry[:2], box(-60, 40, -40, 60), box(-5000, 40, -4980, 60)]
    outside = gpd.GeoDataFrame({"households": [100, 100, 7, 9]}, geometry=shapes, crs=4549)
    _, report = read(tmp_path, frames(buildings=outside, streets=streets()))
    assert notes(report)["in_no_community"] == 2
    assert "16 户" in next(note.text for note in report.notes if note.kind == "in_no_community")


def test_a_point_on_a_border_counts_in_the_first_community():
    outlines = np.array([shapely.box(0, 0, 1, 1), shapely.box(1, 0, 2, 1)])
    points = shapely.points([(1.0, 0.5), (1.5, 0.5), (0.5, 0.5), (9.0, 9.0)])
    assert communities_of(points, outlines).tolist() == [0, 1, 0, -1]


@given(
    weights=st.lists(st.floats(0, 1e4), min_size=1, max_size=30).filter(lambda w: sum(w) > 1e-3),
    total=st.integers(0, 100_000),
)
def test_shares_are_whole_within_one_of_their_quota_and_sum_to_the_total(weights, total):
    shares = scale_households(
        np.array(weights), np.zeros(len(weights), np.int64), np.array([float(total)]), ["c"], Findings("buildings", "b")
    )
    quotas = total * np.array(weights) / sum(weights)
    assert shares.sum() == total
    assert (shares == np.floor(shares)).all()
    assert (np.abs(shares - quotas) < 1 + 1e-6).all()
