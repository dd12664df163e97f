"""What may be answered, names that are one name, numbers that are one number, and what a code looks like."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from care.agreement import same_name
from care.enrolment.answers import PICKUP_LIMIT, WORDS_LIMIT, Answers, PickupAnswer, checked
from care.errors import Invalid
from care.keys import ALPHABET, Keys
from care.linking import CODE_LENGTH, looks_like_code, normal_code
from care.people import adult_name, clean_name, normal_phone, same_phone, ways_stored
from care.records import LeaveMode, Need, Relation

GRANDMA = PickupAnswer("钱秀英", Relation.GRANDMOTHER, "19900007777")
GOOD = Answers(
    weekdays=(1, 3),
    needs=(Need.WORK_HOURS,),
    need_words="",
    extended_weekdays=(3,),
    pickup=(GRANDMA,),
    leave_mode=LeaveMode.COLLECTED,
    health_note="",
    courses_wished="",
    consent_data=True,
    consent_health=False,
    criteria_version=1,
)


@pytest.mark.parametrize(
    "good",
    [
        GOOD,
        replace(GOOD, weekdays=(1, 2, 3, 4, 5), extended_weekdays=()),
        replace(GOOD, needs=(Need.OTHER,), need_words="爷爷住院"),
        replace(GOOD, pickup=()),
        replace(GOOD, pickup=(GRANDMA,) * PICKUP_LIMIT),
        replace(GOOD, health_note="过敏", consent_health=True),
        replace(GOOD, courses_wished="书" * WORDS_LIMIT),
    ],
)
def test_taken(good: Answers) -> None:
    assert checked(good, 1) == good


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"consent_data": False}, "consent_needed"),
        ({"weekdays": ()}, "weekdays_needed"),
        ({"weekdays": (0,)}, "weekdays_needed"),
        ({"weekdays": (1, 6)}, "weekdays_needed"),
        ({"needs": ()}, "need_needed"),
        ({"needs": (Need.OTHER,)}, "need_needed"),
        ({"needs": (Need.DISTANCE, Need.OTHER), "need_words": " \n"}, "need_needed"),
        ({"extended_weekdays": (2,)}, "extended_outside_weekdays"),
        ({"pickup": (GRANDMA,) * (PICKUP_LIMIT + 1)}, "pickup_too_many"),
        ({"pickup": (replace(GRANDMA, name=" "),)}, "pickup_incomplete"),
        ({"pickup": (replace(GRANDMA, name="…"),)}, "pickup_incomplete"),
        ({"pickup": (replace(GRANDMA, name="名" * 41),)}, "pickup_incomplete"),
        ({"pickup": (replace(GRANDMA, phone="123"),)}, "pickup_incomplete"),
        ({"leave_mode": LeaveMode.ALONE}, "alone_not_allowed"),
        ({"need_words": "说" * (WORDS_LIMIT + 1)}, "words_too_long"),
        ({"health_note": "说" * (WORDS_LIMIT + 1), "consent_health": True}, "words_too_long"),
        ({"courses_wished": "说" * (WORDS_LIMIT + 1)}, "words_too_long"),
        ({"health_note": "过敏"}, "health_consent_needed"),
    ],
)
@pytest.mark.parametrize("grade", [1, 2])
def test_refused(changes: dict[str, object], code: str, grade: int) -> None:
    with pytest.raises(Invalid) as refused:
        checked(replace(GOOD, **changes), grade)  # type: ignore[arg-type]
    assert refused.value.code == code


@pytest.mark.parametrize("grade", [3, 4])
def test_older_children_may_leave_alone(grade: int) -> None:
    checked(replace(GOOD, leave_mode=LeaveMode.ALONE), grade)


@pytest.mark.parametrize(
    ("typed", "name"),
    [
        ("苏婉晴", "苏婉晴"),
        (" 苏 婉晴\n", "苏婉晴"),
        ("热依娜.图尔逊", "热依娜·图尔逊"),
        ("热依娜•图尔逊", "热依娜·图尔逊"),
        ("热依娜・图尔逊", "热依娜·图尔逊"),
        ("热依娜‧图尔逊", "热依娜·图尔逊"),
        ("热依娜 图尔逊", "热依娜·图尔逊"),
        ("热依娜图尔逊", "热依娜·图尔逊"),
        ("clara ASHWORTH", "Clara Ashworth"),
        ("Ｃｌａｒａ　Ａｓｈｗｏｒｔｈ", "Clara Ashworth"),
        ("José", "Jose\u0301"),
        ("O’Brien", "O'Brien"),
        ("Strauß", "STRAUSS"),
    ],
)
def test_one_name(typed: str, name: str) -> None:
    assert same_name(typed, name)
    assert same_name(name, typed)


@pytest.mark.parametrize(
    ("typed", "name"), [("苏晚晴", "苏婉晴"), ("", "苏婉晴"), ("·", "苏婉晴"), ("", ""), (" ", "."), ("苏婉", "苏婉晴")]
)
def test_two_names(typed: str, name: str) -> None:
    assert not same_name(typed, name)


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("13800000001", "13800000001"),
        ("+86 138-0000-0001", "13800000001"),
        ("8613800000001", "13800000001"),
        ("0086 138 0000 0001", "13800000001"),
        ("１３８０００００００１", "13800000001"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("+44 7911 123456", "+447911123456"),
        ("0044 7911 123456", "+447911123456"),
        ("＋４４ (0)7911 123456", "+447911123456"),
        ("tel: +44 7911 123456", "+447911123456"),
        ("+86 512-65550000", "051265550000"),
        ("+86 (0)10 6555 0000", "01065550000"),
        ("+86 400 655 0000", "4006550000"),
        ("0512-65550000", "051265550000"),
        ("123456", ""),
        ("1" * 16, ""),
        ("没有", ""),
        ("", ""),
    ],
)
def test_phone_numbers(written: str, number: str) -> None:
    assert normal_phone(written) == number


@given(st.text(max_size=60))
def test_a_normal_number_stays(written: str) -> None:
    number = normal_phone(written)
    assert normal_phone(number) == number
    assert number == "" or (
        number.isascii() and number.removeprefix("+").isdigit() and 7 <= len(number.removeprefix("+")) <= 15
    )


@given(st.text(max_size=90))
def test_a_clean_name_stays(written: str) -> None:
    name = clean_name(written)
    assert clean_name(name) == name and len(name) <= 40 and "\n" not in name


def test_what_a_name_keeps() -> None:
    assert clean_name(" 钱\n秀英\t ") == "钱 秀英"
    assert clean_name("\u202eevil") == "evil", "no character that turns the line round"
    assert clean_name("می\u200cخواهم") == "می\u200cخواهم"
    assert clean_name("👩") == "" and clean_name("\u200b") == ""
    assert clean_name("名" * 41) == ""


@pytest.mark.parametrize(
    "name",
    [
        "钱秀英",
        "欧阳",
        "阿卜杜拉·买买提",
        "Anne-Marie O'Brien",
        "José Núñez Jr.",
        "Владимир",
        "می\u200cخواهم",
        "นภา",
        "Ng",
    ],
)
def test_an_adult_is_called_so(name: str) -> None:
    assert adult_name(f" {name}\n") == name


@pytest.mark.parametrize(
    "written",
    [
        "<b>甲乙</b>",
        "👵",
        "👵 奶奶",
        "A",
        "钱",
        "13800000000",
        "奶奶2",
        "名" * 41,
        "-.·",
        "·钱秀英",
        "甲；乙",
        "",
        "{name}",
    ],
)
def test_no_adult_is_called_so(written: str) -> None:
    assert adult_name(written) == ""


def test_what_cannot_be_seen_in_a_name_is_left_out() -> None:
    assert adult_name("\u202d钱\x07秀\u200b英\u202c") == "钱秀英"


def test_the_plus_makes_no_other_number_but_tells_a_foreign_one_from_a_mobile() -> None:
    assert same_phone("+447911123456", "447911123456")
    assert not same_phone("", "") and not same_phone("", "+447911123456")
    assert ways_stored(normal_phone("447911123456")) == {"447911123456", "+447911123456"}
    assert ways_stored(normal_phone("+447911123456")) == {"447911123456", "+447911123456"}
    assert "13800000001" not in ways_stored(normal_phone("+1 380-000-0001"))
    assert "13800000001" in ways_stored(normal_phone("8613800000001"))
    assert ways_stored("") == set()


@given(st.integers(1, 10**9), st.sampled_from([" ", "-", " - ", "\u3000"]))
def test_a_code_survives_the_ways_it_is_typed(number: int, between: str) -> None:
    code = Keys("a key").code("slip", number, CODE_LENGTH)
    typed = code[:5].lower() + between + code[5:]
    wide = "".join(chr(ord(char) + 0xFEE0) for char in typed if char.isascii() and char != " ")
    assert set(code) <= set(ALPHABET) and len(code) == CODE_LENGTH
    assert normal_code(typed) == normal_code(wide) == code
    assert looks_like_code(typed)


@pytest.mark.parametrize(
    "words", ["你好", "What is this?", "who are you", "1", "请问怎么申请课后服务", "👋", "", "hello there"]
)
def test_talk_is_no_code(words: str) -> None:
    assert not looks_like_code(words)
