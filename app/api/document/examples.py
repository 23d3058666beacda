"""Examples of the OpenAPI document, made up like everything in `gis_data`."""

from __future__ import annotations

__all__ = [
    "ASSIGNMENT",
    "ASSIGNMENTS",
    "AUDIT",
    "CHANGED",
    "CHANGES",
    "COMMUNITIES",
    "COMMUNITY",
    "COMPARISON",
    "COVERAGE",
    "ENDED",
    "FACILITIES",
    "FACILITY",
    "FEATURE",
    "FEATURES",
    "HANDLED",
    "KEPT",
    "ME",
    "MY_GRIDS",
    "NEIGHBOURS",
    "NOTES",
    "OBJECTION",
    "PAPER",
    "PEOPLE",
    "PERSON",
    "PLAN",
    "PLAN_WITH_STEPS",
    "PROJECT",
    "PROJECTS",
    "PUBLISHED",
    "ROOM",
    "ROOMS",
    "SIDES",
    "SITES",
    "STANDARD",
    "STANDARDS",
    "TOWNS",
    "UNITS",
    "WEBHOOK",
    "WEBHOOKS",
    "WITHDRAWN",
    "WORKERS",
]

_RING = [[120.0, 30.0], [120.01, 30.0], [120.0, 30.01], [120.0, 30.0]]
_SHAPE = {"type": "MultiPolygon", "coordinates": [[_RING]]}

FEATURE = {
    "type": "Feature",
    "id": "330482001001003",
    "geometry": _SHAPE,
    "properties": {
        "grid_id": 3,
        "grid_code": "330482001001003",
        "name": "第3网格",
        "kind": "general",
        "households": 412,
        "persons": 1079.0,
        "area_m2": 64210.5,
        "sides_east": "人民路",
        "sides_south": "中山河",
        "sides_west": "幸福巷",
        "sides_north": "解放街",
        "reason": "",
        "reason_code": "",
        "community_code": "330482001001",
        "community_name": "东门社区",
        "town_code": "330482001",
        "town_name": "城关街道",
        "plan_id": 1,
        "valid_from": "2026-01-01",
    },
}
FEATURES = {
    "type": "FeatureCollection",
    "numberMatched": 1,
    "numberReturned": 1,
    "links": [],
    "features": [FEATURE],
}
UNITS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": "330482001001-17",
            "geometry": _SHAPE,
            "properties": {"unit_id": "330482001001-17", "kind": "compound", "households": 96},
        }
    ],
}
SIDES = {"grid_code": "330482001001003", "east": "人民路", "south": "中山河", "west": "幸福巷", "north": "解放街"}
NEIGHBOURS = {
    "neighbours": [
        {
            "grid_code": "330482001001004",
            "name": "第4网格",
            "borders": [{"barrier": "secondary street", "street": "人民路", "length_m": 412.3}],
            "lead": {"name": "李明", "role": "网格长"},
        }
    ]
}
COMMUNITY = {
    "type": "Feature",
    "id": "330482001001",
    "geometry": _SHAPE,
    "properties": {
        "community_id": 1,
        "community_code": "330482001001",
        "name": "东门社区",
        "town_code": "330482001",
        "town_name": "城关街道",
        "grids": 5,
        "households": 2034,
        "plan_id": 1,
        "valid_from": "2026-01-01",
    },
}
COMMUNITIES = {
    "communities": [
        {
            "community_code": "330482001001",
            "name": "东门社区",
            "town_code": "330482001",
            "town_name": "城关街道",
            "grids": 5,
        }
    ]
}
PLAN = {
    "id": 1,
    "title": "2026 年网格划分方案",
    "status": "published",
    "digest": "9f2c…",
    "about": {"household_basis": "常住户"},
    "created_by": "user:wang",
    "created_at": "2026-01-01T09:00:00+08:00",
    "effective": "2026-02-01",
    "withdrawn_on": None,
    "communities": 81,
}
PLAN_WITH_STEPS = {
    **PLAN,
    "steps": [
        {
            "step": "public_notice",
            "at": "2026-01-05T09:00:00+08:00",
            "actor": "user:wang",
            "unit": "民政局",
            "document_number": "",
            "why": "",
            "notice": ["2026-01-05", "2026-01-12"],
        }
    ],
}
PUBLISHED = {
    "plan_id": 1,
    "effective": "2026-02-01",
    "communities": 81,
    "grids": 402,
    "ended_assignments": 3,
    "revision": 42,
}
WITHDRAWN = {"plan_id": 1, "on": "2026-12-01", "left_without": 81, "replaced": 0, "revision": 57}
OBJECTION = {
    "id": 1,
    "author": "陈先生",
    "text": "第3网格与第4网格应以人民路为界",
    "longitude": 120.0,
    "latitude": 30.0,
    "grid_id": None,
    "received_at": "2026-01-06T09:00:00+08:00",
    "reply": "",
    "replied_by": "",
    "replied_at": None,
    "adopted": None,
}
PAPER = {
    "id": 3,
    "step": "approved",
    "name": "关于网格划分方案的批复.pdf",
    "size": 182044,
    "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
    "filed_at": "2026-01-20T09:00:00+08:00",
    "filed_by": "user:wang",
}
CHANGES = {
    "changes": [
        {
            "number": 42,
            "at": "2026-02-01T09:00:00+08:00",
            "kind": "assignment.created",
            "subject_id": 17,
            "community_code": "330482001001",
            "grid_code": "330482001001003",
            "details": {"role": "网格长", "since": "2026-02-01"},
        }
    ],
    "last": 42,
}
COMPARISON = {
    "moved_households": 37.0,
    "households": 154_000.0,
    "counted_by": "buildings",
    "flows": [
        {"old_grid": "330482001001003", "new_grid": "330482001001004", "change": "边界微调", "households": 37.0},
    ],
}
WEBHOOK = {"id": 1, "url": "http://127.0.0.1:9000/changes", "secret": "……"}
WEBHOOKS = {
    "webhooks": [
        {
            "id": 1,
            "url": "http://127.0.0.1:9000/changes",
            "delivered": 42,
            "failures": 0,
            "next_attempt_at": "2026-02-01T09:00:00+08:00",
            "last_error": "",
        }
    ]
}
ASSIGNMENT = {
    "id": 17,
    "person_id": 3,
    "person": "李明",
    "grid_code": "330482001001003",
    "grid_name": "第3网格",
    "role": "网格长",
    "since": "2026-02-01",
    "until": None,
    "document_number": "",
    "phone": "13800000000",
}
ASSIGNMENTS = {"assignments": [ASSIGNMENT], "after": None}
ENDED = {"id": 17, "until": "2026-12-01"}
_PERSON = {"id": 3, "staff_code": "S003", "name": "李明", "post": "书记", "left_on": None, "phone": "13800000000"}
PEOPLE = {"people": [_PERSON], "after": None}
PERSON = {**_PERSON, "assignments": [ASSIGNMENT]}
ME = {
    "kind": "user",
    "name": "wang",
    "display_name": "王芳",
    "role": "county",
    "area": {"scope": "county", "id": None},
}
MY_GRIDS = {
    "day": "2026-11-26",
    "grids": [
        {
            "grid_code": "330482001001003",
            "name": "第3网格",
            "community_code": "330482001001",
            "community_name": "东门社区",
            "role": "网格长",
            "since": "2026-02-01",
            "until": None,
            "phone": "13800000000",
        }
    ],
}
WORKERS = {"people": {"330482001001003": [{"name": "李明", "role": "网格长", "phone": "13800000000"}]}}
KEPT = {"id": 5}
NOTES = {
    "notes": [
        {
            "id": 5,
            "grid_id": 3,
            "grid_code": "330482001001003",
            "grid_name": "第3网格",
            "author": "user:li",
            "text": "院墙已拆，边界应在路中",
            "longitude": 120.0,
            "latitude": 30.0,
            "accuracy_m": 8.0,
            "noted_at": "2026-02-02T09:00:00+08:00",
            "received_at": "2026-02-02T09:00:05+08:00",
            "outcome": "",
            "handled_by": "",
            "handled_at": None,
        }
    ],
    "after": None,
}
HANDLED = {"id": 5, "outcome": "已核实，下次调整"}
AUDIT = {
    "entries": [
        {
            "number": 1207,
            "at": "2026-02-01T01:00:00+00:00",
            "actor_kind": "user",
            "actor_id": 3,
            "actor": "wang",
            "action": "GET /people",
            "subject": "",
            "source": "10.0.0.7",
            "result": "ok",
            "details": {"phones": 1, "of": ["person 3"]},
            "hash": "9f2c7b1d0c4e5a6f9f2c7b1d0c4e5a6f9f2c7b1d0c4e5a6f9f2c7b1d0c4e5a6f",
        }
    ],
    "before": None,
}
_FINDING = {
    "standard": "COUNTY-300",
    "required": 300.0,
    "counted": 214.5,
    "pending": 0.0,
    "shortfall": 85.5,
    "status": "不达标",
    "advisory": False,
    "words": "COUNTY-300 社区办公和服务用房不少于300 ㎡：应有 300.00 ㎡，计入 214.50 ㎡，缺 85.50 ㎡",
}
_COUNTED = {
    "share": 1.0,
    "counted_m2": 214.5,
    "pending_m2": 0.0,
    "left_out_m2": 0.0,
    "reason": "计入",
    "warnings": [],
}
_STANDING = {
    "community_code": "330482001001",
    "name": "东门社区",
    "households": 2034.0,
    "status": "不达标",
    "binding": "COUNTY-300",
    "shortfall_m2": 85.5,
    "counted_m2": 214.5,
    "without_elder_m2": 214.5,
    "pending_m2": 0.0,
    "left_out_m2": 0.0,
    "per_100_households_m2": 10.55,
    "activity_share": None,
    "main_site": "F1",
    "remedy": "通过购买、置换、租赁或共建增加 85.50 ㎡",
    "responsible": "县委社会工作部、民政局",
    "hints": [],
    "findings": [_FINDING],
    "rooms": [
        {
            "room_id": "F1",
            "row": 2,
            "name": "东门社区服务站",
            "kind": "社区办公服务用房",
            "area_m2": 214.5,
            "share_words": "",
            "evidence": "不动产权证",
            "evidence_number": "0004227",
            "measured_m2": None,
            **_COUNTED,
        }
    ],
}
_RANKED = {**_STANDING, "rank_by_shortfall": 1, "rank_by_households": 2}
PROJECT = {
    "project_id": "XM001",
    "name": "云栖府",
    "community_code": "330482001001",
    "standard": "COUNTY-50",
    "households": 640.0,
    "required_m2": 320.0,
    "planned_m2": 330.0,
    "built_m2": 332.8,
    "handed_over_m2": 332.8,
    "given_m2": 332.8,
    "shortfall_m2": 0.0,
    "status": "达标",
    "stage": "启用",
    "words": [],
    "phases": [
        {
            "phase": "一期",
            "row": 2,
            "required_m2": 320.0,
            "owed_so_far_m2": 320.0,
            "given_so_far_m2": 332.8,
            "status": "达标",
        }
    ],
}
STANDARD = {
    "as_of": "2026-11-26",
    **_RANKED,
    "projects": [PROJECT],
    "recorded": [
        {
            "plan_id": 1,
            "as_of": "2026-02-01",
            "at": "2026-01-20T09:00:00+08:00",
            "standard": "COUNTY-300",
            "required": 300.0,
            "counted": 214.5,
            "pending": 0.0,
            "shortfall": 85.5,
            "status": "不达标",
            "advisory": False,
            "binding": True,
        }
    ],
}
PROJECTS = {"as_of": "2026-11-26", "projects": [PROJECT], "after": None}
STANDARDS = {
    "as_of": "2026-11-26",
    "standards": [
        {
            "id": "COUNTY-300",
            "words": "COUNTY-300 社区办公和服务用房不少于300 ㎡",
            "level": "community",
            "source": "县委社会工作部文件",
            "standing": "primary text",
            "verified": True,
            "continued": False,
            "valid_from": "2025-01-01",
            "valid_until": None,
        }
    ],
    "summary": {"不达标": 1, "数据不足": 0, "待核实": 0, "达标": 0},
    "communities": [_RANKED],
    "projects": [PROJECT],
    "after": None,
}
CHANGED = {
    "as_of": "2026-11-26",
    "changes": [{"before": _STANDING, "after": {**_STANDING, "status": "达标", "counted_m2": 304.5}}],
    "projects": [],
}
ROOM = {
    "room_id": "F1",
    "row": 2,
    "community_code": "330482001001",
    "name": "东门社区服务站",
    "kind": "service_station",
    "kind_words": "社区办公服务用房",
    "address": "人民路 12 号",
    "storey": "1",
    "area_m2": 214.5,
    "office_m2": 60.0,
    "service_m2": 120.0,
    "elder_m2": 0.0,
    "activity_m2": 34.5,
    "measured_m2": None,
    "in_use": True,
    "acquisition": "移交",
    "owner": "城关街道办事处",
    "user": "东门社区",
    "evidence": {
        "kind": "title",
        "words": "不动产权证",
        "number": "0004227",
        "dated": "2019-05-06",
        "valid_until": None,
        "file_name": "0004227.pdf",
    },
    "shares": {},
    "remark": "",
    "counts": [{"community_code": "330482001001", **_COUNTED}],
}
ROOMS = {"as_of": "2026-11-26", "rooms": [ROOM], "after": None}
FACILITY = {
    "type": "Feature",
    "id": "F1",
    "geometry": {"type": "Point", "coordinates": [120.0, 30.0]},
    "properties": {
        "facility_code": "F1",
        "name": "东门社区服务站",
        "class": "service_station",
        "community_code": "330482001001",
        "address": "人民路 12 号",
        "floor_area_m2": 214.5,
    },
}
FACILITIES = {"type": "FeatureCollection", "numberReturned": 1, "links": [], "features": [FACILITY]}
COVERAGE = {
    "day": "2026-11-26",
    "metres_a_minute": 60.0,
    "within_m": [500.0],
    "facilities": [{"facility_class": "service_station", "facilities": 81, "isolated": 0}],
    "level": "community",
    "shares": [
        {
            "level": "community",
            "code": "330482001001",
            "facility_class": "service_station",
            "within_m": 500.0,
            "households": 2034.0,
            "households_within": 1711.0,
            "share": 0.8412,
            "persons": 5329.0,
            "persons_within": 4483.0,
            "persons_share": 0.8412,
            "households_in_circle": 1902.0,
            "over_claimed": 191.0,
        }
    ],
    "blind_spots": {"type": "FeatureCollection", "features": []},
    "by_gate_households": 0.0,
    "isolated": [],
}
SITES = {
    "class": "service_station",
    "within_m": 500.0,
    "candidates": 812,
    "uncovered_households": 4120.0,
    "covered_households": 903.0,
    "out_of_reach_households": 12.0,
    "gap": 0.0,
    "proven": True,
    "sites": [
        {
            "number": 1,
            "name": "人民路与中山路",
            "kind": "corner",
            "households": 903.0,
            "adds": 903.0,
            "longitude": 120.0,
            "latitude": 30.0,
        }
    ],
    "alone": [],
}
TOWNS = {"towns": [{"town_code": "330482001", "name": "城关街道", "communities": 6, "grids": 31}]}
