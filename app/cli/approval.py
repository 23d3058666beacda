"""`plan`, `publish`, `withdraw`: a plan of the store through the steps of approval, into force and out of it."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app.cli.faults import reporting
from app.cli.options import AsJson
from app.cli.root import app
from app.geo.errors import UsageError
from app.settings import Settings

if TYPE_CHECKING:
    from app.jobs.approval import PlanLife
    from app.store.objections import Objection
    from app.store.papers import Paper
    from app.store.plans import Act, PlanRecord, StepTaken
    from app.terminal import Terminal

__all__ = ["plan", "publish", "withdraw"]

plan = typer.Typer(help="方案：审核、公示、批复及其附件 Plans, the steps of their approval", no_args_is_help=True)
app.add_typer(plan, name="plan")

STEP_WORDS: Mapping[str, str] = {
    "draft": "草案",
    "reviewed": "已审核",
    "public_notice": "公示",
    "approved": "已批复",
    "published": "已生效",
    "withdrawn": "已废止",
}


class Step(StrEnum):
    """The steps before publication."""

    reviewed = "reviewed"
    public_notice = "public_notice"
    approved = "approved"


PlanId = Annotated[int, typer.Argument(metavar="ID", help="方案编号 number of the plan", show_default=False)]
Actor = Annotated[
    str,
    typer.Option("--by", metavar="NAME", help="经办人，默认本机用户 who does it; the user of this machine"),
]
Unit = Annotated[str, typer.Option(metavar="NAME", help="单位 on behalf of whom", show_default=False)]
Document = Annotated[str, typer.Option("--document", metavar="TEXT", help="文号 document number", show_default=False)]
Why = Annotated[str, typer.Option(metavar="TEXT", help="理由 the reason", show_default=False)]
Day = Annotated[
    datetime | None,
    typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="日期，默认今天 day; today if not given"),
]
Papers = Annotated[
    list[Path] | None,
    typer.Option("--paper", metavar="FILE", help="附件，可重复 a paper of this step; repeatable", show_default=False),
]


def _act(by: str, unit: str, document: str, why: str) -> Act:
    from app.store.plans import Act

    return Act(by or f"cli:{getpass.getuser()}", unit, document, why)


@plan.command("list", help="列出方案 List the plans")
def list_plans(context: typer.Context, as_json: AsJson = False) -> None:
    """List every plan, the newest first, with how far it has come."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        listed = jobs.list_plans(settings.store)
        if as_json:
            terminal.print_json({"plans": [_tell(one) for one in listed]})
            return
        for one in listed:
            _print_plan(terminal, one)


@plan.command("show", help="一个方案的步骤、附件、公示意见 One plan: its steps, papers and objections")
def show_plan(context: typer.Context, plan_id: PlanId, as_json: AsJson = False) -> None:
    """Tell all that has happened to a plan."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        life = jobs.show_plan(settings.store, plan_id)
        if as_json:
            terminal.print_json(_tell_life(life))
            return
        _print_plan(terminal, life.plan)
        for step in life.steps:
            _print_step(terminal, step, [paper for paper in life.papers if paper.step == step.step])
        for one in life.objections:
            state, state_en = {None: ("未答复", "open"), True: ("采纳", "adopted"), False: ("未采纳", "not adopted")}[
                one.adopted
            ]
            terminal.print(
                f"  意见 {one.id}（{state}）：{one.text}{f' → {one.reply}' if one.reply else ''}",
                f"  objection {one.id} ({state_en}): {one.text}{f' → {one.reply}' if one.reply else ''}",
            )


@plan.command("step", help="审核、公示、批复 Take a plan to its next step")
def take_step(
    context: typer.Context,
    plan_id: PlanId,
    step: Annotated[Step, typer.Argument(help="审核、公示、批复 the step", show_default=False)],
    notice_from: Annotated[
        datetime | None,
        typer.Option("--from", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="公示首日 first day of the notice"),
    ] = None,
    notice_to: Annotated[
        datetime | None,
        typer.Option("--to", formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="公示末日 last day of the notice"),
    ] = None,
    paper: Papers = None,
    by: Actor = "",
    unit: Unit = "",
    document: Document = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Record that a plan was reviewed, put on public notice or approved, with the papers that say so."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        notice = _read_notice(notice_from, notice_to)
        act = _act(by, unit, document, why)
        filed = jobs.take_step(settings.store, plan_id, step.value, act=act, notice=notice, papers=paper or ())
        if as_json:
            terminal.print_json({"plan_id": plan_id, "status": step.value, "papers": [_tell(one) for one in filed]})
            return
        terminal.print(f"方案 {plan_id}：{STEP_WORDS[step.value]}", f"plan {plan_id}: {step.value}")
        _print_papers(terminal, filed)


def _read_notice(first: datetime | None, last: datetime | None) -> tuple[date, date] | None:
    """Return both days of a public notice, or None where there is none.

    Raises
    ------
    UsageError
        Only one of them is given.
    """
    if first is None and last is None:
        return None
    if first is None or last is None:
        raise UsageError("公示须同时给出 --from 和 --to (a public notice has its first and its last day)")
    return first.date(), last.date()


@plan.command("paper", help="把附件归入最近一步 File papers with the newest step")
def file_papers(
    context: typer.Context,
    plan_id: PlanId,
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="附件 papers", show_default=False)],
    by: Actor = "",
    as_json: AsJson = False,
) -> None:
    """File papers that came later; what is filed never changes."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        filed = jobs.file_papers(settings.store, plan_id, files, by=_act(by, "", "", "").actor)
        if as_json:
            terminal.print_json({"plan_id": plan_id, "papers": [_tell(one) for one in filed]})
            return
        _print_papers(terminal, filed)


@plan.command("objection", help="登记公示意见 Record an objection to a plan under public notice")
def object_to(
    context: typer.Context,
    plan_id: PlanId,
    text: Annotated[str, typer.Argument(metavar="TEXT", help="意见 what is objected", show_default=False)],
    author: Annotated[str, typer.Option(metavar="NAME", help="意见人 who objects", show_default=False)] = "",
    lon: Annotated[float | None, typer.Option(min=-180, max=180, help="经度 longitude of the place")] = None,
    lat: Annotated[float | None, typer.Option(min=-90, max=90, help="纬度 latitude of the place")] = None,
) -> None:
    """Record what somebody objects, and where."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from app.jobs import approval as jobs
        from app.store.objections import NewObjection

        if (lon is None) != (lat is None):
            raise UsageError("--lon 和 --lat 须一起给出 (longitude and latitude come together)")
        place = (lon, lat) if lon is not None and lat is not None else None
        number = jobs.object_to(settings.store, plan_id, NewObjection(author, text, place))
        terminal.print(f"意见 {number} 已登记", f"objection {number} is recorded")


@plan.command("reply", help="答复公示意见，只能一次 Answer an objection, once")
def reply(
    context: typer.Context,
    objection: Annotated[int, typer.Argument(metavar="ID", help="意见编号 number of the objection")],
    text: Annotated[str, typer.Argument(metavar="TEXT", help="答复 the reply", show_default=False)],
    adopted: Annotated[bool, typer.Option("--adopted/--not-adopted", help="是否采纳 whether it is adopted")],
    by: Actor = "",
) -> None:
    """Answer an objection."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from app.jobs import approval as jobs

        jobs.reply(settings.store, objection, text, by=_act(by, "", "", "").actor, adopted=adopted)
        terminal.print(f"意见 {objection} 已答复", f"objection {objection} is answered")


def _print_plan(terminal: Terminal, one: PlanRecord) -> None:
    days = f"{one.effective or ''}—{one.withdrawn_on or ''}" if one.effective else ""
    name = one.title or one.digest[:12]
    terminal.print(
        f"方案 {one.id}  {STEP_WORDS[one.status]}  {name}  {one.communities} 个社区  {days}".rstrip(),
        f"plan {one.id}  {one.status}  {name}  {one.communities} communities  {days}".rstrip(),
    )


def _print_step(terminal: Terminal, step: StepTaken, papers: list[Paper]) -> None:
    facts = [step.at.astimezone().strftime("%Y-%m-%d %H:%M"), step.actor, step.unit, step.document_number, step.why]
    if step.notice:
        facts.append(f"{step.notice[0]}—{step.notice[1]}")
    told = "  ".join(fact for fact in facts if fact)
    terminal.print(f"  {STEP_WORDS[step.step]}  {told}", f"  {step.step}  {told}")
    _print_papers(terminal, papers, indent="    ")


def _print_papers(terminal: Terminal, papers: list[Paper], *, indent: str = "  ") -> None:
    for one in papers:
        line = f"{one.id}  {one.name}  {one.size:,} B  sha256 {one.sha256}"
        terminal.print(f"{indent}附件 {line}", f"{indent}paper {line}")


def _tell_life(life: PlanLife) -> dict[str, Any]:
    return {
        **_tell(life.plan),
        "steps": [_tell(one) for one in life.steps],
        "papers": [_tell(one) for one in life.papers],
        "objections": [_tell(one) for one in life.objections],
    }


def _tell(record: PlanRecord | StepTaken | Paper | Objection) -> dict[str, Any]:
    """Return a record for programs, days and moments as ISO 8601."""
    return {name: _plain(value) for name, value in asdict(record).items()}


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_plain(one) for one in value]
    return value.isoformat() if isinstance(value, date) else value


@app.command(help="发布方案，从某日起生效 Put a plan in force from a day on")
def publish(
    context: typer.Context,
    plan_id: PlanId,
    effective: Day = None,
    by: Actor = "",
    unit: Unit = "",
    document: Document = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Publish a plan in one transaction, its promises checked again on what lies in the database."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        day = (effective or datetime.now().astimezone()).date()
        done = jobs.publish(settings.store, plan_id, effective=day, act=_act(by, unit, document, why))
        if as_json:
            terminal.print_json({**asdict(done), "effective": done.effective.isoformat()})
            return
        terminal.print(
            f"方案 {plan_id} 自 {day} 起生效：{done.communities} 个社区，{done.grids} 个网格；"
            f"随旧网格终止的人员配备 {done.ended_assignments}",
            f"plan {plan_id} is in force from {day}: {done.communities} communities, {done.grids} grids; "
            f"{done.ended_assignments} assignments ended with grids that are no more",
        )


@app.command(help="废止方案，自某日起不再有效 End a plan's validity from a day on")
def withdraw(
    context: typer.Context,
    plan_id: PlanId,
    on: Day = None,
    again: Annotated[
        int | None,
        typer.Option(metavar="ID", help="恢复这个方案 the plan that holds again", show_default=False),
    ] = None,
    by: Actor = "",
    unit: Unit = "",
    document: Document = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """Withdraw a plan; nothing is revived unless it is named."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs import approval as jobs

        day = (on or datetime.now().astimezone()).date()
        done = jobs.withdraw(settings.store, plan_id, on=day, act=_act(by, unit, document, why), again=again)
        if as_json:
            terminal.print_json({**asdict(done), "on": done.on.isoformat()})
            return
        terminal.print(
            f"方案 {plan_id} 自 {day} 起废止：{done.left_without} 个社区没有方案，{done.replaced} 个恢复旧方案",
            f"plan {plan_id} ends on {day}: {done.left_without} communities are left without, "
            f"{done.replaced} have the earlier plan again",
        )
