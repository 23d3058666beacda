"""How a plan looks when QGIS opens it: a style for each layer, Chinese names of columns, rows of `layer_styles`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from xml.etree import ElementTree as ET

__all__ = ["ALIASES", "STYLED", "TITLES", "write_style"]

TITLES: Mapping[str, str] = MappingProxyType(
    {
        "grids": "网格",
        "units": "最小划分单元",
        "borders": "网格边界",
        "communities": "社区",
        "streets": "街巷",
        "plan": "划分方案说明",
        "layer_styles": "图层样式",
    }
)
"""What each table of a plan is called."""

STYLED = ("grids", "units", "borders", "communities", "streets")

ALIASES: Mapping[str, str] = MappingProxyType(
    {
        "grid_code": "网格编码",
        "name": "名称",
        "kind": "类型",
        "community_code": "社区编码",
        "households": "户数",
        "persons": "人口",
        "area_m2": "面积(㎡)",
        "sides_east": "东至",
        "sides_south": "南至",
        "sides_west": "西至",
        "sides_north": "北至",
        "reason": "超限原因",
        "reason_code": "超限原因代码",
        "unit_id": "单元编号",
        "left_grid": "左侧网格",
        "right_grid": "右侧网格",
        "barrier": "边界依据",
        "length_m": "长度(米)",
        "grids": "网格数",
        "in_band": "限内网格数",
        "divisible": "可在限内划分",
        "cost": "边界代价",
        "message": "说明",
        "highway": "道路等级",
    }
)
"""Chinese names of the columns of a plan; a column that is not here is shown by its own name."""

FONT = "Noto Sans CJK SC"

MOST_DETAIL_SCALE = 6000
"""Units are shown from 1:6,000 on: farther out they would cover everything else."""


@dataclass(frozen=True)
class _Rule:
    """What a filter picks, its name in the legend, and the symbol layers it is drawn with, undermost first."""

    filter: str
    label: str
    layers: tuple[tuple[str, Mapping[str, str]], ...]


@dataclass(frozen=True)
class _Label:
    """Text along lines or inside polygons: an expression, its size in points, its colour, from which scale on."""

    expression: str
    size: float
    colour: str
    from_scale: int
    along: bool = False
    bold: bool = False


def write_style(layer: str, columns: Sequence[str], minimum: int, maximum: int) -> str:
    """Write the style of a layer of a plan as QML.

    Parameters
    ----------
    layer
        One of `STYLED`.
    columns
        The columns that the layer has.
    minimum, maximum
        The band, by which grids are drawn.
    """
    root = ET.Element("qgis", {"version": "3.22.0", "styleCategories": "Symbology|Labeling|Fields|Rendering"})
    if layer == "units":
        root.attrib |= {"hasScaleBasedVisibilityFlag": "1", "minScale": str(MOST_DETAIL_SCALE), "maxScale": "0"}
    rules, label, geometry, opacity = _look(layer, minimum, maximum)
    fields = ET.SubElement(root, "aliases")
    for number, column in enumerate(columns):
        alias = ALIASES.get(column, column)
        if layer == "communities" and column == "name":
            alias = "社区名称"
        ET.SubElement(fields, "alias", {"field": column, "index": str(number + 1), "name": alias})
    _add_rules(root, rules, geometry)
    if label is not None:
        _add_label(root, label)
    ET.SubElement(root, "layerOpacity").text = opacity
    ET.SubElement(root, "layerGeometryType").text = {"fill": "2", "line": "1"}[geometry]
    return ET.tostring(root, encoding="unicode")


def _look(layer: str, minimum: int, maximum: int) -> tuple[tuple[_Rule, ...], _Label | None, str, str]:
    """Return the rules, the label, the kind of symbol and the opacity of a layer."""
    match layer:
        case "grids":
            return _grid_rules(minimum, maximum), _grid_label(minimum, maximum), "fill", "0.85"
        case "units":
            outline = {"style": "no", "outline_color": "150,150,150,255", "outline_width": "0.15"}
            return (_Rule("", TITLES["units"], (("SimpleFill", outline),)),), None, "fill", "1"
        case "borders":
            return _border_rules(), None, "line", "1"
        case "communities":
            halo = {"style": "no", "outline_color": "255,255,255,255", "outline_width": "1.6"}
            edge = {
                "style": "no",
                "outline_color": "106,27,154,255",
                "outline_width": "0.9",
                "outline_style": "dash dot",
            }
            rules = (_Rule("", "社区界线", (("SimpleFill", halo), ("SimpleFill", edge))),)
            return rules, _Label('"name"', 13, "106,27,154", 60000, bold=True), "fill", "1"
        case _:
            return _street_rules(), _Label('"name"', 7.5, "60,60,60", 12000, along=True), "line", "1"


def _grid_rules(minimum: int, maximum: int) -> tuple[_Rule, ...]:
    edge = {"outline_color": "70,70,70,255", "outline_width": "0.35"}

    def filled(colour: str) -> tuple[str, Mapping[str, str]]:
        return "SimpleFill", {"color": colour, "style": "solid", **edge}

    def hatched(colour: str, angle: str) -> tuple[str, Mapping[str, str]]:
        return "LinePatternFill", {"angle": angle, "distance": "2.2", "line_width": "0.3", "color": colour}

    general = "\"kind\" <> 'special'"
    return (
        _Rule("\"kind\" = 'special'", "专属网格", (filled("224,224,224,255"),)),
        _Rule(
            f'{general} AND "households" >= {minimum} AND "households" <= {maximum}',
            f"户数在限内（{minimum}–{maximum}户）",
            (filled("216,242,212,255"),),
        ),
        _Rule(
            f'{general} AND "households" > {maximum}',
            f"户数超限（多于{maximum}户）",
            (filled("253,219,199,255"), hatched("178,24,43,255", "45")),
        ),
        _Rule(
            f'{general} AND "households" < {minimum}',
            f"户数不足（少于{minimum}户）",
            (filled("209,229,240,255"), hatched("33,102,172,255", "135")),
        ),
    )


def _grid_label(minimum: int, maximum: int) -> _Label:
    mark = f"CASE WHEN \"households\" > {maximum} THEN '▲' WHEN \"households\" < {minimum} THEN '▼' ELSE '' END"
    shown = f"\"name\" || '\\n' || to_string(\"households\") || '户' || {mark}"
    return _Label(f'CASE WHEN "kind" = \'special\' THEN "name" ELSE {shown} END', 8.5, "20,20,20", 25000)


def _border_rules() -> tuple[_Rule, ...]:
    looks = (
        ("motorway trunk primary", "主干路及以上", "179,60,0,255", "0.9", "solid"),
        ("secondary tertiary", "次干路", "217,95,2,255", "0.8", "solid"),
        ("street", "街道", "90,74,66,255", "0.7", "solid"),
        ("lane", "巷道", "90,74,66,255", "0.55", "dash"),
        ("water", "河流水面", "31,120,180,255", "0.8", "solid"),
        ("rail", "铁路", "40,40,40,255", "0.8", "dash dot"),
        ("wall", "围墙", "117,112,179,255", "0.7", "dot"),
        ("open", "空地（无街巷）", "227,26,28,255", "0.6", "dash"),
    )
    return tuple(
        _Rule(
            '"barrier" IN (' + ", ".join(f"'{kind}'" for kind in kinds.split()) + ")",
            f"边界依据：{label}",
            (_line("255,255,255,255", str(float(width) + 0.8)), _line(colour, width, style)),
        )
        for kinds, label, colour, width, style in looks
    )


def _street_rules() -> tuple[_Rule, ...]:
    def among(words: str) -> str:
        return '"highway" IN (' + ", ".join(f"'{word}'" for word in words.split()) + ")"

    express = among("motorway trunk motorway_link trunk_link 高速公路 快速路")
    main = among("primary secondary primary_link secondary_link 主干路 主干道 次干路 次干道")
    foot = among("footway path steps track cycleway bridleway pedestrian service 街巷 巷 小巷 胡同 里弄")
    edge = "150,150,150,255"
    return (
        _Rule(express, "快速路、高速公路", (_line(edge, "1.5"), _line("250,200,140,255", "1.1"))),
        _Rule(main, "主干路、次干路", (_line(edge, "1.2"), _line("255,235,190,255", "0.9"))),
        _Rule(foot, "街巷、小路", (_line("170,170,170,255", "0.3", "dash"),)),
        _Rule("ELSE", "支路", (_line(edge, "0.8"), _line("255,255,255,255", "0.55"))),
    )


def _line(colour: str, width: str, style: str = "solid") -> tuple[str, Mapping[str, str]]:
    looks = {"line_color": colour, "line_width": width, "line_style": style, "capstyle": "round", "joinstyle": "round"}
    return "SimpleLine", looks


def _add_rules(root: ET.Element, rules: Iterable[_Rule], geometry: str) -> None:
    renderer = ET.SubElement(root, "renderer-v2", {"type": "RuleRenderer", "enableorderby": "0", "forceraster": "0"})
    tree = ET.SubElement(renderer, "rules", {"key": "root"})
    symbols = ET.SubElement(renderer, "symbols")
    for number, rule in enumerate(rules):
        said = {"filter": rule.filter} if rule.filter else {}
        ET.SubElement(tree, "rule", {"key": f"rule{number}", "symbol": str(number), "label": rule.label, **said})
        symbol = ET.SubElement(symbols, "symbol", {"name": str(number), "type": geometry, "alpha": "1"})
        for level, (kind, options) in enumerate(rule.layers):
            drawn = ET.SubElement(symbol, "layer", {"class": kind, "enabled": "1", "pass": str(level), "locked": "0"})
            _add_options(drawn, options)
            if kind == "LinePatternFill":
                inner = ET.SubElement(drawn, "symbol", {"name": f"@{number}@{level}", "type": "line", "alpha": "1"})
                stroke = ET.SubElement(inner, "layer", {"class": "SimpleLine", "enabled": "1", "pass": "0"})
                _add_options(stroke, {"line_color": options["color"], "line_width": options["line_width"]})


def _add_options(parent: ET.Element, options: Mapping[str, str]) -> None:
    held = ET.SubElement(parent, "Option", {"type": "Map"})
    for name, value in options.items():
        ET.SubElement(held, "Option", {"name": name, "value": value, "type": "QString"})


def _add_label(root: ET.Element, label: _Label) -> None:
    settings = ET.SubElement(ET.SubElement(root, "labeling", {"type": "simple"}), "settings")
    style = ET.SubElement(
        settings,
        "text-style",
        {
            "fieldName": label.expression,
            "isExpression": "1",
            "fontFamily": FONT,
            "fontSize": str(label.size),
            "fontSizeUnit": "Point",
            "fontWeight": "75" if label.bold else "50",
            "namedStyle": "Bold" if label.bold else "Regular",
            "textColor": f"{label.colour},255",
            "textOpacity": "1",
            "multilineHeight": "1",
        },
    )
    halo = {"bufferDraw": "1", "bufferSize": "0.8", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    ET.SubElement(style, "text-buffer", halo | {"bufferOpacity": "0.9"})
    ET.SubElement(settings, "text-format", {"multilineAlign": "1", "wrapChar": ""})
    # 2 along a line, 1 over the middle of a polygon, as QGIS numbers the ways to place a label
    along = {"placement": "2", "placementFlags": "9", "repeatDistance": "60", "repeatDistanceUnits": "MM"}
    inside = {"placement": "1", "centroidInside": "1", "centroidWhole": "1"}
    ET.SubElement(settings, "placement", along if label.along else inside)
    shown = {"scaleVisibility": "1", "scaleMin": "1", "scaleMax": str(label.from_scale), "obstacle": "0"}
    ET.SubElement(settings, "rendering", shown | ({"mergeLines": "1"} if label.along else {}))
