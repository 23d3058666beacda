"""One input layer from file to frame: opened, its columns matched and read, its shapes tidied, all by contract."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from app.files.columns import match_columns
from app.files.messages import Findings, listed
from app.files.shapes import polygonal, tidy_shapes
from app.files.sources import open_source, read_table
from app.files.values import (
    read_codes,
    read_estimates,
    read_flags,
    read_levels,
    read_numbers,
    read_texts,
    refuse_garbled,
)
from app.geo.crs import DEGREES, densify_outlines, has_secret_shift, to_degrees
from app.geo.datum import Datum, lift_datum
from app.geo.layers import KNOWN_BARRIERS, KNOWN_HIGHWAYS, PENDING, Contract, Field

__all__ = ["LayerRead", "empty_frame", "read_layer"]

Column = NDArray[Any]


@dataclass(frozen=True)
class LayerRead:
    """A layer in EPSG:4490 with every column of its contract, and what is worth knowing about its file."""

    frame: gpd.GeoDataFrame
    matched: Mapping[str, str]
    """The column of the file for each field that it has."""
    crs: Any
    path: Path
    features: int


def read_layer(
    contract: Contract,
    spec: str,
    findings: Findings,
    *,
    told: Mapping[str, Mapping[str, str]],
    household_basis: str | None = None,
    workload: str = "",
    mend: bool = False,
    datum: Datum = "wgs84",
) -> LayerRead:
    """Read a layer by its contract.

    The outlines of communities, and of grids that come in a projection, are densified in their own CRS before they
    become degrees; degrees of another `datum` are then lifted to CGCS2000. Columns that the file lacks are filled with
    what is unknown: '', NaN, no, 0.

    Raises
    ------
    InputError
        With everything that is wrong with the columns and, up to the first kind of trouble, with the shapes.
    """
    source = open_source(spec, findings, contract=contract, otherwise="grids" if contract.layer == "grids" else "")
    if has_secret_shift(source.crs):
        findings.refuse("datum_secret", datum=_datum_of(source.crs))
    matched = match_columns(contract, source.columns, told, household_basis, findings)
    extra = {"workload": workload} if workload and contract.layer == "buildings" else {}
    if extra and workload not in source.columns:
        findings.refuse("column_unknown", field="workload", column=workload, columns="、".join(source.columns))
    table = read_table(source, {*matched.values(), *extra.values()}, findings)
    columns = {field.name: table.columns.get(matched.get(field.name, "")) for field in contract.fields}
    labels = _labels(columns, table.numbers, len(table.shapes))
    for field in contract.fields:
        if field.kind in ("text", "code") and field.name in matched:
            refuse_garbled(table.columns[matched[field.name]], field.name, findings)
    values = {
        field.name: _read_field(field, columns[field.name], labels, findings, contract=contract, mend=mend)
        for field in contract.fields
    }
    if contract.layer == "buildings":
        weights = table.columns.get(extra.get("workload", ""))
        values["workload"] = _read_workload(weights, workload, labels, findings)
    if contract.layer == "communities":
        values["community_code"] = _name_pending(values["community_code"], values["name"], findings)
        _check_codes(values["community_code"], findings)
    if contract.layer in ("streets", "barriers"):
        _read_words(contract.layer, values, findings)
    for name, prefix in (("building_id", "b"), ("compound_id", "c")):
        if name in values:
            values[name] = _unique_ids(values[name], matched.get(name), prefix, findings)
    if source.path.suffix.lower() == ".csv":  # there everything is text
        findings.notes[:] = [note for note in findings.notes if note.kind != "numbers_as_text"]
    shapes = tidy_shapes(table, contract, labels, findings, mend=mend)
    frame = gpd.GeoDataFrame(
        {name: _series(column)[shapes.index] for name, column in values.items()}, geometry=shapes
    ).reset_index(drop=True)
    if contract.layer == "communities" or (contract.layer == "grids" and not source.crs.is_geographic):
        frame = densify_outlines(frame)
    frame = lift_datum(to_degrees(frame), datum)
    if contract.layer != "grids":  # those are judged as they are
        frame = _undo_rounding(frame, findings)
    return LayerRead(frame, matched, source.crs, source.path, len(table.shapes))


def _datum_of(crs: CRS) -> str:
    geodetic = crs.geodetic_crs
    return geodetic.datum.name if geodetic is not None and geodetic.datum is not None else crs.name


def _labels(columns: Mapping[str, Column | None], numbers: Sequence[int], rows: int) -> list[str]:
    """Name rows by their code where each has one of its own, else by their number; those of a table by that alone."""
    if numbers:
        return [f"row {number}" for number in numbers]
    for name in ("community_code", "grid_code"):
        given = columns.get(name)
        if given is not None:
            codes = list(read_texts(given))
            shared = {code for code, count in Counter(codes).items() if count > 1 or not code}
            return [f"#{row + 1}" if code in shared else code for row, code in enumerate(codes)]
    return [f"#{row + 1}" for row in range(rows)]


def _read_field(
    field: Field,
    values: Column | None,
    labels: Sequence[str],
    findings: Findings,
    *,
    contract: Contract,
    mend: bool,
) -> Column:
    rows = len(labels)
    if values is None:
        return _unknown(field, rows)
    match field.kind:
        case "code":
            return read_codes(values, field.name, labels, findings)
        case "whole" | "amount":
            must = contract.layer == "buildings" and field.name == "households"
            return read_numbers(
                values,
                field.name,
                labels,
                findings,
                whole=field.kind == "whole",
                missing="unknown" if not must else "zero" if mend else "refuse",
            )
        case "estimate":
            return read_estimates(values, field.name, findings)
        case "level":
            return read_levels(values, field.name, findings)
        case "flag":
            return read_flags(values)
        case _:
            return read_texts(values)


def _unknown(field: Field, rows: int) -> Column:
    match field.kind:
        case "code" | "text":
            return np.full(rows, "", dtype=object)
        case "level":
            return np.zeros(rows, np.int64)
        case "flag":
            return np.zeros(rows, bool)
        case _:
            return np.full(rows, np.nan)


def _read_workload(values: Column | None, column: str, labels: Sequence[str], findings: Findings) -> Column:
    if values is None:
        return np.full(len(labels), np.nan)
    return read_numbers(values, column, labels, findings, missing="zero")


def _name_pending(codes: Column, names: Column, findings: Findings) -> Column:
    """Give communities whose code is still to come (待赋码) an internal one by their name."""
    pending = [code == PENDING and bool(name) for code, name in zip(codes, names, strict=True)]
    internal = [f"{PENDING}-{name}" if so else code for so, code, name in zip(pending, codes, names, strict=True)]
    given = [code for so, code in zip(pending, internal, strict=True) if so]
    findings.note("codes_pending", len(given), features=listed(given))
    return np.array([*internal, None], dtype=object)[:-1]


def _check_codes(codes: Column, findings: Findings) -> None:
    missing = [row for row, code in enumerate(codes) if not code]
    findings.refuse_rows("code_missing", missing, [f"#{row + 1}" for row in range(len(codes))], _of("community_code"))
    rows_of: dict[str, list[int]] = {}
    for row, code in enumerate(codes):
        rows_of.setdefault(code, []).append(row + 1)
    for code, rows in sorted(rows_of.items()):
        if code and len(rows) > 1:
            findings.refuse(
                "code_duplicate", code, field="community_code", value=code, rows="、".join(str(row) for row in rows)
            )


def _of(field: str) -> Any:
    return lambda _: {"field": field}


def _read_words(layer: str, values: dict[str, Column], findings: Findings) -> None:
    """Bring the kinds of barriers to one word each; count words that nobody knows."""
    if layer == "streets":
        name = "highway"
        strange = [word for word in values[name] if not {word, word.split(";")[0].strip()} & KNOWN_HIGHWAYS]
        treated = ("按普通街道处理", "and are taken for ordinary streets")
    else:
        name = "kind"
        strange = [word for word in values[name] if word.casefold() not in KNOWN_BARRIERS]
        values[name] = np.array([KNOWN_BARRIERS.get(word.casefold(), word) for word in values[name]], dtype=object)
        treated = ("照原样保留", "and are kept as given")
    words = listed([f"{word or '（空）'}×{count}" for word, count in sorted(Counter(strange).items())])
    findings.note("words_unknown", len(strange), field=name, words=words, treated=treated[0], treated_en=treated[1])


def _unique_ids(ids: Column, column: str | None, prefix: str, findings: Findings) -> Column:
    """Keep ids that are all there and all different, else number the rows."""
    repeated = len(ids) - len({str(one) for one in ids if one})
    if column is not None and not repeated:
        return ids
    if column is not None:
        findings.note("ids_replaced", repeated, column=column)
    return np.array([f"{prefix}{row + 1}" for row in range(len(ids))], dtype=object)


def _series(values: Column) -> pd.Series:
    return pd.Series(values, dtype=str) if values.dtype == object else pd.Series(values)


def _undo_rounding(frame: gpd.GeoDataFrame, findings: Findings) -> gpd.GeoDataFrame:
    """Make valid again what crossed itself by a rounding error on its way to degrees."""
    shapes = frame.geometry.to_numpy()
    crossed = np.flatnonzero((shapely.get_dimensions(shapes) == 2) & ~shapely.is_valid(shapes))
    if not len(crossed):
        return frame
    findings.note("rounding_mended", len(crossed))
    mended = shapes.copy()
    mended[crossed] = polygonal(shapely.make_valid(shapes[crossed], method="structure", keep_collapsed=False))
    return frame.set_geometry(gpd.GeoSeries(mended, index=frame.index, crs=frame.crs))


def empty_frame(contract: Contract) -> gpd.GeoDataFrame:
    """Return the frame of a layer that was not given: every column, no row."""
    columns = {field.name: _series(_unknown(field, 0)) for field in contract.fields}
    if contract.layer == "buildings":
        columns["workload"] = pd.Series([], dtype=float)
    return gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries([], crs=DEGREES))
