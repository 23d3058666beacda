"""`jiexiang sides` as a person types it: sentences of a plan, and texts held against it."""

from __future__ import annotations

import json

import pytest


@pytest.fixture(scope="session")
def plan(demonstration):
    return demonstration.folder / "plan.gpkg"


@pytest.fixture(scope="session")
def sentences(jiexiang_here, plan) -> dict[str, str]:
    told = json.loads(jiexiang_here("sides", plan, "--json").stdout)
    return {grid["grid_code"]: grid["sentence"] for grid in told["grids"]}


def test_every_grid_of_a_plan_has_its_sentence(sentences):
    assert len(sentences) > 30
    assert all(
        sentence.startswith("东至") and all(f"，{side}至" in sentence for side in "南西北")
        for sentence in sentences.values()
    )


def test_what_the_plan_says_of_itself_agrees(jiexiang_here, plan, sentences, town_options, tmp_path):
    written = tmp_path / "notices.txt"
    written.write_text("".join(f"{code}：{sentence}\n" for code, sentence in sentences.items()), "gb18030")
    wanted = ("--barriers", "--compounds", "--special-sites", "--buildings")
    layers = [part for k, part in enumerate(town_options) if part in wanted or town_options[k - 1] in wanted]
    result = jiexiang_here("sides", plan, "--check", written, *layers, "--json")
    checked = json.loads(result.stdout)["notices"]
    assert [one["text"] for one in checked if not one["agrees"]] == []
    assert result.exit_code == 0


def test_a_wrong_side_is_told_and_the_exit_code_says_so(jiexiang_here, plan, sentences):
    code, sentence = next(iter(sentences.items()))
    wrong = sentence.replace("东至", "东至凤凰台路、", 1)
    result = jiexiang_here("sides", plan, "--grid", code, "--check", wrong)
    assert result.exit_code == 1
    assert "图上没有“凤凰台路”" in result.stdout


def test_a_text_of_no_grid_and_a_line_without_sides_are_told(jiexiang_here, plan, tmp_path):
    written = tmp_path / "notices.txt"
    written.write_text("网格编码,四至范围\n第一网格：东至甲路，南至乙路，西至丙路，北至丁路\n", "utf-8-sig")
    result = jiexiang_here("sides", plan, "--check", written)
    assert result.exit_code == 1
    assert "第 1 行：网格编码,四至范围  → 看不出四至" in result.stdout
    assert "个网格都叫“第一网格”" in result.stdout


def test_what_is_neither_text_nor_file_is_refused(jiexiang_here, plan):
    result = jiexiang_here("sides", plan, "--check", "nothing.txt")
    assert result.exit_code == 2
    assert "没有这个文件" in result.stderr


def test_grids_drawn_by_hand_are_told_from_the_layers(jiexiang_here, plan, town_options):
    result = jiexiang_here("sides", f"{plan}:grids", *town_options[:4], "--json")
    told = json.loads(result.stdout)["grids"]
    assert any("中线" in grid["sides"]["east"] for grid in told)
