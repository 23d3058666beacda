"""Addresses of the made-up county as people write them: the right building first, and no wrong one called certain."""

from __future__ import annotations

import random
import re
from collections import defaultdict

import geopandas as gpd
import pytest

from app.files.staff import read_other_names
from app.geo.addresses import AddressBook, AddressEntry, normalise_address
from app.jobs.import_plan import HOUSE_NUMBER
from tests.conftest import ROOT
from tests.geo.written_addresses import damage, write

FOLDER = ROOT / "gis_data" / "county"
VARIANTS = 2000
FIRST_AT_LEAST = 0.98
COUNTERS = ("栋", "幢", "号楼", "座", "#")


@pytest.fixture(scope="module")
def entries() -> list[AddressEntry]:
    """Make an entry of every building of the county, in the town and the community that it lies in."""
    layer = {name: gpd.read_file(FOLDER / "county.gpkg", layer=name) for name in ("buildings", "communities", "towns")}
    towns = dict(zip(layer["towns"]["town_code"], layer["towns"]["name"], strict=True))
    buildings = layer["buildings"].fillna({"compound": "", "name": "", "address": ""})
    points = buildings.set_geometry(buildings.representative_point())
    homes = points.sjoin(layer["communities"], how="left", rsuffix="home")
    made = []
    for row in homes[~homes.index.duplicated()].itertuples():
        road, number = HOUSE_NUMBER.fullmatch(row.address).groups()
        places = (towns[row.community_code[:9]], row.name_home)
        made.append(AddressEntry(row.building_id, row.compound, row.name_left, road, number, (), places))
    return made


@pytest.fixture(scope="module")
def others() -> dict[str, list[str]]:
    """Return the other names of compounds and roads from the county's own table."""
    rows = read_other_names(str(FOLDER / "aliases.csv"))
    listed = defaultdict(list)
    for one in rows:
        listed[one.name].append(one.alias)
    return dict(listed)


@pytest.fixture(scope="module")
def book(entries, others) -> AddressBook:
    return AddressBook(entries, others, county=["乌有县"])


def write_one(entry: AddressEntry, others: dict[str, list[str]], rng: random.Random) -> str:
    """Write an address as people do; of several buildings behind one door the building is written too."""
    if entry.compound or not entry.building:
        return write(entry, others, rng).replace("云川县", "乌有县")
    number = re.fullmatch(r"(\d+)(?:栋|幢|号楼)", entry.building)
    building = f"{number[1]}{rng.choice(COUNTERS)}" if number else entry.building
    return f"{rng.choice(['', entry.places[0]])}{entry.street}{entry.number}{building}"


def test_variants_find_their_building_first_and_none_is_wrong_and_certain(entries, others, book):
    rng = random.Random(26)  # noqa: S311  a seed to repeat the test with
    kinds = [one for one in entries if one.building], [one for one in entries if not one.building]
    missed, wrong, certain = [], [], 0
    for number in range(VARIANTS):
        entry = rng.choice(kinds[number % 2])
        address = write_one(entry, others, rng)
        match = book.match(address)
        certain += match.certain
        if not match.candidates or match.candidates[0].key != entry.key:
            missed.append((address, entry, match.candidates[:2]))
            wrong += [missed[-1]] if match.certain else []
    assert wrong == []
    assert len(missed) <= (1 - FIRST_AT_LEAST) * VARIANTS, missed[:10]
    assert certain >= 0.8 * VARIANTS, "certainty that is never given is worth nothing"


def test_a_damaged_address_is_never_wrong_and_certain(entries, others, book):
    rng = random.Random(27)  # noqa: S311  a seed to repeat the test with
    for _ in range(VARIANTS):
        entry = rng.choice(entries)
        address = damage(write_one(entry, others, rng), rng)
        match = book.match(address)
        if match.certain and match.candidates[0].key != entry.key:
            # Only where what is left of it says, sign for sign, another building of the table.
            left = normalise_address(address)
            assert left.endswith(match.candidates[0].matched), (address, entry, match.candidates[0])
