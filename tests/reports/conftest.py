"""The town on paper, its dwellings and those who work there."""

from __future__ import annotations

import pandas as pd
import pytest
from paper_town import draw_toy_plan, layers_of

from app.geo.layers import Layers
from app.geo.plan import Plan
from app.reports.ledgers import Dwellings, Roster, settle_dwellings


@pytest.fixture
def plan() -> Plan:
    return draw_toy_plan()


@pytest.fixture
def layers(plan: Plan) -> Layers:
    return layers_of(plan)


@pytest.fixture
def dwellings(plan: Plan, layers: Layers) -> Dwellings:
    return settle_dwellings(plan.grids, plan.communities, layers.buildings, layers.compounds)


@pytest.fixture
def roster(plan: Plan) -> Roster:
    """Two people in the first grid, one of them in the second as well; nobody in the last."""
    codes = [str(code) for code in plan.grids["grid_code"]]
    rows = [
        (codes[0], "甄士隐", "网格长", "19900000001"),
        (codes[0], "贾雨村", "专职网格员", "19900000002"),
        (codes[1], "贾雨村", "专职网格员", "19900000002"),
        *((code, f"员{k}", "专职网格员", f"1990000001{k}") for k, code in enumerate(codes[2:-1])),
    ]
    return Roster(pd.DataFrame(rows, columns=["网格编码", "姓名", "角色", "联系电话"]))
