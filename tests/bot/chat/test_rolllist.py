"""The class as buttons: every list fits Telegram's limits; typed words mean what a teacher means by them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.rolllist import MARKS, choices_view, list_view, numbers_in, unsaid
from bot.chat.rolltyped import readings
from care.records import Holder, Step
from care.rollcall import Choice, RollChild, RollSheet, meant
from locales import LANGUAGES, words

NOW = datetime(2026, 11, 24, 6, 36, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def child(number: int, name: str = "林芷若", step: Step = Step.EXPECTED, seq: int = 1) -> RollChild:
    return RollChild(10**12 + number, number, number, name, step, seq, Holder.TEACHER, 1, "尹若岚", NOW, "0")


def roll(*children: RollChild) -> RollSheet:
    return RollSheet(
        session_id=10**12,
        date=date(2026, 11, 24),
        school_class="2(3)",
        grade=2,
        school_class_id=1,
        venue="2(3)班教室",
        starts_at=NOW,
        ends_at=NOW,
        planned="尹若岚",
        planned_id=1,
        teacher_id=1,
        teacher="尹若岚",
        signed_in_at=NOW,
        done_at=None,
        done_by="",
        closed_at=None,
        children=children,
    )


NAMES = st.text(min_size=1, max_size=40)
CHILDREN = st.lists(st.tuples(NAMES, st.sampled_from(Step), st.integers(1, 99)), max_size=130)


@given(CHILDREN, st.sampled_from(LANGUAGES), st.booleans())
def test_any_list_fits(children: list[tuple[str, Step, int]], language: str, away: bool) -> None:
    found = roll(*(child(number, *one) for number, one in enumerate(children, start=1)))
    view = list_view(words(language, "chat"), ZONE, found, away=away)
    buttons = [button for row in view.rows for button in row]
    assert len(buttons) <= 100 and all(1 <= len(row) <= 3 for row in view.rows)
    assert all(0 < len(button.data.encode()) <= 64 and button.label for button in buttons)
    assert len(view.text) < 1000 and view.text.startswith("2(3) · ")
    assert numbers_in(unsaid(found)) == {one.number for one in found.children if one.step is Step.EXPECTED}


@pytest.mark.parametrize(
    ("names", "rows"),
    [
        (["林芷若"] * 7, [3, 3, 1]),
        (["欧阳若溪"] * 3, [3]),
        (["林芷若", "林芷若", "Emma Thompson", "林芷若"], [2, 2]),
        (["Alexandra-Konstantina Papadopoulou", "林芷若"], [1, 1]),
        ([], []),
    ],
)
def test_rows_by_the_length_of_names(names: list[str], rows: list[int]) -> None:
    view = list_view(words("zh_CN", "chat"), ZONE, roll(*(child(n, name) for n, name in enumerate(names, start=1))))
    assert [len(row) for row in view.rows if row[0].data[:2] in ("kt", "km")] == rows


def test_a_mark_moves_no_button() -> None:
    before = roll(*(child(number) for number in range(1, 46)))
    after = roll(*(replace(one, step=Step.LATE, seq=2) for one in before.children))
    views = [list_view(words("zh_CN", "chat"), ZONE, one) for one in (before, after)]
    assert [len(row) for row in views[0].rows[:15]] == [len(row) for row in views[1].rows[:15]] == [3] * 15


def test_every_state_has_a_mark_of_its_own_kind() -> None:
    assert set(MARKS) == set(Step)
    for language in LANGUAGES:
        _ = words(language, "chat")
        marks = {_(sign) for sign in MARKS.values()}
        assert len(marks) == len(set(MARKS.values())) == 9


def test_who_came_by_a_take_over_is_simply_here() -> None:
    mine, gone = child(1, step=Step.HANDED_OVER), replace(child(2, step=Step.HANDED_OVER), holder_id=2)
    view = list_view(words("zh_CN", "chat"), ZONE, roll(mine, gone))
    assert [button.label[0] for button in view.rows[0]] == ["✓", "➜"]


def test_the_sessions_of_a_whole_school_page_by_page() -> None:
    """The own one first, then by grade; pages of one grade each; a page that is not there is the last."""
    classes = [(grade, number) for grade in range(1, 5) for number in range(1, 9)]
    found = [
        Choice(n, f"{grade}({number})", grade, NOW, NOW, "尹若岚", own=n == 0, signed_in=n % 3 == 1, done=n % 3 == 2)
        for n, (grade, number) in enumerate(classes)
    ]
    views = [choices_view(words("zh_CN", "chat"), ZONE, found, page) for page in range(4)]
    labels = [[button.label for row in view.rows for button in row] for view in views]
    assert labels[0][:3] == [
        "1(1) · 14:36–14:36 · 计划：尹若岚", "1(2) · 14:36–14:36 · 值班：尹若岚", "1(3) · 14:36–14:36 · ✔ 已点名"
    ]  # fmt: skip
    assert [one[-2:] for one in labels[1:3]] == [["‹ 返回", "更多 ›"]] * 2
    assert (labels[0][-1], labels[3][-1]) == ("更多 ›", "‹ 返回")
    assert choices_view(words("zh_CN", "chat"), ZONE, found, 99) == views[3]


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("3", ("3", None, "")),
        ("3 缺", ("3", Step.ABSENT, "")),
        ("3缺", ("3", Step.ABSENT, "")),
        ("3 late", ("3", Step.LATE, "")),
        ("3 LATE", ("3", Step.LATE, "")),
        ("林芷若", ("林芷若", None, "")),
        ("林芷若 迟到", ("林芷若", Step.LATE, "")),
        ("Emma Li absent", ("Emma Li", Step.ABSENT, "")),
        ("5 course 张 老师", ("5", Step.MOVED, "张 老师")),
        ("late", ("late", None, "")),
        ("缺", ("缺", None, "")),
        ("", ("", None, "")),
    ],
)
def test_what_typed_words_mean(typed: str, first: tuple[str, Step | None, str]) -> None:
    assert readings(typed)[0] == first


def test_a_state_glued_to_a_name_comes_second() -> None:
    """A child may be called so."""
    assert readings("林芷若迟到") == [("林芷若迟到", None, ""), ("林芷若", Step.LATE, "")]


@given(st.text(max_size=60))
def test_any_words_mean_something_or_nobody(typed: str) -> None:
    children = [child(1), child(2, "Emma Li"), child(3, "林芷若")]
    for who, _said, _remark in readings(typed):
        assert all(one in children for one in meant(children, who))


def test_who_is_meant() -> None:
    children = [child(1, "王子涵"), child(2, "王子涵"), child(3, "Emma Li"), child(4, "王子")]
    assert [one.number for one in meant(children, "王子涵")] == [1, 2]
    assert [one.number for one in meant(children, "王子")] == [4]
    assert [one.number for one in meant(children, "emma")] == [3]
    assert [one.number for one in meant(children, "３")] == [3]
    assert meant(children, "") == meant(children, "  ") == meant(children, "0") == meant(children, "9" * 50) == []
