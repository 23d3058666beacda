"""Points as they come in requests: two numbers in degrees, of a datum, checked once and turned to CGCS2000."""

from __future__ import annotations

import math
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

from app.api.errors import BadRequest, Wrong
from app.geo.datum import to_plain

__all__ = ["DATUM_NAMES", "MOST_POINTS", "DatumName", "PointsAsked", "read_number", "read_point", "read_points"]

DatumName = Literal["cgcs2000", "wgs84", "gcj02", "bd09"]
DATUM_NAMES: tuple[DatumName, ...] = ("cgcs2000", "wgs84", "gcj02", "bd09")
MOST_POINTS = 100_000
CHINA = (72.0, 0.5, 138.0, 56.0)
"""West, south, east, north: where a county can lie. What is outside is swapped, projected or a slip."""

LongitudeAsked = Annotated[
    float, Field(allow_inf_nan=False, json_schema_extra={"minimum": CHINA[0], "maximum": CHINA[2]})
]
LatitudeAsked = Annotated[
    float, Field(allow_inf_nan=False, json_schema_extra={"minimum": CHINA[1], "maximum": CHINA[3]})
]
"""What is beyond these is refused by `read_points`, which says what it may have been meant for."""

Numbers = NDArray[np.float64]


class PointsAsked(BaseModel):
    """Many points at once."""

    model_config = ConfigDict(extra="forbid", strict=True)

    points: Annotated[
        list[tuple[LongitudeAsked, LatitudeAsked]],
        Field(max_length=MOST_POINTS, description="经度、纬度 rows of longitude, latitude"),
    ]
    datum: DatumName = "cgcs2000"
    distances: Annotated[
        bool, Field(description="是否给出到网格边界的距离 whether to tell distances to the border")
    ] = False


def read_number(name: str, text: str) -> float:
    """Return a finite number of a query.

    Raises
    ------
    BadRequest
        It is none.
    """
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or "_" in text:
        shown = text if len(text) <= 40 else f"{text[:40]}…"
        wrong = Wrong(f"query.{name}", f"“{shown}”不是数", f"“{shown}” is no number")
        raise BadRequest("有参数读不懂", "some parameters cannot be read", [wrong])
    return number


def read_point(longitude: float, latitude: float, datum: str) -> tuple[float, float]:
    """Return one point in CGCS2000.

    Raises
    ------
    BadRequest
        The datum is not known, or no county can lie there.
    """
    if datum not in DATUM_NAMES:
        listed = "、".join(DATUM_NAMES)
        wrong = Wrong(
            "query.datum", f"没有这个坐标系；可用：{listed}", f"no such datum; known: {', '.join(DATUM_NAMES)}"
        )
        raise BadRequest("坐标系不认识", "the datum is not known", [wrong])
    west, south, east, north = CHINA
    if not (west <= longitude <= east and south <= latitude <= north):
        raise BadRequest(*_whereabouts(longitude, latitude))
    if datum in ("cgcs2000", "wgs84"):
        return longitude, latitude
    [[longitude, latitude]] = _to_cgcs2000(np.array([[longitude, latitude]]), datum).tolist()
    return longitude, latitude


def read_points(xy: Numbers, datum: str, *, first: int = 0) -> Numbers:
    """Return points (rows of longitude, latitude) in CGCS2000; `first` is the number of the first in what was sent.

    Raises
    ------
    BadRequest
        No county can lie where one of them is; the first is named.
    """
    west, south, east, north = CHINA
    off = (xy[:, 0] < west) | (xy[:, 0] > east) | (xy[:, 1] < south) | (xy[:, 1] > north)
    if off.any():
        place = int(off.argmax())
        detail, detail_en = _whereabouts(*xy[place])
        wrong = [Wrong(f"points.{first + place}", detail, detail_en)]
        count = int(off.sum())
        raise BadRequest(f"{count} 个点不在中国范围内", f"{count} points are not in China", wrong)
    return _to_cgcs2000(xy, datum)


def _to_cgcs2000(xy: Numbers, datum: str) -> Numbers:
    match datum:
        case "gcj02" | "bd09":
            return to_plain(xy, datum)
        case _:
            return xy


def _whereabouts(longitude: float, latitude: float) -> tuple[str, str]:
    """Say why a point cannot be meant."""
    west, south, east, north = CHINA
    there = f"({longitude:.10g}, {latitude:.10g})"
    if west <= latitude <= east and south <= longitude <= north:
        return f"{there} 像是把纬度写在了前面：请先写经度", f"{there} looks like latitude first; longitude comes first"
    if abs(longitude) > 180 or abs(latitude) > 90:
        return (
            f"{there} 不是经纬度，像是投影坐标（米）：请换算成度",
            f"{there} is no longitude and latitude; it looks projected, in metres: convert it to degrees",
        )
    return f"{there} 不在中国范围内", f"{there} is not in China"
