"""The papers of an approval: request, account with reasons, public notice, record; what nobody has told is a blank."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import pandas as pd

from app.geo.lineage import CHANGES, Lineage
from app.geo.plan import Plan
from app.geo.promises import HARD_PROMISES, PROMISE_WORDS, Scorecard
from app.geo.rejections import REJECTION_WORDS, Rejection
from app.reports.documents import Paper
from app.reports.ledgers import grid_kind, list_noticed
from app.reports.texts import clean, plain

__all__ = ["BLANK_PLACE", "Case", "write_account", "write_notice", "write_record", "write_request"]

BLANK_PLACE = "××街道（乡镇）"

PRINCIPLES = "街巷定界、规模适度、无缝覆盖、动态调整"

POLICY = "《中共中央 国务院关于加强基层治理体系和治理能力现代化建设的意见》"
"""2021-04: 依托村(社区)统一划分综合网格,明确网格管理服务事项."""

MOST_HITS_TOLD = 60

ATTACHED = ("网格示意图", "网格划分明细表", "网格调整前后对照表")


@dataclass(frozen=True)
class Case:
    """What is asked for: the plan, its ledgers, what was before, what the check found, and who asks whom.

    `grids` and `changes` are rows of 《网格台账》 and 《网格调整前后对照表》; `changes` and `lineage` are None where no
    grids of last year were given, `scorecard` where the layers to check the plan were not.
    """

    plan: Plan
    grids: pd.DataFrame
    place: str = BLANK_PLACE
    unit: str = ""
    addressee: str = "××县（市、区）人民政府"
    changes: pd.DataFrame | None = None
    lineage: Lineage | None = None
    scorecard: Scorecard | None = None
    rejections: tuple[Rejection, ...] = ()

    @property
    def deed(self) -> str:
        """划分 where there was nothing before, else 调整."""
        return "划分" if self.lineage is None else "划分调整"

    @property
    def signer(self) -> str:
        """Who signs."""
        return self.unit or "（落款单位）"

    @property
    def band(self) -> str:
        """The band in words."""
        return f"{self.plan.about['min_households']}—{self.plan.about['max_households']}户"


def _count(case: Case) -> dict[str, int]:
    kinds = case.grids["网格类型"]
    general = case.grids[kinds != "专属网格"]
    return {
        "communities": len(case.plan.communities),
        "grids": len(case.grids),
        "general": len(general),
        "special": int((kinds == "专属网格").sum()),
        "households": int(case.grids["户数"].sum()),
        "out": int((general["是否超限"] == "是").sum()),
    }


def write_request(case: Case) -> bytes:
    """Write 《关于…网格划分调整的请示》."""
    number = _count(case)
    paper = Paper(f"关于{case.place}网格{case.deed}的请示")
    paper.say(f"{case.addressee}：", indent=False)
    paper.say(
        f"为贯彻落实{POLICY}，健全社区网格化管理服务，我单位按照“{PRINCIPLES}”的原则，对{case.place}"
        f"{number['communities']}个社区（村）的网格作了{case.deed}，形成方案。现将有关情况请示如下："
    )
    paper.head("一、划分情况")
    paper.say(_sum_up(case))
    if case.lineage is not None:
        paper.head("二、调整情况")
        paper.say(_tell_change(case.lineage))
    paper.head(f"{'三' if case.lineage is not None else '二'}、需要说明的事项")
    paper.say(
        f"综合网格以{case.band}为宜。"
        + (
            f"其中{number['out']}个网格户数不在此范围，逐一列明原因，见《划分方案说明》。"
            if number["out"]
            else "全部综合网格户数均在此范围内。"
        )
    )
    paper.say("以上方案，妥否，请批示。")
    paper.attach(
        ["划分方案说明", "网格台账", "楼栋归属明细表", "网格调整前后对照表", "社区边界确认单", "网格示意图"]
        if case.lineage is not None
        else ["划分方案说明", "网格台账", "楼栋归属明细表", "社区边界确认单", "网格示意图"]
    )
    paper.sign(case.signer)
    return paper.save()


def _sum_up(case: Case) -> str:
    number = _count(case)
    basis = clean(case.plan.about["household_basis"])
    special = f"、专属网格{number['special']}个" if number["special"] else ""
    mean = number["households"] / number["general"] if number["general"] else 0.0
    return (
        f"共涉及{number['communities']}个社区（村）、{number['households']:,}户（口径：{basis}），划为{number['grids']}个"
        f"网格，其中综合网格{number['general']}个{special}，综合网格平均{mean:.0f}户。"
    )


def _tell_change(lineage: Lineage) -> str:
    became = Counter(
        flow.change for flow in lineage.flows if flow.old >= 0 and lineage.carried_by[flow.old] == flow.new
    )
    carried = set(lineage.carried_by.tolist())
    gone = [row for row, there in enumerate(lineage.carried_by.tolist()) if there < 0]
    merged = {flow.old for flow in lineage.flows if flow.change == "合并"} & set(gone)
    fresh = sum(row not in carried for row in range(len(lineage.new.codes)))
    told = [f"{change}{became[change]}个" for change in CHANGES if became[change]]
    told += [f"并入其他网格{len(merged)}个"] if merged else []
    told += [f"撤销{len(gone) - len(merged)}个"] if len(gone) > len(merged) else []
    told += [f"新设网格{fresh}个"] if fresh else []
    total = float(lineage.new.households.sum())
    share = lineage.moved_households / total if total else 0.0
    return (
        f"原有网格{len(lineage.old.codes)}个，调整后{len(lineage.new.codes)}个：{'、'.join(told)}。"
        f"改变网格归属的{plain(lineage.moved_households)}户，占总户数的{share:.1%}，逐项见《网格调整前后对照表》。"
    )


def write_account(case: Case) -> bytes:
    """Write 《划分方案说明》: principles, figures, results by community, reasons, what was checked, what is open."""
    number = _count(case)
    paper = Paper(f"{case.place}网格划分方案说明")
    paper.head("一、划分原则")
    paper.say(
        f"按照“{PRINCIPLES}”的原则：网格边界优先沿街巷、河流、铁路、围墙，无可用街巷处沿楼间空地；不切开住宅楼；"
        f"不超过{case.plan.about['max_households']}户的小区不拆分；综合网格以{case.band}为宜；社区内网格不留空白、"
        "不重叠；调整时尽量少动居民、保留原编码。"
    )
    paper.head("二、数据与口径")
    paper.say(
        f"户数口径：{clean(case.plan.about['household_basis'])}。面积按所在三度带高斯—克吕格投影计算，坐标为2000国家大地"
        "坐标系。住宅楼按其内部一点所在的网格计户。"
    )
    paper.head("三、划分结果")
    paper.say(_sum_up(case))
    paper.table(*_by_community(case))
    paper.head("四、户数超限的网格及原因")
    _tell_reasons(paper, case, number["out"])
    paper.head("五、核验")
    _tell_check(paper, case)
    paper.head("六、调整情况")
    if case.lineage is None:
        paper.say("未提供原有网格，无法对照；提供后可生成《网格调整前后对照表》。")
    else:
        paper.say(_tell_change(case.lineage))
    paper.head("七、待补事项")
    paper.say(_still_open(case))
    paper.sign(case.signer)
    return paper.save()


def _by_community(case: Case) -> tuple[list[str], list[list[Any]], list[float]]:
    head = ["社区（村）", "户数", "网格数", "专属", "限内", "超限", "户数最少", "户数最多"]
    rows: list[list[Any]] = []
    for (_, name), own in case.grids.groupby(["社区编码", "社区(村)"], sort=True):
        general = own[own["网格类型"] != "专属网格"]
        out = int((general["是否超限"] == "是").sum())
        least, most = (int(general["户数"].min()), int(general["户数"].max())) if len(general) else ("", "")
        special = len(own) - len(general)
        rows.append([name, int(own["户数"].sum()), len(own), special, len(general) - out, out, least, most])
    total: list[Any] = ["合计", *(sum(row[place] for row in rows) for place in range(1, 6)), "", ""]
    return head, [*rows, total], [40, 20, 17, 15, 15, 15, 17, 17]


def _tell_reasons(paper: Paper, case: Case, out: int) -> None:
    if not out:
        paper.say(f"全部综合网格户数均在{case.band}之内。")
        return
    paper.say(f"下列{out}个网格户数不在{case.band}之内，原因如下：")
    rows = case.grids[(case.grids["是否超限"] == "是") & (case.grids["网格类型"] != "专属网格")]
    listed = rows[["社区(村)", "网格编码", "网格名称", "户数", "超限原因"]].to_numpy().tolist()
    paper.table(["社区（村）", "网格编码", "网格名称", "户数", "原因"], listed, [26, 34, 22, 14, 60])


def _tell_check(paper: Paper, case: Case) -> None:
    if case.scorecard is None:
        paper.say("本次未提供楼栋、街巷等图层，没有重新核验；请以 jiexiang verify 的结果为准。")
        return
    broken = case.scorecard.broken
    paper.say(
        "按图形重新计算，各项硬性要求全部满足。"
        if not broken
        else f"按图形重新计算，有{len(broken)}项硬性要求未满足：" + "、".join(PROMISE_WORDS[name][0] for name in broken)
    )
    rows = [
        [PROMISE_WORDS[name][0], "—" if value is None else _number(value), _verdict(value)]
        for name in HARD_PROMISES
        for value in [case.scorecard.values[name]]
    ]
    paper.table(["硬性要求", "数值", "结论"], rows, [96, 30, 30])
    hits = sorted(case.rejections, key=lambda hit: hit.explained)
    if not hits:
        paper.say("退回检查（审批中常见的退回情形）：没有发现。")
        return
    paper.say(f"退回检查（审批中常见的退回情形）：发现{len(hits)}处，说明如下：")
    listed = [
        [
            REJECTION_WORDS[hit.kind][0],
            "、".join(hit.grid_codes),
            hit.words_zh,
            hit.reason_zh if hit.explained else f"待处理：{hit.remedy_zh}",
        ]
        for hit in hits[:MOST_HITS_TOLD]
    ]
    paper.table(["情形", "网格", "情况", "说明"], listed, [22, 34, 50, 50])
    if len(hits) > MOST_HITS_TOLD:
        paper.say(f"另有{len(hits) - MOST_HITS_TOLD}处，见核验记录。")


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def _verdict(value: float | None) -> str:
    return "未核验" if value is None else "满足" if not value else "未满足"


def _still_open(case: Case) -> str:
    missing = [
        words
        for words, lacks in (
            ("网格长、网格员及联系电话", not (case.grids["网格长"] != "").any()),
            ("街道（乡镇）名称", not (case.grids["街道(乡镇)"] != "").any()),
            ("楼栋明细", case.grids["楼栋数"].isna().all()),
            ("人口", case.grids["人口"].isna().all()),
        )
        if lacks
    ]
    always = "流动人口、商户数、企事业单位数、网格党组织、生效日期和批复文号由填报单位补填"
    return (f"尚缺：{'、'.join(missing)}。" if missing else "") + f"{always}。"


def write_notice(case: Case) -> bytes:
    """Write 《关于…的公示》, and the form in which what people say to it is answered."""
    number = _count(case)
    paper = Paper(f"关于{case.place}网格划分{'' if case.lineage is None else '（调整）'}方案的公示")
    paper.say(f"根据{POLICY}，按照“{PRINCIPLES}”的原则，{case.signer}拟订了{case.place}网格{case.deed}方案，现予公示。")
    paper.head("一、调整情况")
    if case.lineage is None:
        paper.say(
            f"共{number['communities']}个社区（村），划为{number['grids']}个网格，涉及{number['households']:,}户。"
        )
    else:
        paper.say(
            f"原{len(case.lineage.old.codes)}个网格，现调整为{number['grids']}个，"
            f"涉及{plain(case.lineage.moved_households)}户。"
        )
    paper.head("二、各网格情况")
    for (_, name), own in list_noticed(case.grids).groupby(["社区编码", "社区(村)"], sort=True):
        paper.subhead(f"{name}（{len(own)}个网格）")
        rows = [
            [
                row["网格名称"],
                row["四至范围"],
                row["包含小区(自然村)"],
                "" if grid_kind(row["网格类型"]) == "专属网格" else row["备注"] or plain(row["户数"]),
                row["网格长"],
            ]
            for row in own.to_dict("records")
        ]
        paper.table(["网格", "四至", "小区楼栋", "户数", "网格长"], rows, [24, 62, 38, 14, 18])
    paper.head("三、公示期")
    paper.say("＿＿＿＿年＿＿月＿＿日至＿＿＿＿年＿＿月＿＿日。")
    paper.head("四、意见反馈")
    paper.say("公示期内如有意见，请以实名方式反映。电话：＿＿＿＿＿＿；地址：＿＿＿＿＿＿；邮箱：＿＿＿＿＿＿。")
    paper.attach(ATTACHED if case.lineage is not None else ATTACHED[:2])
    paper.sign(case.signer)
    paper.next_page("公示意见采纳情况表")
    paper.say("公示时间：＿＿＿＿年＿＿月＿＿日至＿＿＿＿年＿＿月＿＿日", indent=False)
    paper.say("公示方式：＿＿＿＿＿＿＿＿　　收到意见：＿＿＿＿条", indent=False)
    blank: list[list[Any]] = [[row, "", "", "", "", "", ""] for row in range(1, 9)]
    paper.table(
        ["序号", "意见人（单位）", "日期", "涉及网格", "意见内容", "是否采纳", "答复及理由"],
        blank,
        [11, 24, 16, 22, 42, 14, 27],
        row_mm=16,
    )
    paper.say("（本表由公示单位在公示期满后填写；没有收到意见的，写明“未收到意见”。）", indent=False)
    return paper.save()


def write_record(case: Case) -> bytes:
    """Write 《网格划分备案表》: what the plan knows is filled in."""
    number = _count(case)
    paper = Paper(f"{case.place}网格划分备案表")
    change = "首次划分" if case.lineage is None else _tell_change(case.lineage)
    rows: list[tuple[str, str]] = [
        ("备案事项", f"{case.place}网格{case.deed}"),
        ("填报单位", case.unit),
        ("涉及社区（村）", f"{number['communities']}个"),
        ("网格总数", f"{number['grids']}个（综合网格{number['general']}个，专属网格{number['special']}个）"),
        ("总户数及口径", f"{number['households']:,}户（{clean(case.plan.about['household_basis'])}）"),
        ("户数超限的网格", f"{number['out']}个，原因见《网格台账》"),
        ("调整情况", change),
        ("公示时间及结果", ""),
        ("批复机关及文号", ""),
        ("批复日期", ""),
        ("生效日期", ""),
        ("附件", "网格台账、楼栋归属明细表、网格示意图、矢量数据"),
        ("填报单位意见", "\n\n（盖章）　　　　年　月　日"),
        ("备案机关意见", "\n\n（盖章）　　　　年　月　日"),
        ("经办人及电话", ""),
    ]
    paper.table(["项目", "内容"], rows, [42, 114], row_mm=11)
    return paper.save()
