"""The command line `jiexiang`: options in, reports out.

Exit codes: 0 every hard promise holds, 1 one is broken or a community failed, 2 bad input or usage, 130 interrupted.
"""

from __future__ import annotations

import io
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from app import __version__
from app.geo.errors import InputError, JiexiangError, UsageError
from app.geo.rules import Rules
from app.settings import Settings, read_settings

if TYPE_CHECKING:
    from app.terminal import Terminal

# Commands import what they need when they run: --help and completion shall not wait a second for geopandas.

__all__ = ["main"]

HARD_BARRIERS = {"river": "river", "railway": "railway", "motorway": "motorway", "main-street": "main street"}
LANGUAGES = ("zh", "en")

app = typer.Typer(
    name="jiexiang",
    help="街巷：按街巷划分社区网格。Divide communities into grids by streets and lanes.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["--help", "-h"]},
)


# --- options that several commands share ------------------------------------------------------------------------------


def _source(words: str) -> Any:
    return typer.Option(metavar="FILE[:LAYER]", help=words, show_default=False)


Communities = Annotated[str, _source("社区面，需有社区编码 communities (polygons) with community_code")]
Streets = Annotated[str, _source("街巷线，需有道路等级 streets (lines) with highway, OSM or Chinese classes")]
Buildings = Annotated[
    str, _source("楼栋面或点，有户数，或层数、建筑面积 buildings with households, or levels and floor area")
]
Barriers = Annotated[str, _source("河流、铁路、围墙，线或面 water, railways, walls")]
Compounds = Annotated[str, _source("小区面 residential compounds (polygons)")]
SpecialSites = Annotated[str, _source("专属网格场所面 schools, hospitals, parks, plants that are special grids")]
Groups = Annotated[str, _source("居民小组、村民小组面 residents' and villagers' groups (polygons)")]
FixedBorders = Annotated[str, _source("必须成为网格边界的线 lines that must be borders")]
Seeds = Annotated[str, _source("种子网格，点或面 points or polygons from which grids grow")]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[LAYER.]FIELD=COLUMN",
        help="列名对应，或每行一条的文本文件；可重复 names of columns, or a text file of such lines; repeatable",
        show_default=False,
    ),
]
HouseholdBasis = Annotated[
    str,
    typer.Option(help="户数口径：户籍户、常住户、住宅套数、估算 what households count", show_default=False),
]
Mend = Annotated[
    bool, typer.Option("--mend", help="修补自交和社区间的缝隙、重叠 repair outlines; the repaired ones are written too")
]
AsIs = Annotated[
    bool, typer.Option("--as-is", help="社区间缝隙、重叠超过 5 m 也照原样继续 go on with gaps and overlaps over 5 m")
]
Minimum = Annotated[int, typer.Option("--min", min=1, help="每个网格最少户数 fewest households a grid")]
Maximum = Annotated[int, typer.Option("--max", min=1, help="每个网格最多户数 most households a grid")]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="CODE", help="只看这个社区，可重复 this community only; repeatable", show_default=False),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="进程数，默认视核数而定 processes; by cores if not given", show_default=False),
]
AsJson = Annotated[bool, typer.Option("--json", help="结果用 JSON 写到标准输出 results as JSON on stdout")]
Force = Annotated[bool, typer.Option("--force", help="覆盖已有的输出 replace output that is there")]


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"jiexiang {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    language: Annotated[
        str, typer.Option("--lang", metavar="zh|en", help="报告用中文或英文 language of reports")
    ] = "zh",
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="版本号 version")
    ] = False,
) -> None:
    """Take the options that stand before any command and read the settings, once."""
    if language not in LANGUAGES:
        raise typer.BadParameter("zh | en", param_hint="--lang")
    try:
        context.obj = read_settings(
            os.environ,
            results_to_terminal=sys.stdout.isatty(),
            progress_to_terminal=sys.stderr.isatty(),
            language=language,
        )
    except ValueError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(2) from error


# --- commands ---------------------------------------------------------------------------------------------------------


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
    with _reporting(context, as_json=as_json) as terminal:
        from app import jobs, run

        sources = _name_sources(
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
        order = jobs.SplitOrder(
            inputs=jobs.Inputs(sources, tuple(columns or ()), household_basis, workload, mend=mend, as_is=as_is),
            rules=_make_rules(minimum, maximum, grids, hard_barrier, workload=workload, prove=prove),
            folder=out,
            seed=seed,
            posts=posts,
            only=tuple(only or ()),
            workers=workers or settings.machine.workers,
            force=force,
        )
        with terminal.progress() as on_step:
            done = jobs.split(order, run_tasks=run.run_tasks, on_step=on_step)
        if as_json:
            terminal.print_json(done.record)
        else:
            terminal.print_split(done)
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
    household_basis: HouseholdBasis = "",
    mend: Mend = False,
    as_is: AsIs = False,
    minimum: Minimum = Rules.min_households,
    maximum: Maximum = Rules.max_households,
    only: Only = None,
    as_json: AsJson = False,
) -> None:
    """Recompute every promise from the geometry and print it with the places where it is broken."""
    with _reporting(context, as_json=as_json) as terminal:
        from app import jobs

        sources = _name_sources(
            communities=communities,
            streets=streets,
            buildings=buildings,
            barriers=barriers,
            compounds=compounds,
            special_sites=special_sites,
            groups=groups,
        )
        inputs = jobs.Inputs(sources, tuple(columns or ()), household_basis, mend=mend, as_is=as_is)
        with terminal.progress() as on_step:
            check = jobs.verify(grids, inputs, _make_rules(minimum, maximum), only=tuple(only or ()), on_step=on_step)
        if as_json:
            terminal.print_json(check.record)
        else:
            terminal.print_check(check)
        raise typer.Exit(0 if check.kept else 1)


@app.command(name="map", help="把方案画成离线网页 Draw a plan as one page that opens without internet")
def draw_map(
    context: typer.Context,
    plan: Annotated[Path, typer.Argument(metavar="PLAN", help="plan.gpkg")],
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            help="网页文件，默认放在方案旁 page; map.html beside the plan if not given",
            show_default=False,
        ),
    ] = None,
    attribution: Annotated[str, typer.Option(help="数据来源署名 thanks to whoever made the data")] = "",
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Draw a plan as one page that opens from disk without internet."""
    with _reporting(context, as_json=as_json) as terminal:
        from app import jobs

        page = out or plan.with_name("map.html")
        with terminal.progress() as on_step:
            jobs.draw(
                plan, page, language=terminal.settings.language, attribution=attribution, force=force, on_step=on_step
            )
        if as_json:
            terminal.print_json({"map": str(page)})
        else:
            terminal.print(f"地图：{page}", f"map: {page}")


@app.command(help="检查这台机器 Look for what is missing on this machine, and the line that mends it")
def doctor(context: typer.Context, as_json: AsJson = False) -> None:
    """Examine the machine."""
    with _reporting(context, as_json=as_json) as terminal:
        from dataclasses import asdict

        from app.doctor import examine

        findings = examine(context.obj, folder=Path.cwd())
        if as_json:
            terminal.print_json({"findings": [{**asdict(finding), "well": finding.well} for finding in findings]})
        else:
            terminal.print_findings(findings)
        raise typer.Exit(1 if any(finding.essential and not finding.well for finding in findings) else 0)


@app.command(help="演示 Divide, check and draw a made-up town")
def demo(
    context: typer.Context,
    out: Annotated[Path, typer.Option(metavar="DIR", help="输出文件夹 folder for the output")] = Path("out/demo"),
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="最后给出能用浏览器打开的网址 serve the map at the end")
    ] = True,
    port: Annotated[int, typer.Option(min=0, max=65535, help="网址端口，0 为任选 port, 0 for any")] = 0,
    workers: Workers = None,
    force: Force = False,
) -> None:
    """Divide, check and draw the made-up town, then serve its map until interrupted."""
    settings: Settings = context.obj
    with _reporting(context, as_json=False) as terminal:
        from app import jobs, run

        with terminal.progress() as on_step:
            done = jobs.demonstrate(
                settings.places.town,
                out,
                language=terminal.settings.language,
                workers=workers or settings.machine.workers,
                force=force,
                run_tasks=run.run_tasks,
                on_step=on_step,
            )
        terminal.print_split(done)
        terminal.print(f"地图：{out / 'map.html'}", f"map: {out / 'map.html'}")
        if serve:
            terminal.serve(out / "map.html", port=port)
        raise typer.Exit(0 if done.kept else 1)


# --- from options to values -------------------------------------------------------------------------------------------


def _name_sources(**sources: str) -> dict[str, str]:
    return {layer: source for layer, source in sources.items() if source}


def _make_rules(
    minimum: int,
    maximum: int,
    grids: str = "",
    hard_barriers: Sequence[str] | None = None,
    *,
    workload: str = "",
    prove: bool = True,
) -> Rules:
    chosen = Rules.hard_barriers
    if hard_barriers:
        unknown = sorted(set(hard_barriers) - {*HARD_BARRIERS, "none"})
        if unknown:
            raise UsageError(f"--hard-barrier 不认识 {'、'.join(unknown)}：可用 {'、'.join([*HARD_BARRIERS, 'none'])}")
        chosen = frozenset(HARD_BARRIERS[name] for name in hard_barriers if name != "none")
    return Rules(
        min_households=minimum,
        max_households=maximum,
        grids=_read_grids(grids),
        hard_barriers=chosen,
        workload=workload,
        prove=prove,
    )


def _read_grids(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise UsageError(f"--grids {text} 读不懂：写一个数，如 4，或一个范围，如 3-5")
    return int(low), int(high or low)


# --- faults and signals -----------------------------------------------------------------------------------------------


@contextmanager
def _reporting(context: typer.Context, *, as_json: bool) -> Iterator[Terminal]:
    """Turn what goes wrong into words and an exit code."""
    from app.terminal import Terminal

    terminal = Terminal(context.obj.terminal)
    try:
        yield terminal
    except InputError as error:
        terminal.print_faults(error, as_json=as_json)
        raise typer.Exit(2) from error
    except UsageError as error:
        terminal.warn(str(error), str(error))
        raise typer.Exit(2) from error
    except JiexiangError as error:
        terminal.warn(str(error), str(error))
        raise typer.Exit(1) from error
    except BrokenPipeError:  # whoever read our results has read enough
        raise
    except OSError as error:
        terminal.warn(f"{error.filename or ''} 读写失败：{error.strerror}", f"{error.filename or ''}: {error.strerror}")
        raise typer.Exit(2) from error
    except KeyboardInterrupt:
        terminal.warn("已中断，没有留下写了一半的文件。", "interrupted; nothing half-written is left.")
        raise typer.Exit(130) from None


def _interrupt(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a GBK terminal lacks some signs; that is no reason to fail
    for ending in (signal.SIGTERM, signal.SIGHUP):  # a closed window or a stopped service cleans up as Ctrl-C does
        if signal.getsignal(ending) is not signal.SIG_IGN:
            signal.signal(ending, _interrupt)
    app(prog_name="jiexiang")
