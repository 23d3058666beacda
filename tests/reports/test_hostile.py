"""Names that break things go through every output: nothing runs, nothing breaks, nothing is taken for whole."""

from __future__ import annotations

import io
import re
import warnings
import zipfile
from collections.abc import Sequence
from dataclasses import replace

import docx
import openpyxl
import pytest
from paper_town import draw_toy_plan, layers_of

from app.files.delimited import write_csv
from app.geo.disputes import Disputed, settle_disputes
from app.geo.lineage import trace_lineage
from app.geo.plan import Plan
from app.geo.rules import Rules
from app.reports.confirmations import write_confirmations
from app.reports.filings import Case, write_account, write_notice, write_record, write_request
from app.reports.ledgers import list_buildings, list_changes, list_grids, settle_dwellings
from app.reports.sketches import Sketcher, print_pdf
from app.reports.tables import BUILDINGS, CHANGES, GRIDS
from app.reports.workbooks import Sheet, make_workbook
from tests.hostile_names import NAMES

SIX = [list(NAMES.values())[first : first + 6] for first in range(0, len(NAMES), 6)]
"""The names, six at a time: as many as the toy town has grids."""


def hostile_plan(names: Sequence[str]) -> Plan:
    """Draw the toy plan with a name of its own for each grid, street and border."""
    plan = draw_toy_plan(community=names[0], reason=f"{names[-1]}612户和240户")
    named = ((plan.grids, "name"), (plan.grids, "sides_east"), (plan.borders, "name"), (plan.streets, "name"))
    for frame, column in named:
        frame[column] = [names[row % len(names)] for row in range(len(frame))]
    return replace(plan, about={**plan.about, "household_basis": names[0]})


@pytest.mark.parametrize("names", SIX)
def test_hostile_names_go_through_every_output(names):
    name, plan = names[-1], hostile_plan(names)
    layers = layers_of(plan, *names)
    dwellings = settle_dwellings(plan.grids, plan.communities, layers.buildings, layers.compounds)
    lineage = trace_lineage(plan.grids, plan.grids, plan.communities, layers.buildings)
    communities = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    ledgers = {
        GRIDS: list_grids(plan, dwellings),
        BUILDINGS: list_buildings(plan, dwellings, lineage=lineage),
        CHANGES: list_changes(lineage, dwellings, communities, Rules()),
    }
    for table, rows in ledgers.items():
        book = make_workbook([Sheet(table, rows, name, [name])])
        read = openpyxl.load_workbook(io.BytesIO(book))
        for sheet in read:
            for row in sheet.iter_rows():
                assert all(cell.data_type != "f" or str(cell.value).startswith("=SUBTOTAL(109,") for cell in row)
        assert all(not re.match("[=+@\t\r-]", cell) for line in csv_cells(write_csv(rows)) for cell in line)
    case = Case(plan, ledgers[GRIDS], name, name, name, ledgers[CHANGES], lineage)
    strip = plan.grids.geometry.iloc[1]
    disputes = settle_disputes(
        [Disputed("重叠", (0, 1), 9.0, 100.0, strip)],
        layers.communities,
        layers.streets,
        layers.compounds,
        layers.buildings,
    )
    papers = [write(case) for write in (write_request, write_account, write_notice, write_record)]
    for paper in (*papers, write_confirmations(disputes, layers, dwellings)):
        docx.Document(io.BytesIO(paper))
        with zipfile.ZipFile(io.BytesIO(paper)) as archive:
            assert archive.testzip() is None


@pytest.mark.parametrize("names", SIX)
def test_hostile_names_are_drawn_with_glyphs_that_there_are(names):
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # matplotlib warns of a glyph that it lacks
        sketcher = Sketcher(hostile_plan(names))
        sheets = [sketcher.draw_whole(names[0]), sketcher.draw_community("320199001001")]
        assert print_pdf(sheets, names[-1]).startswith(b"%PDF")


def csv_cells(content: bytes) -> list[list[str]]:
    import csv

    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))
