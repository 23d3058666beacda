"""Output appears whole or not at all, whatever stops the writing."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from app.geo.errors import UsageError
from app.output import write_whole

NAMES = ("plan.gpkg", "run.json", "mended.gpkg")


def write(folder: Path, text: str, names=NAMES[:2]) -> None:
    for name in names:
        (folder / name).write_text(text)


def test_a_new_folder_appears_with_everything_in_it(tmp_path):
    with write_whole(tmp_path / "deep" / "out", NAMES, force=False) as part:
        write(part, "new")
        assert not (tmp_path / "deep").exists()
    assert sorted(path.name for path in (tmp_path / "deep" / "out").iterdir()) == ["plan.gpkg", "run.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["deep"]


@pytest.mark.parametrize("stop", [ValueError, KeyboardInterrupt, SystemExit])
def test_whatever_stops_the_writing_leaves_nothing(tmp_path, stop):
    with pytest.raises(stop), write_whole(tmp_path / "out", NAMES, force=False) as part:
        (part / "plan.gpkg").write_text("half")
        raise stop
    assert list(tmp_path.iterdir()) == []


def test_what_was_there_stays_as_it_was_when_the_writing_stops(tmp_path):
    write(tmp_path, "old")
    with pytest.raises(ValueError, match="stop"), write_whole(tmp_path, NAMES, force=True) as part:
        (part / "plan.gpkg").write_text("half")
        raise ValueError("stop")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"plan.gpkg": "old", "run.json": "old"}


def test_nothing_is_overwritten_without_force(tmp_path):
    write(tmp_path, "old")
    with (
        pytest.raises(UsageError, match=r"plan\.gpkg、run\.json.*--force"),
        write_whole(tmp_path, NAMES, force=False) as part,
    ):
        write(part, "new")
    assert (tmp_path / "plan.gpkg").read_text() == "old"


def test_force_replaces_ours_drops_what_is_stale_and_spares_the_rest(tmp_path):
    write(tmp_path, "old", NAMES)
    (tmp_path / "notes.txt").write_text("mine")
    with write_whole(tmp_path, NAMES, force=True) as part:
        write(part, "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
        "plan.gpkg": "new",
        "run.json": "new",
        "notes.txt": "mine",
    }


def test_a_file_where_the_folder_should_be_is_refused(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(UsageError, match="不是文件夹"), write_whole(tmp_path / "out", NAMES, force=True):
        pass
    assert (tmp_path / "out").read_text() == "a file"


def test_a_place_below_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("a file")
    with pytest.raises(UsageError, match="不能写入"), write_whole(tmp_path / "file" / "out", NAMES, force=True):
        pass


def test_an_interrupt_during_the_move_waits_until_it_is_complete(tmp_path, monkeypatch):
    write(tmp_path, "old")
    replace = Path.replace

    def interrupted_replace(self: Path, target: Path) -> Path:
        os.kill(os.getpid(), signal.SIGINT)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", interrupted_replace)
    with pytest.raises(KeyboardInterrupt), write_whole(tmp_path, NAMES, force=True) as part:
        write(part, "new")
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {"plan.gpkg": "new", "run.json": "new"}
