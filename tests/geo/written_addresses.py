"""A made-up table of addresses, and the many ways in which people write one of its buildings; both from a seed."""

from __future__ import annotations

import random
from collections.abc import Callable

from app.geo.addresses import AddressEntry

TOWNS = {"城关镇": ("东门社区", "西关社区", "桥南社区"), "柳河镇": ("柳河社区", "李家村", "石桥村")}
COMPOUNDS = (
    "阳光花园", "阳光家园", "幸福苑", "金色家园", "滨河新村", "工农三村", "锦绣江南", "碧水湾", "翠竹园", "御景城",
    "华侨新城", "东方名都", "书香苑", "桃源里", "阳光100", "百合园", "八一大院", "纺织厂宿舍", "和平里", "文昌阁",
)  # fmt: skip
STREETS = ("中山路", "人民东路", "解放街", "八一路", "幸福巷", "文昌南路", "柳河大道", "工农三路")
ALIASES = {
    "阳光花园": ["向阳小区", "阳光花苑"],
    "纺织厂宿舍": ["老棉纺院", "棉纺三厂家属院"],
    "人民东路": ["东大街"],
    "锦绣江南二期": ["锦绣二期"],
}
SIGNS = "〇一二三四五六七八九"


def make_table(seed: int = 1) -> list[AddressEntry]:
    """Compounds with buildings and phases, one name in two towns, street houses and the lanes of a village."""
    rng = random.Random(seed)  # noqa: S311  a table to test with
    entries: list[AddressEntry] = []

    def add(**parts: object) -> None:
        entries.append(AddressEntry(key=f"B{len(entries):05}", **parts))

    for name in COMPOUNDS:
        town = rng.choice(sorted(TOWNS))
        places = (town, rng.choice(TOWNS[town]))
        street, door = rng.choice(STREETS), f"{rng.randrange(1, 200)}号"
        phases = ("一期", "二期") if name in ("碧水湾", "御景城") else ("",)
        for phase in phases:
            for number in range(1, rng.randrange(6, 30)):
                units = tuple(f"{unit}单元" for unit in range(1, rng.randrange(2, 5)))
                add(
                    compound=name, building=f"{phase}{number}栋", street=street, number=door, units=units, places=places
                )
        if name == "文昌阁":
            add(compound=name, building="综合楼", places=places)
            add(compound=name, building="A座", places=places)
    for number in range(1, 12):  # the phases of this one are compounds of their own
        add(compound="锦绣江南二期", building=f"{number}号楼", places=("城关镇", "桥南社区"))
    for town, village in (("城关镇", "桥南社区"), ("柳河镇", "柳河社区")):  # the same name twice
        for number in range(1, 9):
            add(compound="福满园", building=f"{number}幢", places=(town, village))
    for street in STREETS:
        for number in range(200, 330, rng.randrange(1, 4)):
            add(street=street, number=f"{number}号", places=("城关镇", "东门社区"))
            if number % 17 == 0:
                add(street=street, number=f"{number}号附1号", places=("城关镇", "东门社区"))
    for village in ("李家村", "石桥村"):
        for group in range(1, 5):
            for number in range(1, 20):
                add(compound=village, building=f"{group}组{number}号", places=("柳河镇", village))
    return entries


def in_chinese(number: int, rng: random.Random) -> str:
    """Write a number below 1,000 in Chinese."""
    hundreds, tens, ones = number // 100, number // 10 % 10, number % 10
    if hundreds and rng.random() < 0.3:
        return "".join(SIGNS[int(digit)] for digit in str(number))
    text = f"{SIGNS[hundreds]}百" if hundreds else ""
    if tens:
        text += ("" if tens == 1 and not hundreds else SIGNS[tens]) + "十"
    elif hundreds and ones:
        text += rng.choice(["零", "〇"])
    return text + (SIGNS[ones] if ones else "")


def split_number(label: str) -> tuple[str, int, str]:
    """Take a label such as 二期12栋 apart."""
    digits = "".join(sign for sign in label if sign.isdigit())
    if label.endswith("号附1号"):
        return "", int(digits[:-1]), "号附1号"
    if "组" in label:
        group, _, house = label.partition("组")
        return f"{group}组", int(house.removesuffix("号")), "号"
    before, _, after = label.partition(digits)
    return before, int(digits), after


def misspell_signs(text: str, rng: random.Random) -> str:
    """Full-width digits, spaces, other dashes: what a form or a scanner makes of a text."""
    way = rng.randrange(4)
    if way == 0:
        return text.translate({ord("0") + digit: ord("０") + digit for digit in range(10)})
    if way == 1:
        return " ".join(text)
    if way == 2:
        place = rng.randrange(1, len(text))
        return f"{text[:place]}\u3000{text[place:]}"
    return f" {text}。"


def write(entry: AddressEntry, others: dict[str, list[str]], rng: random.Random) -> str:
    """Write a building in one of the ways people do; the text still says which building it is."""
    counters = ["栋", "幢", "号楼", "座", "#", "#楼", "號樓"]
    name = entry.compound or entry.street
    if name in others and rng.random() < 0.4:
        name = rng.choice(others[name])
    label = entry.building if entry.compound else entry.number
    if not any(sign.isdigit() for sign in label):
        text = f"{name}{label}"
    else:
        part, number, counter = split_number(label)
        if counter in ("栋", "幢", "号楼"):
            counter = rng.choice(counters)
        elif counter == "号附1号":
            counter = rng.choice(["号附1号", "-1号", "号之一", "号附一号"])
        digits = in_chinese(number, rng) if rng.random() < 0.3 and counter != "-1号" else str(number)
        if rng.random() < 0.1 and number < 10 and digits.isdigit():
            digits = f"0{digits}"
        if part and rng.random() < 0.3:
            part = f"（{part}）" if "期" in part else part.translate(str.maketrans("1234", "一二三四"))
        written = "第" if rng.random() < 0.1 and entry.compound and counter != "号" else ""
        if entry.compound and rng.random() < 0.1 and not part and not name.endswith(("村", "小区", "二期")):
            name += "小区"
        text = f"{name}{part}{written}{digits}{counter}"
        if entry.units and rng.random() < 0.5:
            unit = rng.choice(entry.units)
            digits = unit.removesuffix("单元")
            text += rng.choice([unit, f"{in_chinese(int(digits), rng)}单元"])
            if rng.random() < 0.6:
                text += rng.choice(["501室", "1102", "-301", "三楼302", "602房"])
    before = rng.random()
    if entry.compound and entry.street and before < 0.15:
        text = f"{entry.street}{entry.number}{text}"
    must_name_town = entry.compound == "福满园"
    if before > 0.7 or must_name_town:
        town, community = entry.places
        text = rng.choice([town, f"{town}{community}", f"云川县{town}", f"云川县{town}{community}"]) + text
    return misspell_signs(text, rng) if rng.random() < 0.3 else text


def damage(text: str, rng: random.Random) -> str:
    """Make an address wrong or incomplete: it must never be answered as certain unless it still says the building."""
    ways: list[Callable[[str], str]] = [
        lambda text: "新" + text,
        lambda text: text + "北侧平房",
        lambda text: text.replace("花园", "北园"),
        lambda text: text.replace("栋", "").replace("号", ""),
        lambda text: text[: max(len(text) // 2, 1)],
        lambda text: "".join(rng.sample(text, len(text))),
        lambda text: text.replace("镇", "镇石桥"),
    ]
    return rng.choice(ways)(text)
