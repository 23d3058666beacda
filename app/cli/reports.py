"""`report`, `export`: a plan on paper, and in the formats of other programs."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import (
    AsJson,
    Barriers,
    Buildings,
    Columns,
    Communities,
    Compounds,
    Datums,
    Force,
    Groups,
    HouseholdBasis,
    SpecialSites,
    Staff,
    Streets,
    name_sources,
)
from app.cli.root import app
from app.geo.errors import UsageError
from app.settings import Settings

__all__ = ["export", "report"]


class Format(StrEnum):
    """Formats of `export`; those of `app.files.exports`, which --help shall not wait for."""

    GPKG = "gpkg"
    GEOPARQUET = "geoparquet"
    GEOJSON = "geojson"
    FLATGEOBUF = "flatgeobuf"
    SHAPEFILE = "shapefile"
    KML = "kml"


class Encoding(StrEnum):
    """Encodings of the text of a Shapefile."""

    UTF_8 = "utf-8"
    GBK = "gbk"


@app.command(help="写出一套报批材料 Write the file set for approval: ledgers, documents, printed maps, vector data")
def report(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.gpkg")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output", show_default=False)],
    communities: Communities = "",
    streets: Streets = "",
    buildings: Buildings = "",
    barriers: Barriers = "",
    compounds: Compounds = "",
    special_sites: SpecialSites = "",
    groups: Groups = "",
    before: Annotated[
        str,
        typer.Option(
            metavar="FILE[:LAYER]", help="原有网格面，用于前后对照 last year's grids, to compare", show_default=False
        ),
    ] = "",
    staff: Staff = "",
    staff_before: Annotated[
        str,
        typer.Option(
            metavar="FILE[:SHEET]", help="原有网格的人员配备表 who worked in last year's grids", show_default=False
        ),
    ] = "",
    keep_codes: Annotated[
        bool,
        typer.Option(
            "--keep-codes",
            help="沿用原网格编码和名称（按户数最多者对应） give new grids the codes of the old ones they carry on",
        ),
    ] = False,
    place: Annotated[
        str, typer.Option(metavar="TEXT", help="标题里的地名，如 乌有镇 place in titles", show_default=False)
    ] = "",
    unit: Annotated[str, typer.Option(metavar="TEXT", help="落款单位 who signs", show_default=False)] = "",
    addressee: Annotated[
        str, typer.Option("--to", metavar="TEXT", help="主送机关 whom it is sent to", show_default=False)
    ] = "",
    columns: Columns = None,
    datum: Datums = None,
    household_basis: HouseholdBasis = "",
    only: Annotated[
        str, typer.Option(metavar="NN[,NN]", help="只写这些编号，如 03,05 these files only", show_default=False)
    ] = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write the file set, and print what lies where."""
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.inputs import Inputs
        from app.jobs.report import ReportOrder
        from app.jobs.report import report as write_report

        sources = name_sources(
            communities=communities,
            streets=streets,
            buildings=buildings,
            barriers=barriers,
            compounds=compounds,
            special_sites=special_sites,
            groups=groups,
        )
        if sources and not communities:
            raise UsageError(f"给出了 --{next(iter(sources)).replace('_', '-')}，还要给出 --communities")
        named = {"place": place} if place else {}
        order = ReportOrder(
            plan=plan,
            inputs=Inputs(sources, tuple(columns or ()), tuple(datum or ()), household_basis),
            folder=out,
            before=before,
            staff=staff,
            staff_before=staff_before,
            keep_codes=keep_codes,
            unit=unit,
            addressee=addressee,
            only=tuple(part.strip() for part in only.split(",") if part.strip()),
            force=force,
            **named,
        )
        with terminal.progress() as on_step:
            done = write_report(order, on_step=on_step)
        if as_json:
            terminal.print_json(
                {"folder": str(done.folder), "files": done.files, "moved_households": done.moved_households}
            )
            return
        for note in done.notes:
            terminal.print(f"· {note.say('zh')}", f"· {note.say('en')}")
        for name in done.files:
            terminal.print(str(done.folder / name), str(done.folder / name))
        if done.moved_households is not None:
            terminal.print(
                f"改变网格归属 {done.moved_households:,.0f} 户", f"{done.moved_households:,.0f} households change grid"
            )


@app.command(help="把方案转成其他格式 Write a plan in another format, read back and compared")
def export(
    context: typer.Context,
    plan: Annotated[
        Path,
        typer.Argument(metavar="PLAN|ID", help="plan.gpkg，或库中方案编号 a plan, or its number in the store"),
    ],
    kind: Annotated[Format, typer.Option("--format", help="格式 format")],
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output", show_default=False)],
    encoding: Annotated[
        Encoding, typer.Option(help="Shapefile 的文字编码 encoding of the text of a Shapefile")
    ] = Encoding.UTF_8,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Write a plan in another format, and print the files."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.export import export as convert
        from app.jobs.stored_plans import plan_file

        with plan_file(plan, settings.store) as file, terminal.progress() as on_step:
            done = convert(file, out, kind.value, encoding=encoding.value, force=force, on_step=on_step)
        if as_json:
            terminal.print_json({"folder": str(done.folder), "files": done.files, "texts_cut": done.texts_cut})
            return
        for name in done.files:
            terminal.print(str(done.folder / name), str(done.folder / name))
        if done.texts_cut:
            terminal.print(
                f"有 {done.texts_cut} 条文字超过 Shapefile 的 254 字节，已截断，全文见 字段说明.csv",
                f"{done.texts_cut} texts are longer than the 254 bytes of a Shapefile: whole in 字段说明.csv",
            )
