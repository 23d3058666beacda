"""Profiles as a person asks for them: bands of their own in `split` and `verify`, and what the plan records."""

from __future__ import annotations

import json

import pytest

from app.files.plans import read_plan

VILLAGE = "999901001201"


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--profile", "suburb"), "没有叫 suburb 的分类"),
        (("--profile-band", "rural"), "写成 rural=200-400"),
        (("--profile-band", "rural=400-200"), "400–200"),
        (("--profile-band", "suburb=1-2"), "没有叫 suburb 的分类"),
    ],
)
def test_a_profile_that_cannot_be_read_is_refused(jiexiang_here, town_options, tmp_path, option, words):
    result = jiexiang_here("split", *town_options, "--out", tmp_path / "plan", *option)
    assert result.exit_code == 2
    assert words in result.stderr
    assert not (tmp_path / "plan").exists()


def test_a_band_for_villages_is_kept_recorded_and_verified(jiexiang_here, town_options, tmp_path):
    """640 households are two grids at 300–500 a grid, and three at 150–260."""
    band = ("--profile", "rural", "--profile-band", "rural=150-260", "--only", VILLAGE)
    out = tmp_path / "plan"
    assert jiexiang_here("split", *town_options, "--out", out, *band, "--max-walk", "5000").exit_code == 0
    plan = read_plan(out / "plan.gpkg")
    assert plan.grids["households"].between(150, 260).all()
    assert plan.about["profile"] == "rural"
    assert plan.about["profile_bands"] == "rural=150-260"
    assert "不超过5000米" in plan.communities["message"].iloc[0]
    checked = jiexiang_here("verify", out / "plan.gpkg", *town_options, *band, "--json")
    assert json.loads(checked.stdout)["promises"]["in_band"] == 1
    assert checked.exit_code == 0
