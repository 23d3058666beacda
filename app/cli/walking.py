"""`coverage` and `site`: who can walk to a facility, and where another would help most."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsIs,
    AsJson,
    Barriers,
    Buildings,
    Columns,
    Communities,
    Force,
    HouseholdBasis,
    Mend,
    Streets,
    name_sources,
)
from app.cli.root import app
from app.geo.errors import UsageError

if TYPE_CHECKING:
    from app.jobs.coverage import CoverageDone
    from app.jobs.site import SitingDone
    from app.terminal import Terminal

__all__ = ["coverage", "site"]

Facilities = Annotated[
    str,
    typer.Option(
        metavar="FILE[:LAYER]", help="设施点，需有设施类别 facilities with facility_class", show_default=False
    ),
]
Speed = Annotated[
    float, typer.Option(min=1, help="步行速度，米/分钟；60 出自 GB 50180 五分钟约 300 米 metres walked in a minute")
]
Reach = Annotated[float, typer.Option(min=1, help="住宅、设施到街道最远多少米 farthest a home may be from a street")]
Gates = Annotated[
    bool,
    typer.Option(
        "--assume-gates", help="围墙没有画出大门的，假定有一处 let homes out of walls in which nobody mapped a gate"
    ),
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="结果写到此处 folder for the results", show_default=False)
]


@app.command(help="测算步行覆盖 Measure who can walk to which facility, along streets, lanes and paths")
def coverage(
    context: typer.Context,
    communities: Communities,
    streets: Streets,
    buildings: Buildings,
    facilities: Facilities,
    barriers: Barriers = "",
    grids: Annotated[
        str, typer.Option(metavar="PLAN_OR_GRIDS", help="按网格统计 shares by grid as well", show_default=False)
    ] = "",
    facility_class: Annotated[
        list[str] | None,
        typer.Option(
            "--class", metavar="CLASS", help="只看这类设施，可重复 this class only; repeatable", show_default=False
        ),
    ] = None,
    within: Annotated[
        list[float] | None,
        typer.Option(metavar="METRES", min=1, help="距离，可重复 distance; repeatable", show_default="300 500 1000"),
    ] = None,
    minutes: Annotated[
        list[float] | None,
        typer.Option(
            metavar="MINUTES",
            min=0.1,
            help="步行分钟，可重复，代替米 minutes, instead of metres; repeatable",
            show_default=False,
        ),
    ] = None,
    speed: Speed = 60.0,
    reach: Reach = 300.0,
    assume_gates: Gates = False,
    columns: Columns = None,
    household_basis: HouseholdBasis = "",
    mend: Mend = False,
    as_is: AsIs = False,
    out: Out = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Measure and print who is within a distance of what, and who is not."""
    with reporting(context, as_json=as_json) as terminal:
        from app.geo.coverage import Walk
        from app.jobs.coverage import CoverageOrder
        from app.jobs.coverage import coverage as measure
        from app.jobs.inputs import Inputs

        if within and minutes:
            raise UsageError("--within 和 --minutes 只能用一个 (give metres or minutes, not both)")
        limits = within or [minute * speed for minute in minutes or ()] or Walk().within_m
        order = CoverageOrder(
            inputs=Inputs(
                name_sources(communities=communities, streets=streets, buildings=buildings, barriers=barriers),
                columns=tuple(columns or ()),
                household_basis=household_basis,
                mend=mend,
                as_is=as_is,
            ),
            facilities=facilities,
            classes=tuple(facility_class or ()),
            grids=grids,
            walk=Walk(
                metres_a_minute=speed, within_m=tuple(sorted(set(limits))), reach_m=reach, assume_gates=assume_gates
            ),
            folder=out,
            force=force,
        )
        with terminal.progress() as on_step:
            done = measure(order, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            _print_coverage(terminal, done)
            if out:
                terminal.print(f"结果：{out}", f"results: {out}")


@app.command(help="选址 Find where another facility would help most households, or all with the fewest")
def site(
    context: typer.Context,
    communities: Communities,
    streets: Streets,
    buildings: Buildings,
    facilities: Facilities,
    count: Annotated[
        int | None,
        typer.Option("-k", "--count", min=1, help="增加几处 how many more", show_default="3"),
    ] = None,
    everybody: Annotated[
        bool, typer.Option("--all", help="用最少的点覆盖所有能覆盖的住户 cover all with the fewest")
    ] = False,
    barriers: Barriers = "",
    facility_class: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="哪类设施 which class")
    ] = "service_station",
    within: Annotated[float, typer.Option(metavar="METRES", min=1, help="步行距离 distance walked")] = 500.0,
    candidates: Annotated[
        str,
        typer.Option(
            metavar="FILE[:LAYER]",
            help="候选地点，默认用街角 sites to choose from; street corners if not given",
            show_default=False,
        ),
    ] = "",
    enlarge: Annotated[
        list[str] | None,
        typer.Option(
            metavar="CLASS", help="可扩建的现有设施类别 facilities that could be enlarged", show_default=False
        ),
    ] = None,
    reach: Reach = 300.0,
    assume_gates: Gates = False,
    columns: Columns = None,
    household_basis: HouseholdBasis = "",
    mend: Mend = False,
    as_is: AsIs = False,
    out: Out = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Choose sites and print what each adds."""
    with reporting(context, as_json=as_json) as terminal:
        from app.geo.coverage import Walk
        from app.jobs.inputs import Inputs
        from app.jobs.site import SiteOrder
        from app.jobs.site import site as choose_sites

        if everybody and count:
            raise UsageError("-k 和 --all 只能用一个 (give -k or --all, not both)")
        order = SiteOrder(
            inputs=Inputs(
                name_sources(communities=communities, streets=streets, buildings=buildings, barriers=barriers),
                columns=tuple(columns or ()),
                household_basis=household_basis,
                mend=mend,
                as_is=as_is,
            ),
            facilities=facilities,
            facility_class=facility_class,
            count=None if everybody else count or 3,
            within_m=within,
            candidates=candidates,
            enlarge=tuple(enlarge or ()),
            walk=Walk(within_m=(within,), reach_m=reach, assume_gates=assume_gates),
            folder=out,
            force=force,
        )
        with terminal.progress() as on_step:
            done = choose_sites(order, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            _print_siting(terminal, done)
            if out:
                terminal.print(f"结果：{out}", f"results: {out}")


def _print_coverage(terminal: Terminal, done: CoverageDone) -> None:
    from app.geo.layers import FACILITY_CLASSES

    for note in done.notes:
        terminal.results.print(f"· {note.say(terminal.settings.language)}", markup=False)
    found = done.coverage
    if not len(found.homes):
        terminal.print("没有住户：数据不足", "no households: no data")
        return
    counts = found.facilities.set_index("facility_class")
    spots = found.blind_spots.groupby(["facility_class", "within_m"]).size()
    for row in found.shares[found.shares["level"] == "county"].to_dict("records"):
        kind, limit = row["facility_class"], row["within_m"]
        words, there = FACILITY_CLASSES.get(kind, kind), int(counts.loc[kind, "facilities"])
        blind = int(spots.get((kind, limit), 0))
        minutes = limit / done.walk.metres_a_minute
        terminal.print(
            f"{words}（{there} 处）{limit:g} 米（约 {minutes:.3g} 分钟）内：{row['households_within']:,.0f} 户，"
            f"{row['share']:.1%}；盲区 {blind} 处；按直线画圈会多算 {row['over_claimed']:,.0f} 户",
            f"{kind} ({there}) within {limit:g} m (about {minutes:.3g} min): {row['households_within']:,.0f} "
            f"households, {row['share']:.1%}; {blind} blind; a circle would claim {row['over_claimed']:,.0f} more",
        )
    lost = counts[counts["isolated"] > 0]
    for kind, row in lost.iterrows():
        terminal.print(
            f"! {row['isolated']} 处{FACILITY_CLASSES.get(str(kind), kind)}附近没有街道，没有计入",
            f"! {row['isolated']} of {kind} stand by no street and are left out",
        )
    if len(found.isolated):
        households = found.isolated["households"].sum()
        terminal.print(
            f"! {len(found.isolated)} 栋住宅（{households:,.0f} 户）附近没有可走的街道，按未覆盖计；"
            f"请补画小路和大门，围墙漏画大门的可加 --assume-gates",
            f"! {len(found.isolated)} homes ({households:,.0f} households) stand by no street, so are not covered; "
            f"draw paths and gates, or add --assume-gates where walls lack them",
        )
    by_gate = found.homes[found.homes["by_gate"]]
    if len(by_gate):
        households = by_gate["households"].sum()
        terminal.print(
            f"! {len(by_gate)} 栋住宅（{households:,.0f} 户）是假定围墙有大门才走得出来的",
            f"! {len(by_gate)} homes ({households:,.0f} households) get out only by gates that were assumed",
        )


def _print_siting(terminal: Terminal, done: SitingDone) -> None:
    for note in done.notes:
        terminal.results.print(f"· {note.say(terminal.settings.language)}", markup=False)
    found = done.siting
    proof = "" if found.gap == 0 else f"（未证明最优，至多还可好 {found.gap:.1%}）"
    proof_en = "" if found.gap == 0 else f" (not proven: at most {found.gap:.1%} better)"
    terminal.print(
        f"{done.within_m:g} 米外 {found.uncovered:,.0f} 户；{found.candidates} 个候选地点中选 {len(found.sites)} 处，"
        f"可覆盖 {found.covered:,.0f} 户{proof}；任何候选地点都到不了的 {found.out_of_reach:,.0f} 户",
        f"{found.uncovered:,.0f} households beyond {done.within_m:g} m; of {found.candidates} sites {len(found.sites)} "
        f"cover {found.covered:,.0f}{proof_en}; no site reaches {found.out_of_reach:,.0f}",
    )
    for title, title_en, sites in (
        ("选定，依次增加", "chosen, each with what it adds", found.sites),
        ("只增加一处时的前三名", "the best three if only one is built", found.alone),
    ):
        if len(sites):
            terminal.print(f"{title}：", f"{title_en}:")
        for row in sites.itertuples():
            where = f"{row.geometry.x:.6f},{row.geometry.y:.6f}"
            terminal.print(
                f"  {row.number}. {row.name}  {where}  +{row.adds:,.0f} 户",
                f"  {row.number}. {row.name}  {where}  +{row.adds:,.0f} households",
            )
