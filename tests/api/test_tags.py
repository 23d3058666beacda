"""Tags of answers: the same for the same, and no whole answer kept for the sake of its tag."""

from __future__ import annotations

import gc
import weakref

from app.api.service import remembered_tag, tag
from app.store.areas import COUNTY


def test_a_remembered_tag_is_the_same_as_one_made_anew():
    assert remembered_tag(COUNTY, 1, "grids", True) == tag(COUNTY, 1, "grids", True)
    assert tag(COUNTY, 1) != tag(COUNTY, 2)


def test_no_answer_is_kept_for_its_tag():
    class Whole:
        def __str__(self) -> str:
            return "a whole answer"

    answer = Whole()
    kept = weakref.ref(answer)
    assert tag(COUNTY, answer) == tag(COUNTY, "a whole answer")
    del answer
    gc.collect()
    assert kept() is None
