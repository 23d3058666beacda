"""Neighbours differ, for every eye, and text can be read on every fill."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import Delaunay

from app.geo.colours import FILLS, colour_neighbours
from app.maps.plan_page import PAGES


@given(st.integers(0, 2**32 - 1), st.integers(4, 120))
@settings(max_examples=60, deadline=None)
def test_neighbours_of_a_flat_map_differ(seed, count):
    triangles = Delaunay(np.random.default_rng(seed).random((count, 2))).simplices
    pairs = {(str(a), str(b)) for triangle in triangles for a, b in itertools.permutations(triangle.tolist(), 2)}
    codes = [str(number) for number in range(count)]
    colours = colour_neighbours(dict.fromkeys(pairs, 1.0), codes)
    assert set(colours) == set(codes)
    assert all(0 <= colour < len(FILLS) for colour in colours.values())
    assert all(colours[a] != colours[b] for a, b in pairs)


def test_colours_do_not_depend_on_the_order_of_borders():
    shared = dict.fromkeys(itertools.combinations("abcde", 2), 1.0)
    backwards = dict(reversed(shared.items()))
    assert colour_neighbours(shared, "abcde") == colour_neighbours(backwards, "abcde")


def test_where_six_colours_do_not_do_the_shortest_border_of_the_last_grid_gives_way():
    shared = dict.fromkeys(itertools.combinations("abcdefg", 2), 100.0) | {("a", "d"): 1.0}
    colours = colour_neighbours(shared, "abcdefg")
    assert [pair for pair in shared if colours[pair[0]] == colours[pair[1]]] == [("a", "d")]


def test_the_outside_and_foreign_grids_are_no_neighbours():
    assert set(colour_neighbours({("a", ""): 5.0, ("a", "x"): 5.0, ("a", "a"): 5.0}, ["a", "b"])) == {"a", "b"}


# Machado, Oliveira and Fernandes 2009, severity 1.0, on linear RGB.
SIGHT = {
    "usual": np.eye(3),
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


def linear(colour):
    parts = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb):
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ np.clip(rgb, 0, 1)
    x, y, z = np.cbrt(xyz / [0.95047, 1, 1.08883])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SIGHT)
def test_fills_can_be_told_apart(sight):
    seen = [lab(np.array(SIGHT[sight]) @ linear(fill)) for fill in FILLS]
    assert min(np.linalg.norm(a - b) for a, b in itertools.combinations(seen, 2)) >= 12


def contrast(one, other):
    lights = sorted(float(np.dot([0.2126, 0.7152, 0.0722], linear(colour))) for colour in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


@pytest.mark.parametrize("fill", FILLS)
def test_labels_can_be_read_on_every_fill(fill):
    script = (PAGES / "map.js").read_text("utf-8")
    inks = re.findall(r'(?:INK = |above: |below: |bold: \w+, colour: )"(#[0-9a-f]{6})"', script)
    assert len(inks) == 5
    assert min(contrast(ink, fill) for ink in inks) >= 4.5
