"""`audit`: who did or saw what, whether that is what was written, and where its old parts go."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from app.cli.faults import reporting
from app.cli.options import AsJson
from app.cli.root import app
from app.settings import Settings

__all__ = ["audit"]

audit = typer.Typer(help="审计：谁做了、看了什么 Who did or saw what", no_args_is_help=True)
app.add_typer(audit, name="audit")

BROKEN = 1
Day = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], metavar="YYYY-MM-DD", help="日期 day")]


@audit.command("list", help="查阅审计记录 Look through the audit; this too is written down")
def list_entries(
    context: typer.Context,
    since: Day = None,
    until: Day = None,
    actor: Annotated[str, typer.Option(metavar="TEXT", help="账号或密钥名 account or key")] = "",
    key: Annotated[str, typer.Option(metavar="PREFIX", help="密钥前缀 the prefix of a key")] = "",
    action: Annotated[str, typer.Option(metavar="TEXT", help="动作 action")] = "",
    grid: Annotated[str, typer.Option(metavar="CODE", help="涉及的网格 the grid it is about")] = "",
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="最多几条 how many")] = 100,
    as_json: AsJson = False,
) -> None:
    """List the newest entries that are wanted, oldest first."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.audit import list_audit
        from app.store.audit import Wanted

        first, end = (None if day is None else day.astimezone() for day in (since, until))
        found = list_audit(settings.store, Wanted(first, end, actor, key, action, grid), most=limit)
        if as_json:
            entries = [
                {"number": one.number, "at": one.at.isoformat(), **vars(one.entry), "hash": one.hash.hex()}
                for one in found
            ]
            terminal.print_json({"entries": entries})
            return
        for one in found:
            entry = one.entry
            which = "" if entry.actor_id is None else f"#{entry.actor_id}"
            who = f"{entry.actor_kind}:{entry.actor}{which}" if entry.actor_kind else "-"
            words = [str(one.number), f"{one.at.astimezone():%Y-%m-%d %H:%M:%S}", who, entry.action, entry.subject]
            line = "  ".join([*words, entry.source, entry.result, *(f"{k}={v}" for k, v in entry.details.items())])
            terminal.print(line, line)


@audit.command("verify", help="核验：有无删、改、换序、截尾 Whether anything was removed, edited, moved or cut")
def verify(context: typer.Context, as_json: AsJson = False) -> None:
    """Walk the chain and compare it with the heads and boundaries outside the database; exit 1 where it is broken."""
    settings: Settings = context.obj
    with reporting(context, as_json=as_json) as terminal:
        from app.jobs.audit import verify_audit

        report = verify_audit(settings.store)
        if as_json:
            terminal.print_json({**vars(report), "faults": [english for _, english in report.faults]})
        else:
            for chinese, english in report.faults:
                terminal.print(chinese, english)
            sound = "没有删改" if not report.faults else f"{len(report.faults)} 处不符"
            sound_en = "nothing was changed" if not report.faults else f"{len(report.faults)} faults"
            terminal.print(
                f"审计 {report.rows} 条，归档 {report.segments} 段，库外存证 {report.heads} 次：{sound}",
                f"{report.rows} entries, {report.segments} archived segments, {report.heads} heads outside: {sound_en}",
            )
        if report.faults:
            raise typer.Exit(BROKEN)


@audit.command("archive", help="把到期的记录移入签名的归档文件 Move old entries into a signed file")
def archive(
    context: typer.Context,
    days: Annotated[int, typer.Option(min=180, max=36_500, help="库内保存天数 days that entries stay")] = 180,
) -> None:
    """Archive what is older than some days."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from app.jobs.audit import archive_audit

        done = archive_audit(settings.store, days=days)
        if done.segment is None:
            terminal.print("没有到期的记录。", "nothing is that old.")
        else:
            first, last = done.segment.first, done.segment.last
            terminal.print(f"第 {first}–{last} 条已移入 {done.file}", f"entries {first} to {last} are in {done.file}")


@audit.command("head", help="立即把链头写到库外 Write the head of the chain outside the database now")
def head(context: typer.Context) -> None:
    """Note the head; the service does so every hour."""
    settings: Settings = context.obj
    with reporting(context, as_json=False) as terminal:
        from app.jobs.audit import note_head

        done = note_head(settings.store)
        terminal.print(f"{done.number} {done.hash.hex()}", f"{done.number} {done.hash.hex()}")
