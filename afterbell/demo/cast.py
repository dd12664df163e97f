"""Families with a part of their own in the demonstration. Everybody is invented."""

from __future__ import annotations

from dataclasses import dataclass

from care.records import Relation

STAR_CLASS = (2, 3)
FULL_CLASS = (3, 4)
ONE_LEFT_CLASS = (1, 7)
OPEN_CLASS = (3, 5)
"""On the afternoon, a child of this class is being looked for."""

NO_APPLICATION = "none"
ENROLLED = "enrolled"


@dataclass(frozen=True)
class Kid:
    name: str
    grade: int
    number: int


@dataclass(frozen=True)
class Kin:
    """A guardian. ``star`` names a person a visitor should try first; ``teaches`` makes a homeroom teacher of them."""

    name: str
    relation: Relation
    restricted: bool = False
    language: str | None = None
    star: str = ""
    teaches: tuple[int, int] | None = None
    committee: bool = False


@dataclass(frozen=True)
class CastFamily:
    kids: tuple[Kid, ...]
    kin: tuple[Kin, ...]
    wish: str = ENROLLED
    stop_reason: str = ""
    """Why the restricted guardian is on the stop-list."""


M, F = Relation.MOTHER, Relation.FATHER

STARS = (
    CastFamily(
        (Kid("林芷若", *STAR_CLASS),),
        (Kin("苏婉晴", M, star="mother"), Kin("林启川", F)),
        NO_APPLICATION,
    ),
    CastFamily(
        (Kid("陆子砚", 1, 2), Kid("陆子衡", 1, 2)),
        (Kin("秦佩岚", M), Kin("陆绍源", F, star="twins_father")),
        NO_APPLICATION,
    ),
    CastFamily(
        (Kid("Theo Ashworth", 3, 5),),
        (Kin("Clara Ashworth", M, language="en", star="english_mother"), Kin("Daniel Ashworth", F, language="en")),
        NO_APPLICATION,
    ),
)

SPECIAL = (
    CastFamily((Kid("王梓涵", 2, 5),), (Kin("邵雅倩", M), Kin("王振岭", F))),
    CastFamily((Kid("王梓涵", 2, 5),), (Kin("吕素萍", M), Kin("王思鸣", F))),
    CastFamily(
        (Kid("许沐言", 3, 6),),
        (Kin("沈静瑾", M), Kin("许长旭", F, restricted=True)),
        stop_reason="法院判决由母亲抚养，父亲不得接走孩子。",
    ),
    CastFamily((Kid("热依娜·图尔逊", 4, 4),), (Kin("古丽努尔·艾山", M), Kin("图尔逊·卡德尔", F))),
    CastFamily((Kid("何书宁", 1, 6),), (Kin("孟慧蓉", M, teaches=(4, 2)), Kin("何家诚", F))),
    CastFamily((Kid("梁语桐", 3, 2),), (Kin("夏淑云", M, committee=True), Kin("梁海松", F))),
    CastFamily((Kid("魏承远", 2, 1),), (Kin("汤月琴", M), Kin("魏景泉", F, committee=True))),
    CastFamily((Kid("程亦舟", 1, 3), Kid("程亦川", 4, 6)), (Kin("贺彩莹", M), Kin("程少峰", F))),
    CastFamily((Kid("贾星朗", 4, 1),), (Kin("万玉珍", Relation.GRANDMOTHER), Kin("贾德林", Relation.GRANDFATHER))),
)

RARE = (
    CastFamily((Kid("顾𬎆", 1, 4),), (Kin("白堃", M), Kin("顾晓磊", F))),
    CastFamily((Kid("蒋㛃", 2, 6),), (Kin("傅秀娟", M),)),
    CastFamily((Kid("郭堃宁", 3, 1),), (Kin("杜春霞", M), Kin("郭喆", F))),
    CastFamily((Kid("方喆", 1, 1),), (Kin("侯若芬", M), Kin("方宏涛", F))),
    CastFamily((Kid("万䶮", 4, 5),), (Kin("段雪梅", M), Kin("万兆辉", F))),
    CastFamily((Kid("叶祎", 2, 8),), (Kin("谭祎洁", M), Kin("叶正斌", F))),
    CastFamily((Kid("钟𫖯", 3, 8),), (Kin("易丽燕", M), Kin("钟永原", F))),
    CastFamily((Kid("郝犇", 4, 7),), (Kin("龚婉霞", M), Kin("郝景源", F))),
)

CAST = STARS + SPECIAL + RARE
