"""The standards that come with the software, and a county's own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.files.standards import SHIPPED, read_standards
from app.geo.errors import InputError

RULES = Path(os.path.normpath(Path(__file__).parents[2] / ".." / "shared" / "rules.csv"))

OWN = """
[[standard]]
id = "OWN-1"
facility = "社区用房"
part = "rooms"
metric = "floor_area_per_community"
operator = ">="
threshold = 350
unit = "m2"
level = "community"
settlements = ["urban"]
build = "all"
source = "本县文件"
standing = "primary text"
"""


def test_the_county_s_two_and_the_national_one_are_on_and_nothing_unverified_is():
    on = [one for one in read_standards() if one.enabled]
    assert {one.id for one in on} == {"COUNTY-300", "COUNTY-50", "NAT-30", "COMM-HH"}
    assert all(one.verified for one in on)
    assert sum(not one.verified for one in read_standards()) > 40


def test_the_shipped_file_is_made_from_the_table_of_rules(tmp_path):
    if not RULES.exists():
        pytest.skip("the table of rules is not beside the repository")
    before = SHIPPED.read_bytes()
    copy = tmp_path / "tools" / "make_standards.py"
    copy.parent.mkdir()
    (tmp_path / "app" / "files").mkdir(parents=True)
    copy.write_text(Path("tools/make_standards.py").read_text("utf-8"), "utf-8")
    subprocess.run([sys.executable, copy, RULES], check=True)
    assert (tmp_path / "app" / "files" / "standards.toml").read_bytes() == before


def test_a_county_s_own_standard_is_on_and_holds_everywhere(tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(OWN, "utf-8")
    own = read_standards(file)[-1]
    assert (own.id, own.enabled, own.code_prefix) == ("OWN-1", True, "")


@pytest.mark.parametrize(
    ("spoil", "fact"),
    [
        (("threshold = 350", 'threshold = "350"'), "threshold"),
        (('operator = ">="', 'operator = "over"'), "operator"),
        (('source = "本县文件"\n', ""), "缺少 source"),
        (('unit = "m2"', 'unit = "m2"\ncolour = "red"'), "没有这样的项 colour"),
    ],
)
def test_a_standard_that_cannot_be_read_is_named_with_the_reason(tmp_path, spoil, fact):
    file = tmp_path / "own.toml"
    file.write_text(OWN.replace(*spoil), "utf-8")
    with pytest.raises(InputError) as caught:
        read_standards(file)
    assert "OWN-1" in str(caught.value)
    assert fact in str(caught.value)
