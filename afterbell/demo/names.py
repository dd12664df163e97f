"""Invented names and telephone numbers, drawn from lists with a fixed seed. No list entry is a whole person."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from random import Random

SURNAMES: list[str] = [
    *"王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜",
    *"范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段钱汤尹黎易常武乔贺赖龚文",
    *("欧阳", "司徒", "诸葛", "上官"),
]
"""From common to rare."""

BOY = ("子宇浩梓铭睿博奕承沐昱晨亦知书嘉泽修星云乐君", "轩涵宸阳航霖朗恒齐川舟远墨衡宁言安谦希")
GIRL = ("雨梓诗语欣芷若思可依沐清晓念书静佳安星予忆以", "涵彤萱琪瑶妍宁桐晴溪柔菲蕊悦岚筠禾苒婷")
MAN = ("海晓永振家正宏德思启绍长兆景春少", "峰斌松林辉涛鸣宁岭诚源旭川磊泉原")
WOMAN = ("晓雪慧丽雅佩婉素玉春秀月淑彩若静", "燕梅琴萍珍莹霞娟倩云芬岚洁蓉瑾萱")
"""Given names: a first and a second character, each drawn."""

PHONE_BLOCK = "1990000"
"""All invented numbers begin with these digits and end in four drawn ones."""


def surname(rng: Random) -> str:
    """Common surnames come more often."""
    return SURNAMES[min(rng.randrange(len(SURNAMES)), rng.randrange(len(SURNAMES)))]


def given(rng: Random, first_and_second: tuple[str, str]) -> str:
    first, second = (rng.choice(letters) for letters in first_and_second)
    return first + second


def child_name(rng: Random, family: str, boy: bool, taken: set[str]) -> str:
    """A name nobody in ``taken`` (the class) has; adds it there."""
    return _new(lambda: family + given(rng, BOY if boy else GIRL), taken)


def adult_name(rng: Random, man: bool, family: str = "", taken: set[str] | None = None) -> str:
    return _new(lambda: (family or surname(rng)) + given(rng, MAN if man else WOMAN), set() if taken is None else taken)


def _new(draw: Callable[[], str], taken: set[str]) -> str:
    name = draw()
    while name in taken:
        name = draw()
    taken.add(name)
    return name


def phones(rng: Random) -> Iterator[str]:
    """Ten thousand numbers, each once, in a drawn order."""
    for number in rng.sample(range(10_000), 10_000):
        yield f"{PHONE_BLOCK}{number:04d}"
