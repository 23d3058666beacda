"""What the county is made of: towns, their communities, and how many households each ends up with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis_data.make_county.names import words
from gis_data.make_county.plan import COUNTY

__all__ = [
    "CORE_CELLS",
    "PERSONS_RURAL",
    "PERSONS_URBAN",
    "SEAT",
    "TOWNS",
    "URBAN",
    "VILLAGES",
    "Community",
    "Town",
    "number_communities",
    "share_exactly",
]

PERSONS_URBAN, PERSONS_RURAL = 9237, 3409  # of an average community
PERSONS_EACH = 2.62  # in a household


@dataclass(frozen=True)
class Town:
    """A subdistrict, town or township; those outside the county town have a place on the plan."""

    serial: str
    name: str
    kind: str
    place: tuple[float, float] | None = None
    cores: int = 1  # communities in the built-up core, parted by the main street

    @property
    def code(self) -> str:
        """Nine digits."""
        return COUNTY + self.serial


@dataclass(frozen=True)
class Community:
    """One community: its codes, its name, and what it must add up to."""

    code: str
    name: str
    urban_rural_code: str
    town_code: str
    households: int
    persons: int


SEAT = (
    Town("001", "城关街道", "街道"),
    Town("002", "江南街道", "街道"),
    Town("003", "北环街道", "街道"),
)
TOWNS = (
    Town("100", "白鹤镇", "镇", (-9000.0, 5600.0)),
    Town("101", "石梯镇", "镇", (-9300.0, -900.0), 2),
    Town("102", "龙头镇", "镇", (-6800.0, -6600.0)),
    Town("103", "青杠镇", "镇", (-900.0, -6300.0), 2),
    Town("104", "双河镇", "镇", (4300.0, -5900.0)),
    Town("105", "桂林坝镇", "镇", (9600.0, -3300.0)),
    Town("106", "清溪镇", "镇", (8300.0, 1500.0), 2),
    Town("107", "高升镇", "镇", (9000.0, 6200.0)),
    Town("108", "马鞍镇", "镇", (3700.0, 6000.0), 2),
    Town("200", "云台乡", "乡", (-2300.0, 6700.0)),
    Town("201", "松林乡", "乡", (-5400.0, 2500.0)),
)

# The cells of the county town from north to south, west to east: one letter a community.
CORE_CELLS = ("AABBCCD", "EFFGHID", "EJKGHIL", "MJKNOPL", "QQRRSST", "UURVVST")
URBAN = {  # letter: name, subdistrict, households before they are scaled to the sum
    "A": ("北站社区", "003", 3600),
    "B": ("机务社区", "003", 3900),
    "C": ("纺织社区", "003", 4100),
    "D": ("东风社区", "003", 3500),
    "E": ("西城社区", "001", 3700),
    "F": ("红星社区", "003", 4000),
    "G": ("人民社区", "001", 3900),
    "H": ("广场社区", "001", 3800),
    "I": ("体育社区", "003", 3700),
    "J": ("文昌社区", "001", 3600),
    "K": ("钟楼社区", "001", 3400),
    "L": ("兴业社区", "003", 3600),
    "M": ("水厂社区", "001", 2400),
    "N": ("鼓楼社区", "001", 2600),
    "O": ("码头社区", "001", 2500),
    "P": ("柳堤社区", "001", 2700),
    "Q": ("学府社区", "002", 3900),
    "R": ("江南社区", "002", 4700),
    "S": ("滨江社区", "002", 5000),
    "T": ("开元社区", "002", 3600),
    "U": ("梧桐社区", "002", 3200),
    "V": ("新城社区", "002", 4100),
}
VILLAGES = words(
    "柳溪村 石桥村 大坪村 黄桷村 响水村 观音岩村 枫香村 茶店村 鹅项村 磨盘村 龙洞村 金竹村 三合村 五星村 "
    "红旗村 新民村 前锋村 长田村 桐子村 梨园村 橙乡村 莲花村 凉风村 福善村 狮子村 凤凰村 老鹰村 白云村 "
    "高坡村 深沟村 平安村 双龙村 檀木村 银厂村 盐井村 古驿村 双塘村 瓦店村 赵家坝村 何家沟村 罗汉村 玉泉村 "
    "团山村 水口村"
)
SMALL_HOUSEHOLDS, ODD_HOUSEHOLDS = 250, 550  # totals that no division brings into 300–500


def share_exactly(weights: np.ndarray, total: int) -> np.ndarray:
    """Share a whole number out by weight, largest remainders first."""
    wanted = weights * (total / weights.sum())
    whole = np.floor(wanted)
    order = np.argsort(whole - wanted, kind="stable")[: int(total - whole.sum())]
    whole[order] += 1
    return whole.astype(int)


def number_communities(
    villages_of: dict[str, list[str]], small: str, odd: str, rng: np.random.Generator
) -> dict[str, Community]:
    """Give every community its code, households and persons; keys are letters, `SERIAL/N` of cores, village names.

    Parameters
    ----------
    villages_of
        Names of villages by serial of their town, west to east.
    small, odd
        The villages that end up with 250 and with 550 households.
    """
    letters = list(URBAN)
    weights = np.array([URBAN[letter][2] for letter in letters], float)
    persons = share_exactly(weights * rng.uniform(0.96, 1.04, len(weights)), PERSONS_URBAN * len(letters))
    households = share_exactly(weights, round(PERSONS_URBAN * len(letters) / PERSONS_EACH))
    made: dict[str, Community] = {}
    serials: dict[str, int] = {}
    for letter, household, person in zip(letters, households.tolist(), persons.tolist(), strict=True):
        name, town, _ = URBAN[letter]
        serials[town] = serials.get(town, 0) + 1
        code = f"{COUNTY}{town}{serials[town]:03d}"
        made[letter] = Community(code, name, "111", COUNTY + town, household, person)

    rural: list[tuple[str, str, str, str, str]] = []  # key, code, name, class, town
    for town in TOWNS:
        stem = town.name.rstrip("镇乡")
        for number in range(1, town.cores + 1):
            name = f"{stem}街社区" if town.cores == 1 else f"{stem}{'北南'[number - 1]}街社区"
            rural.append((f"{town.serial}/{number}", f"{town.code}{number:03d}", name, "121", town.code))
    for serial, names in sorted(villages_of.items()):
        kind = "112" if serial < "100" else "220"
        for number, name in enumerate(names, 201):
            rural.append((name, f"{COUNTY}{serial}{number:03d}", name, kind, COUNTY + serial))
    fixed = {small: SMALL_HOUSEHOLDS, odd: ODD_HOUSEHOLDS}
    free = [key for key, *_ in rural if key not in fixed]
    total = round(PERSONS_RURAL * len(rural) / PERSONS_EACH) - sum(fixed.values())
    spread = np.array([rng.uniform(1.0, 1.5) if "/" in key else rng.uniform(0.72, 1.3) for key in free])
    counts = {**fixed, **dict(zip(free, share_exactly(spread, total).tolist(), strict=True))}
    weights = np.array([counts[key] for key, *_ in rural], float) * rng.uniform(0.95, 1.05, len(rural))
    shares = share_exactly(weights, PERSONS_RURAL * len(rural)).tolist()
    for (key, code, name, kind, town_code), people in zip(rural, shares, strict=True):
        made[key] = Community(code, name, kind, town_code, counts[key], people)
    return made
