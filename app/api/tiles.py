"""Tiles of the map under the grids, for whoever is signed in."""

from __future__ import annotations

import base64
from typing import Annotated

from fastapi import APIRouter, Depends, Path
from starlette.responses import Response

from app.api.base_map import DEEPEST, Tile
from app.api.errors import NotHere
from app.api.routing import StrictRoute
from app.api.service import Serving, ask

__all__ = ["TILES", "router"]

router = APIRouter(route_class=StrictRoute)

TILES = "/tiles/{layer}/{z}/{x}/{y}"
A_WEEK = "private, max-age=604800"
NOTHING = Tile(
    base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7"),
    "image/gif",
)
"""What is shown where the other side has no tile: one transparent point. A failure would end the base map."""

Layer = Annotated[int, Path(ge=0, le=9, description="图层，从下往上 layer, from below")]
Level = Annotated[int, Path(ge=0, le=DEEPEST, description="级别 level of Web Mercator")]
Place = Annotated[int, Path(ge=0, lt=2**DEEPEST, description="列、行 column and row")]


@router.get(TILES, summary="底图瓦片 A tile of the base map", include_in_schema=False, dependencies=[Depends(ask)])
async def tile(service: Serving, layer: Layer, z: Level, x: Place, y: Place) -> Response:
    """Hand out a tile as the other side has drawn it."""
    base = service.base_map
    if base is None or layer >= len(base.settings.layers) or max(x, y) >= 2**z:
        raise NotHere("没有这张底图瓦片", "there is no such tile")
    found = await base.read(layer, z, x, y) or NOTHING
    return Response(found.content, headers={"Cache-Control": A_WEEK}, media_type=found.media_type)
