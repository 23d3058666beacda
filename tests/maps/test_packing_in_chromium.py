"""Blocks of data as a browser unpacks them: to the last number, by itself or unaided, and no border torn."""

from __future__ import annotations

import random
import zlib
from itertools import pairwise

import pytest
from chromium import PageError
from packed import outlines_of, read_page, unpack

from app.maps.plan_page import draw_plan
from app.maps.shapes import STEPS_PER_DEGREE

UNAIDED = "delete window.DecompressionStream; delete Uint8Array.fromBase64; "


@pytest.fixture
def desk(show, toy_plan):
    return show(toy_plan)


@pytest.mark.parametrize("before", ["", UNAIDED], ids=["by itself", "unaided"])
def test_a_block_is_unpacked_to_the_last_number(desk, toy_plan, before):
    text = read_page(draw_plan(toy_plan))["packed"]
    values, columns = unpack(text)
    desk.run(before + "0")
    found = desk.run(
        f"""jiexiang.unpack({text!r}).then(({{ values, columns }}) =>
            [values, Object.entries(columns).map(([name, column]) => [name, Array.from(column)])])"""
    )
    assert found == [values, [[name, column.tolist()] for name, column in columns.items()]]


chance = random.Random(7)  # noqa: S311  nothing is secret here


def wordy(size):
    return "".join(chance.choice(["网格", "街巷", "a", "bc"]) for _ in range(size)).encode()


@pytest.mark.parametrize(
    ("content", "level", "strategy"),
    [
        (b"", 9, zlib.Z_DEFAULT_STRATEGY),
        (b"a", 9, zlib.Z_FIXED),
        (b"ab" * 70_000, 9, zlib.Z_DEFAULT_STRATEGY),
        (chance.randbytes(150_000), 0, zlib.Z_DEFAULT_STRATEGY),
        (chance.randbytes(50_000), 9, zlib.Z_HUFFMAN_ONLY),
        (wordy(40_000), 9, zlib.Z_DEFAULT_STRATEGY),
        (wordy(40_000), 1, zlib.Z_DEFAULT_STRATEGY),
        (wordy(40_000), 9, zlib.Z_FIXED),
    ],
    ids=["nothing", "one", "runs", "stored", "no runs", "words", "quickly", "fixed code"],
)
def test_what_zlib_packs_is_inflated_without_the_browsers_own(desk, content, level, strategy):
    packer = zlib.compressobj(level, zlib.DEFLATED, 15, 8, strategy)
    packed = packer.compress(content) + packer.flush()
    found = desk.run(f"Array.from(jiexiang.inflate(Uint8Array.from({list(packed)})))")
    assert bytes(found) == content


def test_damaged_data_are_told(desk):
    packed = zlib.compress(wordy(1000))
    with pytest.raises(PageError, match="the data of this page is damaged"):
        desk.run(f"jiexiang.inflate(Uint8Array.from({list(packed[:40])}))")


def test_outlines_on_the_map_are_those_of_the_block_and_neighbours_share_every_vertex(desk, toy_plan):
    outlines = outlines_of(unpack(read_page(draw_plan(toy_plan))["packed"])[1])
    shown = desk.run("jiexiang.shown.plan.grids.map((grid) => Array.from(grid.outline[0].xy))")
    places = desk.run(
        """jiexiang.shown.plan.grids.map(({ outline: [{ xy }] }) =>
            Array.from({ length: xy.length / 2 }, (_, at) => {
                const { lng, lat } = jiexiang.shown.map.unproject([xy[2 * at], xy[2 * at + 1]], 0);
                return [lng, lat];
            }))"""
    )
    for ring, own in zip(outlines, places, strict=False):
        assert [[round(lon * STEPS_PER_DEGREE), round(lat * STEPS_PER_DEGREE)] for lon, lat in own] == ring.tolist()
    pairs = [list(zip(xy[::2], xy[1::2], strict=True)) for xy in shown]
    steps = [{frozenset(step) for step in pairwise(points)} for points in pairs]
    for left, right, barrier, *_ in read_page(draw_plan(toy_plan))["neighbours"]:
        assert steps[left] & steps[right], barrier


def test_a_page_opens_in_a_browser_that_cannot_inflate_by_itself(browser, toy_plan, tmp_path):
    file = tmp_path / "plan.html"
    file.write_text(draw_plan(toy_plan), "utf-8")
    page = browser.open(file, before=UNAIDED)
    page.wait_for("window.jiexiang && jiexiang.shown")
    assert page.run("window.DecompressionStream") is None
    assert page.run("jiexiang.shown.plan.grids.length") == 6
    assert page.complaints == []
