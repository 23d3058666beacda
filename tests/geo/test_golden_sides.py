"""Four sides of forty grids, each checked by eye against a map with the names of its streets, then written down."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from golden_sides import REST, GoldenPlace, difference, read_golden

from app.files.inputs import read_layers
from app.geo.notices import read_notice
from app.geo.sides_check import check_notice

NANJING = Path(__file__).parents[3] / "shared" / "data" / "nanjing" / "nanjing.gpkg"
COUNTY = Path(__file__).parents[2] / "gis_data" / "county" / "county.gpkg"
PLACES = {
    "nanjing": (NANJING, ("communities", "streets", "buildings", "barriers")),
    "county": (
        COUNTY,
        ("communities", "streets", "buildings", "barriers", "compounds", "special_sites", "groups"),
    ),
}


@pytest.fixture(scope="module", params=PLACES)
def place(request) -> tuple[str, GoldenPlace]:
    path, layers = PLACES[request.param]
    if not path.exists():
        pytest.skip(f"{path.name} is not there: real places are read from a folder beside this repository")
    return request.param, GoldenPlace(read_layers({layer: f"{path}:{layer}" for layer in layers}, as_is=True)[0])


def test_the_four_sides_are_those_that_were_read_from_the_map(place):
    name, ground = place
    golden = read_golden(name)
    assert len(golden) == 20
    told = [ground.tell(one) for one in golden]
    wrong = [difference(one, now) for one, now in zip(golden, told, strict=True) if one.sides != now]
    assert not wrong, "".join(wrong)


def test_what_was_read_from_the_map_passes_the_check(place):
    name, ground = place
    for golden in read_golden(name):
        shapes, around, _ = ground.draw(golden)
        names = ["本网格", *[REST] * (len(shapes) - 1)]
        sides = check_notice(read_notice(golden.sides), 0, np.array(shapes, dtype=object), names, around)
        assert [(side.words, side.verdict) for side in sides if side.verdict != "agrees"] == []
