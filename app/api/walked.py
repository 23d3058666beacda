"""Ways on foot as pages show them: measured once for everybody, told by the area and role of whoever looks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from app.api.areas import Caller
from app.api.board import Board
from app.api.coverage import shares_in, spots_in, walk_task
from app.api.errors import NotYet, TooMany
from app.api.service import Service
from app.api.small_counts import tell_rows
from app.geo.crs import DEGREES
from app.geo.errors import UsageError
from app.maps.facility_views import Walked
from app.maps.languages import speak
from app.store.areas import COUNTY

__all__ = ["SHOWN_M", "Ways", "look_at_ways"]

SHOWN_M = 500.0
"""Ten minutes on foot, as GB 50180-2018 counts."""
BEGUN = "begun"
"""The mark of ways that are being measured."""
SITES = 3
"""How many sites are proposed at a time; more are asked of `/site`."""

SPOT = ("number", "facility_class", "within_m", "households", "persons", "homes", "community_codes")
SITE = ("number", "name", "kind", "households", "adds")


@dataclass(frozen=True)
class Ways:
    """What is known of ways on foot; without anything, `told` says why."""

    told: str = ""
    mark: str = ""
    """Another one for whatever is shown otherwise, for tags."""
    tell: Callable[[], Walked] | None = None

    @cached_property
    def walked(self) -> Walked | None:
        """Return them as whoever looks may see them: made when a page is drawn, not for one that is known already."""
        return None if self.tell is None else self.tell()

    @property
    def begun(self) -> bool:
        """Whether they are being measured."""
        return self.mark == BEGUN


def look_at_ways(
    service: Service, board: Board, caller: Caller, language: str, *, kind: str = "", within_m: float = SHOWN_M
) -> Ways:
    """Return what was measured, at once; what was not is begun, and is there when the page is opened again."""
    say = speak(language)
    asked = {"facility_class": kind, "more": SITES, "assume_gates": False, "shown": True}
    key, task = walk_task(board, (within_m,), **asked)
    try:
        found = service.walks.look(key, task)
    except UsageError as error:
        return Ways(told=str(error), mark="none")
    except (NotYet, TooMany) as error:
        left = error.retry_seconds
        return Ways(
            told=say(
                f"步行覆盖正在测算，约 {left} 秒后刷新本页可见",
                f"Ways on foot are being measured: open this page again in about {left} seconds",
            ),
            mark=BEGUN,
        )
    return Ways(mark=repr(key), tell=partial(_tell, caller, board, found, within_m))


def _tell(caller: Caller, board: Board, found: dict[str, Any], within_m: float) -> Walked:
    whole = {"county": "county", "grid": "grid"}.get(caller.area.scope, "community")
    levels = dict.fromkeys((whole, "grid"))
    shares = [row for level in levels for row in shares_in(caller, board, level, found["shares"])]
    spots = spots_in(caller, board, found["blind_spots"])
    facts = [{**one["properties"], "community_codes": "、".join(one["properties"]["community_codes"])} for one in spots]
    sites = tell_rows(caller, found["siting"]["sites"], ("households", "adds")) if caller.area == COUNTY else []
    return Walked(
        pd.DataFrame(shares, columns=list(found["shares"][0])),
        _frame(facts, SPOT, [shapely.geometry.shape(one["geometry"]) for one in spots]),
        found["class"],
        within_m,
        _frame(sites, SITE, [shapely.Point(one["longitude"], one["latitude"]) for one in sites]),
        whole,
    )


def _frame(rows: list[dict[str, Any]], columns: tuple[str, ...], shapes: list[Any]) -> gpd.GeoDataFrame:
    table = pd.DataFrame(rows, columns=list(columns))
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(shapes, crs=DEGREES, dtype=object), crs=DEGREES)
