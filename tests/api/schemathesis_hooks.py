"""Bodies that schemathesis cannot make up: workbooks, plan files and lines of JSON; some whole, some torn."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path

import openpyxl
import schemathesis
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))  # schemathesis runs this file by its path

from app.files.plans import write_plan
from tests.store.drawn_plans import draw_plan


def make_plan() -> bytes:
    """Write a plan as it is handed in."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.gpkg"
        write_plan(draw_plan([7], note="试"), path)
        return path.read_bytes()


def make_workbook() -> bytes:
    """Write a workbook of addresses, one of which would be a formula."""
    book, stream = openpyxl.Workbook(), io.BytesIO()
    for row in (["地址"], ["阳光花园3栋1单元"], ["=1+1"], ["无此小区"]):
        book.active.append(row)
    book.save(stream)
    return stream.getvalue()


BODIES = {
    "application/geopackage+sqlite3": make_plan(),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": make_workbook(),
    "application/x-ndjson": b'{"id":1,"lon":105.01,"lat":30.01}\n{"lon":120,"lat":30.5}\n',
}

for kind, whole in BODIES.items():
    schemathesis.openapi.media_type(kind, st.just(whole))


@schemathesis.serializer(*BODIES)
def send_as_it_is(_context: schemathesis.SerializationContext, value: str | bytes) -> bytes:
    """Send what is no JSON as it is."""
    return value.encode() if isinstance(value, str) else value
