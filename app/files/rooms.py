"""The ledger of community rooms 《社区办公和服务用房核查台账》, read row by row; faults are told by the row."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

from app.files.messages import Findings, Note
from app.files.tables import CommunityNames, LedgerTable, find_word, read_ledger
from app.geo.assessment import Community
from app.geo.layers import Contract, Field
from app.geo.rooms import EVIDENCE_KINDS, Room

__all__ = ["ROOMS", "RoomLedger", "read_rooms"]

ROOMS = Contract(
    "rooms",
    (),
    (
        Field("community_code", "code", "社区编码 社区代码 村社区编码"),
        Field("room_id", "code", "用房编号 房间编号 用房编码"),
        Field("town", "text", "街道(乡镇) 街道 乡镇 街道乡镇"),
        Field("community", "text", "社区 社区(村) 社区名称 使用社区"),
        Field("settlement", "text", "城乡类型 城乡分类"),
        Field("households", "amount", "户数 总户数 社区户数"),
        Field("name", "text", "用房名称 名称"),
        Field("kind", "text", "设施类别 用房类别 facility_class"),
        Field("address", "text", "坐落 地址"),
        Field("storey", "text", "楼层 所在楼层"),
        Field("area", "amount", "建筑面积(㎡) 建筑面积 面积", required=True),
        Field("office_area", "amount", "办公面积 办公面积(㎡)"),
        Field("service_area", "amount", "服务面积 服务面积(㎡)"),
        Field("elder_area", "amount", "养老面积 养老面积(㎡)"),
        Field("activity_area", "amount", "居民活动面积 居民活动面积(㎡) 活动面积"),
        Field("acquisition", "text", "取得方式"),
        Field("owner", "text", "产权单位"),
        Field("user", "text", "使用单位"),
        Field("evidence", "text", "证据类型 证据材料"),
        Field("evidence_number", "code", "证号(合同号) 证号 合同号"),
        Field("evidence_on", "text", "证据日期 发证日期 签订日期"),
        Field("evidence_file", "text", "扫描件 证据文件名 附件"),
        Field("lease_until", "text", "租期至 租期止 到期日"),
        Field("sharing", "text", "共用社区及分摊比例 共用社区 分摊比例"),
        Field("stated_area", "amount", "计入面积 计入面积(㎡)"),
        Field("measured_area", "amount", "现场实测面积 实测面积 现场实测面积(㎡)"),
        Field("in_use", "text", "是否投用 投用"),
        Field("remark", "text", "备注"),
    ),
)

KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "service_station": (
        *("社区办公服务用房", "社区办公和服务用房", "社区综合服务站", "社区服务站", "党群服务中心", "社区党群服务中心"),
        *("社区服务中心", "综合服务设施", "社区综合服务设施", "办公服务用房", "办公用房", "服务用房", "合用房"),
        *("便民服务站", "便民服务中心", "服务站"),
    ),
    "elder_care": ("养老服务用房", "养老用房", "养老服务设施", "日间照料中心", "老年服务站", "居家养老服务站", "养老"),
    "activity": ("居民活动用房", "活动用房", "文化活动站", "文化活动室", "居民活动室", "活动室", "活动"),
    "canteen": ("社区食堂", "老年食堂", "助餐点", "食堂", "老年助餐点"),
    "property_management": ("物业管理用房", "物业用房", "物业"),
    "subdistrict_centre": ("街道级中心", "街道中心", "街道党群服务中心", "街道综合服务中心", "乡镇级中心"),
    "clinic": ("卫生服务站", "社区卫生服务站", "卫生室", "诊所"),
    "police": ("警务室", "社区警务室", "派出所"),
    "kindergarten": ("幼儿园", "托儿所", "托育"),
    "basement": ("地下室", "半地下室", "地下空间"),
    "temporary": ("临时建筑", "临时用房", "板房", "临建"),
}
EVIDENCE_WORDS: Mapping[str, tuple[str, ...]] = {
    "title": ("不动产权证", "房产证", "不动产权证书", "产权证", "房屋所有权证"),
    "handover": ("移交协议", "接收单", "移交协议/接收单", "移交接收单", "移交单", "移交协议书"),
    "lease": ("租赁合同", "租赁协议", "租赁", "租房合同"),
    "loan": ("无偿使用协议", "借用协议", "无偿使用/借用协议", "无偿使用", "借用", "无偿使用(借用)协议"),
    "owner": ("产权单位证明", "权属证明", "单位证明"),
    "survey": ("实测报告", "测绘报告", "面积测绘报告"),
}
NO_EVIDENCE = {"", "无", "没有", "none", "-", "/", "待补"}
SETTLEMENTS = {
    **dict.fromkeys(("城市", "城区", "主城区", "城镇", "urban", "111", "112"), "urban"),
    **dict.fromkeys(("镇", "镇区", "乡镇", "镇中心区", "town", "121", "122", "123"), "town"),
    **dict.fromkeys(("乡村", "农村", "村", "rural", "210", "220"), "rural"),
}

SHARE = re.compile(r"(.*?)[\s:：=(]*(\d+(?:\.\d+)?)\s*(%?)\s*\)?")
BELOW_GROUND = re.compile(r"地下|半地下|负|^-\d|^[Bb]\d")


@dataclass(frozen=True)
class RoomLedger:
    """Rooms, the communities that the ledger knows, and what was noted while reading."""

    rooms: tuple[Room, ...]
    communities: tuple[Community, ...]
    notes: tuple[Note, ...]


def read_rooms(
    spec: str,
    *,
    communities: Mapping[str, Community],
    as_of: date,
    told: dict[str, dict[str, str]] | None = None,
) -> RoomLedger:
    """Read the ledger of rooms.

    A room that several communities share may stand in one row, or in a row for each with the same number. Shares above
    1, text where a number belongs, repeated numbers, unknown kinds and communities are refused; a missing area, a lease
    that has ended and papers that nobody knows are told, and leave no silent zero.

    Parameters
    ----------
    communities
        Those known from elsewhere, by code; their households win over those of the ledger. Where none is known, the
        ledger's own are taken.

    Raises
    ------
    InputError
        With every row that cannot be used.
    """
    findings = Findings("rooms", spec)
    table = LedgerTable(read_ledger(ROOMS, spec, findings, told or {}), ROOMS, findings)
    known = _settle_communities(table, communities, findings)
    places = CommunityNames(known)
    rows_of: dict[str, list[Room]] = {}
    twins: dict[tuple[str, ...], int] = {}
    for k, row in enumerate(table.rows):
        code = places.find(table.text("community_code", k) or table.text("community", k))
        if not code:
            said = table.text("community_code", k) or table.text("community", k) or "（空）"
            findings.refuse("community_unknown", table.labels[k], value=said)
            continue
        room = _read_room(table, k, code, places, as_of, findings)
        twin = (code, room.name, room.address, room.storey, table.text("area", k))
        if not table.text("room_id", k) and twin in twins:
            findings.refuse("row_duplicate", table.labels[k], field="用房名称", value=room.name, other=twins[twin])
            continue
        twins[twin] = row
        rows_of.setdefault(room.room_id, []).append(room)
    rooms = tuple(_join(rows, findings) for rows in rows_of.values())
    findings.settle()
    return RoomLedger(rooms, tuple(known[code] for code in sorted(known)), tuple(findings.notes))


def _join(rows: list[Room], findings: Findings) -> Room:
    """Make one room of the rows in which the communities that share it list it each for itself."""
    first = rows[0]
    shares: dict[str, float | None] = {}
    own_row: dict[str, int] = {}
    for room in rows:
        label = f"row {room.row}"
        if room.community_code in own_row:
            other = own_row[room.community_code]
            findings.refuse("row_duplicate", label, field="用房编号", value=room.room_id, other=other)
        elif room.area_m2 != first.area_m2:
            value, other_value = room.area_m2, first.area_m2
            findings.refuse(
                "rows_disagree", label, field="建筑面积", other=first.row, value=value, other_value=other_value
            )
        own_row[room.community_code] = room.row
        shares |= {code: share for code, share in room.shares.items() if share is not None or code not in shares}
        shares.setdefault(room.community_code, None)
    total = sum(share for share in shares.values() if share is not None)
    if total > 1 + 1e-9:
        findings.refuse("shares_above_one", f"row {first.row}", total=total)
    return replace(first, shares=shares if len(rows) > 1 or first.shares else {})


def _read_room(table: LedgerTable, k: int, code: str, places: CommunityNames, as_of: date, findings: Findings) -> Room:
    text, row = table.text, table.rows[k]
    name = text("name", k) or text("address", k)
    kind = table.word("kind", k, KIND_WORDS, otherwise="service_station" if not table.given("kind") else "")
    evidence, words = _read_evidence(text("evidence", k), row, name, findings)
    until = table.date("lease_until", k)
    area = table.number("area", k)
    if area is None and not table.refused("area", k):
        findings.note("area_missing", 1, row=row, name=name)
    if evidence == "lease" and until is None:
        findings.note("lease_undated", 1, row=row, name=name)
    if evidence == "lease" and until is not None and until < as_of:
        findings.note("lease_ended", 1, row=row, name=name, until=until.isoformat())
    remark = text("remark", k)
    return Room(
        room_id=text("room_id", k) or f"{code}-{row}",
        community_code=code,
        name=name,
        kind=kind,
        area_m2=area,
        office_m2=table.number("office_area", k),
        service_m2=table.number("service_area", k),
        elder_m2=table.number("elder_area", k),
        activity_m2=table.number("activity_area", k),
        evidence=evidence,
        evidence_number=text("evidence_number", k),
        evidence_on=table.date("evidence_on", k),
        evidence_file=text("evidence_file", k),
        lease_until=until,
        shares=_read_shares(text("sharing", k), code, places, table.labels[k], findings),
        measured_m2=table.number("measured_area", k),
        in_use=table.flag("in_use", k),
        converted="已改造" in remark or "已改造" in name,
        temporary=any(word in name + remark for word in ("临时建筑", "临时用房", "板房", "临建")),
        below_ground=BELOW_GROUND.search(text("storey", k)) is not None,
        address=text("address", k),
        storey=text("storey", k),
        acquisition=text("acquisition", k),
        owner=text("owner", k),
        user=text("user", k),
        evidence_words=words,
        sharing_words=text("sharing", k),
        remark=remark,
        row=row,
    )


def _read_evidence(said: str, row: int, name: str, findings: Findings) -> tuple[str, str]:
    key = find_word(said, EVIDENCE_WORDS)
    if not key and said.casefold() not in NO_EVIDENCE:
        findings.note("evidence_unknown", 1, row=row, name=name, value=said)
    return key, EVIDENCE_KINDS.get(key, said)


def _read_shares(
    said: str, own: str, places: CommunityNames, label: str, findings: Findings
) -> dict[str, float | None]:
    """Read 社区甲 60%、社区乙 40%; a name without share is shared by households, a share without name is its own."""
    text = unicodedata.normalize("NFKC", said).strip()
    if text.casefold() in ("", "无", "否", "-", "/", "none"):
        return {}
    shares: dict[str, float | None] = {}
    for part in re.split(r"[、;,，；\n]+", text):
        match = SHARE.fullmatch(part.strip())
        name = (match[1] if match else part).strip(" (:：=")
        share = None
        if match and not places.find(part.strip()):  # a name may end in a number
            share = float(match[2]) / (100.0 if match[3] or float(match[2]) > 1 else 1.0)
        code = own if not name or name == "本社区" else places.find(name if share is not None else part.strip())
        if not code:
            findings.refuse("share_text", label, value=said)
            return {}
        shares[code] = share
    if own not in shares:
        agreed = [share for share in shares.values() if share is not None]
        shares[own] = max(1.0 - sum(agreed), 0.0) if len(agreed) == len(shares) else None
    return shares


def _settle_communities(
    table: LedgerTable, communities: Mapping[str, Community], findings: Findings
) -> dict[str, Community]:
    """Return the communities by code: those known from elsewhere, else those of the ledger."""
    told: dict[str, tuple[Community, int]] = {}
    names = CommunityNames(dict(communities))
    for k, row in enumerate(table.rows):
        code = table.text("community_code", k) or names.find(table.text("community", k))
        households = table.number("households", k)
        if not code:
            continue
        settlement = SETTLEMENTS.get(table.text("settlement", k).casefold(), "")
        one = Community(code, table.text("community", k) or code, households, settlement, table.text("town", k))
        if code not in told:
            told[code] = (one, row)
        elif households is not None and told[code][0].households is None:
            told[code] = (replace(told[code][0], households=households), row)
        elif households is not None and households != told[code][0].households and code not in communities:
            first, other = told[code]
            findings.refuse(
                "rows_disagree",
                table.labels[k],
                field="户数",
                other=other,
                value=households,
                other_value=first.households,
            )
    if not communities:
        return {code: one for code, (one, _) in told.items()}
    settled = dict(communities)
    for code, (one, _) in sorted(told.items()):
        if code in settled:
            settled[code] = _fill(settled[code], one, findings)
    return settled


def _fill(layer: Community, ledger: Community, findings: Findings) -> Community:
    """Fill in from the ledger what the layer of communities does not say."""
    if layer.households is not None and ledger.households is not None and layer.households != ledger.households:
        findings.note("households_differ", 1, name=layer.name, ledger=ledger.households, layer=layer.households)
    return replace(
        layer,
        name=layer.name if layer.name and layer.name != layer.code else ledger.name,
        households=layer.households if layer.households is not None else ledger.households,
        settlement=layer.settlement or ledger.settlement,
        town=ledger.town or layer.town,
    )
