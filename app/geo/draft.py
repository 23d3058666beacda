"""Grids from a table alone: compounds, villages and groups kept whole, buildings in the order of their numbers.

Without geometry nobody knows who lives beside whom. What a table tells is what belongs together and, by the order of
its rows, roughly what comes next; so grids are runs of rows where runs keep the band, and other groupings where only
those do.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from app.geo.building_labels import building_key, building_order
from app.geo.codes import chinese_numeral, grid_code
from app.geo.groupings import group_pieces
from app.geo.measures import divisible
from app.geo.reasons import Circumstances, Reason, explain
from app.geo.rules import Rules

__all__ = ["DraftCommunity", "DraftGrid", "Piece", "cut_pieces", "draft_community"]


@dataclass(frozen=True)
class Piece:
    """What a draft never splits: a whole compound, village or group that fits, else one building.

    Attributes
    ----------
    households, persons
        What lives in it; persons are NaN where any row does not state them.
    whole
        Number of the compound, village or group it is of, in the order of the table.
    link
        How it hangs on the piece before it in its whole: 0 not at all, 1 as the next group, 2 as the next building.
    words
        What it is, for people.
    heaviest
        Households of its largest building.
    rows
        Rows of the table.
    """

    households: int
    persons: float
    whole: int
    link: int
    words: str
    heaviest: int
    rows: tuple[int, ...]


@dataclass(frozen=True)
class DraftGrid:
    """A grid without a polygon: its rows of the table, and why it is outside the band if it is."""

    code: str
    name: str
    households: int
    persons: float
    wholes: tuple[str, ...]
    """The compounds, villages and groups it has something of."""
    reason: Reason
    rows: tuple[int, ...]


@dataclass(frozen=True)
class DraftCommunity:
    """A community's draft. Its grids are numbered in the order of the table until there are polygons to number."""

    code: str
    name: str
    households: int
    grids: tuple[DraftGrid, ...]
    divisible: bool
    in_band: int
    cut: tuple[str, ...]
    """The compounds, villages and groups that more than one grid has."""


def draft_community(code: str, name: str, table: pd.DataFrame, rules: Rules) -> DraftCommunity:
    """Divide a community by its rows of a ledger.

    Whatever fits a grid is kept whole; what does not is cut by groups, then between buildings with consecutive numbers.
    No other choice of such pieces has fewer grids outside the band wherever a reason says so; the same table gives the
    same draft.

    Parameters
    ----------
    table
        Rows of a `Ledger`: compound, group, building, section, address, households, persons. Its index names the rows.
    """
    pieces = cut_pieces(table, rules)
    weights = np.array([piece.households for piece in pieces], np.int64)
    persons = np.array([piece.persons for piece in pieces])
    links = np.array([piece.link for piece in pieces], np.int64)
    wholes = np.array([piece.whole for piece in pieces], np.int64)
    grouping = group_pieces(weights, persons, wholes, links, rules)
    total = int(weights.sum())
    grids = grouping.numbers
    around = Circumstances(total, grids, rules.grids, grouping.proven)
    drafted = []
    for number in range(grids):
        own = [pieces[k] for k in np.flatnonzero(grouping.grid == number)]
        households = sum(piece.households for piece in own)
        heads = sum(piece.persons for piece in own)
        heaviest = max(own, key=lambda piece: piece.households)
        reason = explain(households, heads, heaviest.households, heaviest.words, heaviest.heaviest, around, rules)
        names = tuple(dict.fromkeys(_name_of(table.loc[piece.rows[0]]) for piece in own))
        rows = tuple(row for piece in own for row in piece.rows)
        drafted.append(
            DraftGrid(
                grid_code(code, number + 1),
                f"第{chinese_numeral(number + 1)}网格",
                households,
                heads,
                names,
                reason,
                rows,
            )
        )
    cut = [
        _name_of(table.loc[next(piece for piece in pieces if piece.whole == whole).rows[0]])
        for whole in np.unique(wholes)
        if len(np.unique(grouping.grid[wholes == whole])) > 1
    ]
    in_band = sum(not grid.reason.code for grid in drafted)
    return DraftCommunity(code, name, total, tuple(drafted), divisible(total, rules), in_band, tuple(cut))


def cut_pieces(table: pd.DataFrame, rules: Rules) -> list[Piece]:
    """Cut the rows of a community into what is never split, in the order of the table and of building numbers."""
    pieces: list[Piece] = []
    for number, (_, rows) in enumerate(table.groupby(_whole_keys(table), sort=False)):
        whole = _piece(rows, number, 0)
        if whole.households <= rules.max_households:
            pieces.append(whole)
            continue
        groups = [group for _, group in rows.groupby("group", sort=False)]
        for position, group in enumerate(groups):
            together = _piece(group, number, 1 if position else 0)
            if together.households <= rules.max_households and len(groups) > 1:
                pieces.append(together)
                continue
            buildings = sorted(
                (building for _, building in group.groupby(_building_keys(group), sort=False)),
                key=lambda building: building_order(str(building["building"].iloc[0] or building["address"].iloc[0])),
            )
            pieces += [
                replace(_piece(building, number, 2), link=2 if place else together.link)
                for place, building in enumerate(buildings)
            ]
    return pieces


def _whole_keys(table: pd.DataFrame) -> list[str]:
    """Name what each row is a part of: compound or village, else group, else its building alone."""
    return [
        f"c {compound}" if compound else f"g {group}" if group else f"b {building} {address}"
        for compound, group, building, address in zip(
            table["compound"], table["group"], table["building"], table["address"], strict=True
        )
    ]


def _building_keys(rows: pd.DataFrame) -> list[str]:
    """Name the building of each row; a row that names none is one by itself."""
    return [
        building_key(building) if building else f"{address} #{row}"
        for building, address, row in zip(rows["building"], rows["address"], rows.index, strict=True)
    ]


def _piece(rows: pd.DataFrame, whole: int, link: int) -> Piece:
    households = int(rows["households"].sum())
    by_building = rows["households"].groupby(_building_keys(rows)).sum()
    first = rows.iloc[0]
    alone = len(by_building) == 1 and first["building"]
    words = f"{first['compound']}{first['building']}" if alone else _name_of(first)
    persons = float(rows["persons"].sum(skipna=False))
    unnamed = (rows["building"] == "").all() and (rows["address"] == "").all()
    heaviest = 0 if unnamed else int(by_building.max())
    return Piece(households, persons, whole, link, words or str(first["address"]), heaviest, tuple(rows.index))


def _name_of(row: pd.Series) -> str:
    return str(row["compound"] or row["group"] or row["building"] or row["address"])
