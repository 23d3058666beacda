"""The papers of a plan (附件): what was decided at a step, as it was signed, kept with its hash and never changed."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection

from app.store.areas import COUNTY, Area
from app.store.errors import Conflict, NotFound, Refused
from app.store.plans import lock_plan, read_plan_record
from app.store.tables import plan_papers, plan_steps

__all__ = ["LARGEST_PAPER", "LONGEST_NAME", "NewPaper", "Paper", "file_paper", "read_paper", "read_papers"]

LARGEST_PAPER = 16 * 2**20
"""The most bytes of one paper; a scan of fifty pages has about five million."""
LONGEST_NAME = 200


@dataclass(frozen=True)
class NewPaper:
    """A file as it was handed in; `name` is its own, without a folder."""

    name: str
    content: bytes


@dataclass(frozen=True)
class Paper:
    """A paper without its content: to which step it belongs, how large it is, its SHA-256 in hexadecimal digits."""

    id: int
    step: str
    name: str
    size: int
    sha256: str
    filed_at: datetime
    filed_by: str


async def file_paper(
    connection: AsyncConnection, plan_id: int, new: NewPaper, *, by: str, step: str | None = None
) -> Paper:
    """Keep a paper with the newest step of a plan, or with the newest of the step that is named.

    Raises
    ------
    NotFound
        There is no such plan.
    Conflict
        The plan has not taken the step, or the step has this very paper already.
    Refused
        The paper is empty or too large, or its name is none that a file can have.
    """
    _refuse_misshapen(new)
    await lock_plan(connection, plan_id)
    question = select(plan_steps.c.id, plan_steps.c.step).where(plan_steps.c.plan_id == plan_id)
    if step is not None:
        question = question.where(plan_steps.c.step == step)
    taken = (await connection.execute(question.order_by(plan_steps.c.id.desc()).limit(1))).one_or_none()
    if taken is None:
        raise Conflict(f"方案 {plan_id} 还没有经过 {step}", f"plan {plan_id} has not been {step} yet")
    digest = hashlib.sha256(new.content).hexdigest()
    row = {"step_id": taken.id, "name": new.name, "sha256": digest, "content": new.content, "filed_by": by}
    kept = plan_papers.c
    writing = insert(plan_papers).values(row).on_conflict_do_nothing(index_elements=["step_id", "sha256"])
    made = (await connection.execute(writing.returning(kept.id, kept.filed_at))).one_or_none()
    if made is None:
        raise Conflict(f"{new.name}：这一步已有内容相同的附件", f"{new.name}: the step has this very paper already")
    return Paper(made.id, taken.step, new.name, len(new.content), digest, made.filed_at, by)


def _refuse_misshapen(new: NewPaper) -> None:
    if not new.content:
        raise Refused(f"{new.name}：附件是空的", f"{new.name}: the paper is empty")
    if len(new.content) > LARGEST_PAPER:
        most = LARGEST_PAPER // 2**20
        raise Refused(
            f"{new.name}：{len(new.content) / 2**20:.1f} MiB，每份附件最多 {most} MiB",
            f"{new.name}: {len(new.content) / 2**20:.1f} MiB; a paper may have {most} MiB",
        )
    strange = any(not sign.isprintable() or sign in "/\\" for sign in new.name)
    if not new.name.strip(" .") or len(new.name) > LONGEST_NAME or strange:
        raise Refused(
            f"附件名须是 1–{LONGEST_NAME} 字的文件名，不含斜线和控制字符",
            f"the name of a paper is that of a file: 1 to {LONGEST_NAME} signs, no slash and no control sign",
        )


async def read_papers(connection: AsyncConnection, plan_id: int) -> list[Paper]:
    """Read what papers a plan has, in the order in which they were filed."""
    kept = plan_papers.c
    size = func.octet_length(kept.content)
    question = select(kept.id, plan_steps.c.step, kept.name, size, kept.sha256, kept.filed_at, kept.filed_by)
    question = question.join(plan_steps, plan_steps.c.id == kept.step_id)
    rows = await connection.execute(question.where(plan_steps.c.plan_id == plan_id).order_by(kept.id))
    return [Paper(*row) for row in rows]


async def read_paper(
    connection: AsyncConnection, plan_id: int, paper_id: int, *, area: Area = COUNTY
) -> tuple[str, bytes]:
    """Return the name and the content of one paper of a plan.

    Raises
    ------
    NotFound
        There is no such plan in the area, or it has no such paper.
    """
    await read_plan_record(connection, plan_id, area=area)
    question = select(plan_papers.c.name, plan_papers.c.content).join(
        plan_steps, plan_steps.c.id == plan_papers.c.step_id
    )
    question = question.where(plan_papers.c.id == paper_id, plan_steps.c.plan_id == plan_id)
    found = (await connection.execute(question)).one_or_none()
    if found is None:
        raise NotFound(f"方案 {plan_id} 没有编号为 {paper_id} 的附件", f"plan {plan_id} has no paper {paper_id}")
    return found.name, bytes(found.content)
