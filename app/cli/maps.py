"""`map`: a plan, and what it is held against, as pages that open from disk."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsIs,
    AsJson,
    Barriers,
    Buildings,
    Columns,
    Communities,
    Compounds,
    Datums,
    Force,
    HouseholdBasis,
    Mend,
    Staff,
    Streets,
    name_sources,
)
from app.cli.root import app
from app.cli.standards import read_day

__all__ = ["draw_map"]


def _table(words: str) -> Any:
    return typer.Option(metavar="FILE[:SHEET]", help=words, show_default=False)


@app.command(name="map", help="把方案画成离线网页 Draw a plan as one page that opens without internet")
def draw_map(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.gpkg")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE_OR_DIR",
            help="网页文件，或 --all 的文件夹；默认放在方案旁 page, or folder with --all; beside the plan if not given",
            show_default=False,
        ),
    ] = None,
    before: Annotated[
        str,
        typer.Option(metavar="FILE[:LAYER]", help="原有网格，画出变化 grids there were before", show_default=False),
    ] = "",
    theme: Annotated[
        list[str] | None,
        typer.Option(
            metavar="FILE[:SHEET]:COLUMN",
            help="专题图：台账的一列，按网格、社区或小区；可重复 a column by grid, community or compound; repeatable",
            show_default=False,
        ),
    ] = None,
    staff: Staff = "",
    staff_before: Annotated[str, _table("原有网格的人员配备表，与 --before 一起用 who worked in the old grids")] = "",
    rooms: Annotated[str, _table("用房核查台账，画出是否达标 ledger of rooms: who meets the standards")] = "",
    projects: Annotated[str, _table("新建小区移交台账 ledger of new projects")] = "",
    facilities: Annotated[
        str,
        typer.Option(
            metavar="FILE[:LAYER]", help="设施点，画出步行覆盖和盲区 facilities: who can walk there", show_default=False
        ),
    ] = "",
    everything: Annotated[
        bool,
        typer.Option(
            "--all", help="总览、地图、设施、体检各页写进一个文件夹 overview, map, facilities, checkup in a folder"
        ),
    ] = False,
    facility_class: Annotated[
        str, typer.Option("--class", metavar="CLASS", help="看哪类设施的覆盖 class of facilities", show_default=False)
    ] = "",
    within: Annotated[float, typer.Option(metavar="METRES", min=1, help="步行距离 distance walked")] = 500.0,
    sites: Annotated[int, typer.Option(min=0, help="再建议几处选址 how many sites to propose", show_default=False)] = 0,
    communities: Communities = "",
    streets: Streets = "",
    buildings: Buildings = "",
    barriers: Barriers = "",
    compounds: Compounds = "",
    columns: Columns = None,
    datum: Datums = None,
    household_basis: HouseholdBasis = "",
    as_of: Annotated[
        str, typer.Option(metavar="YYYY-MM-DD", help="核查日期，默认今天 day of the check; today", show_default=False)
    ] = "",
    mend: Mend = False,
    as_is: AsIs = False,
    attribution: Annotated[str, typer.Option(help="数据来源署名 thanks to whoever made the data")] = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw a plan, with the views and layers that the files given bring, as pages that open from disk."""
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.draw import draw
        from app.jobs.export_pages import export_pages
        from app.jobs.inputs import Inputs
        from app.jobs.views import MapInputs

        order = MapInputs(
            plan,
            read_day(as_of),
            Inputs(
                name_sources(
                    communities=communities,
                    streets=streets,
                    buildings=buildings,
                    barriers=barriers,
                    compounds=compounds,
                ),
                columns=tuple(columns or ()),
                datums=tuple(datum or ()),
                household_basis=household_basis,
                mend=mend,
                as_is=as_is,
            ),
            before=before,
            staff=staff,
            staff_before=staff_before,
            themes=tuple(theme or ()),
            rooms=rooms,
            projects=projects,
            facilities=facilities,
            facility_class=facility_class,
            within_m=within,
            sites=sites,
        )
        language = terminal.settings.language
        with terminal.progress() as on_step:
            if everything:
                folder = out or plan.with_name("pages")
                names, notes = export_pages(
                    order, folder, language=language, attribution=attribution, force=force, on_step=on_step
                )
                page = folder / names[0]
            else:
                page = out or plan.with_name("map.html")
                notes = draw(order, page, language=language, attribution=attribution, force=force, on_step=on_step)
        if as_json:
            terminal.print_json({"map": str(page)})
        else:
            for note in notes:
                terminal.warn(f"· {note.say('zh')}", f"· {note.say('en')}")
            terminal.print(f"地图：{page}", f"map: {page}")
