"""What the families of the demonstration school answered in their applications."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from random import Random

from afterbell.demo.families import Place
from afterbell.demo.term import EXTENDED_PLACES
from care.records import LeaveMode, Need, State

ALL_DAYS = (1, 2, 3, 4, 5)
SOME_DAYS = ((1, 2, 3, 4), (1, 3, 5), (2, 4), (1, 2, 4, 5), (1, 2, 3, 5), (3, 4, 5))

NEEDS = ((Need.WORK_HOURS, 60), (Need.NOBODY_HOME, 25), (Need.DISTANCE, 8), (Need.OTHER, 7))
OTHER_WORDS = (
    "父母轮班，晚班那周没有人能在四点前到校。",
    "家里有刚出生的小宝宝，一个人走不开。",
    "外婆腿脚不便，下雨天接不了。",
    "妈妈每周有三天出差。",
)
HARDSHIP_WORDS = ("单独抚养，工作时间不固定。", "家里有长期病人需要照顾。", "父亲在外地工作，母亲上夜班。")
HEALTH = (
    "对花生过敏，点心请避开坚果。",
    "有哮喘，吸入剂在书包侧袋。",
    "对牛奶过敏。",
    "左耳听力弱，请安排坐在右前方。",
    "近期手腕骨折刚恢复，体育活动请轻一点。",
    "轻度近视，看黑板要戴眼镜。",
    "容易流鼻血，低头按住几分钟就好。",
    "晕车，外出活动前请提醒。",
)
COURSES = (
    "篮球",
    "足球",
    "剪纸",
    "书法",
    "合唱",
    "科学小实验",
    "国际象棋",
    "编程入门",
    "水彩画",
    "泥塑",
    "跳绳",
    "朗诵",
)


@dataclass(frozen=True)
class Answered:
    weekdays: tuple[int, ...]
    needs: tuple[Need, ...]
    need_words: str
    extended: tuple[int, ...]
    leave_mode: LeaveMode
    health: str
    courses: str


class Answering:
    """Draws answers; keeps extended care within its places on every weekday (S11)."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.extended_taken: Counter[int] = Counter()

    def answer(self, place: Place, state: State, hardship: bool) -> Answered:
        rng = self.rng
        weekdays = ALL_DAYS if rng.random() < 0.82 else rng.choice(SOME_DAYS)
        need = Need.HARDSHIP if hardship else rng.choices([n for n, _ in NEEDS], [w for _, w in NEEDS])[0]
        needs = (Need.WORK_HOURS, need) if need is not Need.WORK_HOURS and rng.random() < 0.5 else (need,)
        words = {Need.OTHER: OTHER_WORDS, Need.HARDSHIP: HARDSHIP_WORDS}.get(need, ("",))
        alone = place[0] >= 3 and rng.random() < 0.1
        return Answered(
            weekdays,
            needs,
            rng.choice(words),
            self._extended(weekdays, state),
            LeaveMode.ALONE if alone else LeaveMode.COLLECTED,
            rng.choice(HEALTH) if rng.random() < 0.07 else "",
            "、".join(rng.sample(COURSES, 2)) if rng.random() < 0.35 else "",
        )

    def _extended(self, weekdays: tuple[int, ...], state: State) -> tuple[int, ...]:
        if self.rng.random() > 0.14:
            return ()
        wanted = weekdays if self.rng.random() < 0.5 else tuple(sorted(self.rng.sample(weekdays, 2)))
        if state in (State.APPROVED, State.ENROLLED):
            if any(self.extended_taken[day] >= EXTENDED_PLACES for day in wanted):
                return ()
            self.extended_taken.update(wanted)
        return wanted
