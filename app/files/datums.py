"""In which datum each layer comes: as told by `--datum`, and doubted where it does not fit the streets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd

from app.files.messages import Findings
from app.geo.datum import DATUMS, Datum
from app.geo.errors import UsageError
from app.geo.layers import CONTRACTS, LEDGER
from app.geo.offsets import find_misplaced

__all__ = ["check_datums", "parse_datums"]

DATUM_WORDS = {
    "wgs84": ("CGCS2000（WGS 84）", "CGCS2000 (WGS 84)"),
    "gcj02": ("GCJ-02（高德、腾讯地图）", "GCJ-02 (Amap, Tencent)"),
    "bd09": ("BD-09（百度地图）", "BD-09 (Baidu)"),
}


def parse_datums(options: Sequence[str]) -> dict[str, Datum]:
    """Turn `--datum` options, each `LAYER=DATUM`, into datums by layer.

    Raises
    ------
    UsageError
        If an option names no layer or no datum, or a layer twice.
    """
    told: dict[str, Datum] = {}
    for option in options:
        name, _, word = (part.strip().lower() for part in option.partition("="))
        layer = name.replace("-", "_")
        datum = next((datum for datum in DATUMS if datum == word.replace("-", "")), None)
        if layer not in (*CONTRACTS, LEDGER.layer) or datum is None:
            raise UsageError(
                f"--datum {option}：应写成 图层=坐标，坐标为 {'、'.join(DATUMS)}，例如 buildings=gcj02 "
                f"(write LAYER=DATUM, where DATUM is one of these)"
            )
        if told.get(layer, datum) != datum:
            raise UsageError(f"--datum {option}：{layer} 已声明为 {told[layer]} (declared twice)")
        told[layer] = datum
    return told


def check_datums(
    frames: Mapping[str, gpd.GeoDataFrame], told: Mapping[str, Datum], desk: Mapping[str, Findings]
) -> None:
    """Refuse layers that fit the streets only in another datum, with the option that says so.

    A layer that somebody declared to be in `wgs84` is taken at his word, and the doubt is noted. Layers without a place
    in `desk` are only what the others are held against.
    """
    for layer, datum in told.items():
        if layer in frames and layer in desk and datum != "wgs84":
            words, words_en = DATUM_WORDS[datum]
            desk[layer].note("datum_lifted", len(frames[layer]), datum=words, datum_en=words_en)
    for one in (found for found in find_misplaced(frames, told) if found.layer in desk):
        facts: dict[str, Any] = {
            "layer": one.layer.replace("_", "-"),
            "likely": one.likely,
            "datum": DATUM_WORDS[one.likely][0],
            "datum_en": DATUM_WORDS[one.likely][1],
            "declared": DATUM_WORDS[one.declared][0],
            "declared_en": DATUM_WORDS[one.declared][1],
            "offset_m": one.offset_m,
            "other": "其他图层" if one.layer == "streets" else "街巷",
            "other_en": "the other layers" if one.layer == "streets" else "the streets",
            "now": one.misfit_now,
            "then": one.misfit_then,
        }
        if told.get(one.layer) == "wgs84":
            desk[one.layer].note("datum_doubted", 1, **facts)
        else:
            desk[one.layer].refuse("datum_undeclared", **facts)
