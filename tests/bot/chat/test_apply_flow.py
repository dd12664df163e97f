"""The application conversation by itself: every screen in both languages, and random walks that lose nothing."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat.apply.draft import ORDER, Draft, Facts, Said, Tap, answered, as_answers, begin, questions
from bot.chat.apply.flow import ALL_RELATIONS, EDITABLE, NEEDS, advance
from bot.chat.apply.screens import _DRAW, PROBLEMS, Screen, problem_sentence
from bot.wire.view import DATA_LIMIT, TEXT_LIMIT, View
from care.enrolment.answers import PICKUP_LIMIT, WORDS_LIMIT, checked
from locales import LANGUAGES, words

YOUNG = Facts(
    student_id=999_999_999_999_999,
    child="热依娜·图尔逊" * 5,
    school_class="2(3)",
    grade=2,
    times="14:35–17:10",
    venue="各班教室",
    gate="东门",
    extended_venue="澹台书院",
    extended_until="18:30",
    pages=("一" * 3400, "二", "三"),
    remark="请补充" * 160,
)
OLD = dataclasses.replace(YOUNG, grade=4, school_class="4(8)")
PLAIN = dataclasses.replace(OLD, extended_venue="", extended_until="", pages=("只有一页",), remark="")
ALL_FACTS = [YOUNG, OLD, PLAIN]
VERSION = 999_999_999

FULL: Draft = {
    **begin(OLD),
    "page": 2,
    "weekdays": [1, 2, 3, 4, 5],
    "needs": [need.value for need in NEEDS],
    "need_words": "说" * WORDS_LIMIT,
    "extended": [1, 2, 3, 4, 5],
    "pickup": [["名" * 40, "grandmother", "123456789012345"]] * PICKUP_LIMIT,
    "adult": ["名" * 40, "nanny"],
    "leave": "alone",
    "health": "sealed",
    "courses": "课" * WORDS_LIMIT,
    "consent_data": True,
}


def sane(view: View) -> None:
    """Telegram takes it, and a thumb on a phone can use it."""
    assert 0 < len(view.text) <= TEXT_LIMIT
    assert len(view.rows) <= 12
    data = [button.data for row in view.rows for button in row]
    assert all(1 <= len(row) <= 4 for row in view.rows)
    assert len(data) == len(set(data)), "two buttons of a screen mean two things"
    assert all(len(piece.encode()) <= DATA_LIMIT for piece in data)
    assert all(button.label.strip() and len(button.label) <= 64 for row in view.rows for button in row)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("facts", ALL_FACTS, ids=["young", "old", "plain"])
@pytest.mark.parametrize("answers", ["empty", "full"])
def test_every_screen(language: str, facts: Facts, answers: str) -> None:
    draft = FULL if answers == "full" else {**begin(facts), "adult": ["钱秀英", "nanny"]}
    for step in _DRAW:
        view = Screen(words(language, "chat"), facts, draft, VERSION).draw(step)
        sane(view)
        for code in PROBLEMS:
            assert len(problem_sentence(words(language, "chat"), code)) <= 200, "a toast takes 200 characters"


def test_nothing_is_preselected() -> None:
    for facts in ALL_FACTS:
        for step in questions(facts):
            view = Screen(words("en", "chat"), facts, begin(facts), 1).draw(step)
            assert not any("☑" in button.label for row in view.rows for button in row)


def tokens(step: str, answers: Draft, facts: Facts) -> list[str]:
    """The buttons that the screen of this step has."""
    view = Screen(words("en", "chat"), facts, answers, 1).draw(step)
    return [button.data.split(":", 3)[3] for row in view.rows for button in row]


def run(moves: list[tuple[int, Any]], facts: Facts) -> tuple[str, Draft, str]:
    """Plays a conversation: a number taps a button of the screen, a text is typed or (forged) tapped."""
    step, answers = "info", begin(facts)
    for number, move in moves:
        if isinstance(move, str):
            said: Tap | Said = Said(move) if number % 2 else Tap(move)
        else:
            present = tokens(step, answers, facts)
            said = Tap(present[number % len(present)])
        before, kept = step, {**answers}
        following = advance(step, answers, said, facts)
        assert answers == kept, "what was saved is never changed in place"
        assert following.step in _DRAW
        sane(Screen(words("zh_CN", "chat"), facts, following.answers, 1).draw(following.step))
        if following.problem:
            assert following.problem in PROBLEMS
            lost = {k: v for k, v in kept.items() if k != "from_summary" and following.answers.get(k) != v}
            assert lost in ({}, {"extended": kept["extended"]}), f"a mistake at {before} lost {lost}"
        if following.end == "declined":
            return following.step, following.answers, "declined"
        if following.end == "submit":
            return following.step, following.answers, "submit"
        step, answers = following.step, following.answers
    return step, answers, ""


WORDS = st.one_of(
    st.sampled_from(
        ["钱秀英", "19900007777", "+86 199 0000 7777", "", " ", "\n", "长" * 501, "123", "back", "{child}"]
    ),
    st.text(max_size=30),
)
LAST = -1
"""The last button of a screen, which mostly leads on."""
MOVES = st.lists(
    st.one_of(
        st.tuples(st.just(LAST), st.none()),
        st.tuples(st.integers(0, 40), st.none()),
        st.tuples(st.integers(0, 1), WORDS),
    ),
    max_size=60,
)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=MOVES, facts=st.sampled_from(ALL_FACTS))
def test_no_walk_breaks_it(moves: list[tuple[int, Any]], facts: Facts) -> None:
    _step, answers, end = run(moves, facts)
    if end == "submit":
        checked(as_answers(answers, facts, str), facts.grade)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(moves=MOVES, facts=st.sampled_from(ALL_FACTS), later=st.sampled_from(ALL_FACTS))
def test_from_anywhere_the_way_leads_to_a_valid_application(
    moves: list[tuple[int, Any]], facts: Facts, later: Facts
) -> None:
    """However somebody has wandered, answering what is asked ends in a submission; even if class or term changed."""
    step, answers, end = run(moves, facts)
    if end:
        return
    for _ in range(60):
        following = advance(step, answers, _sensible(step, answers, later), later)
        step, answers = following.step, following.answers
        if following.end:
            break
    assert following.end == "submit"
    checked(as_answers(answers, later, str), later.grade)


def _sensible(step: str, answers: Draft, facts: Facts) -> Tap | Said:
    """What somebody does who wants to get done."""
    match step:
        case "info":
            present = tokens(step, answers, facts)
            return Tap(present[-1])
        case "consent":
            return Tap("yes")
        case "weekdays":
            return Tap("next") if answers["weekdays"] else Tap("all")
        case "needs":
            return Tap("next") if answered("needs", answers) else Said("需要")
        case "pickup_name":
            return Said("钱秀英")
        case "pickup_relation":
            return Tap("nanny")
        case "pickup_phone":
            return Said("19900007777")
        case "leave":
            return Tap("collected")
        case "health" | "courses":
            return Tap("none")
        case "health_words":
            return Said("无")
        case "summary":
            return Tap("submit")
    return Tap("next")


@pytest.mark.parametrize("facts", ALL_FACTS, ids=["young", "old", "plain"])
def test_back_from_anywhere(facts: Facts) -> None:
    """Back leads, step by step, to the first page, and from a question opened in the summary to the summary."""
    for step in _DRAW:
        answers = {**FULL}
        seen = [step]
        while step != "info" or answers["page"]:
            following = advance(step, answers, Tap("back"), facts)
            step, answers = following.step, following.answers
            seen.append(step)
            assert len(seen) < 20, seen
    for step in EDITABLE:
        if step in questions(facts):
            opened = advance("summary", FULL, Tap(step), facts)
            assert advance(opened.step, opened.answers, Tap("back"), facts).step == "summary"


def test_a_question_opened_in_the_summary_returns_there() -> None:
    opened = advance("summary", FULL, Tap("health"), OLD)
    writing = advance(opened.step, opened.answers, Tap("write"), OLD)
    done = advance(writing.step, writing.answers, Said("对花生过敏"), OLD)
    assert done.step == "summary" and "from_summary" not in done.answers


def test_the_summary_sends_to_what_is_missing() -> None:
    for step, hole in {"weekdays": [], "needs": [], "consent": False, "leave": ""}.items():
        key = "consent_data" if step == "consent" else step
        following = advance("summary", {**FULL, key: hole}, Tap("submit"), OLD)
        assert (following.step, following.problem, following.end) == (step, "answer_missing", "")
    only_other = {**FULL, "needs": ["other"], "need_words": ""}
    assert advance("summary", only_other, Tap("submit"), OLD).step == "needs"


def test_extended_care_follows_the_days() -> None:
    draft = {**FULL, "weekdays": [1, 2], "from_summary": True}
    for leaving in (Tap("next"), Tap("back")):
        assert advance("weekdays", draft, leaving, OLD).answers["extended"] == [1, 2]


def test_a_second_tap_removes_nobody_else() -> None:
    draft = {**FULL, "pickup": [["甲", "nanny", "19900000001"], ["乙", "nanny", "19900000002"]]}
    once = advance("pickup", draft, Tap("rm0of2"), OLD)
    twice = advance("pickup", once.answers, Tap("rm0of2"), OLD)
    assert [adult[0] for adult in twice.answers["pickup"]] == ["乙"]


def test_fewer_pages_than_before() -> None:
    shorter = dataclasses.replace(OLD, pages=("一",))
    draft = {**begin(OLD), "page": 2}
    sane(Screen(words("en", "chat"), shorter, draft, 1).draw("info"))
    assert advance("info", draft, Tap("next"), shorter).step == "consent"
    assert advance("info", draft, Tap("back"), shorter).answers["page"] == 0


def test_a_double_tap_reads_no_page_over() -> None:
    once = advance("info", begin(OLD), Tap("to1"), OLD)
    assert advance(once.step, once.answers, Tap("to1"), OLD).answers["page"] == 1


def test_every_step_has_its_screen_and_its_rule() -> None:
    assert set(_DRAW) == {*ORDER, "pickup_name", "pickup_relation", "pickup_phone", "health_words"}
    assert len(ALL_RELATIONS) == len(set(ALL_RELATIONS))


def test_a_young_child_is_collected_whatever_the_draft_says() -> None:
    found = as_answers({**FULL, "leave": ""}, YOUNG, str)
    assert found.leave_mode.value == "collected"
    with pytest.raises(ValueError, match="is not a valid LeaveMode"):
        as_answers({**FULL, "leave": ""}, OLD, str)
