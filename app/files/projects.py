"""The ledger of new projects 《新建小区配建社区用房移交台账》, read row by row: each a project or a phase of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.files.messages import Findings, Note
from app.files.tables import CommunityNames, LedgerTable, read_ledger
from app.geo.assessment import Community
from app.geo.layers import Contract, Field
from app.geo.projects import STAGES, Phase

__all__ = ["PROJECTS", "ProjectLedger", "read_projects"]

PROJECTS = Contract(
    "projects",
    (),
    (
        Field("project_id", "code", "项目编号 项目代码 项目编码"),
        Field("name", "text", "项目名称 名称", required=True),
        Field("developer", "text", "开发单位 建设单位"),
        Field("community_code", "code", "社区编码 社区代码"),
        Field("community", "text", "所属社区 社区"),
        Field("conditions_on", "text", "规划条件日期"),
        Field("contract_on", "text", "出让合同日期"),
        Field("declared_rule", "text", "适用标准"),
        Field("phase", "text", "分期 期"),
        Field("households", "whole", "规划户数 户数", required=True),
        Field("stated_required", "amount", "应配建面积 应配建面积(㎡)"),
        Field("planned", "amount", "规划面积 规划面积(㎡)"),
        Field("built", "amount", "竣工面积 竣工面积(㎡)"),
        Field("handed_over", "amount", "已移交面积 已移交面积(㎡)"),
        Field("stated_shortfall", "amount", "缺口 缺口(㎡)"),
        Field("stage", "text", "当前阶段 阶段"),
        Field("combined", "text", "是否集中配建"),
        Field("title_number", "code", "不动产权证号 产权证号"),
        Field("receiver", "text", "接收单位"),
        Field("handed_over_on", "text", "移交日期"),
        Field("trouble", "text", "存在问题 备注"),
    ),
)

STAGE_WORDS: Mapping[str, tuple[str, ...]] = {
    "规划条件": ("规划条件", "出让", "土地出让", "条件"),
    "方案": ("方案", "规划方案", "方案审查", "在建", "施工"),
    "竣工": ("竣工", "已竣工"),
    "验收": ("验收", "竣工验收", "已验收"),
    "移交": ("移交", "已移交"),
    "登记": ("登记", "已登记", "产权登记", "不动产登记"),
    "启用": ("启用", "已启用", "投用", "已投用", "使用"),
}


@dataclass(frozen=True)
class ProjectLedger:
    """Phases of projects, and what was noted while reading."""

    phases: tuple[Phase, ...]
    notes: tuple[Note, ...]


def read_projects(
    spec: str, *, communities: Mapping[str, Community], told: dict[str, dict[str, str]] | None = None
) -> ProjectLedger:
    """Read the ledger of projects.

    Parameters
    ----------
    communities
        Those known, by code; a project has to lie in one of them. Where none is known, codes are taken as they are.

    Raises
    ------
    InputError
        With every row that cannot be used: repeated phases, stages nobody knows, text for numbers, no community.
    """
    findings = Findings("projects", spec)
    table = LedgerTable(read_ledger(PROJECTS, spec, findings, told or {}), PROJECTS, findings)
    places = CommunityNames(communities)
    phases: dict[tuple[str, str], Phase] = {}
    for k, row in enumerate(table.rows):
        said = table.text("community_code", k) or table.text("community", k)
        code = places.find(said) if communities else table.text("community_code", k)
        if not code:
            findings.refuse("community_unknown", table.labels[k], value=said or "（空）")
        phase = _read_phase(table, k, code)
        key = (phase.project_id, phase.phase)
        if key in phases:
            value = f"{phase.project_id} {phase.phase}".strip()
            findings.refuse("row_duplicate", table.labels[k], field="项目编号", value=value, other=phases[key].row)
        if phase.households is None and not table.refused("households", k):
            findings.note("households_missing", 1, row=row, name=phase.name)
        phases[key] = phase
    findings.settle()
    return ProjectLedger(tuple(phases.values()), tuple(findings.notes))


def _read_phase(table: LedgerTable, k: int, code: str) -> Phase:
    stage = table.word("stage", k, STAGE_WORDS)
    contract_on = table.date("contract_on", k)
    return Phase(
        project_id=table.text("project_id", k) or table.text("name", k),
        name=table.text("name", k),
        phase=table.text("phase", k),
        community_code=code,
        households=table.number("households", k) or None,
        conditions_on=table.date("conditions_on", k) or contract_on,
        stage=stage or STAGES[0],
        planned_m2=table.number("planned", k),
        built_m2=table.number("built", k),
        handed_over_m2=table.number("handed_over", k),
        developer=table.text("developer", k),
        contract_on=contract_on,
        combined=table.flag("combined", k),
        title_number=table.text("title_number", k),
        receiver=table.text("receiver", k),
        handed_over_on=table.date("handed_over_on", k),
        declared_rule=table.text("declared_rule", k),
        trouble=table.text("trouble", k),
        row=table.rows[k],
    )
