"""What a county hands in: the contract of every input layer, and the checked layers together."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import geopandas as gpd

__all__ = [
    "CONTRACTS",
    "FACILITY_CLASSES",
    "HOUSEHOLD_BASES",
    "KNOWN_BARRIERS",
    "KNOWN_HIGHWAYS",
    "LEDGER",
    "MODELLED",
    "OTHER_NAMES",
    "PENDING",
    "STAFF",
    "TOWNS",
    "UNSTATED",
    "Contract",
    "Field",
    "Layers",
]

FACILITY_CLASSES = {
    "service_station": "社区服务站",
    "clinic": "卫生服务站",
    "elder_care": "养老服务设施",
    "kindergarten": "幼儿园",
    "police": "警务室",
    "canteen": "社区食堂",
    "activity": "活动场所",
}
"""Classes of facilities that are understood, and what reports call them; others are kept as given."""

MODELLED = "估算"
UNSTATED = "未注明"

PENDING = "待赋码"
"""Stands for a code that nobody has given out yet; with a name it becomes an internal one."""

HOUSEHOLD_BASES: Mapping[str, str] = MappingProxyType(
    {"户籍户": "户籍户数 户籍户", "常住户": "常住户数 常住户", "住宅套数": "住宅套数 套数", MODELLED: "估算户数"}
)
"""What a number of households may count, and the column names that say so; one plan uses one basis."""


@dataclass(frozen=True)
class Field:
    """A column of a layer: its name inside, how its values are read, and other names it may come under (words).

    Kinds: `code` text that must keep every digit; `text`; `whole` a number from 0 up without fraction; `amount` a
    number from 0 up; `estimate` a number above 0, or none where it is poor; `level` a whole number of any sign; `flag`
    yes or no.
    """

    name: str
    kind: Literal["code", "text", "whole", "amount", "estimate", "level", "flag"]
    aliases: str = ""
    required: bool = False


@dataclass(frozen=True)
class Contract:
    """A layer: the shapes it may hold (`polygon`, `line`, `point`), whether they are taken apart, and its columns."""

    layer: str
    shapes: tuple[str, ...]
    fields: tuple[Field, ...]
    single_parts: bool = False

    def field(self, name: str) -> Field | None:
        """Return the field of that name, if the layer has it."""
        return next((field for field in self.fields if field.name == name), None)


_COMMUNITY_CODE = "社区编码 社区代码 社区编号 村社区编码 村社区代码 区划代码 行政区划代码 统计用区划代码"
_HOUSEHOLDS = "hh household 户数 总户数 家庭户数 居民户数 住户数 居民总户数 " + " ".join(HOUSEHOLD_BASES.values())
_PERSONS = "population pop 人口 人数 人口数 总人口 居民总人数 户籍人口 常住人口"
_KIND = " 类型 类别 种类 type class fclass"

_FIELDS: Mapping[str, tuple[Field, ...]] = {
    "communities": (
        Field("community_code", "code", "code 编码 代码 " + _COMMUNITY_CODE, required=True),
        Field("name", "text", "名称 社区名称 社区名 村社区名称 社区 community community_name"),
        Field("urban_rural_code", "code", "城乡分类 城乡分类代码 城乡代码"),
        Field("town_code", "code", "街道代码 街道编码 乡镇代码 乡镇编码 镇街代码 镇街编码"),
        Field("town", "text", "街道(乡镇) 街道名称 乡镇名称 town_name"),
        Field("households", "whole", _HOUSEHOLDS),
        Field("persons", "amount", _PERSONS),
        Field("posts", "whole", "网格员数 岗位数 配备数 编制数"),
    ),
    "streets": (
        Field("highway", "text", "道路等级 等级 级别 道路类型 道路类别 road_class" + _KIND, required=True),
        Field("name", "text", "名称 道路名称 道路名 路名 街巷名称 road_name"),
        Field("bridge", "flag", "桥梁 桥 是否桥梁"),
        Field("tunnel", "flag", "隧道 是否隧道"),
        Field("layer", "level", "层级 z_order"),
    ),
    "buildings": (
        Field("building_id", "code", "osm_id 楼栋编码 楼栋编号 建筑编码 建筑编号 建筑物编码"),
        Field("households", "whole", _HOUSEHOLDS),
        Field("persons", "amount", _PERSONS),
        Field("compound", "text", "小区 小区名称 所属小区 住宅小区 estate"),
        Field("group", "text", "网格组 居民小组 居民组 村民小组 小组 group_name"),
        Field("name", "text", "名称 楼栋名称 楼名 楼栋 建筑名称 建筑物名称"),
        Field("levels", "estimate", "building:levels 层数 楼层 楼层数 地上层数 floors floor storeys num_floors"),
        Field("floor_area", "estimate", "建筑面积 总建筑面积 住宅面积 住宅建筑面积 gfa"),
        Field("building", "text", "建筑类型 房屋类型 用途 建筑用途 房屋用途 建筑性质 usage building_type type"),
        Field("sections", "text", "单元 单元数"),
        Field("address", "text", "地址(门牌) 地址"),
        Field("address_code", "code", "标准地址编码"),
        Field("property_company", "text", "物业服务企业 物业公司"),
        Field("built", "text", "建成年代 建成年份 built_year"),
    ),
    "barriers": (
        Field("kind", "text", "屏障类型 barrier" + _KIND, required=True),
        Field("name", "text", "名称 河流名称 水系名称"),
        Field("bridge", "flag", "桥梁 桥 是否桥梁"),
        Field("tunnel", "flag", "隧道 是否隧道"),
    ),
    "compounds": (
        Field("compound_id", "code", "osm_id 小区编码 小区代码 小区编号"),
        Field("name", "text", "名称 小区名称 小区"),
    ),
    "special_sites": (
        Field("name", "text", "名称 单位名称 单位"),
        Field("kind", "text", "性质" + _KIND),
    ),
    "groups": (
        Field(
            "group",
            "text",
            "name 名称 小组名称 居民小组 居民组 村民小组 小组 网格组 group_name",
            required=True,
        ),
    ),
    "fixed_borders": (),
    "seeds": (Field("name", "text", "名称 网格名称 grid_name"),),
    "facilities": (
        Field("facility_id", "code", "osm_id 设施编号 设施编码"),
        Field("name", "text", "名称 设施名称"),
        Field("facility_class", "text", "设施类别 设施类型" + _KIND, required=True),
        Field("community_code", "code", _COMMUNITY_CODE),
        Field("address", "text", "地址 坐落"),
    ),
    "candidates": (
        Field("name", "text", "名称 地块名称 地块"),
        Field("kind", "text", "性质" + _KIND),
    ),
    "grids": (
        Field("grid_code", "code", "code 编码 网格编码 网格代码 网格编号 网格号"),
        Field("name", "text", "名称 网格名称 grid_name"),
        Field("kind", "text", "网格类型" + _KIND),
        Field("community_code", "code", _COMMUNITY_CODE),
        Field("households", "whole", _HOUSEHOLDS),
        Field("persons", "amount", _PERSONS),
        Field("reason", "text", "原因 理由 说明"),
        Field("reason_code", "text", "原因代码"),
    ),
}

CONTRACTS: Mapping[str, Contract] = MappingProxyType(
    {
        contract.layer: contract
        for contract in (
            Contract("communities", ("polygon",), _FIELDS["communities"]),
            Contract("streets", ("line",), _FIELDS["streets"], single_parts=True),
            Contract("buildings", ("polygon", "point"), _FIELDS["buildings"]),
            Contract("barriers", ("line", "polygon"), _FIELDS["barriers"], single_parts=True),
            Contract("compounds", ("polygon",), _FIELDS["compounds"]),
            Contract("special_sites", ("polygon",), _FIELDS["special_sites"]),
            Contract("groups", ("polygon", "point"), _FIELDS["groups"]),
            Contract("fixed_borders", ("line",), _FIELDS["fixed_borders"], single_parts=True),
            Contract("seeds", ("polygon", "point"), _FIELDS["seeds"]),
            Contract("facilities", ("point", "polygon"), _FIELDS["facilities"]),
            Contract("candidates", ("point", "polygon"), _FIELDS["candidates"]),
            Contract("grids", ("polygon",), _FIELDS["grids"]),
        )
    }
)
"""Every layer that is read, by name; `grids` is somebody's own division, handed in to be checked; `facilities` are
walked to, and `candidates` are sites where another might be."""

LEDGER = Contract(
    "ledger",
    (),
    (
        Field(
            "community", "text", "社区 社区(村) 社区名称 社区名 村(社区) 村社区 所属社区 所在社区 行政村", required=True
        ),
        Field("community_code", "code", _COMMUNITY_CODE),
        Field("town", "text", "街道 乡镇 街道(乡镇) 乡镇(街道) 镇街 所属街道 街道名称 乡镇名称"),
        Field("compound", "text", "小区 小区名称 小区(自然村) 小区/自然村 小区/院落 院落 住宅小区 所属小区"),
        Field("village", "text", "自然村 自然村名称 自然湾 屯 村庄"),
        Field("group", "text", "居民小组 村民小组 村组 居民组 小组 组别"),
        Field("building", "text", "楼栋 楼栋号 楼号 栋号 楼幢 幢号 栋 幢 楼栋名称"),
        Field("building_id", "code", "楼栋编号 楼栋编码"),
        Field("section", "text", "单元 单元号 sections"),
        Field("address", "text", "地址(门牌) 地址 门牌 门牌号 门牌地址 详细地址"),
        Field("address_code", "code", "标准地址编码"),
        Field("households", "whole", _HOUSEHOLDS, required=True),
        Field("persons", "whole", _PERSONS),
        Field("household_basis", "text", "户数口径 口径"),
        Field("longitude", "amount", "经度 lon lng long x 东经"),
        Field("latitude", "amount", "纬度 lat y 北纬"),
        Field("property_company", "text", "物业服务企业 物业公司"),
        Field("built", "text", "建成年代 建成年份"),
        Field("old_grid", "text", "原网格"),
        Field("old_grid_code", "code", "原网格编码"),
        Field("grid", "text", "现网格"),
        Field("grid_code", "code", "现网格编码"),
        Field("worker", "text", "网格员"),
        Field("remark", "text", "备注"),
    ),
)
"""A table of where people live, without geometry: 《楼栋归属明细表》, or any table with community and households."""

STAFF = Contract(
    "staff",
    (),
    (
        Field("staff_code", "code", "人员编号 工号 编号", required=True),
        Field("name", "text", "姓名", required=True),
        Field("phone", "code", "联系电话 电话 手机 手机号 手机号码"),
        Field("post", "text", "角色 职务 岗位 网格职务"),
        Field("community_code", "code", _COMMUNITY_CODE),
        Field("grid_code", "code", "网格编码 网格代码 网格编号"),
        Field("since", "text", "上岗日期 到岗日期 任职日期 开始日期"),
        Field("until", "text", "离岗日期 离职日期 结束日期"),
    ),
)
"""A table of who works in the grids: 《网格人员台账》; whose `post` is no role in a grid is staff all the same."""

OTHER_NAMES = Contract(
    "aliases",
    (),
    (
        Field("kind", "text", "类别 类型", required=True),
        Field("name", "text", "标准名称 名称 现名", required=True),
        Field("alias", "text", "别名 俗称 曾用名", required=True),
    ),
)
"""A table of former and colloquial names of compounds (小区) and roads (道路)."""

TOWNS = Contract(
    "towns",
    ("polygon",),
    (
        Field("town_code", "code", "街道代码 街道编码 乡镇代码 乡镇编码 镇街代码 镇街编码", required=True),
        Field("name", "text", "名称 街道名称 乡镇名称", required=True),
    ),
)

KNOWN_HIGHWAYS = frozenset(
    {
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential", "living_street"),
        *("motorway_link", "trunk_link", "primary_link", "secondary_link", "tertiary_link", "service", "road"),
        *("busway", "pedestrian", "footway", "path", "steps", "track", "cycleway", "bridleway"),
        *("construction", "proposed", "corridor", "elevator", "platform"),
        *("高速公路", "快速路", "主干路", "主干道", "次干路", "次干道", "支路", "街巷", "巷"),
    }
)
"""Classes of streets that are understood; any other word is taken for an ordinary street, and counted."""

KNOWN_BARRIERS: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("water", "水", "水面", "水域", "水体", "湖", "湖泊", "水库", "池塘", "坑塘"), "water"),
        **dict.fromkeys(("waterway", "river", "canal", "河", "河流", "河道", "水系", "江", "运河"), "waterway"),
        **dict.fromkeys(("railway", "rail", "铁路", "铁道"), "railway"),
        **dict.fromkeys(("wall", "fence", "city_wall", "围墙", "墙", "城墙", "围栏", "栅栏"), "wall"),
    }
)
"""Kinds of barriers that are understood, each with the one word used inside; other words are kept as given."""


@dataclass(frozen=True)
class Layers:
    """Checked inputs, in EPSG:4490 longitude/latitude (2D, valid), with the columns of their contracts.

    Outlines of communities are densified to at most 100 m in the CRS in which they came, so that *straight* keeps its
    meaning. Frames have a plain RangeIndex in the order of the file. A layer that was not given is an empty frame,
    never None. Unknown text is '', an unknown number NaN; streets, barriers and fixed borders are single parts.
    """

    communities: gpd.GeoDataFrame
    """community_code (unique), name, urban_rural_code, town_code, town, households, persons, posts"""
    streets: gpd.GeoDataFrame
    """highway (as given), name, bridge, tunnel, layer"""
    buildings: gpd.GeoDataFrame
    """building_id (unique), households (never NaN), persons, compound, group, name, workload; and, for ledgers alone,
    sections, address, address_code, property_company, built"""
    barriers: gpd.GeoDataFrame
    """kind (water, waterway, railway, wall, or as given), name, bridge, tunnel"""
    compounds: gpd.GeoDataFrame
    """compound_id (unique), name"""
    special_sites: gpd.GeoDataFrame
    """name, kind"""
    groups: gpd.GeoDataFrame
    """group"""
    fixed_borders: gpd.GeoDataFrame
    seeds: gpd.GeoDataFrame
    """name"""
    household_basis: str
    """户籍户, 常住户, 住宅套数, 估算, or 未注明 where nobody said."""
