"""The demo on the county: checked, divided, written up, published and looked at over HTTP, as the README promises."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

import pytest

from app.store.cluster import explain_missing


@pytest.mark.long
def test_the_demo_ends_with_a_service_that_answers_as_it_should(jiexiang):
    folder = Path(tempfile.mkdtemp(prefix="jiexiang-demo-"))  # one that the user of a private cluster can enter
    folder.chmod(0o755)
    if missing := explain_missing(folder):
        shutil.rmtree(folder)
        pytest.skip(f"no PostGIS here: {' '.join(missing)}")
    environ = {**os.environ, "JIEXIANG_DATA": str(folder / "data")}
    environ.pop("DATABASE_URL", None)
    try:
        done = jiexiang("demo", "--out", folder / "out", env=environ, seconds=1800)
        assert done.returncode == 0, done.stderr[-2000:]
        answers = re.findall(r"^  ([✓✗]) (\S+) (\S+) → (\d+)", done.stdout, re.MULTILINE)
        assert len(answers) == 6
        assert {mark for mark, *_ in answers} == {"✓"}
        assert {status for *_, status in answers} == {"200"}
        assert (folder / "out" / "map.html").is_file()
        assert any(file.name.startswith("03 ") for file in (folder / "out" / "审批材料").iterdir())
        assert (folder / "data-demo").is_dir()
        assert not (folder / "data").exists()  # the usual database is left alone
    finally:
        shutil.rmtree(folder)
