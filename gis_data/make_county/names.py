"""Names that sound like a county's and belong to nobody: compounds, streets, lanes, villages, people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

__all__ = [
    "LANES",
    "ROADS_EAST",
    "ROADS_NORTH",
    "SIDE_STREETS",
    "compound_names",
    "person_names",
    "words",
    "works_names",
]


def words(text: str) -> tuple[str, ...]:
    """List the words of a text."""
    return tuple(text.split())


ROADS_EAST = ("南环路", "江南大道", "滨河南路", "滨河北路", "解放路", "人民大道", "建设路", "北环路")  # south to north
ROADS_NORTH = ("西环路", "红星路", "文昌路", "胜利路", "子虚大道", "工农路", "兴业路", "东环路")  # west to east
SIDE_STREETS = words(
    "育才街 新华街 和平街 朝阳街 青年街 民主街 团结街 光明街 幸福街 友谊街 劳动街 东风街 前进街 永安街 "
    "太平街 中兴街 桂花街 梧桐街 银杏街 香樟街 学府街 书院街 文庙街 广场街 体育街 电力街 水厂街 粮站街 "
    "车站街 货场街 纺织街 机械街 农贸街 商业街 金桥街 锦江街 翠屏街 凤鸣街 龙泉街 白塔街 长寿街 福寿街 "
    "迎宾街 迎春街 望江街 临江街 渡口街 柳堤街"
)
LANES = words(
    "油坊巷 染坊巷 打铁巷 豆腐巷 水井巷 箍桶巷 铜锣巷 皂角巷 灯笼巷 竹篾巷 蓑衣巷 书院巷 磨坊巷 草鞋巷 "
    "米市巷 盐市巷 棉花巷 茶馆巷 药铺巷 糖房巷 石板巷 半边巷 一人巷 三道拐巷 黄葛巷 槐树巷 柳荫巷 紫藤巷 "
    "青石巷 瓦窑巷 纸坊巷 笔墨巷 银匠巷 骡马巷 鸡市巷 鱼市巷 文星巷 状元巷 武庙巷 城隍巷 土地巷 观音巷 "
    "钟楼巷 鼓楼巷 衙门巷 仓门巷 校场巷 马道巷 桂香巷 梅子巷 枇杷巷 石榴巷 橘园巷 菜园巷 花椒巷 大井巷 "
    "小井巷 双井巷 方井巷 甜水巷 东门巷 西门巷 水门巷 城墙巷 码头巷 渡船巷 船厂巷 拱桥巷 木桥巷 栈房巷 "
    "会馆巷 戏楼巷"
)
FIRST = words(
    "锦绣 阳光 翠湖 桂花 梧桐 学府 滨江 御景 丽都 华庭 金色 蓝湾 绿洲 凤凰 龙翔 天鹅 丹桂 玉兰 海棠 紫荆 "
    "银杏 香樟 听涛 观澜 望江 枕河 沁园 怡和 安泰 永和 福临 祥云 东方 西城 南苑 北辰 中央 国瑞 鼎盛 恒信 "
    "嘉禾 景泰 康宁 宏远 书香 文华 尚品 新天"
)
LAST = ("苑", "花园", "家园", "小区", "名城", "雅居", "公馆", "华府", "新城", "豪庭", "里", "新村")
WORKS = words(
    "纺织厂 农机厂 化肥厂 水泥厂 丝绸厂 粮食局 供销社 邮电局 水利局 林业局 物资局 百货公司 运输公司 建筑公司 "
    "食品厂 印刷厂 机务段 电力公司 自来水公司 县医院 第一中学 教师进修校 酒厂 造纸厂"
)
WORKS_LAST = ("宿舍", "家属院", "职工楼")
SURNAMES = (
    "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
    "苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖"
)
GIVEN_FIRST = "建国志明海燕春秀晓玉文永光德家正世立新长清兴荣思雨佳俊子若雅静红丽桂金银天东云永先"
GIVEN_LAST = "华平军强伟勇斌磊涛鹏杰宇轩博霞敏芳娟丽萍玲燕琴蓉梅兰英珍凤洁莉婷雪慧琳颖倩瑶宁康泰安祥瑞林森峰山江河洋"


def shuffled(texts: Sequence[str], rng: np.random.Generator) -> list[str]:
    """Return texts in an order of chance."""
    return [texts[k] for k in rng.permutation(len(texts))]


def compound_names(rng: np.random.Generator) -> Iterator[str]:
    """Name compounds, none twice."""
    yield from shuffled([first + last for first in FIRST for last in LAST], rng)


def works_names(rng: np.random.Generator) -> Iterator[str]:
    """Name the old estates of works and offices, none twice."""
    yield from shuffled([work + last for last in WORKS_LAST for work in WORKS], rng)


def person_names(rng: np.random.Generator, count: int) -> list[str]:
    """Name people; as in life, now and then two bear the same name."""
    chosen = rng.integers(0, [[len(SURNAMES)], [len(GIVEN_FIRST)], [len(GIVEN_LAST)]], (3, count))
    two = rng.random(count) < 0.78
    return [
        SURNAMES[a] + (GIVEN_FIRST[b] if both else "") + GIVEN_LAST[c]
        for a, b, c, both in zip(*chosen.tolist(), two.tolist(), strict=True)
    ]
