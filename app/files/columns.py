"""Which column of a file is which field of a contract: as told, else by the field's own name, else by a known alias."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from app.files.messages import Findings
from app.geo.errors import UsageError
from app.geo.layers import CONTRACTS, HOUSEHOLD_BASES, LEDGER, Contract, Field

__all__ = ["match_columns", "parse_columns"]

DBF_NAME_BYTES = 10


def parse_columns(
    options: Sequence[str], contracts: Iterable[Contract] = (*CONTRACTS.values(), LEDGER)
) -> dict[str, dict[str, str]]:
    """Turn `--columns` options into columns by layer and field of these contracts.

    Each option is `FIELD=COLUMN` (for every layer that has both, kept under the layer ''), `LAYER.FIELD=COLUMN` (for
    that layer), or a text file with one such line each (`#` opens a comment).

    Raises
    ------
    UsageError
        If an option names no field of any layer.
    """
    told: dict[str, dict[str, str]] = {}
    for option in options:
        for line in [option] if "=" in option else _lines(option):
            name, _, column = (part.strip() for part in line.partition("="))
            layer, _, field = name.rpartition(".")
            known = [contract for contract in contracts if layer in ("", contract.layer)]
            if not column or not any(contract.field(field) for contract in known):
                raise UsageError(
                    f"--columns {line}：没有这样的字段，应写成 字段=列名 或 图层.字段=列名，例如 households=户数 "
                    f"(no such field: write FIELD=COLUMN or LAYER.FIELD=COLUMN)"
                )
            told.setdefault(layer, {})[field] = column
    return told


def _lines(path: str) -> list[str]:
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--columns {path}：读不出来 (cannot be read): {error}") from error
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return [line for line in lines if line]


def match_columns(
    contract: Contract,
    columns: Sequence[str],
    told: Mapping[str, Mapping[str, str]],
    household_basis: str | None,
    findings: Findings,
) -> dict[str, str]:
    """Return the column of each field that the file has.

    Names are compared without regard to case, width and surrounding spaces, and in the shortened form in which a
    Shapefile keeps them. The field's own name wins over aliases; two aliases are a fault, except that a stated basis of
    households chooses among the columns of households.
    """
    matched: dict[str, str] = {}
    for field in contract.fields:
        named = told.get(contract.layer, {}).get(field.name)
        wished = told.get("", {}).get(field.name)
        if named is not None and named not in columns:
            findings.refuse("column_unknown", field=field.name, column=named, columns=_listed(columns))
        elif named is not None:
            matched[field.name] = named
        elif wished is not None and wished in columns:
            matched[field.name] = wished
        else:
            candidates = _candidates(field, columns, household_basis)
            if len(candidates) == 1:
                matched[field.name] = candidates[0]
            elif candidates:
                findings.refuse("column_ambiguous", field=field.name, columns=_listed(candidates), layer=contract.layer)
            elif field.required:
                findings.refuse("column_missing", field=field.name, columns=_listed(columns), layer=contract.layer)
    return matched


def _candidates(field: Field, columns: Sequence[str], household_basis: str | None) -> list[str]:
    if field.name in columns:
        return [field.name]
    own = [column for column in columns if _key(column) in _forms(field.name)]
    if own:
        return own
    aliases = field.aliases.split()
    candidates = [column for column in columns if _key(column) in {_key(alias) for alias in aliases}]
    if not candidates:  # a .dbf may have cut the name
        candidates = [column for column in columns if any(_key(column) in _forms(alias) for alias in aliases)]
    if field.name == "households" and household_basis is not None and len(candidates) > 1:
        basis_names = HOUSEHOLD_BASES.get(household_basis, "").split()
        of_basis = [column for column in candidates if any(_key(column) in _forms(name) for name in basis_names)]
        return of_basis or candidates
    return candidates


def _key(name: str) -> str:
    return unicodedata.normalize("NFKC", name).casefold().strip()


def _forms(name: str) -> set[str]:
    """Return the keys under which a name may stand: itself, and cut to the bytes a .dbf has room for."""
    cut = {name.encode(codec)[:DBF_NAME_BYTES].decode(codec, "ignore") for codec in ("utf-8", "gb18030")}
    return {_key(form) for form in (name, *cut)}


def _listed(columns: Sequence[str]) -> str:
    return "、".join(columns) or "（无）"
