"""The bench measures what it says: its constructed places, its peers and its table."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import folium
import geopandas as gpd
import numpy as np
import pytest
import shapely

from bench.divide.houses import build_houses, houses_place
from bench.divide.places import PLACES, SHARED
from bench.divide.processes import Run, run_alone
from bench.divide.scores import SCORECARD, score
from bench.divide.table import Row, as_markdown
from bench.divide.wuhan import exponent
from bench.divide.wuhan_inputs import build_wuhan, construct_dwellings, hits, join_small, lay_slabs, wuhan_place
from bench.pages.folium_page import LIBRARIES

STREETS = SHARED / "data" / "wuhan" / "streets.parquet"


@pytest.fixture
def block() -> shapely.Polygon:
    return shapely.box(0, 0, 900, 700)


@pytest.fixture
def crossing() -> gpd.GeoDataFrame:
    """One tertiary street and two lanes across the block."""
    lines = [[(450, 0), (450, 700)], [(0, 350), (450, 350)], [(450, 200), (900, 200)]]
    highway = ["tertiary", "residential", "residential"]
    return gpd.GeoDataFrame({"highway": highway}, geometry=[shapely.LineString(line) for line in lines], crs=32650)


def test_slabs_do_not_overlap(block: shapely.Polygon) -> None:
    slabs = lay_slabs(block, np.random.default_rng(1))
    first, second = shapely.STRtree(slabs).query(slabs, predicate="intersects")
    assert len(slabs) > 200
    assert (first == second).all()


def test_dwellings_keep_off_streets_but_for_a_few(block: shapely.Polygon, crossing: gpd.GeoDataFrame) -> None:
    dwellings = construct_dwellings(np.array([block]), crossing)
    on_street = hits(dwellings.geometry.to_numpy(), crossing.geometry.to_numpy()) > 0
    assert on_street.mean() < 0.02
    apart = shapely.distance(dwellings.geometry.to_numpy()[~on_street], shapely.union_all(crossing.geometry.to_numpy()))
    assert apart.min() >= 8.0


def test_dwellings_hold_between_thirty_and_sixty_households(block: shapely.Polygon, crossing: gpd.GeoDataFrame) -> None:
    households = construct_dwellings(np.array([block]), crossing).households
    assert (households.min(), households.max()) == (30, 60)


def test_same_dwellings_every_time(block: shapely.Polygon, crossing: gpd.GeoDataFrame) -> None:
    first, second = (construct_dwellings(np.array([block]), crossing) for _ in range(2))
    assert first.equals(second)


def test_small_faces_join_the_neighbour_of_the_longest_border() -> None:
    large, small, other = shapely.box(0, 0, 100, 100), shapely.box(100, 0, 105, 100), shapely.box(100, 100, 200, 200)
    joined = join_small(np.array([large, small, other]), least_m2=1_000)
    assert sorted(shapely.area(joined)) == [10_000, 10_500]


def test_strips_that_hang_by_their_ends_are_left_alone() -> None:
    bank, strip = shapely.box(0, 0, 1_000, 1_000), shapely.box(1_000, 500, 2_000, 520)
    assert len(join_small(np.array([bank, strip]), least_m2=100_000)) == 2


def test_exponent_of_a_power_law() -> None:
    assert exponent([(n, 3e-6 * n**1.07) for n in (1_000, 10_000, 80_000)]) == pytest.approx(1.07)


def row(peer: str, seconds: list[float]) -> Row:
    measured = {
        "seconds": seconds,
        "cpu_seconds": seconds,
        "proof_seconds": 0.5 if peer == "ours" else 0.0,
        "failures": [],
    }
    return Row("here", peer, Run(measured, "", 300.4, 200.0), {"cost": 12_345.6, "grids": 7})


def test_table_gives_medians_as_multiples_of_metis() -> None:
    lines = as_markdown([row("metis", [0.5, 0.4, 9.0]), row("ours", [2.0])]).splitlines()
    cells = [cell.strip() for cell in lines[3].strip("|").split("|")]
    named = dict(zip([cell.strip() for cell in lines[0].strip("|").split("|")], cells, strict=True))
    assert named["seconds"] == "2.00"
    assert named["× METIS"] == "4.0"
    assert named["border cost"] == "12,346"
    assert named["proofs s"] == "0.50"
    assert named["peak MiB"] == "300"


def test_table_shows_why_a_peer_gave_nothing() -> None:
    failed = Row("here", "skater", Run({}, "stopped after 900 s", 1.0, 1.0), {})
    assert "stopped after 900 s" in as_markdown([failed])


def test_a_peer_past_the_limit_is_stopped(tmp_path: Path) -> None:
    run = run_alone("nobody", PLACES["town"], tmp_path / "plan.gpkg", limit_s=0.05)
    assert run.error == "stopped after 0 s"


needs_peers = pytest.mark.skipif(
    any(find_spec(name) is None for name in ("momepy", "pymetis", "spopt", "gerrychain")),
    reason="the peers are not installed: tools/setup.sh bench",
)


@needs_peers
def test_a_peer_that_fails_is_a_recorded_result(tmp_path: Path) -> None:
    run = run_alone("nobody", PLACES["town"], tmp_path / "plan.gpkg")
    assert "nobody" in run.error
    assert run.measured == {}


@needs_peers
@pytest.mark.parametrize("peer", ["metis", "skater", "gerrychain"])
def test_peers_lose_no_household(peer: str) -> None:
    from bench.divide.peers import PEERS, divide

    grids, failures = divide(PLACES["town"].read(), PEERS[peer])
    assert grids.households.sum() == 17_550
    assert grids.community_code.nunique() == 12
    assert not failures or peer == "gerrychain"


@needs_peers
@pytest.mark.parametrize(("name", "in_band", "cost"), [("nanjing", 0.767, 12_867), ("guixi", 0.818, 5_940)])
def test_metis_is_no_straw_man(name: str, in_band: float, cost: float, tmp_path: Path) -> None:
    """As good as what was measured before us on the same places."""
    place = PLACES[name]
    if not place.present or not SCORECARD.exists():
        pytest.skip("the real places or the referee are not on this machine")
    from bench.divide.peers import PEERS, divide

    grids, _ = divide(place.read(), PEERS["metis"])
    grids.to_file(tmp_path / "plan.gpkg", layer="grids")
    figures = score(place, tmp_path / "plan.gpkg")
    assert figures["in_band_divisible"] >= in_band
    assert figures["cost"] <= cost
    assert figures["wrong_count"] == 0


@pytest.mark.long
def test_wuhan_is_as_large_as_it_says(tmp_path: Path) -> None:
    if not STREETS.exists():
        pytest.skip("the streets of Wuhan are not on this machine")
    build_wuhan(STREETS, tmp_path)
    for size, least in (("50", 200_000), ("200", 900_000), ("800", 3_000_000), ("all", 3_900_000)):
        place = wuhan_place(tmp_path, size)
        frames = place.read()
        assert len(frames.communities) == (988 if size == "all" else int(size))
        assert frames.buildings.households.sum() >= least
    outlines = frames.communities.geometry.to_numpy()
    assert shapely.is_empty(shapely.coverage_invalid_edges(outlines)).all()
    dwellings = frames.buildings.geometry.to_numpy()
    assert (hits(dwellings, frames.streets.geometry.to_numpy()) > 0).mean() < 0.005
    build_houses(wuhan_place(tmp_path, 50), tmp_path)
    assert len(houses_place(tmp_path).read().buildings) == 1_600


def test_every_library_that_folium_links_is_served_by_the_bench_of_pages() -> None:
    assert {name for name, _ in [*folium.Map.default_js, *folium.Map.default_css]} == set(LIBRARIES)
