"""Shapefiles of Chinese offices are read in the encoding they are in, declared or not; other text is refused."""

from __future__ import annotations

from pathlib import Path

import pyogrio
import pytest
from county import communities, notes, only_fault, save_shapefile, streets

from app.files.inputs import read_layers

NAMES = ["龙江社区", "石头城社区", "镕喆路社区", "䶮山社区"]


def write_shapefile(folder: Path, encoding: str, *, cpg: str | None = None, driver_byte: int = 0, names=NAMES) -> str:
    """Write communities with a .dbf in this encoding, which the .cpg and the language-driver byte may deny."""
    path = folder / "c.shp"
    frame = communities(name=names).rename(columns={"community_code": "社区编码", "name": "社区名称"})
    save_shapefile(frame, path, encoding)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)
    table = bytearray(path.with_suffix(".dbf").read_bytes())
    table[29] = driver_byte
    path.with_suffix(".dbf").write_bytes(table)
    return str(path)


@pytest.mark.parametrize(
    ("encoding", "cpg", "driver_byte"),
    [
        ("GB18030", None, 0x00),
        ("GB18030", None, 0x57),
        ("GB18030", None, 0x4D),
        ("GB18030", "GBK", 0x00),
        ("GB18030", "936", 0x00),
        ("GB18030", "ANSI 936", 0x00),
        ("GB18030", "GB2312", 0x57),
        ("GB18030", "no such thing", 0x00),
        ("UTF-8", None, 0x00),
        ("UTF-8", None, 0x57),
        ("UTF-8", "UTF-8", 0x4D),
        ("UTF-8", "65001", 0x00),
    ],
)
def test_names_are_read_as_they_were_written(tmp_path, encoding, cpg, driver_byte):
    names = [*NAMES[:3], "雨花社区"] if encoding == "UTF-8" else NAMES
    source = write_shapefile(tmp_path, encoding, cpg=cpg, driver_byte=driver_byte, names=names)
    layers, report = read_layers({"communities": source}, columns={"communities": {}})
    assert list(layers.communities["name"]) == names
    assert "text_repaired" not in notes(report)


def test_a_driver_byte_that_the_text_denies_is_passed_over_and_noted(tmp_path):
    source = write_shapefile(tmp_path, "UTF-8", driver_byte=0x78, names=["é社", "龙社", "江社", "山社"])
    layers, report = read_layers({"communities": source})
    assert list(layers.communities["name"]) == ["é社", "龙社", "江社", "山社"]
    assert notes(report)["text_repaired"] == 1


@pytest.mark.parametrize(
    ("encoding", "cpg"),
    [("GB18030", "UTF-8"), ("UTF-8", "GBK"), ("UTF-8", "ISO-8859-1"), ("GBK", "ISO-8859-1"), ("GBK", "1252")],
)
def test_a_cpg_that_the_text_denies_is_refused(tmp_path, encoding, cpg):
    names = NAMES if encoding == "GB18030" else ["龙江社区", "石头城社区", "雨花社区", "江东社区"]
    fault = only_fault({"communities": write_shapefile(tmp_path, encoding, cpg=cpg, names=names)})
    assert fault.kind == "encoding"
    assert ".cpg" in fault.fact
    assert ".cpg" in fault.remedy


def test_western_names_with_accents_are_taken_as_declared(tmp_path):
    names = ["Saint-Étienne", "Crémieu", "Béthune", "Évêché"]
    save_shapefile(communities(name=names), tmp_path / "c.shp", "ISO-8859-1")
    assert (tmp_path / "c.cpg").read_text() == "ISO-8859-1"
    layers, _ = read_layers({"communities": str(tmp_path / "c.shp")})
    assert list(layers.communities["name"]) == names


def test_text_in_no_known_encoding_is_refused(tmp_path):
    source = write_shapefile(tmp_path, "GB18030")
    table = Path(source).with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace("石头".encode("gbk"), b"\xff\xfe\xff\xff"))
    fault = only_fault({"communities": source})
    assert fault.kind == "encoding"
    assert "GB18030" in fault.fact


@pytest.mark.parametrize("encoding", ["GB18030", "UTF-8"])
def test_a_character_cut_off_by_a_narrow_column_is_left_out(tmp_path, encoding):
    path = tmp_path / "s.shp"
    save_shapefile(streets(name=["一二三四五六七八", "路"]), path, encoding)
    path.with_suffix(".cpg").unlink()
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    width = content[32 + 32 + 16]  # the second column
    full = "一二三四五六七八".encode(encoding)
    start = content.index(full)
    content[start : start + width] = full[:-1].ljust(width)
    table.write_bytes(content)
    pyogrio.write_dataframe(communities(), tmp_path / "c.gpkg")
    layers, _ = read_layers({"communities": str(tmp_path / "c.gpkg"), "streets": str(path)})
    assert list(layers.streets["name"]) == ["一二三四五六七", "路"]
