"""Whether the service lives, whether it can answer, and its figures."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends
from starlette.requests import Request
from starlette.responses import Response

from app import __version__
from app.api.metrics import CONTENT_TYPE
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving, service_of

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["运行 operation"])


@router.get("/health/live", summary="服务在运行 The service runs")
async def live() -> dict[str, str]:
    """Answer as long as the process does."""
    return {"status": "live", "version": __version__}


async def _ready(request: Request) -> int:
    """Return how many grids are in force; raises where the service cannot answer."""
    return len(service_of(request).boards.current.grids)


@router.get("/health/ready", summary="服务可以回答 The service can answer")
async def ready(grids: Annotated[int, Depends(_ready)]) -> dict[str, Any]:
    """Answer where the database answers and what is in force is in memory; 503 where not."""
    return {"status": "ready", "grids": grids}


@router.get(
    "/metrics",
    summary="监控指标 Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(service: Serving, _caller: Asking) -> Response:
    """Give counts and times by route, for any key."""
    service.figures.serve(len(service.boards.current.grids))
    return Response(service.figures.write(), media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})
