"""What our stack can do at most: a bare ASGI app that hands on what PostGIS wrote, and FastAPI's hello."""

from __future__ import annotations

import os
from urllib.parse import parse_qsl

import asyncpg
from fastapi import FastAPI

POINT = """
SELECT row_to_json(g)::text FROM (
  SELECT grid_code, name FROM bench.grids WHERE ST_Intersects(geom, ST_SetSRID(ST_Point($1, $2), 4490)) LIMIT 1
) g
"""
ITEM = """
SELECT '{"type":"Feature","geometry":' || ST_AsGeoJSON(geom, 9) || '}' FROM bench.grids WHERE id = $1
"""
PAGE = """
SELECT string_agg(ST_AsGeoJSON(g.*, 'geom', 9), ',') FROM (
  SELECT * FROM bench.grids WHERE id > $1 ORDER BY id LIMIT $2
) g
"""

hello = FastAPI(openapi_url=None)


@hello.get("/hello")
async def say_hello() -> dict[str, str]:
    return {"hello": "world"}


class Bare:
    def __init__(self) -> None:
        self.pool = None

    async def __call__(self, scope, receive, send) -> None:
        if scope["type"] == "lifespan":
            await receive()
            self.pool = await asyncpg.create_pool(os.environ["DATABASE_URL"], min_size=5, max_size=5)
            await send({"type": "lifespan.startup.complete"})
            await receive()
            await self.pool.close()
            await send({"type": "lifespan.shutdown.complete"})
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        match scope["path"]:
            case "/point":
                text = await self.pool.fetchval(POINT, float(query["lon"]), float(query["lat"]))
            case "/item":
                text = await self.pool.fetchval(ITEM, int(query["id"]))
            case _:
                rows = await self.pool.fetchval(PAGE, int(query["after"]), int(query["limit"]))
                text = f'{{"type":"FeatureCollection","features":[{rows or ""}]}}'
        body = (text or "null").encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})


bare = Bare()
