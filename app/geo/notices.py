"""Four sides 四至 as somebody wrote them in a notice, taken apart into the names on each side."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from app.geo.sides import COMPASS

__all__ = ["Bound", "Notice", "plain_name", "read_notice"]

_PLAIN = str.maketrans("，；：（）．０１２３４５６７８９　", ",;:().0123456789 ")
_QUOTES = re.compile("[\"'“”‘’「」『』《》]+")
_STOPS = ",;。"
_SIDE = re.compile(
    r"(?:^|(?<=[,;:。.)\s]))([东南西北])(?:面|侧|边|部|方|界线|边界|界)?(?:至|起|临|靠|倚|接|到|邻|抵|连|依|以|:)(?!及)"
)
"""A side begins a clause: 东至, 南临, 西靠, 北倚, 东起, 东以, 东界线:; `、西向阳河` is a name, not a side."""
_HELD = re.compile(r"\(含([^()]*)\)")
_IN_BRACKETS = re.compile(r"\(([^()]*)\)")
_CENTRE = re.compile(r"(?:的?道路|河道)?中心?线$")
_BETWEEN_GROUND = re.compile(r"与(.+?)(?:之间|交界)的?空地$")
_NAMELESS = (
    re.compile(r"(.+?)[至与和](.+?)之?间的?无名(?:巷|路|道路|巷道)$"),
    re.compile(r"通往?(.+?)的无名(?:巷|路|道路|巷道)$"),
    re.compile(r"(.+?)(?:以[东南西北]|[东南西北](?:侧|边|面))的?无名(?:巷|路|道路|巷道)$"),
    re.compile(r"()无名(?:巷|路|道路|巷道)$"),
)
_CROSSING = re.compile(r"(.+?)[与和](.+?)(?:的)?(?:交汇处|交叉口|交界处|路口|交点|交汇点|交汇口)$")
_SUFFIXES = (
    re.compile(r"为界$"),
    re.compile(r"以?[东南西北](?:侧|岸|边|面|沿|端|段|缘)?$"),
    re.compile(r"(?:围墙|院墙|[东南西北]?山墙)(?:内|外|边)?$"),
    re.compile(r"(?:边|边缘|沿线|岸|内侧|外侧|一线|路口|口)$"),
)


@dataclass(frozen=True)
class Bound:
    """One thing that a notice names on a side.

    Attributes
    ----------
    words
        As written.
    names
        What it may be called, the likeliest first: with and without brackets, 以北, 边, 围墙 and the like.
    kind
        `thing`, `ground` (open ground next to a grid), `nameless` (a lane, told by the names), `crossing` (of two).
    centre
        Whether its centreline is meant.
    holds
        What is said to be included, （含…）.
    """

    words: str
    names: tuple[str, ...]
    kind: str = "thing"
    centre: bool = False
    holds: tuple[str, ...] = ()


@dataclass(frozen=True)
class Notice:
    """What a notice says: whose sides they are (as written, '' where not said), the bounds of each side, and the rest.

    A side that is not told has no bounds; `unread` is the text that was not understood, '' where all was.
    """

    title: str
    sides: tuple[tuple[Bound, ...], tuple[Bound, ...], tuple[Bound, ...], tuple[Bound, ...]]
    """East, south, west, north, whatever the order of the text."""
    unread: str

    @property
    def told(self) -> bool:
        """Whether there is any side at all."""
        return any(self.sides)


def plain_name(name: str) -> str:
    """Write a name as notices are read: brackets and digits of one width, no quotes, no spaces."""
    return _QUOTES.sub("", name.translate(_PLAIN)).replace(" ", "")


def read_notice(text: str) -> Notice:
    """Take the text of a notice apart; what cannot be read is kept in `unread`, nothing is guessed.

    Any order of the sides is understood, the verbs 至 起 临 靠 倚 接 以 到 邻, several names joined by 、, and
    qualifiers such as 以北, 边, 路口, 围墙内, 中线, 北岸, （含…）.
    """
    plain = _QUOTES.sub("", text.translate(_PLAIN).lstrip("\ufeff").strip())
    marks = list(_SIDE.finditer(plain))
    if not marks:
        return Notice("", ((), (), (), ()), plain)
    sides: list[list[Bound]] = [[], [], [], []]
    for mark, following in pairwise([*marks, None]):
        if mark is not None:
            words = _split(plain[mark.end() : following.start() if following else len(plain)], whole=bool(following))
            sides[COMPASS.index(mark[1])].extend(_read_bound(word) for word in words)
    east, south, west, north = (tuple(bounds) for bounds in sides)
    end = marks[-1].end()
    return Notice(_title(plain[: marks[0].start()]), (east, south, west, north), _rest(plain[end:]))


def _title(before: str) -> str:
    return re.sub(r"(?:的?四至(?:范围|界线|边界)?(?:为|是)?|范围)?[,;:。.\s]*$", "", before).strip(" ,;:。.")


def _ends(clause: str, signs: str) -> list[int]:
    """Places of signs outside brackets."""
    depth, places = 0, []
    for k, sign in enumerate(clause):
        depth += (sign == "(") - (sign == ")")
        if depth <= 0 and sign in signs:
            places.append(k)
    return places


def _split(clause: str, *, whole: bool) -> list[str]:
    """Split what bounds a side into its names; of the last side only what stands before the sentence goes on."""
    if not whole:
        clause = clause[: next(iter(_ends(clause, _STOPS)), len(clause))]
    cuts = [-1, *_ends(clause, "、" + _STOPS), len(clause)]
    words = [clause[start + 1 : end].replace(" ", "") for start, end in pairwise(cuts)]
    return [word for word in words if word]


def _rest(clause: str) -> str:
    return clause[next(iter(_ends(clause, _STOPS)), len(clause)) :].strip(" " + _STOPS + ".:")


def _read_bound(words: str) -> Bound:
    holds = tuple(name for held in _HELD.findall(words) for name in re.split("[、,和及]", held) if name)
    bare = _HELD.sub("", words)
    if found := _BETWEEN_GROUND.match(bare):
        return Bound(words, (found[1],), "ground", holds=holds)
    for pattern in _NAMELESS:
        if found := pattern.match(bare):
            return Bound(words, tuple(name for name in found.groups() if name), "nameless", holds=holds)
    if found := _CROSSING.match(bare):
        return Bound(words, (found[1], found[2]), "crossing", holds=holds)
    centre = bool(_CENTRE.search(re.sub("为界$", "", bare)))
    bare = _CENTRE.sub("", re.sub("为界$", "", bare))
    names, other = [bare, _IN_BRACKETS.sub("", bare)], _IN_BRACKETS.findall(bare)
    for _ in range(2):  # 罗江西岸边: 边, then 西岸
        for suffix in _SUFFIXES:
            names.append(suffix.sub("", names[-1]))
    known = [name for name in names if len(name) > 1] or [bare]
    return Bound(words, tuple(dict.fromkeys([*known, *other])), centre=centre, holds=holds)
