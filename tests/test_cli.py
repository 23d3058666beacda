"""The command line as people run it: real processes on the made-up town and on a hamlet drawn here."""

from __future__ import annotations

import hashlib
import json
import os
import pty
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import geopandas as gpd
import pytest
import shapely.affinity

from app import __version__
from app.geo.promises import HARD_PROMISES, PROMISE_WORDS
from app.geo.rules import Rules
from app.jobs.inputs import Inputs
from app.jobs.split import SplitOrder
from app.jobs.split import split as divide
from app.outcomes import Failure, Outcome
from app.run import run_tasks
from tests.conftest import TOWN, TOWN_LAYERS

COMMAND = str(Path(sys.executable).with_name("jiexiang"))
VILLAGE = "999901001202"  # 250 households: quickly divided
MIXED = "999901001010"  # 930 households
ESTATES = "999901001004"  # 1080 households
ZONE = "EPSG:4544"
EASTING, NORTHING = 500_000.0, 3_353_500.0


def digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def village(jiexiang_here, town_options, tmp_path_factory) -> Path:
    """Divide one village of the town: a small plan to work with."""
    out = tmp_path_factory.mktemp("village") / "out"
    assert jiexiang_here("split", *town_options, "--only", VILLAGE, "--out", out).exit_code == 0
    return out


def draw_hamlet(file: Path, *, gap_m: float = 0.0) -> list[str]:
    """Write two communities side by side, a street between and across, and return the options that hand them in.

    +-------+-------+
    | o o o | o o o |     each o a house of 100 households
    +=======+=======+     = a street; so is | in the middle
    | o o o | o o o |
    +-------+-------+
    """

    def place(shape: shapely.Geometry) -> shapely.Geometry:
        return shapely.affinity.translate(shape, EASTING, NORTHING)

    halves = [shapely.box(0, 0, 400, 400), shapely.box(400 + gap_m, 0, 800 + gap_m, 400)]
    streets = [shapely.LineString([(0, 200), (800 + gap_m, 200)]), shapely.LineString([(400, 0), (400, 400)])]
    houses = [
        shapely.box(x - 15, y - 8, x + 15, y + 8)
        for left in (0, 400 + gap_m)
        for x in (left + 80, left + 200, left + 320)
        for y in (100, 300)
    ]
    frames = {
        "communities": gpd.GeoDataFrame({"community_code": ["990000000001", "990000000002"]}, geometry=halves),
        "streets": gpd.GeoDataFrame({"highway": ["secondary", "residential"]}, geometry=streets),
        "buildings": gpd.GeoDataFrame({"households": [100] * len(houses)}, geometry=houses),
    }
    for layer, frame in frames.items():
        frame.set_geometry(frame.geometry.map(place), crs=ZONE).to_file(file, layer=layer)
    return [part for layer in frames for part in (f"--{layer}", f"{file}:{layer}")]


# --- what stands before any command -----------------------------------------------------------------------------------


def test_version(jiexiang):
    assert jiexiang("--version").stdout == f"jiexiang {__version__}\n"


@pytest.mark.parametrize("command", ["split", "verify", "map", "doctor", "demo"])
def test_every_command_explains_itself(jiexiang_here, command):
    answer = jiexiang_here(command, "--help")
    assert answer.exit_code == 0
    assert answer.stdout.startswith(f"Usage: jiexiang {command}")


def test_a_misspelt_command_is_guessed(jiexiang):
    answer = jiexiang("splt")
    assert answer.returncode == 2
    assert "Did you mean 'split'?" in answer.stderr


def test_the_shell_completes_commands(jiexiang):
    asked = {"_JIEXIANG_COMPLETE": "complete_bash", "COMP_WORDS": "jiexiang ve", "COMP_CWORD": "1"}
    assert jiexiang(env=os.environ | asked).stdout.split() == ["verify"]


def test_a_bad_setting_is_named(jiexiang):
    answer = jiexiang("doctor", env=os.environ | {"JIEXIANG_WORKERS": "many"})
    assert (answer.returncode, answer.stdout) == (2, "")
    assert "JIEXIANG_WORKERS=many" in answer.stderr


# --- demo -------------------------------------------------------------------------------------------------------------


def test_the_demo_keeps_every_hard_promise_and_says_where_its_map_lies(demonstration):
    said = demonstration.process.stdout
    assert "✓ 18 项硬承诺全部满足" in said
    assert "地图：out/demo/map.html" in said
    assert demonstration.process.returncode == 0
    assert demonstration.process.stderr == ""


def test_the_demo_leaves_plan_map_and_record(demonstration):
    assert sorted(file.name for file in demonstration.folder.iterdir()) == ["map.html", "plan.gpkg", "run.json"]
    assert len(gpd.read_file(demonstration.folder / "plan.gpkg", layer="communities")) == 12


def test_without_a_terminal_the_demo_fetches_its_page_and_stops(demonstration):
    fetched = re.search(r"http://127\.0\.0\.1:\d+/ 答复 200：《.+》，([\d,]+) 字节", demonstration.process.stdout)
    assert int(fetched[1].replace(",", "")) == (demonstration.folder / "map.html").stat().st_size


def test_the_record_tells_what_was_asked_with_what_and_what_came_of_it(demonstration):
    record = json.loads((demonstration.folder / "run.json").read_text("utf-8"))
    assert list(record["inputs"]) == list(TOWN_LAYERS)
    assert record["inputs"]["communities"]["source"] == f"{TOWN}:communities"
    assert record["inputs"]["communities"]["features"] == 12
    assert record["rules"]["min_households"] == 300
    assert set(record["seconds"]) == {"read", "prepare", "divide", "assemble", "write", "check", "draw", "total"}
    assert len(record["communities"]) == 12
    assert list(record["promises"]) == list(PROMISE_WORDS)
    assert {note["layer"] for note in record["notes"]} >= {"communities", "streets", "buildings"}


# --- split ------------------------------------------------------------------------------------------------------------


def test_split_prints_reasons_promises_and_where_the_plan_lies(jiexiang, town_options, tmp_path):
    answer = jiexiang("split", *town_options, "--only", VILLAGE, "--out", tmp_path / "out")
    assert answer.returncode == 0
    assert answer.stderr == ""  # nobody watches: no progress
    assert re.search(r"^grids +1 +网格数$", answer.stdout, re.MULTILINE)
    assert "✓ 18 项硬承诺全部满足" in answer.stdout
    assert "第一网格：本网格250户" in answer.stdout
    assert answer.stdout.endswith(f"划分方案：{tmp_path / 'out' / 'plan.gpkg'}\n")


def test_the_same_bytes_come_from_any_number_of_workers_and_any_hash_seed(jiexiang, town_options, tmp_path):
    asked = ["split", *town_options, "--only", VILLAGE, "--only", MIXED]
    for workers in ("1", "2"):
        jiexiang(
            *asked, "--workers", workers, "--out", tmp_path / workers, env=os.environ | {"PYTHONHASHSEED": workers}
        )
    assert digest(tmp_path / "1" / "plan.gpkg") == digest(tmp_path / "2" / "plan.gpkg")


def test_json_is_the_record_and_nothing_else(jiexiang_here, town_options, tmp_path):
    answer = jiexiang_here(
        "--lang", "en", "split", *town_options, "--only", VILLAGE, "--out", tmp_path / "out", "--json"
    )
    assert json.loads(answer.stdout) == json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))


def test_nothing_is_overwritten_without_force(jiexiang_here, town_options, village, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    (out / "plan.gpkg").write_bytes(b"somebody's plan")
    asked = ["split", *town_options, "--only", VILLAGE, "--out", out]
    refused = jiexiang_here(*asked)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "--force" in refused.stderr
    assert (out / "plan.gpkg").read_bytes() == b"somebody's plan"
    assert jiexiang_here(*asked, "--force").exit_code == 0
    assert digest(out / "plan.gpkg") == digest(village / "plan.gpkg")


def test_posts_are_shared_by_households_one_grid_each(jiexiang_here, town_options, tmp_path):
    asked = ["--only", MIXED, "--only", ESTATES, "--posts", "6", "--no-prove"]
    jiexiang_here("split", *town_options, *asked, "--out", tmp_path / "out")
    grids = gpd.read_file(tmp_path / "out" / "plan.gpkg", layer="grids")
    general = grids[grids["kind"] == "general"]
    assert general["community_code"].value_counts().to_dict() == {MIXED: 3, ESTATES: 3}


def test_the_number_of_grids_can_be_given(jiexiang_here, tmp_path):
    hamlet = draw_hamlet(tmp_path / "hamlet.gpkg")
    jiexiang_here("split", *hamlet, "--grids", "1", "--out", tmp_path / "one")
    jiexiang_here("split", *hamlet, "--out", tmp_path / "free")
    assert len(gpd.read_file(tmp_path / "one" / "plan.gpkg", layer="grids")) == 2
    assert len(gpd.read_file(tmp_path / "free" / "plan.gpkg", layer="grids")) == 4


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--only", "99990100120"], "是不是 999901001202"),
        (["--grids", "three"], "--grids three"),
        (["--grids", "5-3"], "5–3"),
        (["--min", "600"], "600–500"),
        (["--hard-barrier", "hedge"], "hedge"),
        (["--posts", "3"], "岗位 3 个，少于社区 12 个"),
        (["--columns", "nonsense=户数"], "--columns nonsense=户数"),
    ],
)
def test_options_that_cannot_be_followed_are_refused_and_nothing_is_written(
    jiexiang_here, town_options, tmp_path, options, words
):
    answer = jiexiang_here("split", *town_options, *options, "--out", tmp_path / "out")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert words in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_faults_of_several_layers_are_told_together_one_a_line(jiexiang_here, tmp_path):
    asked = ["split", "--communities", "none.gpkg", "--streets", f"{TOWN}:lanes", "--out", tmp_path / "out"]
    answer = jiexiang_here(*asked)
    assert answer.exit_code == 2
    first, second = answer.stderr.splitlines()
    assert first.startswith("none.gpkg：文件不存在")
    assert second.startswith(f"{TOWN}:lanes：没有名为“lanes”的图层")
    assert list(tmp_path.iterdir()) == []
    faults = json.loads(jiexiang_here(*asked, "--json").stdout)["faults"]
    assert [fault["kind"] for fault in faults] == ["file_missing", "layer_missing"]
    assert jiexiang_here("--lang", "en", *asked).stderr.splitlines()[0].startswith("none.gpkg: no such file")


def test_a_gap_between_communities_is_refused_unless_mended_and_the_mended_outlines_are_kept(jiexiang_here, tmp_path):
    hamlet = draw_hamlet(tmp_path / "hamlet.gpkg", gap_m=8.0)
    refused = jiexiang_here("split", *hamlet, "--out", tmp_path / "out")
    assert refused.exit_code == 2
    assert "990000000001" in refused.stderr
    assert not (tmp_path / "out").exists()
    assert jiexiang_here("split", *hamlet, "--mend", "--out", tmp_path / "out").exit_code == 0
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == ["mended.gpkg", "plan.gpkg", "run.json"]
    mended = gpd.read_file(tmp_path / "out" / "mended.gpkg").to_crs(ZONE)
    assert mended.area.sum() == pytest.approx(808 * 400, rel=1e-3)


def test_a_community_that_fails_is_recorded_and_stops_no_other(tmp_path):
    def run_but_one(function, tasks, **options):
        outcomes = run_tasks(function, tasks, **options)
        return [
            Outcome(Failure("no way through"), outcome.seconds) if task.code == MIXED else outcome
            for task, outcome in zip(tasks, outcomes, strict=True)
        ]

    order = SplitOrder(
        Inputs({layer: f"{TOWN}:{layer}" for layer in TOWN_LAYERS}),
        Rules(),
        tmp_path / "out",
        only=(VILLAGE, MIXED),
    )
    done = divide(order, run_tasks=run_but_one, on_step=lambda *_: None)
    assert not done.kept
    assert [one.community_code for one in done.failed] == [MIXED]
    assert set(done.plan.grids["community_code"]) == {VILLAGE}
    record = json.loads((tmp_path / "out" / "run.json").read_text("utf-8"))
    assert record["failed"] == [{"community_code": MIXED, "name": "方壶社区", "message": "no way through", "trace": ""}]
    assert record["promises"]["orphan_communities"] == 1


# --- interrupts and terminals -----------------------------------------------------------------------------------------


def read_until(terminal: int, words: str) -> str:
    seen = b""
    while words.encode() not in seen:
        seen += os.read(terminal, 4096)
    return seen.decode(errors="replace")


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_while_dividing_leaves_nothing_and_nobody(town_options, tmp_path, ending):
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, "split", *town_options, "--workers", "2", "--out", tmp_path / "out"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env=os.environ | {"TERM": "xterm"},
        start_new_session=True,
    ) as process:
        os.close(theirs)
        read_until(ours, "划分社区")
        time.sleep(1)
        began = time.monotonic()
        if ending is signal.SIGINT:
            os.killpg(process.pid, ending)  # a terminal sends it to every process of the group
        else:
            process.send_signal(ending)
        said = read_until(ours, "没有留下写了一半的文件")
        out, _ = process.communicate(timeout=60)
    os.close(ours)
    assert process.returncode == 130
    assert time.monotonic() - began < 10
    assert out == b""
    assert "Traceback" not in said
    assert list(tmp_path.iterdir()) == []


def run_at_a_terminal(*arguments: str, **variables: str) -> str:
    """Run with stdout at a terminal and return what stands there."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [COMMAND, *arguments],
        stdout=theirs,
        stderr=subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if name != "NO_COLOR"} | {"TERM": "xterm"} | variables,
    ) as process:
        os.close(theirs)
        seen = b""
        while True:
            try:
                block = os.read(ours, 4096)
            except OSError:  # the other end is closed
                break
            seen += block
        process.wait(timeout=60)
    os.close(ours)
    return seen.decode()


RED = re.compile(r"\x1b\[(?:\d+;)*31m")


def test_a_terminal_gets_tables_and_colours_as_it_likes_them(jiexiang, village, town_options, tmp_path):
    halves = tmp_path / "halves.gpkg"
    spoil(village / "plan.gpkg", halves)
    asked = ["verify", f"{halves}:grids", *town_options, "--only", VILLAGE]
    colourful = run_at_a_terminal(*asked)
    assert "┃" in colourful or "│" in colourful
    assert RED.search(colourful)
    assert not RED.search(run_at_a_terminal(*asked, NO_COLOR="1"))


def test_a_terminal_in_gbk_is_no_reason_to_fail(jiexiang):
    answer = jiexiang("doctor", env=os.environ | {"PYTHONIOENCODING": "gbk"}, encoding="gbk")
    assert answer.returncode == 0
    assert "坐标系" in answer.stdout


# --- verify -----------------------------------------------------------------------------------------------------------


def spoil(plan: Path, out: Path) -> None:
    """Write the grids of a plan as somebody might have drawn them: the first lacks its western half."""
    grids = gpd.read_file(plan, layer="grids")[["geometry"]]
    west, south, east, north = grids.geometry.iloc[0].bounds
    half = shapely.box((west + east) / 2, south, east, north)
    grids.geometry = [grids.geometry.iloc[0].intersection(half), *grids.geometry.iloc[1:]]
    grids.to_file(out, layer="grids")


def test_verify_prints_the_names_of_the_scorecard_for_a_plan(jiexiang_here, village, town_options):
    answer = jiexiang_here("verify", village / "plan.gpkg", *town_options, "--only", VILLAGE)
    assert answer.exit_code == 0
    printed = {line.split()[0] for line in answer.stdout.splitlines() if line}
    assert set(PROMISE_WORDS) <= printed
    assert "✓ 18 项硬承诺全部满足" in answer.stdout


def test_verify_finds_what_is_wrong_with_grids_drawn_by_hand_and_where(jiexiang_here, village, town_options, tmp_path):
    halves = tmp_path / "halves.gpkg"
    spoil(village / "plan.gpkg", halves)
    asked = ["verify", f"{halves}:grids", *town_options, "--only", VILLAGE]
    answer = jiexiang_here(*asked)
    assert answer.exit_code == 1
    assert re.search(r"^gap_m2 .*✗ 未覆盖面积", answer.stdout, re.MULTILINE)
    assert re.search(rf"^  {VILLAGE}  \d+\.\d{{6}},\d+\.\d{{6}}  .*不在任何网格内", answer.stdout, re.MULTILINE)
    record = json.loads(jiexiang_here(*asked, "--json").stdout)
    assert "gap_m2" in record["broken"]
    assert record["promises"]["gap_m2"] > 10_000
    assert set(record["broken"]) <= set(HARD_PROMISES)


# --- map and doctor ---------------------------------------------------------------------------------------------------


def test_map_writes_a_page_beside_the_plan_and_does_not_replace_one(jiexiang_here, village, tmp_path):
    plan = tmp_path / "plan.gpkg"
    plan.write_bytes((village / "plan.gpkg").read_bytes())
    answer = jiexiang_here("map", plan)
    assert answer.exit_code == 0
    assert answer.stdout == f"地图：{tmp_path / 'map.html'}\n"
    page = (tmp_path / "map.html").read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert jiexiang_here("map", plan).exit_code == 2
    english = jiexiang_here("--lang", "en", "map", plan, "--out", tmp_path / "english.html")
    assert english.stdout == f"map: {tmp_path / 'english.html'}\n"
    assert '<html lang="en">' in (tmp_path / "english.html").read_text("utf-8")


def test_a_file_that_is_no_plan_is_refused(jiexiang_here, tmp_path):
    answer = jiexiang_here("map", TOWN, "--out", tmp_path / "map.html")
    assert (answer.exit_code, answer.stdout) == (2, "")
    assert "grids" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_doctor_finds_this_machine_fit(jiexiang_here):
    answer = jiexiang_here("doctor", "--json")
    assert answer.exit_code == 0
    findings = json.loads(answer.stdout)["findings"]
    assert all(finding["well"] for finding in findings if finding["essential"])
    assert "GEOS" in {finding["subject"] for finding in findings}
