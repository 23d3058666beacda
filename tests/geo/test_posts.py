"""Posts are shared so that workers have about as many households, and nobody loses by an increase."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.geo.errors import UsageError
from app.geo.posts import share_posts


def test_a_known_apportionment():
    # Webster's method on 53, 24, 23 for 7 seats gives 3, 2, 2 (largest remainder would give 4, 2, 1).
    assert share_posts([53, 24, 23], 7) == [3, 2, 2]


def test_every_community_has_a_post_even_without_households():
    assert share_posts([1000, 0, 10], 5) == [3, 1, 1]


def test_fewer_posts_than_communities_are_refused():
    with pytest.raises(UsageError, match="岗位 1 个，少于社区 2 个"):
        share_posts([400, 400], 1)


@given(st.lists(st.integers(0, 5000), min_size=1, max_size=12), st.integers(0, 60))
def test_all_posts_are_given_and_one_more_takes_none_away(households, more):
    posts = len(households) + more
    shares, larger = share_posts(households, posts), share_posts(households, posts + 1)
    assert sum(shares) == posts
    assert min(shares) >= 1
    assert all(after >= before for before, after in zip(shares, larger, strict=True))


@given(st.lists(st.integers(1, 5000), min_size=2, max_size=8), st.integers(0, 40))
def test_a_larger_community_never_has_fewer_posts(households, more):
    shares = share_posts(households, len(households) + more)
    for i, first in enumerate(households):
        for j, second in enumerate(households):
            if first > second:
                assert shares[i] >= shares[j]
