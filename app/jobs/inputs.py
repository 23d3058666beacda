"""The files a job is given, how to read them, and which communities of them are meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches

from app.files.columns import parse_columns
from app.files.datums import parse_datums
from app.files.inputs import ReadReport, read_layers
from app.geo.errors import UsageError
from app.geo.layers import Layers

__all__ = ["Inputs", "keep_communities", "read_inputs"]


@dataclass(frozen=True)
class Inputs:
    """The files of a job and how to read them.

    `sources` names FILE or FILE:LAYER by layer; `columns` are FIELD=COLUMN or LAYER.FIELD=COLUMN; `datums` are
    LAYER=DATUM.
    """

    sources: Mapping[str, str]
    columns: tuple[str, ...] = ()
    datums: tuple[str, ...] = ()
    household_basis: str = ""
    workload: str = ""
    mend: bool = False
    as_is: bool = False


def read_inputs(inputs: Inputs) -> tuple[Layers, ReadReport]:
    """Read and check every layer of a job.

    Raises
    ------
    InputError
        Something handed in cannot be used.
    """
    return read_layers(
        inputs.sources,
        columns=parse_columns(inputs.columns),
        datums=parse_datums(inputs.datums),
        household_basis=inputs.household_basis or None,
        workload=inputs.workload,
        mend=inputs.mend,
        as_is=inputs.as_is,
    )


def keep_communities(layers: Layers, only: Sequence[str]) -> Layers:
    """Keep the communities asked for; all where none is named.

    Raises
    ------
    UsageError
        A community that is not there was asked for.
    """
    if not only:
        return layers
    codes = list(layers.communities["community_code"])
    unknown = [code for code in only if code not in codes]
    if unknown:
        near = get_close_matches(unknown[0], codes, n=3)
        hint = f"，是不是 {'、'.join(near)}？" if near else f"，社区图层里有 {len(codes)} 个社区，如 {codes[0]}"
        raise UsageError(f"--only {'、'.join(unknown)}：社区图层里没有这个编码{hint}")
    kept = layers.communities[layers.communities["community_code"].isin(only)]
    return replace(layers, communities=kept.reset_index(drop=True))
