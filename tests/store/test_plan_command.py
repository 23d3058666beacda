"""`plan` as a clerk types it: a plan through every step with its papers, and back out again to be read."""

from __future__ import annotations

import hashlib
import json

import pytest
from drawn_plans import draw_plan

from app.files.plans import write_plan


@pytest.fixture
def plan(jiexiang_here, store_settings, monkeypatch, tmp_path):
    """Return a function that runs `jiexiang plan` against the database of this test, where plan 1 is a draft."""
    monkeypatch.setenv("DATABASE_URL", store_settings.database_url)
    monkeypatch.delenv("JIEXIANG_SKIPPED_STEPS", raising=False)
    write_plan(draw_plan(), tmp_path / "plan.gpkg")
    assert jiexiang_here("import", tmp_path / "plan.gpkg", "--title", "今年的方案").exit_code == 0
    return lambda *words: jiexiang_here("plan", *words)


def test_a_plan_is_taken_through_every_step_with_its_papers(plan, jiexiang_here, tmp_path):
    minutes, approval = tmp_path / "会议纪要.pdf", tmp_path / "批复.pdf"
    minutes.write_bytes(b"minutes")
    approval.write_bytes(b"approval")
    assert plan("step", "1", "reviewed", "--by", "李", "--unit", "民政局", "--paper", minutes).exit_code == 0
    days = ("--from", "2026-03-02", "--to", "2026-03-09")
    assert plan("step", "1", "public_notice", *days, "--why", "征求意见").exit_code == 0
    assert plan("objection", "1", "界线划错了", "--lon", "105.001", "--lat", "30.001").exit_code == 0
    assert plan("reply", "1", "已改", "--adopted").exit_code == 0
    done = plan("step", "1", "approved", "--document", "民〔2026〕7号")
    assert done.stdout.strip() == "方案 1：已批复"
    assert plan("paper", "1", approval).exit_code == 0
    assert jiexiang_here("publish", "1", "--effective", "2026-07-01").exit_code == 0

    told = json.loads(plan("show", "1", "--json").stdout)
    assert (told["status"], told["title"]) == ("published", "今年的方案")
    steps = ["draft", "reviewed", "public_notice", "approved", "published"]
    assert [one["step"] for one in told["steps"]] == steps
    assert told["steps"][1]["actor"] == "李"
    assert told["steps"][2]["notice"] == ["2026-03-02", "2026-03-09"]
    assert told["steps"][3]["document_number"] == "民〔2026〕7号"
    assert [(one["step"], one["name"]) for one in told["papers"]] == [
        ("reviewed", "会议纪要.pdf"),
        ("approved", "批复.pdf"),
    ]
    assert told["papers"][1]["sha256"] == hashlib.sha256(b"approval").hexdigest()
    assert [(one["text"], one["reply"], one["adopted"]) for one in told["objections"]] == [("界线划错了", "已改", True)]
    read = plan("show", "1").stdout
    assert all(words in read for words in ("今年的方案", "民〔2026〕7号", "批复.pdf", "（采纳）：界线划错了 → 已改"))


def test_every_command_that_changes_a_plan_stands_in_the_audit(plan, jiexiang_here, tmp_path):
    (tmp_path / "批复.pdf").write_bytes(b"approval")
    days = ("--from", "2026-03-02", "--to", "2026-03-09")
    for words in (
        ("step", "1", "reviewed"),
        ("step", "1", "public_notice", *days),
        ("objection", "1", "界线划错了"),
        ("reply", "1", "已改", "--adopted"),
        ("step", "1", "approved"),
        ("paper", "1", tmp_path / "批复.pdf"),
    ):
        assert plan(*words).exit_code == 0
    assert plan("step", "1", "reviewed").exit_code == 1
    assert jiexiang_here("publish", "1", "--effective", "2026-07-01").exit_code == 0
    assert jiexiang_here("withdraw", "1", "--on", "2026-08-01", "--why", "有误").exit_code == 0
    told = json.loads(jiexiang_here("audit", "list", "--json").stdout)["entries"]
    assert [(one["action"], one["subject"]) for one in told] == [
        ("import", "plan 1"),
        ("plan reviewed", "plan 1"),
        ("plan public_notice", "plan 1"),
        ("plan objection", "plan 1"),
        ("plan reply", "objection 1"),
        ("plan approved", "plan 1"),
        ("plan paper", "plan 1"),
        ("publish", "plan 1"),
        ("withdraw", "plan 1"),
    ]


def test_plans_are_listed(plan):
    assert plan("list").stdout.split()[:4] == ["方案", "1", "草案", "今年的方案"]


def test_a_step_whose_paper_cannot_be_read_is_not_taken(plan, tmp_path):
    refused = plan("step", "1", "reviewed", "--paper", tmp_path / "没有.pdf")
    assert refused.exit_code == 2
    assert "没有.pdf" in refused.stderr
    (tmp_path / "空.pdf").write_bytes(b"")
    assert plan("step", "1", "reviewed", "--paper", tmp_path / "空.pdf").exit_code == 1
    assert json.loads(plan("show", "1", "--json").stdout)["status"] == "draft"


def test_a_step_before_its_time_and_half_a_notice_are_refused(plan):
    early = plan("step", "1", "approved")
    assert early.exit_code == 1
    assert "reviewed" in early.stderr
    assert plan("step", "1", "public_notice", "--from", "2026-03-02").exit_code == 2
    assert plan("show", "9").exit_code == 1
