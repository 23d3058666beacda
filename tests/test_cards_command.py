"""`jiexiang cards` on the town: a picture and a PDF a grid, all or none, the same on one process and on two."""

from __future__ import annotations

import asyncio
import json

import pytest

from app.files.plans import read_plan
from app.reports import cards
from app.reports.codes import qr_modules
from app.store.connect import open_store
from app.store.links import find_link, read_links

OPTIONS = ("--only", "999901001001", "--only", "999901001002")


@pytest.fixture(scope="module")
def asked(demonstration, town_options):
    layers = dict(zip(town_options[::2], town_options[1::2], strict=True))
    named = [part for name in ("--communities", "--buildings", "--compounds") for part in (name, layers[name])]
    return [demonstration.folder / "plan.gpkg", *named, *OPTIONS]


@pytest.fixture(scope="module")
def drawn(jiexiang_here, asked, tmp_path_factory):
    folder = tmp_path_factory.mktemp("cards") / "cards"
    done = jiexiang_here("cards", *asked, "--out", folder, "--effective", "2026-12-01", "--workers", "1", "--json")
    assert done.exit_code == 0, done.stderr
    return folder, json.loads(done.stdout)


def test_every_grid_of_the_communities_has_its_picture_and_its_pdf(demonstration, drawn):
    folder, told = drawn
    grids = read_plan(demonstration.folder / "plan.gpkg").grids
    codes = sorted(grids["grid_code"][grids["community_code"].isin(OPTIONS[1::2])])
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(told["files"])
    for kind in ("jpg", "pdf"):
        assert sorted(name.split(" ")[0] for name in files if name.endswith(kind)) == codes
    assert max(path.stat().st_size for path in folder.glob("*.jpg")) <= 500_000


def test_two_processes_draw_the_same(jiexiang_here, asked, drawn, tmp_path):
    done = jiexiang_here("cards", *asked, "--out", tmp_path, "--effective", "2026-12-01", "--workers", "2")
    assert done.exit_code == 0, done.stderr
    for path in drawn[0].iterdir():
        assert (tmp_path / path.name).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "1"], "没有这个社区"),
        (["--effective", "明天"], "2026-12-01"),
        (["--duties", "nowhere.txt"], "读不出来"),
        (["--links", "30"], "JIEXIANG_PUBLIC_URL"),
        (["--barriers", "water.gpkg"], "--communities"),
    ],
)
def test_what_cannot_be_drawn_is_refused_and_nothing_is_written(jiexiang_here, asked, tmp_path, options, words):
    done = jiexiang_here("cards", asked[0], "--out", tmp_path / "cards", *options)
    assert done.exit_code == 2
    assert words in done.stderr
    assert not (tmp_path / "cards").exists()


def test_no_card_is_overwritten_without_force(jiexiang_here, asked, drawn):
    done = jiexiang_here("cards", *asked, "--out", drawn[0])
    assert done.exit_code == 2
    assert "--force" in done.stderr


def test_more_than_five_duties_are_refused(jiexiang_here, asked, tmp_path):
    (tmp_path / "duties.txt").write_text("一\n" * 6, "utf-8")
    done = jiexiang_here("cards", asked[0], "--out", tmp_path / "cards", "--duties", tmp_path / "duties.txt")
    assert done.exit_code == 2
    assert "最多 5 行" in done.stderr


def test_a_card_made_with_a_database_carries_the_signed_link_of_its_grid(
    jiexiang_here, demonstration, store_settings, tmp_path, monkeypatch
):
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    monkeypatch.setenv("JIEXIANG_PUBLIC_URL", "https://grid.example")
    led_to = []
    monkeypatch.setattr(cards, "qr_modules", lambda address: led_to.append(address) or qr_modules(address))
    plan = demonstration.folder / "plan.gpkg"
    asked = ["cards", plan, "--only", OPTIONS[1], "--links", "30", "--workers", "1"]
    early = jiexiang_here(*asked, "--out", tmp_path / "early")
    assert early.exit_code == 2
    assert "请先导入" in early.stderr
    assert jiexiang_here("import", plan).exit_code == 0
    done = jiexiang_here(*asked, "--out", tmp_path / "cards")
    assert done.exit_code == 0, done.stderr
    tokens = {address.removeprefix("https://grid.example/m#") for address in led_to}

    async def find():
        async with open_store(store_settings.database_url, store_settings) as store, store.reading() as connection:
            return {(await find_link(connection, token)).grid_id for token in tokens}

    assert len(asyncio.run(find())) == len(list((tmp_path / "cards").glob("*.jpg"))) > 1


@pytest.mark.parametrize("fault", ["there already", "no staff", "not drawn"])
def test_cards_that_are_not_drawn_leave_no_link_that_holds(
    jiexiang_here, demonstration, store_settings, tmp_path, monkeypatch, fault
):
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    monkeypatch.setenv("JIEXIANG_PUBLIC_URL", "https://grid.example")
    plan = demonstration.folder / "plan.gpkg"
    assert jiexiang_here("import", plan).exit_code == 0
    asked = ["cards", plan, "--only", OPTIONS[1], "--links", "30", "--workers", "1", "--out", tmp_path / "cards"]
    if fault == "there already":
        assert jiexiang_here(*[part for part in asked if part not in ("--links", "30")]).exit_code == 0
    elif fault == "no staff":
        asked += ["--staff", tmp_path / "nobody.xlsx"]
    else:
        monkeypatch.setattr(cards, "qr_modules", lambda _: 1 / 0)
    assert jiexiang_here(*asked).exit_code != 0

    async def find():
        async with open_store(store_settings.database_url, store_settings) as store, store.reading() as connection:
            return await read_links(connection)

    found = asyncio.run(find())
    assert [link.prefix for link in found if link.revoked_at is None] == []
    assert bool(found) == (fault != "there already")


def test_water_and_railways_of_the_barriers_are_drawn_on_a_card(jiexiang_here, asked, drawn, town_options, tmp_path):
    layers = dict(zip(town_options[::2], town_options[1::2], strict=True))
    more = ["--barriers", layers["--barriers"], "--effective", "2026-12-01", "--workers", "1"]
    assert jiexiang_here("cards", *asked, *more, "--out", tmp_path).exit_code == 0
    changed = [path.name for path in drawn[0].glob("*.jpg") if (tmp_path / path.name).read_bytes() != path.read_bytes()]
    assert changed
