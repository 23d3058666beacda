"""网格责任卡: one tall picture a grid, to be read in a chat group or hung on a wall; the same sheet as PDF.

No photo of the worker: no ledger brings any, a face is personal data that a chat group passes on, and the card outlives
the assignment. Who wants one glues it on the printed sheet.
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from app.geo.labels import measure_shared
from app.geo.plan import Plan
from app.reports.codes import qr_modules
from app.reports.fonts import printable, use_font
from app.reports.ledgers import FULL_TIME, LEADER, PART_TIME, Dwellings, Roster, grid_kind
from app.reports.sketches import Sketcher, print_pdf
from app.reports.texts import clean

__all__ = ["CARD_WIDTH", "DUTIES", "LARGEST_CARD", "MOST_DUTIES", "CardMaker", "CardWords", "print_card", "print_cards"]

CARD_WIDTH = 1080
"""Pixels: what phones show without loss."""
LARGEST_CARD = 500_000
"""Bytes that a chat group carries without making the picture smaller."""
DPI = 150
EDGE = 44
BODY, SMALL = 36, 30
"""Sizes of letters in pixels; a phone shows them at a third."""
MAP_HEIGHT = 800
CODE_SIDE = 260
MOST_NAMED = 12
"""Buildings of one compound that are named; beyond it they are counted."""
MOST_LINES = 16
"""Of the list of buildings; what has no room is counted."""

INK, SOFT, ACCENT, PAPER, WASH = "#11161F", "#4A5261", "#0A4F96", "#FFFFFF", "#EEF1F5"

MOST_DUTIES = 5
DUTIES = (
    "走访入户，了解社情民意",
    "排查上报安全隐患、矛盾纠纷",
    "宣传政策法规，倡导文明新风",
    "代办便民服务，关心困难群众",
    "协助应急处置、平安建设",
)
"""What a worker does, where nobody has said it in other words."""


@dataclass(frozen=True)
class CardWords:
    """What stands on every card.

    `address` is what the code leads to, in which `{code}` stands for the grid's code; empty for no code. `effective`
    is a day in words; empty leaves room to write it. `phones` prints the telephones of those who work in the grid.
    """

    duties: tuple[str, ...] = DUTIES
    hotline: str = "12345"
    address: str = ""
    links: Mapping[str, str] = field(default_factory=dict)
    """What the code leads to instead, by the code of a grid: the signed link by which it is seen without signing in."""
    effective: str = ""
    phones: bool = False


class CardMaker:
    """Draws the cards of one plan; `dwellings` is None where nobody has told of buildings."""

    def __init__(
        self,
        plan: Plan,
        dwellings: Dwellings | None,
        roster: Roster,
        words: CardWords,
        barriers: gpd.GeoDataFrame | None = None,
    ) -> None:
        self.plan, self.dwellings, self.roster, self.words = plan, dwellings, roster, words
        self._sketcher = Sketcher(plan, barriers)
        outlines = np.asarray(plan.grids.geometry.array, dtype=object)
        self._beside = sorted(measure_shared(outlines))
        self._communities = dict(zip(plan.communities["community_code"], plan.communities["name"], strict=True))

    def draw(self, row: int) -> Figure:
        """Draw the card of the grid of a row."""
        grid = self.plan.grids.iloc[row]
        community = printable(self._communities.get(grid["community_code"], ""))
        blocks = [
            _Block("四至", self._sides(grid)),
            _Block("概况", self._facts(grid, row)),
            _Block("负责人", self._people(str(grid["grid_code"]))),
            _Block("小区楼栋", self._buildings(row)),
            _Block("相邻网格", self._neighbours(row)),
            _Block("职责", [f"{place}. {printable(duty)}" for place, duty in enumerate(self.words.duties, start=1)]),
        ]
        laid = [(block, block.wrap()) for block in blocks if block.lines]
        header = 196
        body = sum(len(lines) * _step(BODY) + 34 for _, lines in laid)
        height = header + MAP_HEIGHT + 30 + body + CODE_SIDE + 70
        sheet = _Sheet(height)
        sheet.band(0, header, ACCENT)
        sheet.text(EDGE, 26, community, 34, "#FFFFFF")
        sheet.text(EDGE, 72, printable(grid["name"])[:16], 62, "#FFFFFF", bold=True)
        sheet.text(EDGE, 146, f"网格编码 {printable(grid['grid_code'])}", SMALL, "#FFFFFF")
        sheet.text(CARD_WIDTH - EDGE, 40, "网格责任卡", 40, "#FFFFFF", bold=True, right=True)
        axes = sheet.axes(0, header, CARD_WIDTH, MAP_HEIGHT)
        self._sketcher.draw_grid(axes, row, size=SMALL * 72 / DPI)
        y = float(header + MAP_HEIGHT + 30)
        for block, lines in laid:
            sheet.text(EDGE, y, block.title, BODY, ACCENT, bold=True)
            for line in lines:
                sheet.text(EDGE + LABEL, y, line, BODY, INK)
                y += _step(BODY)
            y += 17
            sheet.rule(y)
            y += 17
        self._end(sheet, y + 14, str(grid["grid_code"]))
        return sheet.figure

    # --- what is told -----------------------------------------------------------------------------------------------

    def _sides(self, grid: Any) -> list[str]:
        told = [(word, printable(grid[f"sides_{side}"])) for word, side in SIDES]
        return [f"{word}至 {text}" for word, text in told if text]

    def _facts(self, grid: Any, row: int) -> list[str]:
        if grid_kind(str(grid["kind"])) == "专属网格":
            return ["专属网格"]
        basis = printable(str(self.plan.about.get("household_basis", "")))
        facts = [f"{int(grid['households']):,} 户" + (f"（{basis}）" if basis else "")]
        if self.dwellings is not None:
            facts.append(f"住宅 {len(self.dwellings.of_grid(row)):,} 幢")
        return ["　".join([*facts, f"{float(grid['area_m2']) / 10_000:.1f} 公顷"])]

    def _people(self, code: str) -> list[str]:
        told = []
        for role in (LEADER, FULL_TIME, PART_TIME):
            held = self.roster.find(code, role)
            names = [printable(name) + (f" {printable(phone)}" if self.words.phones else "") for name, phone in held]
            if names:
                told.append(f"{role}：{'、'.join(names)}")
        return told or ["网格长：　　　　　　　网格员："]

    def _buildings(self, row: int) -> list[str]:
        """List the buildings of a grid by compound, the largest compound first."""
        if self.dwellings is None:
            return []
        own = self.dwellings.of_grid(row)
        named = own["compound"].where(own["compound"] != "", own["group"]).map(clean)
        held: list[tuple[float, str, pd.DataFrame]] = [
            (-float(homes["households"].sum()), str(name), homes) for name, homes in own.groupby(named, sort=True)
        ]
        lines = []
        for _, name, homes in sorted(held, key=lambda one: (one[1] == "", *one[:2])):
            labels = sorted({clean(label) for label in homes["label"]} - {""}, key=_natural)
            title = printable(name) or "散楼"
            named_here = "、".join(labels[:MOST_NAMED]) + (f"等 {len(homes)} 幢" if len(labels) > MOST_NAMED else "")
            lines.append(f"{title}：{printable(named_here)}" if labels else f"{title}（{len(homes)} 幢）")
        return lines

    def _neighbours(self, row: int) -> list[str]:
        """Name the grids beside one, with who leads them."""
        grids = self.plan.grids
        others = sorted({a if b == row else b for a, b in self._beside if row in (a, b)})
        home = grids["community_code"].iloc[row]
        told = []
        for other in others:
            community = grids["community_code"].iloc[other]
            before = "" if community == home else printable(self._communities.get(community, ""))
            lead = "、".join(
                printable(name) for name, _ in self.roster.find(str(grids["grid_code"].iloc[other]), LEADER)
            )
            told.append(f"{before}{printable(grids['name'].iloc[other])}" + (f"（{lead}）" if lead else ""))
        return ["、".join(told)] if told else []

    def _end(self, sheet: _Sheet, y: float, code: str) -> None:
        left = EDGE
        address = self.words.links.get(code) or self.words.address.replace("{code}", code)
        if address:
            sheet.code(EDGE, y, CODE_SIDE, address)
            left += CODE_SIDE + 36
        sheet.text(left, y + 16, f"监督电话 {printable(self.words.hotline)}", 50, INK, bold=True)
        since = printable(self.words.effective) or "　　　　年　　月　　日"
        sheet.text(left, y + 104, f"生效日期 {since}", BODY, INK)
        if address:
            sheet.text(left, y + 172, "扫码查看网格", SMALL, SOFT)


LABEL = 190
"""Pixels that the title of a block takes."""
SIDES = (("东", "east"), ("南", "south"), ("西", "west"), ("北", "north"))


def print_card(card: Figure) -> bytes:
    """Print a card as a picture that a chat group carries as it is."""
    for quality in (88, 78, 68, 55):
        held = io.BytesIO()
        card.savefig(held, format="jpg", dpi=DPI, pil_kwargs={"quality": quality, "optimize": True})
        if held.tell() <= LARGEST_CARD:
            break
    return held.getvalue()


@dataclass(frozen=True)
class _Block:
    """A part of the text: its title beside its lines."""

    title: str
    lines: Sequence[str]

    def wrap(self) -> list[str]:
        """Break the lines where they are too long; what has no room is counted."""
        broken = [part for line in self.lines for part in _wrap(line, CARD_WIDTH - 2 * EDGE - LABEL, BODY)]
        if len(broken) <= MOST_LINES:
            return broken
        return [*broken[: MOST_LINES - 1], f"……（共 {len(self.lines)} 处，全部见楼栋归属明细表）"]


class _Sheet:
    """A tall sheet on which things are placed by pixels from its upper left corner."""

    def __init__(self, height: float) -> None:
        self.height = height
        self.figure = Figure(figsize=(CARD_WIDTH / DPI, height / DPI), facecolor=PAPER)
        FigureCanvasAgg(self.figure)

    def text(
        self, x: float, y: float, text: str, size: float, colour: str, *, bold: bool = False, right: bool = False
    ) -> None:
        self.figure.text(
            x / CARD_WIDTH,
            1 - y / self.height,
            text,
            ha="right" if right else "left",
            va="top",
            color=colour,
            fontproperties=use_font(size * 72 / DPI, bold=bold),
            parse_math=False,
        )

    def band(self, y: float, height: float, colour: str) -> None:
        place = (0, 1 - (y + height) / self.height)
        self.figure.add_artist(Rectangle(place, 1, height / self.height, facecolor=colour, edgecolor="none"))

    def rule(self, y: float) -> None:
        place = (EDGE / CARD_WIDTH, 1 - y / self.height)
        wide = 1 - 2 * EDGE / CARD_WIDTH
        self.figure.add_artist(Rectangle(place, wide, 2 / self.height, facecolor="#C9CFD9", edgecolor="none"))

    def axes(self, x: float, y: float, width: float, height: float) -> Any:
        box = (x / CARD_WIDTH, 1 - (y + height) / self.height, width / CARD_WIDTH, height / self.height)
        axes = self.figure.add_axes(box)
        axes.set_xticks([])
        axes.set_yticks([])
        return axes

    def code(self, x: float, y: float, side: float, text: str) -> None:
        axes = self.axes(x, y, side, side)
        axes.imshow(1 - qr_modules(text), cmap="gray", vmin=0, vmax=1, interpolation="nearest")
        axes.axis("off")


def _step(size: float) -> float:
    return size * 1.5


def _wrap(text: str, width: float, size: float) -> list[str]:
    """Break a text where it grows wider than `width` pixels; a Chinese character is as wide as it is high."""
    lines, line, taken = [], "", 0.0
    for word in re.findall(
        r"[!-~]+[、，；：。）]?|.[、，；：。）]?", text
    ):  # numbers stay whole, and no line begins with a comma
        wide = sum(size * (1.0 if unicodedata.east_asian_width(sign) in "WFA" else 0.6) for sign in word)
        if taken + wide > width and line:
            lines.append(line)
            line, taken = "", 0.0
        line, taken = line + word, taken + wide
    return [*lines, line] if line else lines


def _natural(label: str) -> tuple[int, str]:
    """Order 2栋 before 10栋."""
    digits = "".join(sign for sign in label if sign.isdecimal())
    return (int(digits) if digits else 0, label)


def print_cards(maker: CardMaker, rows: Mapping[str, int]) -> dict[str, bytes]:
    """Draw cards by the names of their files without endings; return pictures and PDFs by file name."""
    printed = {}
    for name, row in rows.items():
        card = maker.draw(row)
        printed[f"{name}.jpg"] = print_card(card)
        printed[f"{name}.pdf"] = print_pdf([card], name)
    return printed
