"""`split`, `verify`: from files to a checked plan."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    HARD_BARRIERS,
    AsIs,
    AsJson,
    Barriers,
    Buildings,
    Columns,
    Communities,
    Compounds,
    Datums,
    FixedBorders,
    Force,
    Groups,
    HouseholdBasis,
    Maximum,
    MaxWalk,
    Mend,
    Minimum,
    Only,
    Profile,
    ProfileBands,
    Seeds,
    SpecialSites,
    Staff,
    Streets,
    Workers,
    make_rules,
    name_sources,
)
from app.cli.root import app
from app.geo.errors import UsageError
from app.geo.rules import Rules
from app.settings import Settings

__all__ = ["split", "verify"]


@app.command(help="把社区划分成网格 Divide communities into grids: from GIS files to a checked plan.gpkg")
def split(
    context: typer.Context,
    communities: Communities,
    streets: Streets,
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output", show_default=False)],
    buildings: Buildings = "",
    barriers: Barriers = "",
    compounds: Compounds = "",
    special_sites: SpecialSites = "",
    groups: Groups = "",
    fixed_borders: FixedBorders = "",
    seeds: Seeds = "",
    columns: Columns = None,
    datum: Datums = None,
    household_basis: HouseholdBasis = "",
    workload: Annotated[
        str,
        typer.Option(
            metavar="COLUMN", help="楼栋的工作量列，在户数限内求均衡 column of buildings balanced within the band"
        ),
    ] = "",
    mend: Mend = False,
    as_is: AsIs = False,
    minimum: Minimum = Rules.min_households,
    maximum: Maximum = Rules.max_households,
    profile: Profile = "",
    profile_band: ProfileBands = None,
    max_walk: MaxWalk = None,
    grids: Annotated[
        str,
        typer.Option(
            metavar="N|LOW-HIGH",
            help="每个社区的网格数，默认按户数 grids a community; by households if not given",
            show_default=False,
        ),
    ] = "",
    posts: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="网格员岗位总数，一岗一格，按户数分给各社区 posts in all, one a grid, shared by households",
            show_default=False,
        ),
    ] = None,
    hard_barrier: Annotated[
        list[str] | None,
        typer.Option(
            metavar="|".join([*HARD_BARRIERS, "none"]),
            help="网格不可跨越的屏障，可重复，代替默认 what no grid crosses; repeatable, replaces the default",
            show_default="river railway motorway",
        ),
    ] = None,
    prove: Annotated[
        bool,
        typer.Option(
            "--prove/--no-prove", help="证明限内划法不存在 try to prove that no division within the band exists"
        ),
    ] = True,
    seed: Annotated[
        int,
        typer.Option(min=0, help="随机种子：同样的输入和种子得同样的字节 the same inputs and seed give the same bytes"),
    ] = 0,
    only: Only = None,
    workers: Workers = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Divide communities and print what the plan keeps of its promises."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app import run
        from app.cli.scores import print_split
        from app.jobs.inputs import Inputs
        from app.jobs.split import SplitOrder
        from app.jobs.split import split as divide

        sources = name_sources(
            communities=communities,
            streets=streets,
            buildings=buildings,
            barriers=barriers,
            compounds=compounds,
            special_sites=special_sites,
            groups=groups,
            fixed_borders=fixed_borders,
            seeds=seeds,
        )
        order = SplitOrder(
            inputs=Inputs(
                sources,
                tuple(columns or ()),
                tuple(datum or ()),
                household_basis,
                workload,
                mend=mend,
                as_is=as_is,
            ),
            rules=make_rules(
                minimum,
                maximum,
                grids,
                hard_barrier,
                workload=workload,
                prove=prove,
                profile=profile,
                profile_bands=profile_band,
                max_walk_m=max_walk,
            ),
            folder=out,
            seed=seed,
            posts=posts,
            only=tuple(only or ()),
            workers=workers or settings.machine.workers,
            force=force,
        )
        with terminal.progress() as on_step:
            done = divide(order, run_tasks=run.run_tasks, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            print_split(terminal, done)
        raise typer.Exit(0 if done.kept else 1)


@app.command(help="体检划分方案或现有网格 Check a plan, or existing grids, against every promise")
def verify(
    context: typer.Context,
    grids: Annotated[
        str,
        typer.Argument(
            metavar="PLAN_OR_GRIDS", help="plan.gpkg，或现有网格面 a plan, or grids drawn by hand (FILE[:LAYER])"
        ),
    ],
    communities: Communities,
    streets: Streets = "",
    buildings: Buildings = "",
    barriers: Barriers = "",
    compounds: Compounds = "",
    special_sites: SpecialSites = "",
    groups: Groups = "",
    columns: Columns = None,
    datum: Datums = None,
    household_basis: HouseholdBasis = "",
    mend: Mend = False,
    as_is: AsIs = False,
    minimum: Minimum = Rules.min_households,
    maximum: Maximum = Rules.max_households,
    profile: Profile = "",
    profile_band: ProfileBands = None,
    only: Only = None,
    report: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="把《现有网格体检表》和体检图写到此处 write the findings as a workbook and a map here",
            show_default=False,
        ),
    ] = None,
    staff: Staff = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Recompute every promise from the geometry and print it with the places where it is broken."""
    with reporting(context, as_json=as_json) as terminal:
        from app.cli.scores import print_check
        from app.jobs.checkup import check_up
        from app.jobs.inputs import Inputs
        from app.jobs.verify import verify as check_grids

        sources = name_sources(
            communities=communities,
            streets=streets,
            buildings=buildings,
            barriers=barriers,
            compounds=compounds,
            special_sites=special_sites,
            groups=groups,
        )
        inputs = Inputs(sources, tuple(columns or ()), tuple(datum or ()), household_basis, mend=mend, as_is=as_is)
        if staff and report is None:
            raise UsageError("--staff 要与 --report 一起用：人员问题写在《现有网格体检表》里")
        rules, chosen = make_rules(minimum, maximum, profile=profile, profile_bands=profile_band), tuple(only or ())
        with terminal.progress() as on_step:
            if report is None:
                check = check_grids(grids, inputs, rules, only=chosen, on_step=on_step)
            else:
                check = check_up(
                    grids,
                    inputs,
                    rules,
                    staff=staff,
                    folder=report,
                    only=chosen,
                    force=force,
                    language=terminal.settings.language,
                    on_step=on_step,
                )
        if as_json:
            terminal.print_json(check.record)
        else:
            print_check(terminal, check)
            if report is not None:
                terminal.print(f"体检表和体检图：{report}", f"workbook and map: {report}")
        raise typer.Exit(0 if check.kept else 1)
