"""What a terminal says of grids that are in use."""

from __future__ import annotations

import pytest

from app.cli.scores import print_old_grids
from app.geo.places import Place
from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, Scorecard
from app.jobs.verify import Check
from app.settings import TerminalSettings
from app.terminal import Terminal

PLACES = tuple(
    Place("gap_m2", f"99990200100{n}", 105.3, 30.4, 12.0, f"{n}2 ㎡不在任何网格内", f"{n}2 m² in no grid")
    for n in (1, 2)
)


@pytest.mark.parametrize(("language", "words"), [("zh", "12 ㎡不在任何网格内"), ("en", "12 m² in no grid")])
def test_old_grids_are_told_with_one_place_for_each_broken_promise(language, words, capsys):
    values = {**dict.fromkeys(PROMISE_WORDS, 0), "gap_m2": 34.0}
    check = Check(Scorecard(values, ("gap_m2",), PLACES), (), ())
    plain = TerminalSettings(rich_results=False, progress=False, colour=False, language=language)
    print_old_grids(Terminal(plain), check)
    said = capsys.readouterr().out
    assert "999902001001  105.300000,30.400000" in said
    assert words in said
    assert "999902001002" not in said
    assert not [name for name in HARD_PROMISES if name != "gap_m2" and name in said.split()]
