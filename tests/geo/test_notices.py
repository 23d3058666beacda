"""Four sides as real notices write them, taken apart."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.geo.notices import plain_name, read_notice


def words(text: str) -> list[list[str]]:
    return [[bound.words for bound in side] for side in read_notice(text).sides]


@pytest.mark.parametrize(
    ("text", "title", "sides", "unread"),
    [
        (
            "石门社区 东至瓯江，南至珺江庭，西至伯温东路，北至兴侨大厦、江南大厦",
            "石门社区",
            [["瓯江"], ["珺江庭"], ["伯温东路"], ["兴侨大厦", "江南大厦"]],
            "",
        ),
        (
            "东起沿湖路张吾祥湾,西临东钢中路(怡园路),南靠黄荆山以北,北倚骆驼山；2.8 km²，4363户",
            "",
            [["沿湖路张吾祥湾"], ["黄荆山以北"], ["东钢中路(怡园路)"], ["骆驼山"]],
            "2.8 km²,4363户",
        ),
        (
            "东起凤翔大道北，南至东城大道，西至海逸路，北至附城大道（含奥园小区）。",
            "",
            [["凤翔大道北"], ["东城大道"], ["海逸路"], ["附城大道(含奥园小区)"]],
            "",
        ),
        (
            "四至范围：东至泾茉路，南至尚茂路、尚涵路，西至绿中海4期围墙、西向阳河，北至尚鸿路",
            "",
            [["泾茉路"], ["尚茂路", "尚涵路"], ["绿中海4期围墙", "西向阳河"], ["尚鸿路"]],
            "",
        ),
        (
            "510000000001001：东以东城大道为界；西接京广铁路；南邻南河北岸；北到龙潭村边、塘角村边",
            "510000000001001",
            [["东城大道为界"], ["南河北岸"], ["京广铁路"], ["龙潭村边", "塘角村边"]],
            "",
        ),
        ("第一网格四至：东侧至甲路，西侧至乙路", "第一网格", [["甲路"], [], ["乙路"], []], ""),
        ("办公地址：人民路1号", "", [[], [], [], []], "办公地址:人民路1号"),
    ],
)
def test_notices_of_every_form(text, title, sides, unread):
    notice = read_notice(text)
    assert words(text) == sides
    assert notice.title == title
    assert notice.unread == unread


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("南外环路中线", "南外环路"),
        ("南外环路道路中心线为界", "南外环路"),
        ("黄荆山以北", "黄荆山"),
        ("东辽河北岸", "东辽河"),
        ("龙潭村边", "龙潭村"),
        ("中学围墙内", "中学"),
        ("绿中海4期围墙", "绿中海4期"),
        ("奥园小区东侧", "奥园小区"),
        ("东钢中路(怡园路)", "怡园路"),
        ("鉴江东(河西段)", "鉴江"),
    ],
)
def test_qualifiers_are_taken_off_one_by_one(written, name):
    bound = read_notice(f"东至{written}").sides[0][0]
    assert name in bound.names
    assert bound.centre == ("中" in written and "线" in written)


def test_a_name_that_ends_like_a_qualifier_is_tried_whole_first():
    assert read_notice("东至伯温路东").sides[0][0].names == ("伯温路东", "伯温路")


@pytest.mark.parametrize(
    ("written", "kind", "names"),
    [
        ("与第七网格之间空地", "ground", ("第七网格",)),
        ("北街至南街间无名巷", "nameless", ("北街", "南街")),
        ("通太平桥南的无名巷", "nameless", ("太平桥南",)),
        ("通贤桥以南无名路", "nameless", ("通贤桥",)),
        ("奥园小区西侧无名巷", "nameless", ("奥园小区",)),
        ("无名巷", "nameless", ()),
        ("人民路与南街交汇处", "crossing", ("人民路", "南街")),
    ],
)
def test_what_is_no_single_name(written, kind, names):
    bound = read_notice(f"东至{written}").sides[0][0]
    assert (bound.kind, bound.names) == (kind, names)


def test_what_is_included_is_told_apart():
    bound = read_notice("北至附城大道中线（含奥园小区、御景小区）").sides[3][0]
    assert (bound.names, bound.centre, bound.holds) == (("附城大道",), True, ("奥园小区", "御景小区"))


@settings(derandomize=True)
@given(st.text(alphabet="东南西北至以临（）()、，,。：:含中线与间空地无名巷 甲路1\n", max_size=40))
def test_any_text_is_read_and_nothing_is_made_up(text):
    notice = read_notice(text)
    for bound in (bound for side in notice.sides for bound in side):
        assert bound.words in plain_name(text)
        assert bound.kind == "nameless" or bound.names
    assert notice.told or notice.unread == "" or not notice.title
