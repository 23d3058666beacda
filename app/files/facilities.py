"""Facilities that people walk to, and sites where another might be, as points in EPSG:4490."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import geopandas as gpd
import numpy as np

from app.files.messages import Findings, Note, listed
from app.files.reading import read_layer
from app.files.tables import find_word
from app.files.whereabouts import keep_near
from app.geo.layers import CONTRACTS

__all__ = ["read_candidates", "read_facilities"]

CLASS_WORDS: Mapping[str, tuple[str, ...]] = {
    "service_station": (
        *("社区服务站", "社区综合服务站", "党群服务中心", "社区党群服务中心", "社区服务中心", "便民服务站", "服务站"),
        *("社区办公服务用房", "community_centre"),
    ),
    "clinic": ("卫生服务站", "社区卫生服务站", "卫生室", "诊所"),
    "elder_care": ("养老服务设施", "养老", "日间照料中心", "老年服务站", "居家养老服务站", "养老服务用房"),
    "kindergarten": ("幼儿园", "托儿所"),
    "police": ("警务室", "派出所", "社区警务室"),
    "canteen": ("社区食堂", "食堂", "助餐点", "老年食堂"),
    "activity": ("活动场所", "文化活动站", "文化活动室", "活动室", "居民活动用房"),
}


def read_facilities(
    spec: str, communities: gpd.GeoDataFrame, told: Mapping[str, Mapping[str, str]]
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read facilities near some communities: facility_id, name, facility_class, community_code, address.

    Chinese words for a class become the class; words that nobody knows are kept as given, and told.

    Raises
    ------
    InputError
        With everything that is wrong; a facility without class among it.
    """
    findings = Findings("facilities", spec)
    read = read_layer(CONTRACTS["facilities"], spec, findings, told=told)
    frame = keep_near(read.frame, communities, findings)
    words = frame["facility_class"].to_numpy(object)
    findings.refuse_rows(
        "text_missing",
        np.flatnonzero(words == ""),
        [f"#{row + 1}" for row in range(len(words))],
        lambda _: {"field": "facility_class"},
    )
    findings.settle()
    classes = [find_word(word, CLASS_WORDS) or word for word in words]
    strange = Counter(word for word in classes if word not in CLASS_WORDS)
    listing = listed([f"{word}×{count}" for word, count in sorted(strange.items())])
    treated = ("照原样保留", "and are kept as given")
    findings.note(
        "words_unknown", sum(strange.values()), field="facility_class", words=listing,
        treated=treated[0], treated_en=treated[1],
    )  # fmt: skip
    return frame.assign(facility_class=classes), tuple(findings.notes)


def read_candidates(
    spec: str, communities: gpd.GeoDataFrame, told: Mapping[str, Mapping[str, str]]
) -> tuple[gpd.GeoDataFrame, tuple[Note, ...]]:
    """Read sites where a facility might be: name, kind; of an area its inner point.

    Raises
    ------
    InputError
        With everything that is wrong.
    """
    findings = Findings("candidates", spec)
    read = read_layer(CONTRACTS["candidates"], spec, findings, told=told)
    frame = keep_near(read.frame, communities, findings)
    findings.settle()
    return frame.set_geometry(frame.geometry.representative_point()), tuple(findings.notes)
