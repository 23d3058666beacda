"""What readers of files have to say, in Chinese and English: one table of faults, one of notes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.geo.errors import Fault, InputError

__all__ = ["Findings", "Note", "fault", "listed"]

MOST_LISTED = 5
"""Features of one layer that are named for the same fault; the rest is counted."""


class _FaultText(NamedTuple):
    fact: str
    remedy: str
    fact_en: str
    remedy_en: str


_FAULTS: Mapping[str, _FaultText] = {
    # the file
    "file_missing": _FaultText("文件不存在", "请检查路径和文件名", "no such file", "Check the path and the name"),
    "file_unreadable": _FaultText(
        "文件无法读取（{reason}）",
        "请检查文件权限，或换一份拷贝",
        "the file cannot be read ({reason})",
        "Check its permissions or get another copy",
    ),
    "folder": _FaultText(
        "这是文件夹，不是文件",
        "请写出其中的数据文件，例如 .gpkg 或 .shp",
        "this is a folder, not a file",
        "Name the data file in it, such as a .gpkg or .shp",
    ),
    "format_unknown": _FaultText(
        "不支持“{suffix}”格式",
        "请另存为 GeoPackage（.gpkg）、Shapefile（.shp）、GeoJSON、FlatGeobuf、GeoParquet，或带经纬度的 .csv、.xlsx",
        "the format “{suffix}” is not supported",
        "Save it as GeoPackage (.gpkg), Shapefile (.shp), GeoJSON, FlatGeobuf, GeoParquet, or .csv, .xlsx with degrees",
    ),
    "pretends": _FaultText(
        "扩展名是 {suffix}，内容却{found}",
        "请核对文件来源；如只是扩展名写错，请改回正确的扩展名",
        "it is named {suffix}, but its content {found_en}",
        "Check where the file comes from; if only its name is wrong, rename it",
    ),
    "truncated": _FaultText(
        "文件不完整：应有 {expected:,} 字节，实有 {size:,} 字节",
        "请重新拷贝或下载该文件",
        "the file is cut off: {expected:,} bytes expected, {size:,} found",
        "Copy or download it again",
    ),
    "damaged": _FaultText(
        "文件已损坏，读不出来（{reason}）",
        "请重新拷贝或导出该文件",
        "the file is damaged and cannot be read ({reason})",
        "Copy or export it again",
    ),
    "part_missing": _FaultText(
        "缺少同名的 {suffix} 文件",
        "Shapefile 由 .shp、.shx、.dbf、.prj 组成，请一并拷贝",
        "the {suffix} file of the same name is missing",
        "A Shapefile is made of .shp, .shx, .dbf and .prj: copy them together",
    ),
    "prj_missing": _FaultText(
        "缺少同名的 .prj 文件，没有坐标系信息",
        "请一并拷贝 .prj，或在 GIS 软件里为它指定坐标系",
        "the .prj file of the same name is missing, so it has no coordinate reference system",
        "Copy the .prj as well, or assign a reference system in a GIS",
    ),
    "encoding": _FaultText(
        "文字编码不对：{reason}",
        "请按正确的编码（UTF-8 或 GBK）重新导出，或改正 .cpg 文件",
        "its text is in a wrong encoding: {reason_en}",
        "Export it again as UTF-8 or GBK, or correct the .cpg file",
    ),
    "layer_missing": _FaultText(
        "没有名为“{layer}”的图层；现有：{layers}",
        "请写成 文件:图层，并核对图层名",
        "there is no layer “{layer}”; there are: {layers}",
        "Write FILE:LAYER with one of these",
    ),
    "layers_several": _FaultText(
        "文件里有多个图层，没有指明用哪一个：{layers}",
        "请写成 文件:图层",
        "the file holds several layers and none is named: {layers}",
        "Write FILE:LAYER",
    ),
    "layer_without_geometry": _FaultText(
        "只有表格，没有图形",
        "请指明带图形的图层",
        "it is a table without geometries",
        "Name a layer that has geometries",
    ),
    "layer_empty": _FaultText(
        "图层里没有任何要素",
        "请检查导出时的筛选条件；确实没有内容就不要给出该图层",
        "the layer holds no feature",
        "Check the filter it was exported with; leave the layer out if there is nothing in it",
    ),
    "not_a_plan": _FaultText(
        "不是划分方案文件：缺少图层 {layer}；现有：{layers}",
        "请给出由 jiexiang split 写出的 plan.gpkg",
        "it is no plan file: layer {layer} is missing; there are: {layers}",
        "Give a plan.gpkg written by jiexiang split",
    ),
    "garbled": _FaultText(
        "{field} 是乱码：“{value}”应为“{meant}”",
        "该文字曾以错误的编码（{wrong}）读取后保存；请以 {right} 重新导出",
        "{field} is garbled: “{value}” should be “{meant}”",
        "It was once read as {wrong} and saved so: export it again as {right}",
    ),
    # columns
    "column_missing": _FaultText(
        "缺少字段 {field}；现有字段：{columns}",
        "请用 --columns {layer}.{field}=字段名 指明",
        "column {field} is missing; there are: {columns}",
        "Name it by --columns {layer}.{field}=COLUMN",
    ),
    "theme_column": _FaultText(
        "没有“{column}”这一列，或有几列以它结尾；现有：{columns}",
        "请写成 --theme 文件:列名，列名写全",
        "there is no column “{column}”, or several end so; there are: {columns}",
        "Write --theme FILE:COLUMN with the whole heading",
    ),
    "theme_key": _FaultText(
        "没有一列说明各行属于哪个网格、社区或小区；现有字段：{columns}",
        "请加上网格编码、社区编码（或社区名称）、小区编码（或小区名称）其中一列",
        "no column says to which grid, community or compound a row belongs; there are: {columns}",
        "Add one: grid code, community code or name, compound code or name",
    ),
    "theme_personal": _FaultText(
        "“{column}”一列是个人信息（{why}），不能做成专题图：地图页谁都能打开",
        "请换一列，或先统计成人数",
        "the column {column} is about persons ({why}) and makes no theme: whoever has the page can read it",
        "Choose another, or count them first",
    ),
    "column_unknown": _FaultText(
        "指明的字段“{column}”（作 {field} 用）不存在；现有字段：{columns}",
        "请核对 --columns",
        "column “{column}”, named for {field}, does not exist; there are: {columns}",
        "Check --columns",
    ),
    "column_ambiguous": _FaultText(
        "有多个字段都可能是 {field}：{columns}",
        "请用 --columns {layer}.{field}=字段名 指明用哪一个",
        "several columns may be {field}: {columns}",
        "Choose one by --columns {layer}.{field}=COLUMN",
    ),
    # the coordinate reference system and where things lie
    "crs_missing": _FaultText(
        "没有坐标系信息",
        "请补上坐标系（Shapefile 补 .prj 文件），例如 CGCS2000 经纬度 EPSG:4490",
        "it has no coordinate reference system",
        "Assign one (for a Shapefile, add the .prj), such as CGCS2000 longitude/latitude, EPSG:4490",
    ),
    "crs_unusable": _FaultText(
        "坐标系“{crs}”既不是经纬度也不是投影坐标",
        "请转换到 CGCS2000 经纬度（EPSG:4490）或高斯－克吕格投影",
        "its reference system “{crs}” is neither geographic nor projected",
        "Convert it to CGCS2000 longitude/latitude (EPSG:4490) or a Gauss–Krüger zone",
    ),
    "crs_metres_as_degrees": _FaultText(
        "坐标系标为经纬度（{crs}），坐标却像米（如 {x:.1f}, {y:.1f}）",
        "请给图层指定它真正的投影坐标系，不要改动坐标",
        "it is declared longitude/latitude ({crs}), but its coordinates look like metres ({x:.1f}, {y:.1f})",
        "Assign the projected reference system it really has; do not change the coordinates",
    ),
    "crs_degrees_as_metres": _FaultText(
        "坐标系标为投影坐标（{crs}），坐标却像经纬度（如 {x:.5f}, {y:.5f}）",
        "请给图层指定经纬度坐标系（CGCS2000 为 EPSG:4490），不要改动坐标",
        "it is declared projected ({crs}), but its coordinates look like degrees ({x:.5f}, {y:.5f})",
        "Assign a longitude/latitude system (EPSG:4490 for CGCS2000); do not change the coordinates",
    ),
    "crs_wrong_zone": _FaultText(
        "坐标（如 {x:.1f}, {y:.1f}）不在坐标系 {crs} 的范围内{hint}",
        "请核对带号和中央经线，指定正确的坐标系",
        "its coordinates ({x:.1f}, {y:.1f}) lie outside the area of {crs}{hint_en}",
        "Check zone and central meridian and assign the right system",
    ),
    "axes_swapped": _FaultText(
        "坐标轴颠倒：x 与 y（经度与纬度、东与北）写反了（如 {x:.5f}, {y:.5f}）",
        "请交换坐标轴后重新导出：x 为经度（东），y 为纬度（北）",
        "its axes are swapped: x and y (longitude and latitude, east and north) change places ({x:.5f}, {y:.5f})",
        "Swap them and export again: x is longitude (east), y latitude (north)",
    ),
    "coordinate_outside": _FaultText(
        "坐标（{x:.5f}, {y:.5f}）远离其他要素，不在坐标系 {crs} 的范围内",
        "请改正该要素的坐标",
        "its coordinate ({x:.5f}, {y:.5f}) is far from all others and outside the area of {crs}",
        "Correct the coordinates of this feature",
    ),
    "elsewhere": _FaultText(
        "与社区图层完全不重叠：中心在 {lon:.4f}, {lat:.4f}，相距约 {km:,.1f} 公里{hint}",
        "请核对坐标系和数据范围是否与社区图层一致",
        "it does not overlap the communities anywhere: its centre is at {lon:.4f}, {lat:.4f}, "
        "about {km:,.1f} km away{hint_en}",
        "Check that its reference system and its area fit the communities",
    ),
    "datum_secret": _FaultText(
        "坐标系的基准面是{datum}，它与 CGCS2000 之间的转换参数属于国家秘密，软件不带，直接套用会错开百米",
        "请由测绘部门（自然资源局）转换到 CGCS2000 后再用；确有合法参数的，可在坐标系定义里写明（+towgs84）",
        "its datum is {datum}; the shift from it to CGCS2000 is a state secret and not shipped; without it everything "
        "lies a hundred metres off",
        "Have it converted to CGCS2000 by the surveying office, or give a reference system that brings lawful "
        "parameters of its own (+towgs84)",
    ),
    "datum_undeclared": _FaultText(
        "与{other}整体错开约 {offset_m:,.0f} 米：按{declared}，{now:.1%} 不吻合；若是{datum}，只有 {then:.1%}",
        "如确实来自该地图，请加 --datum {layer}={likely}；如不是，请核对数据来源，核实无误可加 --datum {layer}=wgs84",
        "it lies about {offset_m:,.0f} m off {other_en}: as {declared_en} {now:.1%} of it does not fit, as "
        "{datum_en} only {then:.1%}",
        "If it comes from such a map, add --datum {layer}={likely}; if not, check where it comes from, and if it is "
        "right add --datum {layer}=wgs84",
    ),
    # geometries
    "geometry_missing": _FaultText(
        "没有图形（空值）",
        "请补画图形或删除这条记录",
        "it has no geometry (NULL)",
        "Draw it or delete the record",
    ),
    "geometry_empty": _FaultText(
        "图形是空的", "请补画图形或删除这条记录", "its geometry is empty", "Draw it or delete the record"
    ),
    "geometry_broken": _FaultText(
        "图形无法解读（环未闭合、顶点太少或含非数值坐标）",
        "请在 GIS 软件里修复几何后重新导出",
        "its geometry cannot be read (a ring not closed, too few vertices or coordinates that are no numbers)",
        "Repair it in a GIS and export again",
    ),
    "geometry_type": _FaultText(
        "图形类型是{found}，应为{expected}",
        "请核对给的是不是该图层",
        "its geometry is a {found_en}, but a {expected_en} is needed",
        "Check that this is the layer you mean",
    ),
    "geometry_invalid": _FaultText(
        "面图形有错：{reason}，位于 {lon:.6f}, {lat:.6f}",
        "请修复几何，或加 --mend 自动修复",
        "its polygon is invalid: {reason_en} at {lon:.6f}, {lat:.6f}",
        "Repair it, or add --mend",
    ),
    "geometry_beyond_mending": _FaultText(
        "面图形有错，自动修复后什么也不剩",
        "请重新绘制",
        "its polygon is invalid, and mending leaves nothing of it",
        "Draw it again",
    ),
    # values
    "code_missing": _FaultText(
        "{field} 为空",
        "请补上编码；尚未赋码的请先给一个互不相同的内部编号，如 待赋码-1",
        "{field} is missing",
        "Fill it in; where no official code exists yet, give each its own internal one",
    ),
    "code_duplicate": _FaultText(
        "{field} 重复：{value}（第 {rows} 个要素）",
        "请使每个编码唯一；同一社区分成几块的请合并为一个多部件面",
        "{field} {value} is used more than once (features {rows})",
        "Make every code unique; join the parts of one community into one multi-part polygon",
    ),
    "code_number": _FaultText(
        "{field} 被表格软件改成了数字：{value}",
        "请把该列设为文本格式并重新填写完整编码",
        "{field} was turned into a number by a spreadsheet: {value}",
        "Format the column as text and enter the full codes again",
    ),
    "number_text": _FaultText(
        "{field} 不是数字：“{value}”",
        "请只填数字，例如 350",
        "{field} is not a number: “{value}”",
        "Enter digits only, such as 350",
    ),
    "number_missing": _FaultText(
        "{field} 为空或非数值（NaN）",
        "没有住户的请填 0；确认空值都是 0 的可加 --mend",
        "{field} is missing or not a number (NaN)",
        "Enter 0 where nobody lives, or add --mend to take every missing one for 0",
    ),
    "number_negative": _FaultText("{field} 是负数：{value}", "请改正", "{field} is negative: {value}", "Correct it"),
    "number_fraction": _FaultText(
        "{field} 不是整数：{value}",
        "户数须为整数，请改正",
        "{field} is not a whole number: {value}",
        "Households are counted in whole numbers: correct it",
    ),
    "number_infinite": _FaultText(
        "{field} 不是有限的数：{value}", "请改正", "{field} is not finite: {value}", "Correct it"
    ),
    "households_unknown": _FaultText(
        "没有户数，也无法估算：{reason}",
        "请给出户数字段，或建筑面积、层数字段（--columns buildings.households=字段名）",
        "it has no households, and they cannot be modelled: {reason_en}",
        "Give a column of households, or of floor area or levels (--columns buildings.households=COLUMN)",
    ),
    "basis_without_column": _FaultText(
        "指明的户数口径是“{basis}”，图层里却没有户数字段",
        "请用 --columns buildings.households=字段名 指明，或不指明口径而按建筑估算",
        "households were said to be “{basis}”, but the layer has no column of households",
        "Name it by --columns buildings.households=COLUMN, or leave the basis out and have them modelled",
    ),
    # how communities fit each other
    "communities_overlap": _FaultText(
        "两个社区重叠，最宽 {width_m:.1f} 米，面积 {area_m2:,.0f} 平方米，位于 {lon:.6f}, {lat:.6f}",
        "请改正边界；--mend 把重叠处归编码小的社区，--as-is 照原样继续",
        "two communities overlap by up to {width_m:.1f} m over {area_m2:,.0f} m² at {lon:.6f}, {lat:.6f}",
        "Correct the outlines; --mend gives the overlap to the lower code, --as-is goes on",
    ),
    "communities_gap": _FaultText(
        "社区之间有空隙，最宽 {width_m:.1f} 米，面积 {area_m2:,.0f} 平方米，位于 {lon:.6f}, {lat:.6f}",
        "请改正边界；--mend 把空隙并入公共边最长的社区，--as-is 照原样继续",
        "there is a gap of up to {width_m:.1f} m and {area_m2:,.0f} m² between communities at {lon:.6f}, {lat:.6f}",
        "Correct the outlines; --mend gives the gap to the neighbour with the longest edge on it, --as-is goes on",
    ),
    "community_swallowed": _FaultText(
        "整个社区被 {other} 覆盖，自动修复后什么也不剩",
        "请改正两者的边界（飞地应在外围社区中挖空）",
        "the whole community is covered by {other}, and mending leaves nothing of it",
        "Correct both outlines (an enclave is a hole in the community around it)",
    ),
    # ledgers of rooms and projects
    "ledger_format": _FaultText(
        "不支持“{suffix}”格式的台账",
        "请另存为 .xlsx 或 .csv",
        "a ledger in the format “{suffix}” is not supported",
        "Save it as .xlsx or .csv",
    ),
    "ledger_empty": _FaultText("台账里没有任何一行数据", "请检查工作表", "the ledger holds no row", "Check the sheet"),
    "row_duplicate": _FaultText(
        "{field} 重复：{value}（另见第 {other} 行）",
        "请删除重复的行，或改正编号",
        "{field} {value} stands in row {other} as well",
        "Delete the repeated row or correct its number",
    ),
    "word_unknown": _FaultText(
        "{field} 不认识：“{value}”",
        "请填其中之一：{known}",
        "{field} is not understood: “{value}”",
        "Enter one of: {known}",
    ),
    "text_missing": _FaultText("{field} 为空", "请补填", "{field} is missing", "Fill it in"),
    "date_text": _FaultText(
        "{field} 不是日期：“{value}”",
        "请写成 2026-06-30",
        "{field} is not a date: “{value}”",
        "Write it like 2026-06-30",
    ),
    "share_text": _FaultText(
        "分摊比例看不懂：“{value}”",
        "请写成 社区甲 60%、社区乙 40%；没有协议的只写社区名，按户分摊",
        "the shares are not understood: “{value}”",
        "Write 社区甲 60%、社区乙 40%, or only the names, to share by households",
    ),
    "shares_above_one": _FaultText(
        "各社区分摊比例之和为 {total:.0%}，大于 100%",
        "请按分摊协议改正",
        "the shares sum up to {total:.0%}, more than 100 %",
        "Correct them by the agreement",
    ),
    "community_unknown": _FaultText(
        "没有这个社区：{value}",
        "请核对社区编码和名称",
        "there is no such community: {value}",
        "Check its code and name",
    ),
    "rows_disagree": _FaultText(
        "{field} 与第 {other} 行不一致：{value} 与 {other_value}",
        "请统一后再核查",
        "{field} differs from row {other}: {value} and {other_value}",
        "Make them agree",
    ),
    "standard_unreadable": _FaultText(
        "标准读不懂：{reason}",
        "请对照 app/files/standards.toml 的写法",
        "the standard cannot be read: {reason}",
        "Compare it with app/files/standards.toml",
    ),
    # what cannot be written as asked
    "not_in_gbk": _FaultText(
        "图层 {layer} 的 {field} 里有 GBK 写不出的字：{characters}",
        "请改用 --encoding utf-8",
        "{field} of layer {layer} has characters that GBK lacks: {characters}",
        "Use --encoding utf-8",
    ),
    "not_in_format": _FaultText(
        "图层 {layer} 的 {field} 里有 {format} 写不了的字符：{characters}",
        "请先在原数据里去掉它，或换一种格式",
        "{field} of layer {layer} has what {format} cannot hold: {characters}",
        "Take it out of the data first, or export to another format",
    ),
    # OpenStreetMap, GeoParquet
    "osm_without_layer": _FaultText(
        "OpenStreetMap 里没有可作{layer}图层的要素",
        "它可用作 {layers}；{layer}请另给文件",
        "OpenStreetMap has nothing that could be the layer {layer}",
        "It may be used for {layers}: give another file for {layer}",
    ),
    "parquet_without_geometry": _FaultText(
        "Parquet 文件里没有几何信息（缺少 geo 元数据）",
        "请另存为 GeoParquet",
        "the Parquet file has no geometry (its metadata lack “geo”)",
        "Save it as GeoParquet",
    ),
    # tables
    "table_without_place": _FaultText(
        "表格里没有坐标列；现有字段：{columns}",
        "请加上经度、纬度两列，或一列 WKT；没有坐标的台账请用 jiexiang draft",
        "the table has no columns of coordinates; there are: {columns}",
        "Add longitude and latitude, or WKT; for a ledger without coordinates use jiexiang draft",
    ),
    "table_metres": _FaultText(
        "坐标像米（如 {x:.1f}, {y:.1f}），而表格说不出坐标系",
        "请先换算成经纬度，或在 GIS 软件里存成 GeoPackage",
        "its coordinates look like metres ({x:.1f}, {y:.1f}), and a table cannot say in which reference system",
        "Convert them to longitude and latitude, or save a GeoPackage from a GIS",
    ),
    "wkt_text": _FaultText(
        "不是 WKT：“{value}”", "请按 POINT(118.78 32.04) 的写法", "it is no WKT: “{value}”", "Write POINT(118.78 32.04)"
    ),
    "header_missing": _FaultText(
        "没有找到表头：前几行里认不出字段名（如 {known}）",
        "请检查表头，或写成 文件:工作表 指明工作表，字段名不同的用 --columns 指明",
        "no header is found: the first rows have none of the names known (such as {known})",
        "Check the header, name the sheet by FILE:SHEET, or name columns by --columns",
    ),
    "workbook_old_or_locked": _FaultText(
        "是旧版 .xls 工作簿或加了密码",
        "请用 WPS 或 Excel 打开，取消密码并另存为 .xlsx",
        "it is a workbook of the old .xls kind or locked by a password",
        "Open it, remove the password and save it as .xlsx",
    ),
    "workbook_huge": _FaultText(
        "工作簿解压后超过 {mib} MiB",
        "请只保留需要的工作表后另存",
        "the workbook unpacks to more than {mib} MiB",
        "Keep the sheets that are needed and save it again",
    ),
    "sheet_rows": _FaultText(
        "工作表超过 {most:,} 行",
        "请删去表格以外的内容，或拆成几个文件",
        "a sheet has more than {most:,} rows",
        "Remove what stands outside the table, or split it into several files",
    ),
    "sheet_columns": _FaultText(
        "工作表超过 {most:,} 列",
        "请删去表格以外的内容后另存",
        "a sheet has more than {most:,} columns",
        "Remove what stands outside the table and save it again",
    ),
    "list_unread": _FaultText(
        "读取工作簿用的时间或内存过多，已中止",
        "请只保留地址一列后另存",
        "reading the workbook took too much time or memory and was stopped",
        "Keep the column of addresses alone and save it again",
    ),
    "table_unknown": _FaultText(
        "“{suffix}”不是表格",
        "请另存为 .xlsx 或 .csv",
        "“{suffix}” is no table",
        "Save it as .xlsx or .csv",
    ),
    "table_empty": _FaultText(
        "表头下面没有数据", "请核对工作表", "there is nothing below the header", "Check that this is the sheet"
    ),
    "cell_error": _FaultText(
        "是公式错误值 {value}",
        "请改正公式或直接填写数值",
        "it is an error of a formula: {value}",
        "Correct the formula",
    ),
    "cell_uncalculated": _FaultText(
        "是公式，但文件里没有保存计算结果",
        "请用 WPS 或 Excel 打开并保存一次，或改为数值",
        "it is a formula whose result was not saved",
        "Open and save the workbook once, or enter the value",
    ),
    "cell_date": _FaultText(
        "被表格软件改成了日期：{value}",
        "请把该列设为文本格式后重新填写（如 3-5）",
        "a spreadsheet turned it into a date: {value}",
        "Format the column as text and enter it again",
    ),
    "cell_flag": _FaultText(
        "是逻辑值 {value}，不是文字或数字", "请重新填写", "it is {value}, neither text nor a number", "Enter it again"
    ),
    "number_unit": _FaultText(
        "数字带了单位：“{value}”", "请只填数字 {meant}", "the number has a unit: “{value}”", "Enter {meant} alone"
    ),
    "number_about": _FaultText(
        "是约数：“{value}”", "请核实后填准确的数", "it is approximate: “{value}”", "Enter the exact number"
    ),
    "number_range": _FaultText(
        "是一个范围：“{value}”", "请核实后填一个数", "it is a range: “{value}”", "Enter one number"
    ),
    "number_sum": _FaultText(
        "是算式：“{value}”", "请填合计 {meant}", "it is a sum: “{value}”", "Enter the total, {meant}"
    ),
    "number_chinese": _FaultText(
        "是中文数字：“{value}”", "请改填 {meant}", "it is written in Chinese: “{value}”", "Enter {meant}"
    ),
    "number_huge": _FaultText(
        "大得不合理：{value}", "请核实，是否多了一位数或填错了列", "it is too large to be true: {value}", "Check it"
    ),
    "persons_many": _FaultText(
        "{value} 人分属 {households} 户，平均每户超过 {most} 人",
        "请核对户数和人口是否填反或错位",
        "{value} persons in {households} households are more than {most} each",
        "Check whether households and persons change places",
    ),
    "households_missing": _FaultText(
        "没有填{field}", "请补上；没有住户的填 0", "{field} is missing", "Enter it; 0 where nobody lives"
    ),
    "households_merged": _FaultText(
        "{field}的单元格合并了多行，分不清每一行是多少",
        "请取消合并，每一行分别填写",
        "one cell of {field} covers several rows, which cannot be told apart",
        "Unmerge it and fill in every row",
    ),
    "row_community_missing": _FaultText(
        "没有填社区", "请填写社区名称", "the community is missing", "Enter the community of the row"
    ),
    "row_place_missing": _FaultText(
        "小区、自然村、居民小组、楼栋和地址都没有填，不知道是哪里",
        "至少填写其中一项",
        "compound, village, group, building and address are all missing",
        "Enter at least one of them",
    ),
    "row_building_missing": _FaultText(
        "没有填楼栋，而{compound}的其他行都有",
        "请补上楼栋；确是整个小区合计的，请删去，以免重复计算",
        "the building is missing, while other rows of {compound} name theirs",
        "Enter it; delete the row if it is the total of the compound, lest households count twice",
    ),
    "section_without_building": _FaultText(
        "填了单元，没有填楼栋", "请补上楼栋", "there is a section but no building", "Enter the building"
    ),
    "building_several": _FaultText(
        "一格里写了几栋楼：“{value}”",
        "请每栋一行，分别填写户数",
        "several buildings stand in one cell: “{value}”",
        "Give each a row and its households",
    ),
    "building_respelt": _FaultText(
        "“{value}”与第 {row} 行的“{other}”像是同一栋楼",
        "请统一写法；是同一栋的合并为一行",
        "“{value}” looks like “{other}” of row {row}",
        "Spell it the same way, or join the rows",
    ),
    "building_and_sections": _FaultText(
        "{value}既有整栋的一行，又有分单元的行（第 {row} 行）",
        "请只保留一种，以免重复计算",
        "{value} has a row as a whole and rows by section (row {row})",
        "Keep one of the two, lest households count twice",
    ),
    "row_repeated": _FaultText("与第 {row} 行重复", "请删去一行", "it repeats row {row}", "Delete one of them"),
    "header_repeated": _FaultText(
        "数据中间又出现了表头", "请删去这一行", "the header stands among the rows again", "Delete the row"
    ),
    "total_differs": _FaultText(
        "合计是 {value}，上面各行之和是 {sum}",
        "请核对漏填或重复的行",
        "the total is {value}, but the rows above add up to {sum}",
        "Look for rows that are missing or stand twice",
    ),
    "text_garbled": _FaultText(
        "有乱码：“{value}”", "请按原件重新填写", "it is garbled: “{value}”", "Enter it again from the original"
    ),
    "text_control": _FaultText(
        "名称里有换行或控制字符：“{value}”",
        "请删去，名称写成一行",
        "there are line breaks or control characters in the name: “{value}”",
        "Write the name in one line",
    ),
    "text_ditto": _FaultText(
        "写的是“{value}”，不是名称", "请写出完整的名称", "it says “{value}” instead of a name", "Write out the name"
    ),
    "text_placeholder": _FaultText(
        "是占位的字：“{value}”",
        "请填写名称；没有的就空着",
        "it is a placeholder: “{value}”",
        "Enter the name, or leave it empty where there is none",
    ),
    "text_long": _FaultText(
        "名称长达 {count} 个字，像是把说明写进了名称",
        "请只写名称，说明写到备注",
        "the name has {count} characters and looks like a remark",
        "Keep the name and move the rest to the remarks",
    ),
    "code_digits_lost": _FaultText(
        "编码被存成了数字，末尾几位已丢失：{value}",
        "请把该列设为文本格式并重新填写完整编码",
        "the code was stored as a number and has lost its last digits: {value}",
        "Format the column as text and enter the full codes again",
    ),
    "code_form": _FaultText(
        "社区编码不是 12 位数字：“{value}”",
        "请核对；尚未赋码的填“待赋码”或空着",
        "the code of the community has not 12 digits: “{value}”",
        "Check it; where none was given out yet, leave it empty",
    ),
    "code_two_names": _FaultText(
        "编码 {value} 在第 {row} 行是“{other}”，这里是“{name}”",
        "请统一社区名称或改正编码",
        "code {value} is “{other}” in row {row} and “{name}” here",
        "Use one name, or correct the code",
    ),
    "name_two_codes": _FaultText(
        "{name}在第 {row} 行的编码是 {other}，这里是 {value}",
        "请改正其中一个",
        "{name} has code {other} in row {row} and {value} here",
        "Correct one of them",
    ),
    "community_absent": _FaultText(
        "{value}不在社区图层里{hint}",
        "请统一名称或编码，或补上该社区",
        "{value} is not in the layer of communities{hint_en}",
        "Use the same name or code, or add the community",
    ),
    "basis_mixed": _FaultText(
        "户数口径是“{value}”，前面各行是“{other}”",
        "一张台账只用一种口径，请统一后再算",
        "its households are “{value}”, those of the rows above “{other}”",
        "Use one basis in one ledger",
    ),
    "coordinate_half": _FaultText(
        "经度、纬度只填了一个", "请补全或都空着", "only one of longitude and latitude is given", "Enter both or none"
    ),
    "coordinate_text": _FaultText(
        "坐标不是小数形式的度：“{value}”",
        "请换算成小数，例如 118.78123",
        "the coordinate is not in decimal degrees: “{value}”",
        "Write it as a decimal, such as 118.78123",
    ),
    "coordinate_abroad": _FaultText(
        "坐标 {x}, {y} 不在中国",
        "请核对；米制坐标请先换算成经纬度",
        "{x}, {y} is not in China",
        "Check it; convert metres to longitude and latitude first",
    ),
    "coordinate_swapped": _FaultText(
        "经度、纬度填反了：{x}, {y}", "请对调", "longitude and latitude change places: {x}, {y}", "Swap them"
    ),
    # what goes into the store
    "plan_columns": _FaultText(
        "方案文件缺少字段 {columns}，可能由旧版本写出",
        "请用本版本的 jiexiang split 重新划分",
        "the plan file lacks the columns {columns}; an older version may have written it",
        "Divide again with jiexiang split of this version",
    ),
    "promise_broken": _FaultText(
        "方案违背承诺：{promise} {value:g}，例如 {code}（{lon:.6f}, {lat:.6f}）{words}",
        "请改正方案；jiexiang verify 会列出每一处",
        "the plan breaks a promise: {promise_en} {value:g}, such as {code} ({lon:.6f}, {lat:.6f}): {words_en}",
        "Mend the plan; jiexiang verify lists every place",
    ),
    "plan_without_community": _FaultText(
        "方案里没有社区 {value}",
        "请核对社区编码，或留空",
        "the plan has no community {value}",
        "Check the community code, or leave it empty",
    ),
    "staff_dates": _FaultText(
        "上岗日期“{since}”与离岗日期“{until}”不可能",
        "请补上上岗日期，且先上岗后离岗",
        "the dates “{since}” to “{until}” are impossible",
        "Give the first day, and a later last one",
    ),
    "staff_refused": _FaultText(
        "不能配备：{reason}",
        "请改正该行",
        "cannot be assigned: {reason_en}",
        "Correct this row",
    ),
    "alias_kind": _FaultText(
        "类别“{value}”不认识",
        "请填 小区 或 道路",
        "the kind “{value}” is unknown",
        "Write 小区 (compound) or 道路 (road)",
    ),
    # what was not listed
    "more": _FaultText(
        "另有 {count:,} 处同样的问题：{example}",
        "请一并改正",
        "{count:,} more of the same: {example_en}",
        "Correct them as well",
    ),
}

_NOTES: Mapping[str, tuple[str, str]] = {
    "grids_apart": (
        "{count:,} 人同时负责的两个网格在方案里不相邻，后一个未配备：{features}",
        "{count:,} people have two grids that are not adjacent in the plan; the second was not assigned: {features}",
    ),
    "grid_gone": (
        "{count:,} 人所在的网格不在方案里，只登记人员，请另行配备：{features}",
        "{count:,} people serve in grids that the plan lacks; they are staff without a grid until assigned: {features}",
    ),
    "not_in_a_grid": (
        "{count:,} 人不在网格任职（{posts}），只登记人员",
        "{count:,} people have no role in a grid ({posts}) and are taken in as staff only",
    ),
    "area_missing": (
        "第 {row} 行 {name}：没有建筑面积，不按 0 计，结论为数据不足",
        "row {row} {name}: no floor area; it is not taken for 0, the finding is “no data”",
    ),
    "evidence_unknown": (
        "第 {row} 行 {name}：证据类型“{value}”不认识，按没有证据（待核实）处理",
        "row {row} {name}: evidence “{value}” is not understood and counts as none",
    ),
    "lease_ended": (
        "第 {row} 行 {name}：租期 {until} 已过，不计入",
        "row {row} {name}: its lease ended on {until}; it does not count",
    ),
    "lease_undated": (
        "第 {row} 行 {name}：租赁合同没有租期，待核实",
        "row {row} {name}: the lease has no end; to be verified",
    ),
    "households_missing": (
        "第 {row} 行 {name}：没有规划户数，结论为数据不足",
        "row {row} {name}: no planned households; the finding is “no data”",
    ),
    "households_differ": (
        "{name}：台账户数 {ledger:,.0f} 与社区图层 {layer:,.0f} 不同，以社区图层为准",
        "{name}: {ledger:,.0f} households in the ledger, {layer:,.0f} in the communities, which count",
    ),
    "stated_area_differs": (
        "第 {row} 行 {name}：台账填的计入面积 {stated:,.2f} ㎡ 与核算的 {counted:,.2f} ㎡ 不同",
        "row {row} {name}: {stated:,.2f} m² stated as counted, {counted:,.2f} m² found",
    ),
    "z_dropped": ("{count:,} 个要素的高程（Z）或量测值（M）已忽略", "Z or M of {count:,} features ignored"),
    "repeated_vertices": (
        "{count:,} 个要素的重复顶点已删除",
        "repeated vertices removed from {count:,} features",
    ),
    "parts_taken_apart": ("{count:,} 个多部件要素已拆成单部件", "{count:,} multi-part features taken apart"),
    "no_length": ("{count:,} 条长度为零的线已忽略", "{count:,} lines of no length ignored"),
    "outside": (
        "{count:,} 个要素距所有社区 100 米以上，已忽略",
        "{count:,} features more than 100 m from every community ignored",
    ),
    "in_no_community": (
        "{count:,} 栋建筑（{households:,} 户）不在任何社区内，不计入",
        "{count:,} buildings ({households:,} households) lie in no community and are not counted",
    ),
    "rounding_mended": (
        "{count:,} 个面在换算坐标时因取整相交，已修复（不到 1 毫米）",
        "{count:,} polygons that rounding made cross themselves mended (less than 1 mm)",
    ),
    "polygons_mended": ("{count:,} 个有错的面已自动修复：{features}", "{count:,} invalid polygons mended: {features}"),
    "mending_lost_area": (
        "{count:,} 个面修复后面积变化超过 1%，请核对：{features}",
        "mending changed the area of {count:,} polygons by more than 1 %, please check: {features}",
    ),
    "mending_made_parts": (
        "{count:,} 个面修复后分成几块，请核对：{features}",
        "mending broke {count:,} polygons into parts, please check: {features}",
    ),
    "codes_trimmed": ("{count:,} 个编码首尾的空格已去掉", "spaces around {count:,} codes removed"),
    "numbers_as_text": (
        "{count:,} 个以文本存放的 {field} 已按数字读取",
        "{count:,} values of {field} stored as text read",
    ),
    "missing_as_zero": ("{count:,} 个空的 {field} 按 0 计", "{count:,} missing values of {field} taken for 0"),
    "layer_unreadable": (
        "{count:,} 个看不懂的 {field} 值按 0 计",
        "{count:,} values of {field} that are no whole numbers taken for 0",
    ),
    "estimate_unreadable": (
        "{count:,} 个 {field} 值不是正数，按缺失处理",
        "{count:,} values of {field} are no numbers above 0 and count as missing",
    ),
    "ids_replaced": (
        "字段 {column} 有空值或重复（{count:,} 个），建筑编号改用序号",
        "column {column} has {count:,} missing or repeated values: features are numbered instead",
    ),
    "words_unknown": (
        "{count:,} 个要素的 {field} 不认识，{treated}：{words}",
        "{count:,} features have a {field} that is not understood, {treated_en}: {words}",
    ),
    "text_repaired": (
        ".dbf 声明的编码读不通，已按 {codec} 读取",
        "the encoding that the .dbf declares does not fit its text, which was read as {codec}",
    ),
    "reader_warning": ("读取时提示：{text}", "the reader says: {text}"),
    "datum_lifted": (
        "{count:,} 个要素已从 {datum} 换算到 CGCS2000，位置为近似值",
        "{count:,} features carried from {datum_en} to CGCS2000, approximately",
    ),
    "datum_doubted": (
        "声明为{declared}，与{other}错开 {offset_m:,.0f} 米（{now:.1%} 不吻合），像是{datum}（{then:.1%}）；照用",
        "as {declared_en} it lies {offset_m:,.0f} m off {other_en} ({now:.1%} misfit), like {datum_en} ({then:.1%})",
    ),
    "table_degrees": (
        "表格没有坐标系，{count:,} 行的坐标按 CGCS2000 经纬度读取；来自网络地图的请加 --datum",
        "a table states no reference system: {count:,} rows read as degrees of CGCS2000; for web maps add --datum",
    ),
    "osm_mapped": (
        "从 OpenStreetMap 按标签取出 {count:,} 个要素（© OpenStreetMap 贡献者，ODbL）",
        "{count:,} features taken from OpenStreetMap by their tags (© OpenStreetMap contributors, ODbL)",
    ),
    "csv_gbk": ("不是 UTF-8，已按 GBK（GB18030）读取", "not UTF-8: read as GBK (GB18030)"),
    "merged_filled": (
        "{count:,} 个单元格属于纵向合并，已按合并单元格的值补齐",
        "{count:,} cells of vertically merged ones take the value of the first",
    ),
    "lines_skipped": (
        "{count:,} 行合计、签字或说明，不是数据，已略过（合计已核对）",
        "{count:,} rows of totals, signatures or remarks skipped; totals were checked",
    ),
    "codes_pending": (
        "{count:,} 个社区待赋码，先用内部编号：{features}",
        "{count:,} communities have no official code yet and go by an internal one: {features}",
    ),
    "no_persons": ("{count:,} 行没有填人口", "{count:,} rows do not state persons"),
    "households_modelled": (
        "没有户数字段：{count:,} 栋住宅的户数按建筑面积（缺则占地×层数）每户 105 平方米估算",
        "no column of households: those of {count:,} dwellings modelled as floor area (or footprint × levels) / 105 m²",
    ),
    "levels_assumed": (
        "{count:,} 栋住宅缺层数：占地不足 200 平方米的按 3 层、其余按 6 层计",
        "{count:,} dwellings without levels: 3 assumed under 200 m² of footprint, 6 above",
    ),
    "households_scaled": (
        "{count:,} 个社区的估算户数已调整到社区总户数",
        "modelled households of {count:,} communities scaled to the known totals",
    ),
    "total_without_dwellings": (
        "{count:,} 个社区给了总户数，却没有可分摊的住宅：{features}",
        "{count:,} communities state a total but have no dwelling to bear it: {features}",
    ),
    "totals_differ": (
        "{count:,} 个社区的户数与其建筑户数之和相差超过 1%，以建筑为准：{features}",
        "households of {count:,} communities differ by more than 1 % from their buildings, which count: {features}",
    ),
    "basis_unstated": (
        "没有说明户数口径，记为“未注明”；可指明户籍户、常住户或住宅套数",
        "the basis of the households is not stated; say 户籍户 (registered), 常住户 (resident) or 住宅套数 (dwellings)",
    ),
    "small_overlaps": (
        "{count:,} 处社区重叠不超过 5 米（共 {area_m2:,.0f} 平方米），照原样保留",
        "{count:,} overlaps of communities by at most 5 m ({area_m2:,.0f} m² together) left as they are",
    ),
    "small_gaps": (
        "{count:,} 处社区空隙不超过 5 米（共 {area_m2:,.0f} 平方米），照原样保留",
        "{count:,} gaps between communities of at most 5 m ({area_m2:,.0f} m² together) left as they are",
    ),
    "large_holes": (
        "{count:,} 处被社区包围的空白宽 50 米以上，视为不属于任何社区：{features}",
        "{count:,} areas wider than 50 m among the communities belong to none of them: {features}",
    ),
    "left_as_is": (
        "社区边界不吻合（重叠或空隙超过 5 米）{count:,} 处，按要求照原样继续：{features}",
        "{count:,} places where communities overlap or gape by more than 5 m, left as they are as asked: {features}",
    ),
    "outlines_mended": (
        "社区边界不吻合 {count:,} 处，已自动修复：{features}",
        "{count:,} places where communities overlapped or gaped by more than 5 m mended: {features}",
    ),
}


@dataclass(frozen=True)
class Note:
    """Something repaired, ignored or assumed while reading: which layer, how often, and what, in two languages."""

    layer: str
    source: str
    kind: str
    count: int
    text: str
    text_en: str

    def say(self, language: str = "zh") -> str:
        """Say the note in one line, in Chinese (`zh`) or English (`en`)."""
        return f"{self.source}：{self.text}" if language == "zh" else f"{self.source}: {self.text_en}"


def fault(kind: str, source: str, feature: str = "", **facts: Any) -> Fault:
    """Make a fault of a kind from the table."""
    text = _FAULTS[kind]
    fact, remedy, fact_en, remedy_en = (part.format(**facts) for part in text)
    return Fault(source, feature, fact, remedy, kind, fact_en, remedy_en)


class Findings:
    """Faults and notes about one layer, collected while it is read."""

    def __init__(self, layer: str, source: str) -> None:
        self.layer = layer
        self.source = source
        self.faults: list[Fault] = []
        self.notes: list[Note] = []

    def refuse(self, kind: str, feature: str = "", **facts: Any) -> None:
        """Add one fault."""
        self.faults.append(fault(kind, self.source, feature, **facts))

    def refuse_rows(
        self,
        kind: str,
        rows: Iterable[int],
        labels: Sequence[str],
        facts_of: Callable[[int], Mapping[str, Any]] = lambda _: {},
    ) -> None:
        """Add a fault with its facts for each of these rows; past the first few they are counted in one."""
        numbers = [int(row) for row in rows]
        for row in numbers[:MOST_LISTED]:
            self.refuse(kind, labels[row], **facts_of(row))
        if len(numbers) > MOST_LISTED:
            last = self.faults[-1]
            self.refuse("more", count=len(numbers) - MOST_LISTED, example=last.fact, example_en=last.fact_en)

    def refuse_more(self, kind: str, count: int, **facts: Any) -> None:
        """Count further faults of a kind of which the first few were listed; `facts` are those of one of them."""
        one = fault(kind, self.source, **facts)
        self.refuse("more", count=count, example=one.fact, example_en=one.fact_en)

    def note(self, kind: str, count: int, **facts: Any) -> None:
        """Add a note, unless the count is nil."""
        if count:
            text, text_en = (part.format(count=count, **facts) for part in _NOTES[kind])
            self.notes.append(Note(self.layer, self.source, kind, int(count), text, text_en))

    def stop(self, kind: str, feature: str = "", **facts: Any) -> InputError:
        """Add a fault after which the layer cannot be read any further, and return what is to be raised."""
        self.refuse(kind, feature, **facts)
        return InputError(self.faults)

    def settle(self) -> None:
        """Raise what was found wrong so far, if anything."""
        if self.faults:
            raise InputError(self.faults)


def listed(features: Sequence[str]) -> str:
    """Name the first few of some features, and say how many there are when that is not all."""
    named = "、".join(features[:MOST_LISTED])
    return named if len(features) <= MOST_LISTED else f"{named} …"
