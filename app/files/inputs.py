"""Everything a county hands in, brought into one form and judged together: the door, after which code trusts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray

from app.files.datums import check_datums
from app.files.households import communities_of, model_households, scale_households
from app.files.messages import Findings, Note, listed
from app.files.outlines import Misfit, close_misfits, find_misfits
from app.files.reading import LayerRead, empty_frame, read_layer
from app.files.sources import content_digest
from app.files.whereabouts import keep_near
from app.geo.counting import counting_points
from app.geo.crs import DEGREES
from app.geo.datum import Datum
from app.geo.errors import InputError, UsageError
from app.geo.layers import CONTRACTS, HOUSEHOLD_BASES, MODELLED, UNSTATED, Layers

__all__ = ["Note", "ReadReport", "read_layers"]

INPUT_LAYERS = tuple(field.name for field in fields(Layers) if field.name in CONTRACTS)

MOST_PLACES = 20
"""Places where communities do not fit that are named one by one."""

TOTALS_SHARE = 0.01


@dataclass(frozen=True)
class ReadReport:
    """What was read, repaired, ignored and assumed.

    Attributes
    ----------
    notes
        Everything repaired, ignored or assumed, in the order of the layers.
    digests
        SHA-256 of the content of each layer's file (`sha256sum` gives the same, except for a Shapefile's parts).
    features
        Number of features in each layer's file.
    datums
        The datum of each layer that was declared to be in one.
    mended
        All communities with the outlines that were used, where any was mended; else None.
    """

    notes: tuple[Note, ...]
    digests: Mapping[str, str]
    features: Mapping[str, int]
    datums: Mapping[str, Datum]
    mended: gpd.GeoDataFrame | None


def read_layers(
    sources: Mapping[str, str],
    *,
    columns: Mapping[str, Mapping[str, str]] | None = None,
    datums: Mapping[str, Datum] | None = None,
    household_basis: str | None = None,
    workload: str = "",
    mend: bool = False,
    as_is: bool = False,
) -> tuple[Layers, ReadReport]:
    """Read and check the layers of a division.

    Parameters
    ----------
    sources
        `FILE` or `FILE:LAYER` by layer name; `communities` has to be among them.
    columns
        Columns by layer and field, from `app.files.columns.parse_columns`.
    datums
        Datums by layer, from `app.files.datums.parse_datums`.
    household_basis
        What the column of households counts: one of `HOUSEHOLD_BASES`. Where it is not said, the name of the column may
        say it.
    workload
        Column of the buildings that becomes `workload`.
    mend
        Repair invalid polygons, close gaps and overlaps of communities, and take missing households for 0.
    as_is
        Go on although communities overlap or gape by more than 5 m; they are not mended then.

    Raises
    ------
    InputError
        With the faults of all layers.
    UsageError
        If a layer or a basis of households does not exist, or there are no communities.
    """
    _check_order(sources, household_basis)
    told_datums = {layer: datum for layer, datum in (datums or {}).items() if layer in sources}
    desk = {layer: Findings(layer, sources[layer]) for layer in INPUT_LAYERS if layer in sources}
    read: dict[str, LayerRead] = {}
    for layer, findings in desk.items():
        try:
            read[layer] = read_layer(
                CONTRACTS[layer],
                sources[layer],
                findings,
                told=columns or {},
                household_basis=household_basis,
                workload=workload,
                mend=mend,
                datum=told_datums.get(layer, "wgs84"),
            )
        except InputError:
            continue  # its faults stay in the findings, and are raised below with those of the other layers
    frames = {layer: read[layer].frame if layer in read else empty_frame(CONTRACTS[layer]) for layer in INPUT_LAYERS}
    mended = None
    basis = UNSTATED
    check_datums({layer: one.frame for layer, one in read.items()}, told_datums, desk)
    misplaced = any(fault.kind == "datum_undeclared" for findings in desk.values() for fault in findings.faults)
    if "communities" in read and not misplaced:  # what lies elsewhere fits nothing, which need not be told as well
        communities = _fit_outlines(frames["communities"], desk["communities"], mend=mend, as_is=as_is)
        kinds = {note.kind for note in desk["communities"].notes}
        mended = communities if kinds & {"polygons_mended", "outlines_mended"} else None
        frames["communities"] = communities
        if "buildings" in read:  # before those far outside go, so that the households that go with them are told
            frames["buildings"], basis = _settle_households(
                frames["buildings"], read["buildings"].matched, communities, household_basis, desk["buildings"]
            )
        for layer in read:
            if layer != "communities":
                frames[layer] = keep_near(frames[layer], communities, desk[layer])
    faults = [fault for findings in desk.values() for fault in findings.faults]
    if faults:
        raise InputError(faults)
    frames["buildings"] = frames["buildings"].drop(columns=["levels", "floor_area", "building"])
    digests = {path: content_digest(path) for path in {one.path for one in read.values()}}
    report = ReadReport(
        tuple(note for findings in desk.values() for note in findings.notes),
        {layer: digests[one.path] for layer, one in read.items()},
        {layer: one.features for layer, one in read.items()},
        told_datums,
        mended,
    )
    return Layers(**frames, household_basis=basis), report


def _check_order(sources: Mapping[str, str], household_basis: str | None) -> None:
    unknown = sorted(set(sources) - set(INPUT_LAYERS))
    if unknown:
        raise UsageError(
            f"没有这样的图层：{'、'.join(unknown)} (no such layer); 可用 (there are): {', '.join(INPUT_LAYERS)}"
        )
    if "communities" not in sources:
        raise UsageError("必须给出社区图层 --communities (the layer of communities is needed)")
    if household_basis and household_basis not in HOUSEHOLD_BASES:
        known = "、".join(HOUSEHOLD_BASES)
        raise UsageError(f"没有这样的户数口径 (no such basis)：{household_basis}；可用 (there are): {known}")


def _fit_outlines(communities: gpd.GeoDataFrame, findings: Findings, *, mend: bool, as_is: bool) -> gpd.GeoDataFrame:
    """Judge how the outlines fit each other, and close what does not where that is asked."""
    order = np.argsort(communities["community_code"].to_numpy(object), kind="stable")
    codes = [str(code) for code in communities["community_code"].to_numpy(object)[order]]
    outlines = communities.geometry.to_numpy()[order]
    misfits = find_misfits(outlines)
    findings.note("small_overlaps", misfits.small_overlaps, area_m2=misfits.small_overlaps_m2)
    findings.note("small_gaps", misfits.small_gaps, area_m2=misfits.small_gaps_m2)
    findings.note("large_holes", len(misfits.holes), features=listed([_place(hole) for hole in misfits.holes]))
    misfitting = (*misfits.overlaps, *misfits.gaps)
    places = listed([f"{_names(misfit, codes)}（{_place(misfit)}）" for misfit in misfitting])
    if as_is or not misfitting:
        findings.note("left_as_is", len(misfitting), features=places)
        return communities
    if not mend:
        _refuse_misfits("communities_overlap", misfits.overlaps, codes, findings)
        _refuse_misfits("communities_gap", misfits.gaps, codes, findings)
        return communities
    closed = close_misfits(outlines, misfits)
    swallowed = np.flatnonzero(shapely.is_empty(closed))
    for position in swallowed:
        lower = [misfit.communities[0] for misfit in misfits.overlaps if misfit.communities[1] == position]
        findings.refuse("community_swallowed", codes[position], other="、".join(codes[other] for other in lower))
    if len(swallowed):
        return communities
    left = find_misfits(closed)
    _refuse_misfits("communities_overlap", left.overlaps, codes, findings)
    _refuse_misfits("communities_gap", left.gaps, codes, findings)
    findings.note("outlines_mended", len(misfitting), features=places)
    in_file_order = np.empty(len(closed), dtype=object)
    in_file_order[order] = closed
    return communities.set_geometry(gpd.GeoSeries(in_file_order, index=communities.index, crs=DEGREES))


def _refuse_misfits(kind: str, misfits: Sequence[Misfit], codes: Sequence[str], findings: Findings) -> None:
    for misfit in misfits[:MOST_PLACES]:
        findings.refuse(
            kind,
            _names(misfit, codes),
            width_m=misfit.width_m,
            area_m2=misfit.area_m2,
            lon=misfit.lon,
            lat=misfit.lat,
        )
    if len(misfits) > MOST_PLACES:
        last = findings.faults[-1]
        findings.refuse("more", count=len(misfits) - MOST_PLACES, example=last.fact, example_en=last.fact_en)


def _names(misfit: Misfit, codes: Sequence[str]) -> str:
    return " / ".join(codes[position] for position in misfit.communities)


def _place(misfit: Misfit) -> str:
    return f"{misfit.lon:.6f}, {misfit.lat:.6f}"


def _settle_households(
    buildings: gpd.GeoDataFrame,
    matched: Mapping[str, str],
    communities: gpd.GeoDataFrame,
    household_basis: str | None,
    findings: Findings,
) -> tuple[gpd.GeoDataFrame, str]:
    """Return the buildings with households, counted or modelled, and the basis of the numbers."""
    order = np.argsort(communities["community_code"].to_numpy(object), kind="stable")
    codes = [str(code) for code in communities["community_code"].to_numpy(object)[order]]
    totals = communities["households"].to_numpy()[order]
    points = counting_points(buildings.geometry.to_numpy())
    community = communities_of(points, communities.geometry.to_numpy()[order])
    if "households" in matched:
        basis = household_basis or _basis_of(matched["households"])
        findings.note("basis_unstated", int(basis == UNSTATED))
        households = buildings["households"].to_numpy()
        _compare_totals(households, community, totals, codes, findings)
    elif household_basis and household_basis != MODELLED:
        findings.refuse("basis_without_column", basis=household_basis)
        return buildings, household_basis
    else:
        basis = MODELLED
        uses = list(buildings["building"]) if "building" in matched else None
        try:
            modelled = model_households(
                buildings.geometry.to_numpy(),
                uses,
                buildings["levels"].to_numpy(),
                buildings["floor_area"].to_numpy(),
                findings,
            )
        except InputError:
            return buildings, basis  # the fault stays in the findings
        households = scale_households(modelled, community, totals, codes, findings)
    lost = community < 0
    findings.note("in_no_community", int(lost.sum()), households=int(np.nansum(households[lost])))
    return buildings.assign(households=households), basis


def _basis_of(column: str) -> str:
    return next((basis for basis, names in HOUSEHOLD_BASES.items() if column.strip() in names.split()), UNSTATED)


def _compare_totals(
    households: NDArray[np.float64],
    community: NDArray[np.int64],
    totals: NDArray[np.float64],
    codes: Sequence[str],
    findings: Findings,
) -> None:
    inside = community >= 0
    sums = np.bincount(community[inside], weights=np.nan_to_num(households[inside]), minlength=len(totals))
    off = np.flatnonzero(np.abs(sums - totals) > np.maximum(TOTALS_SHARE * totals, 1))
    texts = [f"{codes[k]}（{totals[k]:.0f} / {sums[k]:.0f}）" for k in off.tolist()]
    findings.note("totals_differ", len(off), features=listed(texts))
