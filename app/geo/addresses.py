"""Chinese addresses as people write them, matched against the county's own table of buildings.

Two ways of writing are understood: compound and building (阳光花园3栋2单元501室), street and door (中山路十二号附1号).
What was written is brought to one form first (full-width signs, spaces, Chinese numerals, 棟 and 號), then names of the
table are looked for in it, then the rest is read. A match is called certain only where every sign was understood and
exactly one building fits; anything else is a candidate with its doubts, and what fits nothing is work for a person.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

__all__ = ["DOUBTS", "AddressBook", "AddressEntry", "AddressMatch", "Candidate", "normalise_address"]

DOUBTS: Mapping[str, tuple[str, str]] = {
    "several": ("有多栋楼符合", "several buildings fit"),
    "name_incomplete": ("名称不完整", "the name is not complete"),
    "name_misspelt": ("名称有出入", "the name is written differently"),
    "part_missing": ("没有写明期或区", "the phase or section is not written"),
    "part_unknown": ("表中没有这一期或区", "the table has no such phase or section"),
    "building_missing": ("没有写明楼栋", "the building is not written"),
    "building_read": ("楼栋写法不明确", "the building is written in a way that may mean something else"),
    "door_contradicts": ("门牌与小区不一致", "the door number belongs elsewhere"),
    "place_contradicts": ("写的是另一个街道或社区", "another town or community is written"),
    "unit_unknown": ("表中没有这个单元", "the table has no such entrance"),
    "rest_before": ("名称之前有未识别的文字", "something before the name was not understood"),
    "rest_after": ("楼栋之后有未识别的文字", "something after the building was not understood"),
}
"""What may speak against a candidate, in Chinese and English."""

_COSTS = {
    "several": 1,
    "name_incomplete": 20,
    "name_misspelt": 25,
    "part_missing": 3,
    "part_unknown": 25,
    "building_missing": 30,
    "building_read": 4,
    "door_contradicts": 20,
    "place_contradicts": 25,
    "unit_unknown": 8,
    "rest_before": 5,
    "rest_after": 3,
}
_FULL_SCORE = 100

MOST_SIGNS = 120
"""A longer text is no address, and is not searched."""

MOST_GUESSES = 50
"""Names that are compared sign by sign where none of the table is written."""


@dataclass(frozen=True)
class AddressEntry:
    """A building of the county's table: its key, and every way it is addressed; '' where there is none.

    `building` is what stands on the wall (3栋, 二期5号楼, A座, 综合楼), `number` the door number in `street` (12号,
    12号附1号), `places` the town and the community it lies in.
    """

    key: str
    compound: str = ""
    building: str = ""
    street: str = ""
    number: str = ""
    units: tuple[str, ...] = ()
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Candidate:
    """A building that may be meant: how well it fits (100 is all), which part fitted, and what speaks against it."""

    key: str
    score: int
    matched: str
    doubts: tuple[str, ...] = ()

    @property
    def certain(self) -> bool:
        """Whether nothing speaks against it."""
        return not self.doubts


@dataclass(frozen=True)
class AddressMatch:
    """What an address may mean, best first; without candidates `reason` is `unknown_name` or `unknown_building`."""

    address: str
    candidates: tuple[Candidate, ...]
    reason: str = ""

    @property
    def certain(self) -> bool:
        """Whether one building is meant beyond doubt."""
        return len(self.candidates) > 0 and self.candidates[0].certain


# ---------------------------------------------------------------------------------------------------------------------
# one form of writing

_SIMPLER = str.maketrans(
    "棟幢號单單樓區東門園華廣場莊灣圍壹贰叁肆伍陆柒捌玖拾貳參陸零兩两廿",
    "栋栋号单单楼区东门园华广场庄湾围一二三四五六七八九十二三六〇二二廿",
)
_DASHES = re.compile(r"[‐‑‒–—―−－~～_/、]")
_DROPPED = re.compile(r"[\s,，.。;；:：()（）\[\]【】{}<>《》“”\"'‘’·•|*]+")
_NUMERALS = "一二三四五六七八九十百廿〇"
_CHINESE_NUMBER = re.compile(
    rf"[{_NUMERALS}]+(?=组团|片区|单元|号楼|[期区组队栋座号楼层室弄门附之#]|-[\d{_NUMERALS}])|(?<=[附之-])[{_NUMERALS}]+"
)
_DIGITS = {digit: value for value, digit in enumerate("〇一二三四五六七八九")}


def normalise_address(text: str) -> str:
    """Return an address in one form: no spaces and signs, Arabic numerals before words that count, 栋 for 幢."""
    text = unicodedata.normalize("NFKC", text).upper().translate(_SIMPLER)
    text = _DROPPED.sub("", _DASHES.sub("-", text))
    text = _CHINESE_NUMBER.sub(lambda found: _read_chinese_number(found[0]), text)
    text = re.sub(r"(?<=\d)O(?=[\dO栋号#])|(?<=\dO)O", "0", text)  # as scanners read them
    text = re.sub(r"(?<=\d)[IL](?=[\d栋号#])", "1", text)
    text = re.sub(r"第(?=\d)", "", text)
    text = re.sub(r"(?<=[\dA-Z])(?:号栋|号楼|#楼|#栋|#)", "栋", text)
    return re.sub(r"(?<![\dA-Z])0+(?=\d)", "", text)


def _read_chinese_number(text: str) -> str:
    """Return 二十一 as 21 and 一〇二 as 102; what is no number comes back as it is."""
    text = text.replace("廿", "二十")
    if not re.search("[十百]", text):
        return "".join(str(_DIGITS[sign]) for sign in text)
    digit = "[一二三四五六七八九]"
    found = re.fullmatch(rf"(?:({digit})百)?〇?(?:({digit})?(十))?({digit})?", text)
    if found is None:
        return text
    hundreds, tens, ten, ones = found.groups()
    value = 100 * _DIGITS.get(hundreds, 0) + (10 * _DIGITS.get(tens, 1) if ten else 0) + _DIGITS.get(ones, 0)
    return str(value)


# ---------------------------------------------------------------------------------------------------------------------
# what stands after a name

_PART = re.compile(r"(?:[0-9]+|[A-Z]|[东西南北中上下前后])(?:期|组团|片区|区|组|队)")
_NUMBER = r"(?:[东西南北甲乙丙丁])?(?:[A-Z]?-?\d+[A-Z]?(?:-\d+)?|[A-Z]|[甲乙丙丁])"
_BUILDING = re.compile(rf"(?P<number>{_NUMBER})(?P<counter>栋|座)")
_DASHED = re.compile(r"(?P<number>[A-Z]?\d+[A-Z]?)-(?:(?P<unit>\d{1,2})-)?(?P<rest>\d{3,4})$")
_LOOSE = re.compile(rf"(?P<number>{_NUMBER})(?P<counter>号|楼)?")
_UNIT = re.compile(r"-?(?P<unit>\d+|[A-Z甲乙丙丁东西南北中])单元|-?(?P<gate>\d+)门")
_ROOM = re.compile(r"-?[地负]?-?(?:[0-9A-Z]+(?:层|楼|室|号|户|房|F)?)*(?:[东西南北中]户)?(?:底商|商铺|门面|车库)?")
_DOOR = re.compile(
    r"(?P<main>[甲乙丙丁]?\d+[A-Z]?)(?:弄(?P<inner>\d+))?(?:-(?P<dash>\d+)号?|号?(?:附|之)(?P<sub>\d+)号?|号院?)?"
)
_COMMON_ENDS = ("住宅小区", "小区", "住宅区", "生活区", "宿舍区")
_PLACE_WORDS = re.compile(r"(?:省|自治区|市|县|区|旗|街道办事处|街道办|街道|镇|乡|社区居委会|社区|居委会|村委会|村)")
LETTERS_TO_BE_MISSPELT = 4
"""A shorter name with one sign changed is another name."""


class _Building(NamedTuple):
    """What stands on a building: its part (2期), its number, whether that counts in 号, whether it is a name."""

    part: str
    number: str
    door: bool
    named: bool


class _Reading(NamedTuple):
    """What follows the name of a compound, taken apart; `counter` is 栋, 号 or nothing that is clear."""

    part: str
    number: str
    counter: str
    unit: str
    rest: str
    text: str


def _read_part(text: str) -> tuple[str, str]:
    """Take phases and sections off the front of a text."""
    parts = []
    while (found := _PART.match(text)) is not None:
        parts.append(found[0])
        text = text[found.end() :]
    return "".join(parts), text


def _read_building(text: str, names: Sequence[str]) -> _Reading:
    """Read part, building, entrance and room after the name of a compound some of whose buildings bear `names`."""
    whole = text
    for end in _COMMON_ENDS:
        if text.startswith(end):
            text = text[len(end) :]
            break
    part, text = _read_part(text)
    unit, counter = "", ""
    name = next((name for name in names if text.startswith(name)), None)
    if name is not None:
        number, after, counter = name, text[len(name) :], "栋"
    elif (found := _BUILDING.match(text)) is not None:
        number, after, counter = found["number"], text[found.end() :], "栋"
    elif (found := _DASHED.match(text)) is not None:
        number, unit, after = found["number"], found["unit"] or "", found["rest"]
    elif (found := _LOOSE.match(text)) is not None:
        number, after, counter = found["number"], text[found.end() :], found["counter"] or ""
    else:
        return _Reading(part, "", "", "", text, whole[: len(whole) - len(text)])
    if not unit and (seen := _UNIT.match(after)) is not None:
        unit, after = seen["unit"] or seen["gate"], after[seen.end() :]
    return _Reading(part, number, counter, unit, _drop_room(after), whole[: len(whole) - len(after)])


def _drop_room(text: str) -> str:
    """Return what follows floor and room at the front of a text."""
    found = _ROOM.match(text)
    return text[found.end() :] if found else text


def _read_label(text: str) -> _Building:
    """Return what stands on a building, its number without 栋; 综合楼 stays what it is."""
    part, rest = _read_part(normalise_address(text))
    found = _BUILDING.fullmatch(rest) or _LOOSE.fullmatch(rest)
    if found is None:
        return _Building(part, rest, door=False, named=bool(rest))
    return _Building(part, found["number"], door=found["counter"] == "号", named=False)


class _Door(NamedTuple):
    """A door number in one form (12, 12-1, 18弄3, 甲5), the number it belongs to, and what follows it."""

    number: str
    main: str
    after: str
    after_main: str


def _read_door(text: str) -> _Door | None:
    """Read the door number at the front of a text."""
    found = _DOOR.match(text)
    if found is None:
        return None
    main = found["main"] + (f"弄{found['inner']}" if found["inner"] else "")
    sub = found["dash"] or found["sub"]
    end_of_main = found.end("inner") if found["inner"] else found.end("main")
    return _Door(main + (f"-{sub}" if sub else ""), main, text[found.end() :], text[end_of_main:])


# ---------------------------------------------------------------------------------------------------------------------
# the table


@dataclass(frozen=True)
class _Named:
    """Everything in the table that bears one name: rows of a compound, rows of a street, and named buildings in it."""

    name: str
    compound: list[int] = field(default_factory=list)
    street: list[int] = field(default_factory=list)
    buildings: list[str] = field(default_factory=list)
    longer: list[str] = field(default_factory=list)


class _Place(NamedTuple):
    """Where a name stands in an address, and what is doubtful about it."""

    name: str
    start: int
    end: int
    doubts: tuple[str, ...]


class _Before(NamedTuple):
    """What stands before a name: places of the table, a street with its door, and what is not understood."""

    places: frozenset[str]
    street: str
    door: str
    rest: str


class AddressBook:
    """The county's table of addresses, ready to be asked.

    Parameters
    ----------
    entries
        Buildings, each key once.
    aliases
        Other names by the official name of a compound or street: former names, what people say, short forms.
    county
        Names of the county and of what lies above it, which may stand before any address.
    """

    def __init__(
        self,
        entries: Iterable[AddressEntry],
        aliases: Mapping[str, Iterable[str]] | None = None,
        *,
        county: Iterable[str] = (),
    ) -> None:
        self.entries = tuple(sorted(entries, key=lambda entry: entry.key))
        self._labels = [_read_label(entry.building) for entry in self.entries]
        self._doors = [_door_of(entry) for entry in self.entries]
        self._names = self._name_entries(
            {
                normalise_address(name): [normalise_address(other) for other in given]
                for name, given in (aliases or {}).items()
            }
        )
        self._longest = max(map(len, self._names), default=0)
        self._places: dict[str, set[str]] = {form: set() for name in county for form in _short_forms(name)}
        for entry in self.entries:
            for place in entry.places:
                for form in _short_forms(place):
                    self._places.setdefault(form, set()).add(place)
        self._longest_place = max(map(len, self._places), default=0)
        self._by_pair: dict[str, set[str]] = defaultdict(set)
        for name in self._names:
            for pair in _pairs(name):
                self._by_pair[pair].add(name)

    def _name_entries(self, others: Mapping[str, Sequence[str]]) -> dict[str, _Named]:
        names: dict[str, _Named] = {}
        for row, entry in enumerate(self.entries):
            for kind, official in (("compound", entry.compound), ("street", entry.street)):
                written = normalise_address(official)
                for name in {written, *others.get(written, ())} - {""}:
                    getattr(names.setdefault(name, _Named(name)), kind).append(row)
        for named in names.values():
            labels = (self._labels[row] for row in named.compound)
            named.buildings.extend(sorted({label.number for label in labels if label.named}, key=_longest_first))
        for name in sorted(names):
            for end in range(2, len(name)):
                shorter = names.get(name[:end])
                if shorter is not None and not _read_part(name[end:])[1]:
                    shorter.longer.append(name)
        return names

    def match(self, address: str, *, limit: int = 5) -> AddressMatch:
        """Return the buildings that an address may mean, best first, at most `limit`."""
        text = normalise_address(address)
        places = self._find_names(text) if len(text) <= MOST_SIGNS else []
        if not places:
            return AddressMatch(address, (), "unknown_name")
        best: dict[int, Candidate] = {}
        for place in places:
            for row, candidate in self._fit(text, place):
                if row not in best or candidate.score > best[row].score:
                    best[row] = candidate
        if not best:
            return AddressMatch(address, (), "unknown_building")
        ranked = sorted(best.values(), key=lambda candidate: (-candidate.score, candidate.key))
        if sum(candidate.certain for candidate in ranked) > 1:  # each fits without fault, so none is certain
            cost = _COSTS["several"]
            ranked = [
                replace(one, score=one.score - cost, doubts=("several",)) if one.certain else one for one in ranked
            ]
        return AddressMatch(address, tuple(ranked[:limit]))

    def _find_names(self, text: str) -> list[_Place]:
        """Return the names of the table that stand in a text; those written differently only where none is right."""
        exact = self._find_written(text)
        widest = [
            place
            for place in exact
            if not any(other != place and other.start <= place.start and place.end <= other.end for other in exact)
        ]
        if not widest:
            return self._guess_names(text)
        longer = [
            _Place(name, place.start, place.end, ("part_missing",))
            for place in widest
            for name in self._names[place.name].longer
        ]
        return widest + longer

    def _find_written(self, text: str) -> list[_Place]:
        """Return every name of the table that is written in a text, also within another."""
        return [
            _Place(text[start:end], start, end, ())
            for start in range(len(text))
            for end in range(min(len(text), start + self._longest), start + 1, -1)
            if text[start:end] in self._names
        ]

    def _guess_names(self, text: str) -> list[_Place]:
        """Return names that differ by one sign from a stretch of the text, or that begin with what was written."""
        shared: dict[str, int] = defaultdict(int)
        for pair in _pairs(text):
            for name in self._by_pair.get(pair, ()):
                shared[name] += 1
        nearest = sorted(shared, key=lambda name: (-shared[name], name))[:MOST_GUESSES]
        guesses = (_misspelt(name, text) or _shortened(name, text) for name in nearest)
        return [place for place in guesses if place is not None]

    def _fit(self, text: str, place: _Place) -> Iterator[tuple[int, Candidate]]:
        named = self._names[place.name]
        before = self._read_before(text[: place.start])
        if named.compound:
            yield from self._fit_compound(text, place, named, before)
        if named.street:
            yield from self._fit_street(text, place, named, before)

    def _fit_compound(
        self, text: str, place: _Place, named: _Named, before: _Before
    ) -> Iterator[tuple[int, Candidate]]:
        reading = _read_building(text[place.end :], named.buildings)
        shared = list(place.doubts)
        if reading.rest:
            shared.append("rest_after")
        if not reading.number:
            shared.append("building_missing")
        elif text[place.end - 1].isdigit() and text[place.end].isdigit():
            shared.append("building_read")  # 阳光100 3栋 and 阳光1003栋 look the same
        if named.longer and not reading.part and not place.doubts:
            shared.append("several")  # its other phases bear longer names
        rows = [row for row in named.compound if not reading.number or self._labels[row].number == reading.number]
        parts = {self._labels[row].part for row in rows}
        for row in rows:
            label = self._labels[row]
            doubts = [*shared, *self._doubt_before(before, row)]
            if reading.part and label.part != reading.part:
                if reading.part in parts:
                    continue
                doubts.append("part_unknown")
            elif label.part and not reading.part:
                doubts.append("part_missing")
            if reading.number and reading.counter != ("号" if label.door else "栋"):
                doubts.append("building_read")
            units = {normalise_address(unit).removesuffix("单元") for unit in self.entries[row].units}
            if reading.unit and units and reading.unit not in units:
                doubts.append("unit_unknown")
            yield row, self._candidate(row, doubts, text[place.start : place.end] + reading.text)

    def _fit_street(self, text: str, place: _Place, named: _Named, before: _Before) -> Iterator[tuple[int, Candidate]]:
        door = _read_door(text[place.end :])
        if door is None:
            return
        shared = list(place.doubts)
        after = door.after
        rows = [row for row in named.street if self._doors[row] == door.number]
        if not rows and door.main != door.number:  # 3-2 may be entrance 2 of door 3
            rows, after = [row for row in named.street if self._doors[row] == door.main], door.after_main
            shared.append("building_read")
        reading = _read_building(after, [])
        if reading.number and reading.counter == "栋":
            behind = [
                row
                for row in rows
                if self._labels[row].number == reading.number and self._labels[row].part in ("", reading.part)
            ]
            if behind:
                rows, after = behind, reading.rest
        elif (seen := _UNIT.match(after)) is not None:
            after = after[seen.end() :]
        rest = _drop_room(after)
        matched = text[place.start : len(text) - len(after)]
        elsewhere = [self._names[other.name] for other in self._find_written(rest) if self._names[other.name].compound]
        for row in rows:
            doubts = [*shared, *self._doubt_before(before, row)]
            if rest and not self._is_own_compound(rest, row):
                doubts.append("rest_after")
                if any(row not in other.compound for other in elsewhere):
                    doubts.append("door_contradicts")
            yield row, self._candidate(row, doubts, matched)

    def _is_own_compound(self, text: str, row: int) -> bool:
        """Tell whether a text is a name of the compound of a building and nothing else."""
        named = self._names.get(text)
        return named is not None and row in named.compound

    def _read_before(self, text: str) -> _Before:
        places, street, door, rest = set(), "", "", ""
        while text:
            length = next((end for end in range(self._longest, 1, -1) if self._is_street(text[:end])), 0)
            read = _read_door(text[length:]) if length else None
            if read is not None:
                street, door, text = text[:length], read.number, read.after
                continue
            length = next((end for end in range(self._longest_place, 1, -1) if text[:end] in self._places), 0)
            if length:
                places.add(text[:length])
                text = text[length:]
                if (word := _PLACE_WORDS.match(text)) is not None:
                    text = text[word.end() :]
            else:
                rest, text = rest + text[0], text[1:]
        return _Before(frozenset(places), street, door, rest)

    def _is_street(self, name: str) -> bool:
        return name in self._names and bool(self._names[name].street)

    def _doubt_before(self, before: _Before, row: int) -> Iterator[str]:
        if before.rest:
            yield "rest_before"
        own = set(self.entries[row].places)
        if any(self._places[form] and not self._places[form] & own for form in before.places):
            yield "place_contradicts"
        if before.street and (row not in self._names[before.street].street or self._doors[row] != before.door):
            yield "door_contradicts"

    def _candidate(self, row: int, doubts: Iterable[str], matched: str) -> Candidate:
        once = tuple(dict.fromkeys(doubts))
        score = max(_FULL_SCORE - sum(_COSTS[doubt] for doubt in once), 1)
        return Candidate(self.entries[row].key, score, matched, once)


def _door_of(entry: AddressEntry) -> str:
    """Return the door number of an entry in one form."""
    text = normalise_address(entry.number)
    door = _read_door(text)
    return door.number if door is not None and not door.after else text


def _longest_first(name: str) -> tuple[int, str]:
    return -len(name), name


def _pairs(text: str) -> set[str]:
    return {text[place : place + 2] for place in range(len(text) - 1)}


def _short_forms(place: str) -> set[str]:
    """Return a place's name, and the name without its last word (城关镇 and 城关) if two signs are left."""
    name = normalise_address(place)
    short = re.sub(r"(?:街道办事处|街道|社区|省|市|县|区|镇|乡|村)$", "", name)
    return {form for form in (name, short) if len(form) > 1}


def _misspelt(name: str, text: str) -> _Place | None:
    """Find a stretch of the text that differs from a name by one sign: another one, one missing or one too many."""
    if len(name) < LETTERS_TO_BE_MISSPELT:
        return None
    for length in (len(name), len(name) - 1, len(name) + 1):
        for start in range(len(text) - length + 1):
            written = text[start : start + length]
            if _one_sign_apart(name, written) and not written[-1].isdigit():
                return _Place(name, start, start + length, ("name_misspelt",))
    return None


def _one_sign_apart(name: str, written: str) -> bool:
    if len(name) == len(written):
        return sum(one != other for one, other in zip(name, written, strict=True)) == 1
    long, short = (name, written) if len(name) > len(written) else (written, name)
    return any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


def _shortened(name: str, text: str) -> _Place | None:
    """Find the longest beginning of a name, at least two signs, directly before a number (阳光 for 阳光花园)."""
    for end in range(len(name) - 1, 1, -1):
        start = text.find(name[:end])
        if start >= 0:
            after = text[start + end :]
            fits = not after or _LOOSE.match(after) or _PART.match(after) or after.startswith(_COMMON_ENDS)
            return _Place(name, start, start + end, ("name_incomplete",)) if fits else None
    return None
