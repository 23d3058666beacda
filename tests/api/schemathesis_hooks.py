"""Bodies that schemathesis cannot make up: workbooks, plan files and lines of JSON; some whole, some torn."""

from __future__ import annotations

import io
import sys
import tempfile
from pathlib import Path
from typing import Any

import openpyxl
import schemathesis
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parents[2]))  # schemathesis runs this file by its path

from app.files.plans import write_plan
from tests.api.documented import close
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


@schemathesis.hook
def before_load_schema(_context: schemathesis.HookContext, document: dict[str, Any]) -> None:
    """Let no answer hold what its schema does not name; take examples away from the bodies above.

    Beside bodies of its own schemathesis has no use for text.
    """
    close(document)
    for item in document["paths"].values():
        for operation in item.values():
            for kind, media in operation.get("requestBody", {}).get("content", {}).items():
                if kind in BODIES:
                    media.pop("example", None)
