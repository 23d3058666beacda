"""The figures of the first page: how the grids in force stand, each with the list and the map that it leads to."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from urllib.parse import quote

import pandas as pd

from app.geo.assessment import Assessment
from app.geo.plan import Plan
from app.maps.facility_views import SIGNS
from app.maps.languages import speak, translate
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
    language: str = "zh",
) -> list[Figure]:
    """Count communities, grids, households, and what is amiss with them.

    Parameters
    ----------
    posts
        `grid_code` of general grids with the number of workers `needed` and `filled`; None where nobody said.
    found
        How the communities stand by the standards of rooms; None where there is no ledger.
    covered
        How many can walk to a facility; None where nobody measured.
    published
        Title of the plan that came into force last, and since when it holds.
    """
    say = speak(language)
    low, high = _band(plan)
    general = plan.grids[plan.grids["kind"] == "general"]
    within = int(general["households"].between(low, high).sum())
    outside = len(general) - within
    general_grids = say("综合网格", "general grids")
    band = f"{map_address}#view=band"
    figures = [
        Figure(
            say("社区", "Communities"), f"{len(plan.communities):,}", say("列表和地图", "list and map"), map_address
        ),
        Figure(
            say("网格", "Grids"),
            f"{len(plan.grids):,}",
            say(f"综合网格 {len(general):,} 个", f"{len(general):,} general grids"),
            band,
        ),
        Figure(
            say("户数", "Households"),
            f"{int(plan.grids['households'].sum()):,}",
            str(plan.about["household_basis"]),
            band,
        ),
        Figure(say(f"{low}–{high} 户之内", f"Within {low}–{high}"), f"{within:,}", general_grids, band, "✓"),
        Figure(
            say(f"不在 {low}–{high} 户之内", f"Not within {low}–{high}"),
            f"{outside:,}",
            say("各有原因", "each with its reason"),
            band,
            "△" if outside else "✓",
        ),
    ]
    if posts is not None:
        missing = int((posts["needed"] - posts["filled"]).clip(lower=0).sum())
        without = int((posts["filled"] == 0).sum())
        note = say(f"{without:,} 个网格无人负责，应配一人", f"{without:,} grids have nobody; one each is needed")
        sign = "✗" if missing else "✓"
        figures.append(
            Figure(say("人员缺口", "Posts missing"), f"{missing:,}", note, f"{map_address}#view=posts", sign)
        )
    if found is not None:
        met = sum(one.status == "达标" for one in found.communities)
        day, count = found.as_of.isoformat(), len(found.communities)
        note = say(f"{day} 核查，共 {count:,} 个社区", f"judged on {day}, of {count:,} communities")
        sign = "✓" if met == count else "△"
        figures.append(
            Figure(say("社区用房达标", "Rooms meet the standards"), f"{met:,}", note, facilities_address, sign)
        )
    if covered is not None:
        figures.append(covered)
    title, since = published
    if since is not None:
        note = title or say("划分方案", "plan")
        figures.append(Figure(say("最近生效", "Last in force"), since.isoformat(), note, f"{map_address}#view=changes"))
    return figures


def list_towns(plan: Plan, posts: pd.DataFrame | None, town_of: Mapping[str, str], language: str = "zh") -> Table:
    """List the same by town; `town_of` has its name by community."""
    say = speak(language)
    keys = plan.grids["community_code"].map(town_of)
    title, heading = say("各街道（乡镇）", "Towns"), say("街道（乡镇）", "Town")
    return _list_by(plan, posts, keys, "towns", title, heading, language)


def list_communities(
    plan: Plan,
    posts: pd.DataFrame | None,
    map_address: str,
    found: Assessment | None = None,
    language: str = "zh",
) -> Table:
    """List the same by community, each leading to the map."""
    say = speak(language)
    names = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))
    statuses = (
        {one.community.code: f"{SIGNS[one.status]} {translate(one.status, language)}" for one in found.communities}
        if found
        else {}
    )
    title, heading = say("各社区", "Communities"), say("社区", "Community")
    table = _list_by(plan, posts, plan.grids["community_code"], "communities", title, heading, language)
    rows = tuple(
        (
            Cell(str(names.get(code.text, code.text)), address=f"{map_address}#open={quote(code.text)}"),
            *row[1:],
            *([Cell(statuses.get(code.text, ""))] if found else []),
        )
        for code, row in ((row[0], row) for row in table.rows)
    )
    headings = (*table.headings, say("社区用房", "Rooms")) if found else table.headings
    return Table(table.id, table.title, headings, rows, table.numbers)


def _list_by(
    plan: Plan, posts: pd.DataFrame | None, keys: pd.Series, name: str, title: str, heading: str, language: str
) -> Table:
    say = speak(language)
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
        *([say("社区", "Communities")] if name == "towns" else []),
        say("网格", "Grids"),
        say("户数", "Households"),
        say(f"{low}–{high} 户", f"{low}–{high}"),
        *([say("无人", "Nobody")] if posts is not None else []),
    )
    return Table(name, title, headings, tuple(rows), frozenset(range(1, len(headings))))


def _band(plan: Plan) -> tuple[int, int]:
    return int(plan.about["min_households"]), int(plan.about["max_households"])
