"""Blocks read back to what went in, and are letters that nothing can be smuggled in with."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from packed import lines_of, unpack
from toy_plan import HOSTILE

from app.maps.packing import line_columns, pack

numbers = st.lists(st.integers(-(2**30), 2**30), max_size=40)
values = st.recursive(st.none() | st.booleans() | st.integers(-9, 9) | st.text(), st.lists, max_leaves=10)


@given(values, st.dictionaries(st.text(max_size=5), numbers, max_size=4))
def test_a_block_reads_back_to_what_went_in(values, columns):
    found, read = unpack(pack(values, columns))
    assert found == values
    assert {name: column.tolist() for name, column in read.items()} == columns


points = st.tuples(*[st.integers(-(2**29), 2**29)] * 2)


@given(st.lists(st.lists(points, min_size=1, max_size=9), min_size=1, max_size=9))
def test_lines_read_back_to_what_went_in(lines):
    written = line_columns("one", [np.array(line) for line in lines])
    assert [list(map(tuple, line.tolist())) for line in lines_of(written, "one")] == lines


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_a_block_is_letters_and_digits(text):
    assert re.fullmatch(r"[A-Za-z0-9+/]+=*", pack({text: text}, {text: [1]}))


def test_the_same_goes_in_and_the_same_comes_out():
    assert pack({"a": 1}, {"b": [2]}) == pack({"a": 1}, {"b": [2]})
