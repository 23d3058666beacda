"""Labels of buildings: which are the same building written otherwise, and which comes after which."""

from __future__ import annotations

import re
import unicodedata

from app.geo.codes import read_numeral

__all__ = ["building_key", "building_order", "place_key"]

_CHINESE = re.compile("[零一二三四五六七八九十百两]+")
_ENDING = re.compile(r"(号楼|号栋|号|栋|幢|座|楼|#)$")


def building_key(label: str) -> str:
    """Return what is the same for all spellings of a building: 3栋, 三号楼, 03幢, ３＃ are one, A座 and a栋 too."""
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", label)).casefold()
    plain = _ENDING.sub("", plain) or plain
    plain = _CHINESE.sub(lambda found: str(read_numeral(found[0]) or found[0]), plain)
    return re.sub(r"\d+", lambda found: str(int(found[0])), plain)


def building_order(label: str) -> tuple[tuple[int, int, str], ...]:
    """Return a key that puts labels in the order in which people count: 2栋 before 10栋, A1 before A2 before B1."""
    parts = re.findall(r"\d+|\D+", building_key(label))
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts)


def place_key(name: str) -> str:
    """Return what is the same for all spellings of a compound or a village: width, spaces, case and brackets aside."""
    plain = re.sub(r"[\s()\[\]·•]+", "", unicodedata.normalize("NFKC", name)).casefold()
    return re.sub("(小区|社区|自然村)$", "", plain) or plain
