"""Four sides as a notice states them, held against the geometry of a grid, with the share of each that is true."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray

from app.geo.facings import Pieces, cut_outlines
from app.geo.measures import ON_BARRIER_M
from app.geo.notices import Bound, Notice, plain_name, read_notice
from app.geo.sides import COMPASS, EDGE, describe_sides
from app.geo.surroundings import Surroundings, barriers_along, nearest_other
from app.geo.survey import largest_polygons

__all__ = ["SideCheck", "Verdict", "check_notice"]

Geometries = NDArray[np.object_]
Indices = NDArray[np.int64]
Flags = NDArray[np.bool_]

Verdict = Literal["agrees", "partly", "not_found", "unknown", "missing"]

WIDER_M = 10.0
"""A border that somebody drew may run this much farther from the middle of a street than one of ours."""
BY_M = 30.0
"""What covers ground (a compound, a lake, a community) bounds a side that comes this near."""
AGREES = 0.6
"""Names that bound this much of a side, each of them some of it, agree with it."""
SOME = 0.05
INSIDE = 0.5
COMES_OUT_M = 60.0
"""A lane without a name comes out at a street, or lies by a compound, that is no farther away."""

GENERIC = {
    **dict.fromkeys(("铁路", "铁道", "铁路线"), "rail"),
    **dict.fromkeys(("河", "河流", "河道", "水面", "水系", "水塘"), "water"),
    **dict.fromkeys(("围墙", "墙"), "wall"),
}
"""Words for any barrier of a class."""


@dataclass(frozen=True)
class SideCheck:
    """One side of a notice.

    Attributes
    ----------
    side
        0 east, 1 south, 2 west, 3 north.
    words
        What the notice says, '' where it says nothing.
    verdict
        `agrees`; `partly` true; `not_found`: its names are known, but bound nothing of this side; `unknown`: no layer
        has any of its names; `missing`: the notice does not tell this side.
    share
        Part of the side that is bounded by what the notice names.
    ours
        What the geometry says.
    notes
        What is amiss, in words, Chinese and English.
    """

    side: int
    words: str
    verdict: Verdict
    share: float
    ours: str
    notes: tuple[tuple[str, str], ...] = ()


def check_notice(
    notice: Notice, row: int, grids: Geometries, names: Sequence[str], around: Surroundings
) -> tuple[SideCheck, SideCheck, SideCheck, SideCheck]:
    """Hold a notice against a grid, side by side; a name that is not known is never passed over.

    Parameters
    ----------
    row
        The grid that the notice is about.
    grids, names, around
        As `sides.describe_sides` takes them.
    """
    outlines = largest_polygons(np.asarray(grids, dtype=object))
    pieces = cut_outlines(outlines[[row]])
    known = _Known.of(row, outlines, names, around, pieces)
    ours = describe_sides(grids, names, around)[row]
    told = (ours.east, ours.south, ours.west, ours.north)
    east, south, west, north = (_check_side(side, notice.sides[side], told[side], known) for side in range(4))
    return east, south, west, north


@dataclass(frozen=True)
class _Known:
    """Everything that has a name around one grid, and which pieces of its outline each bounds."""

    row: int
    outlines: Geometries
    names: Sequence[str]
    around: Surroundings
    pieces: Pieces
    middles: Geometries
    along: tuple[Indices, Indices, NDArray[np.float64]]
    next_grid: Indices
    title: dict[str, str]
    """The name on the map by the name as notices are read."""

    @classmethod
    def of(cls, row: int, outlines: Geometries, names: Sequence[str], around: Surroundings, pieces: Pieces) -> _Known:
        middles = shapely.points(pieces.middle)
        own = np.full(len(middles), row)
        every = [*names, *around.land_names, *around.place_names, *around.neighbour_names, *around.barrier_names]
        title = {word: word for word in (*GENERIC, EDGE)} | {plain_name(name): name for name in every if name}
        along = barriers_along(around, pieces, wider_m=WIDER_M)
        return cls(row, outlines, names, around, pieces, middles, along, nearest_other(outlines, middles, own), title)

    def call(self, bound: Bound) -> str:
        """Find what a bound is called on the map, '' where nothing is called so."""
        return next((self.title[name] for name in map(plain_name, bound.names) if name in self.title), "")

    def within(self, words: str) -> str:
        """Find the longest name that the words contain, '' for none."""
        held = [name for name in self.title if len(name) > 1 and name in plain_name(words)]
        return self.title[max(held, key=lambda name: (len(name), name))] if held else ""

    def barriers(self, name: str) -> Flags:
        """Tell which barriers are called so; a word like 铁路 means any of its class, unless it is somebody's name."""
        called = _is(self.around.barrier_names, name)
        return _is(self.around.classes, GENERIC[name]) if name in GENERIC and not called.any() else called

    def bounded_by(self, name: str) -> Flags:
        """Tell which pieces something of this name bounds."""
        found = np.zeros(len(self.middles), bool)
        piece, barrier, _ = self.along
        found[piece[self.barriers(name)[barrier]]] = True
        for shapes, called in (
            (self.around.neighbours, self.around.neighbour_names),
            (self.around.places, self.around.place_names),
            (self.around.lands, self.around.land_names),
        ):
            for shape in shapes[_is(called, name)]:
                found |= shapely.distance(self.middles, shape) <= BY_M
        found |= np.append(_is(self.names, name), False)[self.next_grid]
        return found | (self.next_grid < 0) if name == EDGE else found

    def nameless(self) -> Flags:
        """Tell which pieces a street or lane without a name bounds."""
        piece, barrier, _ = self.along
        found = np.zeros(len(self.middles), bool)
        found[piece[_is(self.around.barrier_names, "")[barrier]]] = True
        return found

    def off_centre_m(self, name: str, pieces: Flags) -> float:
        """Measure how far the outline runs from the middle of a street, by the metres of it; 0 where it runs in it."""
        piece, barrier, distance = self.along
        mine = pieces[piece] & self.barriers(name)[barrier]
        close = mine & (distance <= self.around.reach_m[barrier])
        mine = close if close.any() else mine
        if not mine.any():
            return 0.0
        nearest = np.full(len(self.middles), np.inf)
        np.minimum.at(nearest, piece[mine], distance[mine])
        row = np.argsort(nearest, kind="stable")[: np.isfinite(nearest).sum()]
        metres = np.cumsum(self.pieces.length[row])
        middle = float(nearest[row[np.searchsorted(metres, metres[-1] / 2)]])  # as for the words: where most of it runs
        reach = float(self.around.centre_m[barrier[mine]].max())
        return middle if middle > max(reach, ON_BARRIER_M) else 0.0

    def nearest_name(self, words: str) -> str:
        """Find the name that is written most like the words, '' where none is."""
        found = get_close_matches(plain_name(words), sorted(self.title), n=1, cutoff=0.5)
        return self.title[found[0]] if found else ""

    def whereabouts(self, name: str, side: int) -> tuple[str, str]:
        """Say where something is that does not bound this side."""
        bounded = self.bounded_by(name)
        others = [k for k in range(4) if k != side and (bounded & (self.pieces.side == k)).any()]
        if others:
            words = "、".join(COMPASS[k] for k in others)
            english = " and ".join(("east", "south", "west", "north")[k] for k in others)
            return f"“{name}”不在{COMPASS[side]}侧，在{words}侧", f"“{name}” is not on this side but in the {english}"
        far = self.away_m(name, self.pieces.side == side)
        return (
            f"“{name}”不是这一侧的边界，距该侧约{far:.0f}米",
            f"“{name}” does not bound this side; it is {far:.0f} m away",
        )

    def away_m(self, name: str, pieces: Flags) -> float:
        """Measure how far the nearest thing of this name is from pieces; 0 where there is nothing to measure."""
        shapes = [
            *self.around.barriers[self.barriers(name)],
            *self.around.neighbours[_is(self.around.neighbour_names, name)],
            *self.around.places[_is(self.around.place_names, name)],
            *self.around.lands[_is(self.around.land_names, name)],
            *self.outlines[_is(self.names, name)],
        ]
        if not shapes or not pieces.any():
            return 0.0
        return float(shapely.distance(shapely.multipoints(self.middles[pieces]), np.array(shapes, dtype=object)).min())

    def along_something(self) -> Flags:
        """Tell which pieces any barrier bounds."""
        piece, barrier, distance = self.along
        found = np.zeros(len(self.middles), bool)
        found[piece[distance <= self.around.reach_m[barrier]]] = True
        return found

    def street_on(self, pieces: Flags) -> str:
        """Name the barrier that runs along most of some pieces."""
        piece, barrier, _ = self.along
        rows, count = np.unique(barrier[pieces[piece]], return_counts=True)
        return (self.around.barrier_names[rows[np.argmax(count)]] or "无名街巷") if len(rows) else ""


def _is(names: Sequence[str], name: str) -> Flags:
    return np.array([called == name for called in names], bool)


def _check_side(side: int, bounds: Sequence[Bound], ours: str, known: _Known) -> SideCheck:
    if not bounds:
        note = f"没有写{COMPASS[side]}至", "this side is not told"
        return SideCheck(side, "", "missing", 0.0, ours, (note,))
    on_side = known.pieces.side == side
    length = known.pieces.length * on_side
    covered = np.zeros(len(length), bool)
    notes: list[tuple[str, str]] = []
    unknown, idle, amiss = 0, 0, False
    for bound in bounds:
        bounded, said, strangers = _trace(bound, side, known, ours)
        notes += said
        unknown += bool(strangers)
        amiss |= bool(said)
        idle += not strangers and length[bounded].sum() < SOME * length.sum()
        covered |= bounded
    share = float(length[covered].sum() / length.sum())
    words = "、".join(bound.words for bound in bounds)
    if unknown == len(bounds) and share < SOME:
        return SideCheck(side, words, "unknown", share, ours, tuple(notes))
    if share < SOME:
        return SideCheck(side, words, "not_found", share, ours, tuple(notes))
    enough = share >= min(AGREES, _own_share(ours, side, length, known) - SOME)
    verdict: Verdict = "agrees" if enough and not unknown and not idle and not amiss else "partly"
    return SideCheck(side, words, verdict, share, ours, tuple(notes))


def _own_share(ours: str, side: int, length: NDArray[np.float64], known: _Known) -> float:
    """Part of a side that our own words tell: no notice is asked for more."""
    told = read_notice(f"东至{ours}").sides[0]
    covered = np.zeros(len(length), bool)
    for bound in told:
        covered |= _trace(bound, side, known, ours)[0]
    return float(length[covered].sum() / length.sum())


def _trace(bound: Bound, side: int, known: _Known, ours: str) -> tuple[Flags, list[tuple[str, str]], list[str]]:
    """Find the pieces that a bound of a notice bounds; what is amiss with it; and its names that nobody knows."""
    notes: list[tuple[str, str]] = []
    on_side = known.pieces.side == side
    if bound.kind == "nameless":
        strangers = [name for name in bound.names if plain_name(name) not in known.title]
        notes += [_stranger(name, known) for name in strangers]
        bounded = known.nameless()
        if not (bounded & on_side).any():
            notes.append(("这一侧没有无名街巷", "no nameless street runs along this side"))
        for name in (known.title[plain_name(name)] for name in bound.names if name not in strangers):
            if name not in ours and (far := known.away_m(name, bounded & on_side)) > COMES_OUT_M:
                words = (
                    f"这一侧的无名街巷距“{name}”约{far:.0f}米",
                    f"“{name}” is {far:.0f} m from the nameless street here",
                )
                notes.append(words)
        return bounded, notes, strangers
    name = known.call(bound)
    read_as = ""
    if not name and (read_as := known.within(bound.words)):
        name = read_as
        notes.append((f"“{bound.words}”不是图上的名称，按其中的“{name}”核对", f"“{bound.words}” is read as “{name}”"))
    if not name:
        return np.zeros(len(on_side), bool), [*notes, _stranger(bound.words, known)], [bound.words]
    bounded = known.bounded_by(name)
    if not (bounded & on_side).any():
        notes.append(known.whereabouts(name, side))
    if bound.kind == "ground" and (bounded & on_side).any():
        street = known.street_on(bounded & on_side)
        bounded &= ~known.along_something()
        if not (bounded & on_side).any():
            notes.append((f"其间有“{street}”，不是空地", f"“{street}” runs between, it is no open ground"))
    if bound.centre and (off := known.off_centre_m(name, bounded & on_side)):
        notes.append(
            (f"边界不在“{name}”中线上，相距约{off:.0f}米", f"the border is {off:.0f} m from the middle of “{name}”")
        )
    strangers = []
    for held in bound.holds:
        called = known.title.get(plain_name(held), "")
        shapes = known.around.places[_is(known.around.place_names, called)]
        if not len(shapes):
            strangers.append(held)
            notes.append(_stranger(held, known))
        elif all(
            shapely.area(shapely.intersection(shape, known.outlines[known.row])) < INSIDE * shapely.area(shape)
            for shape in shapes
        ):
            notes.append((f"“{called}”不在本网格内", f"“{called}” does not lie in this grid"))
    return bounded, notes, strangers


def _stranger(name: str, known: _Known) -> tuple[str, str]:
    near = known.nearest_name(name)
    if near:
        return f"图上没有“{name}”，名称最接近的是“{near}”", f"nothing is called “{name}”; the nearest name is “{near}”"
    return f"图上没有“{name}”", f"nothing on the map is called “{name}”"
