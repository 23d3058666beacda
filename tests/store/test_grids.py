"""GeoJSON from PostGIS: whole pages without gaps or doubles, exact common borders, boxes of any kind, only the area."""

from __future__ import annotations

import json
from datetime import date

import pytest
import shapely
from drawn_plans import SIDE, SOUTH, WEST, draw_plan, grid_code

from app.store.areas import Area, find_area
from app.store.errors import NotFound
from app.store.grids import read_community, read_features, read_grid, read_grids, read_neighbours, read_units
from tests.store.conftest import NEW_YEAR, put_in_force, take_in


async def settle(store) -> None:
    await put_in_force(store, await take_in(store, draw_plan((1, 2), bands=3)))


def test_one_grid_is_a_feature_with_its_place_and_properties(within):
    async def go(store):
        await settle(store)
        async with store.reading() as connection:
            feature = json.loads(await read_grid(connection, grid_code(1, 2), NEW_YEAR))
            many = await read_features(connection, [grid_code(1, 2), "nothing"], NEW_YEAR)
        assert (feature["type"], feature["id"]) == ("Feature", grid_code(1, 2))
        assert feature["properties"]["community_name"] == "第1社区"
        assert feature["properties"]["town_code"] == "999901001"
        assert feature["properties"]["valid_from"] == "2026-01-01"
        assert shapely.from_geojson(json.dumps(feature["geometry"])).geom_type == "MultiPolygon"
        assert {code: json.loads(text) for code, text in many.items()} == {grid_code(1, 2): feature}

    within(go)


def test_pages_follow_each_other_without_gaps_or_doubles(within):
    async def go(store):
        await settle(store)
        codes, after = [], ""
        async with store.reading() as connection:
            for _ in range(9):
                page = await read_grids(connection, NEW_YEAR, after=after, most=4)
                features = json.loads(page.geojson)["features"]
                assert len(features) == page.count <= 4
                codes += [feature["id"] for feature in features]
                after = page.after
                if not after:
                    break
        assert codes == [grid_code(community, band) for community in (1, 2) for band in (1, 2, 3)]

    within(go)


def test_a_page_that_ends_with_the_last_grid_names_no_next(within):
    async def go(store):
        await settle(store)
        async with store.reading() as connection:
            assert (await read_grids(connection, NEW_YEAR, most=6)).after == ""
            assert (await read_grids(connection, NEW_YEAR, most=5)).after == grid_code(2, 2)
            nothing = await read_grids(connection, date(2020, 1, 1))
            assert json.loads(nothing.geojson) == {"type": "FeatureCollection", "features": []}

    within(go)


@pytest.mark.parametrize(
    ("box", "expected"),
    [
        ((WEST + SIDE / 2, SOUTH + SIDE * 0.9) * 2, [grid_code(1, 1)]),
        ((WEST + SIDE / 2, SOUTH, WEST + SIDE / 2, SOUTH + SIDE), [grid_code(1, band) for band in (1, 2, 3)]),
        ((WEST - 1, SOUTH - 1, WEST - 0.5, SOUTH - 0.5), []),
        ((WEST + SIDE * 1.1, SOUTH, WEST + SIDE * 3, SOUTH + SIDE * 0.1), [grid_code(2, 3)]),
    ],
)
def test_boxes_points_and_lines_are_looked_into(within, box, expected):
    async def go(store):
        await settle(store)
        async with store.reading() as connection:
            page = await read_grids(connection, NEW_YEAR, box=box)
        assert [feature["id"] for feature in json.loads(page.geojson)["features"]] == expected

    within(go)


def test_outside_its_area_nothing_is_found(within):
    async def go(store):
        await settle(store)
        async with store.reading() as connection:
            area = await find_area(connection, "999901001001")
            assert area.scope == "community"
            assert (await find_area(connection, "")).scope == "county"
            assert (await find_area(connection, "999901001")).scope == "town"
            assert (await read_grids(connection, NEW_YEAR, area=area)).count == 3
            grid = await find_area(connection, grid_code(1, 1))
            assert (await read_grids(connection, NEW_YEAR, area=grid)).count == 1
            for ask in (read_grid, read_units, read_neighbours):
                await ask(connection, grid_code(1, 1), NEW_YEAR, area=area)
                with pytest.raises(NotFound):
                    await ask(connection, grid_code(2, 1), NEW_YEAR, area=area)
            await read_community(connection, "999901001001", NEW_YEAR, area=grid)
            with pytest.raises(NotFound):
                await read_community(connection, "999901001002", NEW_YEAR, area=grid)
            with pytest.raises(NotFound):
                await find_area(connection, "nothing")
            with pytest.raises(NotFound):
                await read_grid(connection, grid_code(1, 1), NEW_YEAR, area=Area("town", 99))

    within(go)


def test_neighbours_and_units_are_those_of_the_plan(within):
    async def go(store):
        await settle(store)
        async with store.reading() as connection:
            beside = await read_neighbours(connection, grid_code(1, 2), NEW_YEAR)
            units = json.loads(await read_units(connection, grid_code(1, 2), NEW_YEAR))
        assert [(one.grid_code, one.barrier, one.street) for one in beside] == [
            (grid_code(1, 1), "street", "长街"),
            (grid_code(1, 3), "street", "长街"),
        ]
        assert [unit["id"] for unit in units["features"]] == [f"{grid_code(1, 2)}-1"]

    within(go)


def test_hostile_names_go_through_as_data(within):
    plan = draw_plan((1,))
    hostile = """'; DROP TABLE plans; --"\\</script>\u2028 ${x} %s"""
    plan.grids["name"] = hostile

    async def go(store):
        await put_in_force(store, await take_in(store, plan))
        async with store.reading() as connection:
            feature = json.loads(await read_grid(connection, grid_code(1, 1), NEW_YEAR))
            assert feature["properties"]["name"] == hostile
            with pytest.raises(NotFound):
                await read_grid(connection, "' OR '1'='1", NEW_YEAR)

    within(go)
