"""Numbers, codes and names of grids."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.geo.codes import chinese_numeral, grid_code, grid_number, label_grids, number_grids, read_numeral
from app.geo.errors import DivisionError

COMMUNITY = "510122001003"


def test_grids_are_numbered_as_a_map_is_read():
    """
    ::

        c  a  b      a little north of its neighbours opens no new row
        e  d
    """
    points = np.array([[250, 410], [480, 380], [20, 395], [300, 90], [60, 120]], float)  # a b c d e
    assert number_grids(points, np.full(5, 200.0)).tolist() == [2, 0, 1, 4, 3]


@given(
    cells=st.sets(st.tuples(st.integers(0, 6), st.integers(0, 6)), min_size=1),
    shuffle=st.randoms(use_true_random=False),
    jitter=st.floats(-40, 40),
)
def test_the_order_is_that_of_rows_whatever_the_order_given(cells, shuffle, jitter: float):
    listed = sorted(cells)
    shuffle.shuffle(listed)
    points = np.array([[200 * column, 200 * row + jitter * (column % 2)] for column, row in listed], float)
    order = number_grids(points, np.full(len(listed), 200.0))
    assert [listed[k] for k in order] == sorted(cells, key=lambda cell: (-cell[1], cell[0]))


def test_no_grids_no_numbers():
    assert number_grids(np.empty((0, 2)), np.empty(0)).tolist() == []


def test_codes_have_fifteen_digits():
    assert grid_code(COMMUNITY, 7) == "510122001003007"


def test_a_pending_community_keeps_its_internal_code_apart():
    assert grid_code("待赋码-12", 7) == "待赋码-12-007"
    assert grid_code("51012200100", 7) == "51012200100-007"
    assert grid_code("５１０１２２００１００３", 7) == "５１０１２２００１００３-007"


@pytest.mark.parametrize("serial", [0, 1000])
def test_three_digits_hold_no_more_than_999(serial: int):
    with pytest.raises(DivisionError, match=f"{COMMUNITY}.*{serial}"):
        grid_code(COMMUNITY, serial)


def test_general_grids_come_first_and_special_ones_bear_the_name_of_their_site():
    points = np.array([[0, 0], [100, 0], [200, 0], [300, 0]], float)
    labels = label_grids(COMMUNITY, points, np.full(4, 100.0), ["第一中学", None, "", None])
    assert [label.code[-3:] for label in labels] == ["003", "001", "004", "002"]
    assert [label.name for label in labels] == ["第一中学专属网格", "第一网格", "第四专属网格", "第二网格"]


def test_a_thousand_grids_are_refused():
    with pytest.raises(DivisionError):
        label_grids(COMMUNITY, np.zeros((1000, 2)), np.ones(1000), [None] * 1000)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (1, "一"),
        (10, "十"),
        (11, "十一"),
        (20, "二十"),
        (99, "九十九"),
        (100, "一百"),
        (105, "一百零五"),
        (110, "一百一十"),
        (999, "九百九十九"),
    ],
)
def test_numbers_in_chinese(number: int, words: str):
    assert chinese_numeral(number) == words


def test_every_numeral_is_read_back():
    assert [read_numeral(chinese_numeral(number)) for number in range(1, 1000)] == list(range(1, 1000))


@pytest.mark.parametrize("number", [0, 1000, -1])
def test_numbers_out_of_range_have_no_numeral(number: int):
    with pytest.raises(ValueError, match="1–999"):
        chinese_numeral(number)


@pytest.mark.parametrize("text", ["", "零", "0", "十十", "三三", "百", "一千", "1000", "甲"])
def test_what_is_no_numeral(text: str):
    assert read_numeral(text) is None


@pytest.mark.parametrize(
    ("name", "number"),
    [
        ("第一网格", 1),
        ("5060802 第二网格", 2),
        ("白荡海社区第四网格", 4),
        ("第12网格", 12),
        ("第１２网格", 12),
        ("第二十一专属网格", 21),
        ("幸福社区", None),
        ("第一中学专属网格", None),
    ],
)
def test_the_number_in_a_name(name: str, number: int | None):
    assert grid_number(name) == number
