"""QGIS as the referee: it opens a plan with its styles, its Chinese names, and draws it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

pytestmark = pytest.mark.clients

PYTHON = "/usr/bin/python3"


@pytest.fixture(scope="module")
def opened(demonstration, tmp_path_factory):
    if subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True).returncode:
        pytest.skip("QGIS is not installed: make test-clients installs it")
    picture = tmp_path_factory.mktemp("qgis") / "plan.png"
    script = Path(__file__).with_name("look_at_plan.py")
    done = subprocess.run(
        [PYTHON, script, demonstration.folder / "plan.gpkg", picture], capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1]), imread(picture)


LAYERS = ("communities", "borders", "streets", "units", "grids")


@pytest.mark.parametrize("layer", LAYERS)
def test_a_layer_opens_with_its_own_style(opened, layer):
    told = opened[0][layer]
    assert told["valid"]
    assert told["crs"] == "EPSG:4490"
    assert told["features"] > 0
    assert told["renderer"] == "RuleRenderer"
    assert told["rules"]
    assert told["broken_filters"] == []


@pytest.mark.parametrize("layer", LAYERS)
def test_every_column_is_shown_under_a_chinese_name(opened, layer):
    aliases = opened[0][layer]["aliases"]
    assert aliases
    assert all(alias and not alias.isascii() for alias in aliases.values()), aliases


def test_grids_communities_and_streets_are_labelled(opened):
    assert [layer for layer in LAYERS if opened[0][layer]["labels"]] == ["communities", "streets", "grids"]


def test_grids_are_seen_through_what_lies_over_them(opened):
    assert opened[0]["grids"]["opacity"] == pytest.approx(0.85)


def test_it_is_drawn_without_an_error_in_the_colours_of_the_style(opened):
    told, picture = opened
    assert told["errors"] == []
    seen = (picture[..., :3] * 255).round().astype(int).reshape(-1, 3)
    within = np.array([216, 242, 212]) * 0.85 + 255 * 0.15
    community = np.array([106, 27, 154])
    assert (np.abs(seen - within).max(axis=1) <= 3).mean() > 0.15
    assert (np.abs(seen - community).max(axis=1) <= 3).mean() > 0.002
