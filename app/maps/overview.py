"""The figures of the first page: how the grids in force stand, each with the list and the map that it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

import pandas as pd

from app.geo.assessment import Assessment
from app.geo.plan_parts import Plan
from app.maps.facility_views import SIGNS
from app.maps.served_pages import Cell, Figure, Table

__all__ = ["count_figures", "list_communities", "list_towns"]


def count_figures(
    plan: Plan,
    posts: pd.DataFrame | None,
    *,
    map_address: str,
    found: Assessment | None = None,
    facilities_address: str = "",
    covered: Figure | None = None,
    published: tuple[str, date | None] = ("", None),
) -> list[Figure]:
    """Count communities, grids, households, and what is amiss with them.

    Parameters
    ----------
    posts
        `grid_code` of general grids with the number of workers `filled`; None where nobody said.
    found
        How the communities stand by the standards of rooms; None where there is no ledger.
    covered
        How many can walk to a facility; None where nobody measured.
    published
        Title of the plan that came into force last, and since when it holds.
    """
    low, high = _band(plan)
    general = plan.grids[plan.grids["kind"] == "general"]
    within = int(general["households"].between(low, high).sum())
    outside = len(general) - within
    figures = [
        Figure("社区", f"{len(plan.communities):,}", "列表和地图", map_address),
        Figure("网格", f"{len(plan.grids):,}", f"综合网格 {len(general):,} 个", map_address),
        Figure("户数", f"{int(plan.grids['households'].sum()):,}", str(plan.about["household_basis"]), map_address),
        Figure(f"{low}–{high} 户之内", f"{within:,}", "综合网格", f"{map_address}#view=band", "✓"),
        Figure(
            f"不在 {low}–{high} 户之内", f"{outside:,}", "各有原因", f"{map_address}#view=band", "△" if outside else "✓"
        ),
    ]
    if posts is not None:
        without = int((posts["filled"] == 0).sum())
        address = f"{map_address}#view=posts"
        figures.append(Figure("无人负责的网格", f"{without:,}", "应配一人", address, "✗" if without else "✓"))
    if found is not None:
        met = sum(one.status == "达标" for one in found.communities)
        note = f"{found.as_of.isoformat()} 核查，共 {len(found.communities):,} 个社区"
        sign = "✓" if met == len(found.communities) else "△"
        figures.append(Figure("社区用房达标", f"{met:,}", note, facilities_address, sign))
    if covered is not None:
        figures.append(covered)
    title, since = published
    if since is not None:
        figures.append(Figure("最近生效", since.isoformat(), title or "划分方案", map_address))
    return figures


def list_towns(plan: Plan, posts: pd.DataFrame | None, town_of: Mapping[str, str]) -> Table:
    """List the same by town; `town_of` has its name by community."""
    return _list_by(plan, posts, plan.grids["community_code"].map(town_of), "towns", "各街道（乡镇）", "街道（乡镇）")


def list_communities(
    plan: Plan, posts: pd.DataFrame | None, map_address: str, found: Assessment | None = None
) -> Table:
    """List the same by community, each leading to the map."""
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    statuses = {one.community.code: f"{SIGNS[one.status]} {one.status}" for one in found.communities} if found else {}
    table = _list_by(plan, posts, plan.grids["community_code"], "communities", "各社区", "社区")
    rows = tuple(
        (
            Cell(str(names.get(code.text, code.text)), address=f"{map_address}#open={quote(code.text)}"),
            *row[1:],
            *([Cell(statuses.get(code.text, ""))] if found else []),
        )
        for code, row in ((row[0], row) for row in table.rows)
    )
    headings = (*table.headings, "社区用房") if found else table.headings
    return Table(table.id, table.title, headings, rows, table.numbers)


def _list_by(plan: Plan, posts: pd.DataFrame | None, keys: pd.Series, name: str, title: str, heading: str) -> Table:
    low, high = _band(plan)
    filled = dict(zip(posts["grid_code"], posts["filled"], strict=True)) if posts is not None else {}
    rows = []
    for key, held in plan.grids.groupby(keys, sort=True):
        general = held[held["kind"] == "general"]
        counts = [
            *([held["community_code"].nunique()] if name == "towns" else []),
            len(held),
            int(held["households"].sum()),
            int(general["households"].between(low, high).sum()),
        ]
        if posts is not None:
            counts.append(sum(filled.get(code) == 0 for code in general["grid_code"]))
        rows.append((Cell(str(key)), *(Cell(f"{count:,}", float(count)) for count in counts)))
    headings = (
        heading,
        *(["社区"] if name == "towns" else []),
        "网格",
        "户数",
        f"{low}–{high} 户",
        *(["无人"] if posts is not None else []),
    )
    return Table(name, title, headings, tuple(rows), frozenset(range(1, len(headings))))


def _band(plan: Plan) -> tuple[int, int]:
    return int(plan.about["min_households"]), int(plan.about["max_households"])
