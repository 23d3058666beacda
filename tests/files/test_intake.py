"""Plan files from strangers: read as they are, or refused with a reason; never run, never believed by their name."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pandas as pd
import pytest

from app.files.intake import take_in
from app.files.plans import LAYERS, read_plan
from app.geo.errors import InputError


@pytest.fixture(scope="session")
def plan_file(demonstration):
    return demonstration.folder / "plan.gpkg"


@pytest.fixture
def copy(plan_file, tmp_path):
    return shutil.copy(plan_file, tmp_path / "plan.gpkg")


def kind_of(path, **limits) -> str:
    with pytest.raises(InputError) as caught:
        take_in(path, name="plan.gpkg", **limits)
    fault = caught.value.faults[0]
    assert fault.fact
    assert fault.remedy
    assert str(path.parent) not in str(caught.value)
    return fault.kind


def test_a_plan_comes_through_to_the_last_bit(plan_file):
    taken, read = take_in(plan_file, name="plan.gpkg"), read_plan(plan_file)
    assert dict(taken.about) == dict(read.about)
    for layer in LAYERS:
        ours, theirs = getattr(taken, layer), getattr(read, layer)
        assert (ours.geometry.to_wkb() == theirs.geometry.to_wkb()).all()
        pd.testing.assert_frame_equal(
            pd.DataFrame(ours.drop(columns="geometry")), pd.DataFrame(theirs.drop(columns="geometry"))
        )
        assert ours.crs == theirs.crs


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04zip", b"<OGRVRTDataset><OGRVRTLayer name='grids'/></OGRVRTDataset>", b"SQLite format 3\0" * 300],
)  # fmt: skip
def test_what_is_only_called_a_geopackage_is_refused_unopened(tmp_path, content):
    path = tmp_path / "plan.gpkg"
    path.write_bytes(content)
    assert kind_of(path) == "not_a_geopackage"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("CREATE VIEW borders2 AS SELECT * FROM borders", "view"),
        ("CREATE TRIGGER t AFTER INSERT ON grids BEGIN DELETE FROM grids; END", "trigger"),
    ],
)
def test_files_that_hold_programs_are_refused(copy, statement, kind):
    with closing(sqlite3.connect(copy)) as database:
        database.execute(statement)
        database.commit()
    assert kind_of(copy) == kind


def test_a_damaged_file_is_refused(copy):
    content = bytearray(copy.read_bytes())
    content[4096 : len(content) // 2] = b"\xff" * (len(content) // 2 - 4096)
    copy.write_bytes(content)
    kind_of(copy)


def test_a_geopackage_that_is_no_plan_is_refused(tmp_path):
    from tests.conftest import TOWN

    path = tmp_path / "plan.gpkg"
    shutil.copy(TOWN, path)
    assert kind_of(path) == "not_a_plan"


def test_a_plan_is_found_by_a_name_from_where_one_stands(plan_file, monkeypatch):
    monkeypatch.chdir(plan_file.parent)
    assert len(take_in(Path(plan_file.name), name="plan.gpkg").grids) == len(read_plan(plan_file).grids)


def test_time_and_memory_are_limited(plan_file):
    assert kind_of(plan_file, seconds=0.05) == "slow"
    assert kind_of(plan_file, memory_bytes=150 * 2**20) == "unreadable"
