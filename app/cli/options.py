"""Options that several commands share, and the values they are turned into."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from app.geo.errors import UsageError
from app.geo.rules import Rules

HARD_BARRIERS = {"river": "river", "railway": "railway", "motorway": "motorway", "main-street": "main street"}


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
Staff = Annotated[
    str,
    typer.Option(
        metavar="FILE[:SHEET]",
        help="网格人员配备表，.csv 或 .xlsx who works in which grid, .csv or .xlsx",
        show_default=False,
    ),
]
Columns = Annotated[
    list[str] | None,
    typer.Option(
        metavar="[LAYER.]FIELD=COLUMN",
        help="列名对应，或每行一条的文本文件；可重复 names of columns, or a text file of such lines; repeatable",
        show_default=False,
    ),
]
Datums = Annotated[
    list[str] | None,
    typer.Option(
        "--datum",
        metavar="LAYER=gcj02|bd09|wgs84",
        help="图层的坐标：gcj02 高德、腾讯，bd09 百度；可重复 datum of a layer from a web map; repeatable",
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
Profile = Annotated[
    str,
    typer.Option(
        metavar="urban|town|rural",
        help="所有社区按此分类划分，默认按各自的城乡分类代码 one profile for all; by urban_rural_code if not given",
        show_default=False,
    ),
]
ProfileBands = Annotated[
    list[str] | None,
    typer.Option(
        "--profile-band",
        metavar="PROFILE=LOW-HIGH",
        help="某一分类的户数上下限，如 rural=200-400，可重复 band of one profile; repeatable",
        show_default=False,
    ),
]
MaxWalk = Annotated[
    int | None,
    typer.Option(
        "--max-walk",
        min=1,
        metavar="METRES",
        help="从网格中心到最远住户的步行距离，优先于边界 farthest way from a grid's middle; counts more than borders",
        show_default=False,
    ),
]
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


def name_sources(**sources: str) -> dict[str, str]:
    """Keep the layers that were given."""
    return {layer: source for layer, source in sources.items() if source}


def make_rules(
    minimum: int,
    maximum: int,
    grids: str = "",
    hard_barriers: Sequence[str] | None = None,
    *,
    workload: str = "",
    prove: bool = True,
    profile: str = "",
    profile_bands: Sequence[str] | None = None,
    max_walk_m: int | None = None,
) -> Rules:
    """Make the rules of a division from its options.

    Raises
    ------
    UsageError
        An option that cannot be read.
    """
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
        profile=profile,
        bands=tuple(_read_band(text) for text in profile_bands or ()),
        max_walk_m=max_walk_m,
    )


def _read_grids(text: str) -> tuple[int, int] | None:
    if not text:
        return None
    low, dash, high = text.partition("-")
    if not low.isdecimal() or (dash and not high.isdecimal()):
        raise UsageError(f"--grids {text} 读不懂：写一个数，如 4，或一个范围，如 3-5")
    return int(low), int(high or low)


def _read_band(text: str) -> tuple[str, int, int]:
    profile, _, band = text.partition("=")
    low, _, high = band.partition("-")
    if not low.isdecimal() or not high.isdecimal():
        raise UsageError(f"--profile-band {text} 读不懂：写成 rural=200-400 (write it like rural=200-400)")
    return profile, int(low), int(high)
