"""Buckets that fill with time."""

from __future__ import annotations

import pytest

from app.api import rates
from app.api.rates import Rates


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


def test_a_burst_is_granted_at_once_and_then_as_many_as_time_brings():
    clock = Clock()
    bucket = Rates(2, 4, clock=clock)
    assert [bucket.take("a") for _ in range(5)] == [0, 0, 0, 0, 0.5]
    assert bucket.take("b") == 0
    clock.now += 0.5
    assert [bucket.take("a"), bucket.take("a")] == [0, 0.5]
    clock.now += 3600
    assert [bucket.take("a") for _ in range(5)][-1] == 0.5


def test_what_is_given_back_was_not_taken():
    bucket = Rates(1, 1, clock=Clock())
    assert bucket.take("a") == 0
    bucket.give_back("a")
    assert bucket.take("a") == 0
    assert bucket.take("a") == pytest.approx(1)


def test_without_a_rate_there_is_no_limit():
    bucket = Rates(0, 0)
    assert not any(bucket.take("a") for _ in range(1000))


def test_made_up_names_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(rates, "MOST_REMEMBERED", 10)
    bucket = Rates(1, 1, clock=Clock())
    for number in range(100):
        bucket.take(str(number))
    assert bucket.take("99") > 0
    assert bucket.take("0") == 0
