"""A workbook of addresses: handed in, and handed back with the grid of each and a list of what is left to do."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.areas import Caller
from app.api.board import Board
from app.api.errors import TooLarge, Unsupported
from app.api.locate import MOST_ADDRESSES, tell_address
from app.api.routing import StrictRoute
from app.api.service import Asking, Serving
from app.geo.errors import InputError
from app.reports.tables import Column, Table

__all__ = ["router"]

router = APIRouter(route_class=StrictRoute, tags=["查网格 look-ups"])

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FILE_NAME = "地址.xlsx"

COLUMNS = (
    Column("序号", "whole", 6),
    Column("地址", "text", 36),
    Column("把握", "text", 8),
    Column("网格编码", "code", 20),
    Column("网格名称", "text", 14),
    Column("社区", "text", 14),
    Column("负责人", "text", 10),
    Column("匹配部分", "text", 24),
    Column("存疑", "text", 30),
)
REASONS = {
    "unknown_name": "表中没有这个小区或道路",
    "unknown_building": "表中没有这栋楼",
    "not_in_area": "辖区内没有找到",
}


@router.post(
    "/locate/workbook",
    summary="批量查地址（xlsx） A workbook of addresses",
    response_class=Response,
    responses={200: {"content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}},
    openapi_extra={
        "requestBody": {"required": True, "content": {XLSX: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def locate_workbook(request: Request, caller: Asking, service: Serving) -> Response:
    """Take a workbook with a column 地址 and give one back with the grid of each, and a list of what to check."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != XLSX:
        raise Unsupported(f"请用 {XLSX} 直接发送工作簿", f"send the workbook itself as {XLSX}")
    board = service.boards.current
    content = await request.body()
    made = await service.large_calls.run(_answer, board, caller, content)
    headers = {"Content-Disposition": 'attachment; filename="addresses.xlsx"', "Cache-Control": "no-store"}
    return Response(made, headers=headers, media_type=XLSX)


def _answer(board: Board, caller: Caller, content: bytes) -> bytes:
    from app.reports.workbooks import Sheet, make_workbook  # brings much along, for few who ask

    addresses = _read(content)
    rows = [
        _tell_row(number, tell_address(board, address, caller, limit=3, phones=False))
        for number, address in enumerate(addresses, start=1)
    ]
    names = [column.name for column in COLUMNS]
    done = pd.DataFrame(rows, columns=names)
    left = done[done["把握"] != "确定"]
    sure = len(done) - len(left)
    above = f"共 {len(done)} 条，确定 {sure} 条，待核 {len(left)} 条；网格以 {board.day} 生效的方案为准"
    sheets = [Sheet(Table("地址查询结果", COLUMNS), done, above)]
    if len(left):
        sheets.append(Sheet(Table("待核清单", COLUMNS), left, above))
    return make_workbook(sheets)


def _read(content: bytes) -> list[str]:
    """Return the column of addresses of a workbook.

    Raises
    ------
    InputError
        It is no workbook, or none of its sheets has such a column.
    TooLarge
        There are too many.
    """
    from app.files.address_lists import take_in_addresses

    with tempfile.TemporaryDirectory(prefix="jiexiang-workbook-") as folder:
        path = Path(folder) / FILE_NAME
        path.write_bytes(content)
        try:
            return take_in_addresses(path, name=FILE_NAME, most=MOST_ADDRESSES)
        except InputError as error:
            if "sheet_rows" in {fault.kind for fault in error.faults}:
                raise TooLarge(f"一次最多 {MOST_ADDRESSES:,} 条", f"at most {MOST_ADDRESSES:,} at a time") from error
            raise


def _tell_row(number: int, told: dict[str, Any]) -> list[Any]:
    """Return a row: the first candidate, how sure it is, and what speaks against it."""
    if not told["candidates"]:
        words = REASONS.get(told["reason"], "")
        return [number, told["address"], "未找到", "", "", "", "", "", words]
    first = told["candidates"][0]
    grid, lead = first["grid"] or {}, first.get("lead") or {}
    doubts = "；".join(doubt["words"] for doubt in first["doubts"])
    if not grid:
        doubts = "；".join(part for part in (doubts, "这栋楼不在任何网格内") if part)
    sure = "确定" if told["certain"] and grid else "待核"
    return [
        number,
        told["address"],
        sure,
        grid.get("grid_code", ""),
        grid.get("name", ""),
        grid.get("community_name", ""),
        lead.get("name", ""),
        first["matched"],
        doubts,
    ]
