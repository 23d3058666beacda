"""Two plans laid side by side: what became of each grid, and how many households changed theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from app.api.areas import ROLES_WITH_PLANS, Caller
from app.api.bodies import LARGEST
from app.api.document.answers import answer
from app.api.document.examples import COMPARISON
from app.api.document.plans import Compared
from app.api.errors import Forbidden
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving, json_response
from app.geo.crs import DEGREES
from app.geo.plan import Plan
from app.store.areas import COUNTY
from app.store.buildings import Building, read_buildings
from app.store.errors import Conflict
from app.store.plans import export_plan

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["划分方案 plans"])


@router.get(
    "/plans/{number}/comparison",
    summary="与另一方案对照 A plan beside an earlier one",
    responses=answer(COMPARISON, Compared),
)
async def comparison(
    caller: Asking,
    service: Serving,
    number: Annotated[int, Path(ge=1, le=LARGEST, description="新方案编号 number of the new plan")],
    old: Annotated[int, Query(ge=1, le=LARGEST, description="原方案编号 number of the old plan")],
) -> Response:
    """Tell what becomes of each grid of an old plan in a new one, counted by buildings, or by units without them."""
    _may_compare(caller)
    if old == number:
        raise Conflict("不能与自身对照：请给出另一个方案", "a plan is not compared with itself; name another")
    async with service.store.reading() as connection:
        new_plan, old_plan = await export_plan(connection, number), await export_plan(connection, old)
        buildings = await read_buildings(connection)
    return json_response(await asyncio.to_thread(_compare, old_plan, new_plan, buildings))


def _may_compare(caller: Caller) -> None:
    if caller.role not in ROLES_WITH_PLANS or caller.area != COUNTY:
        raise Forbidden("您的角色不能对照划分方案", "your role may not compare plans")


def _compare(old: Plan, new: Plan, buildings: Sequence[Building]) -> dict[str, Any]:
    from app.geo.lineage import NOWHERE, trace_lineage

    codes = set(new.communities["community_code"])
    earlier = old.grids[old.grids["community_code"].isin(codes)]
    lineage = trace_lineage(earlier, new.grids, new.communities, _dwellings(new, buildings))
    flows = [
        {
            "old_grid": str(lineage.old.codes[flow.old]) if flow.old != NOWHERE else None,
            "new_grid": str(lineage.new.codes[flow.new]) if flow.new != NOWHERE else None,
            "change": flow.change,
            "households": flow.households,
        }
        for flow in lineage.flows
    ]
    return {
        "moved_households": lineage.moved_households,
        "households": float(lineage.new.households.sum()),
        "counted_by": "buildings" if buildings else "units",
        "flows": flows,
    }


def _dwellings(plan: Plan, buildings: Sequence[Building]) -> gpd.GeoDataFrame:
    """Return what households are counted by: the buildings of the store, else a point in each unit of the new plan."""
    if buildings:
        shapes = shapely.from_wkb([one.wkb for one in buildings])
        households = [float(one.households) for one in buildings]
    else:
        shapes = shapely.point_on_surface(plan.units.geometry.to_numpy())
        households = plan.units["households"].to_numpy(dtype=float).tolist()
    geometry = gpd.GeoSeries(list(np.atleast_1d(shapes)), crs=DEGREES)
    return gpd.GeoDataFrame(pd.DataFrame({"households": households}), geometry=geometry, crs=DEGREES)
