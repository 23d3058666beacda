"""Facility standards from TOML: those that come with the software, and a county's own beside them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, fields
from datetime import date
from pathlib import Path
from typing import Any

from app.files.messages import Findings
from app.geo.standards import Standard

__all__ = ["SHIPPED", "read_standards"]

SHIPPED = Path(__file__).with_name("standards.toml")

_FIELDS = {field.name: field for field in fields(Standard)}
_KINDS: Mapping[str, tuple[type, ...]] = {
    "threshold": (int, float),
    "threshold_max": (int, float),
    "settlements": (list,),
    "replaces": (list,),
    "valid_from": (date,),
    "valid_until": (date,),
    "continued": (bool,),
    "enabled": (bool,),
}
_OPERATORS = (">=", "<=", "between", "~")
_TOLD_ONLY = {"applies_when"}
"""Keys for people, which nothing is computed from."""


def read_standards(*own: Path | str) -> tuple[Standard, ...]:
    """Read the standards that come with the software, and a county's own files after them.

    A standard of a county's own file is switched on unless it says `enabled = false`, and takes the place of one with
    its id. One without `code_prefix` and `jurisdiction` holds everywhere; with a jurisdiction alone, nowhere.

    Raises
    ------
    InputError
        With every standard that cannot be read.
    """
    standards: dict[str, Standard] = {}
    for file in (SHIPPED, *own):
        findings = Findings("standards", str(file))
        for number, entry in enumerate(_entries(Path(file), findings), 1):
            try:
                one = _read(entry, enabled=file != SHIPPED)
            except ValueError as error:
                findings.refuse("standard_unreadable", str(entry.get("id", f"#{number}")), reason=error)
            else:
                standards[one.id] = one
        findings.settle()
    return tuple(standards.values())


def _entries(file: Path, findings: Findings) -> list[dict[str, Any]]:
    try:
        content = tomllib.loads(file.read_text("utf-8-sig"))
    except FileNotFoundError as error:
        raise findings.stop("file_missing") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise findings.stop("damaged", reason=error) from error
    entries = content.get("standard", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise findings.stop("standard_unreadable", reason="应为 [[standard]]")
    return entries


def _read(entry: dict[str, Any], *, enabled: bool) -> Standard:
    unknown = sorted(set(entry) - set(_FIELDS) - _TOLD_ONLY)
    if unknown:
        raise ValueError(f"没有这样的项 {'、'.join(unknown)}")
    missing = [name for name, field in _FIELDS.items() if field.default is MISSING and name not in entry]
    if missing:
        raise ValueError(f"缺少 {'、'.join(missing)}")
    facts = {name: value for name, value in entry.items() if name in _FIELDS}
    for name, value in facts.items():
        kinds = _KINDS.get(name, (str,))
        if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
            raise ValueError(f"{name} = {value!r} 的类型不对")
    if facts["operator"] not in _OPERATORS:
        raise ValueError(f"operator 应为 {'、'.join(_OPERATORS)} 之一")
    if facts.get("jurisdiction") and "code_prefix" not in facts:
        facts["code_prefix"] = None
    return Standard(
        **{
            "enabled": enabled,
            **facts,
            "settlements": frozenset(facts["settlements"]),
            "replaces": tuple(facts.get("replaces", ())),
        }
    )
