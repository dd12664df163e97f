"""/checkin (S13): a teacher signs in and calls the roll by tapping or typing."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

from roll_steps import (
    STALE,
    all_attend,
    chain,
    data_of,
    labels,
    last,
    listed,
    moment,
    no_care_teacher,
    now,
    on_duty,
    on_leave,
    opens,
    person_id,
    session_of,
    signs_in,
    steps,
)
from sqlalchemy import select, update
from stage import Stage

from care.custody.chain import Link, Side, append
from care.records import Event, Holder, Person, Step, Student


async def test_a_class_of_45_in_under_20_taps(afternoon: Stage) -> None:
    """Sign in, three children who are not simply here, all others by one tap: the counts are always on top."""
    stage = afternoon
    await all_attend(stage.school, "2(3)")
    await opens(stage)
    teacher, taps = await stage.star("homeroom"), 0

    async def tap(label: str) -> None:
        nonlocal taps
        taps += 1
        await teacher.tap(label)

    await teacher.send("/checkin")
    teacher.reads("2(3)，应到 45 人，14:35–17:10，2(3)班教室；计划值班：" + teacher.user.name)
    await tap("✍ 值班签到")
    message = last(teacher)
    assert message.text.startswith("2(3) · 到 0 / 应到 45 · 未点 45\n")
    buttons = [button for row in message.buttons() for button in row]
    assert len(buttons) == 48 <= 100 and all(len(str(b["callback_data"]).encode()) <= 64 for b in buttons)
    assert Counter(len(row) for row in message.buttons()[:-2])[3] >= 12
    children = await listed(stage)
    names = [f"{child.number} {name}" for child, name in children]
    await tap("○" + names[6])
    assert last(teacher).text.startswith("2(3) · 到 1 / 应到 45 · 未点 44\n") and "✓" + names[6] in teacher.buttons
    for name, said in ((names[6], "✗ 缺"), (names[7], "✓ 迟到"), (names[8], "◆ 去上特色课程")):
        if "○" + name in teacher.buttons:
            await tap("○" + name)
        await tap("✓" + name)
        await tap(said)
    assert last(teacher).text.startswith("2(3) · 到 2 / 应到 45 · 未点 42\n")
    assert {"✗" + names[6], "✓迟" + names[7], "◆" + names[8]} <= set(teacher.buttons)
    await tap("✓ 其余 42 人全到")
    assert teacher.toasts[-1] == f"✔ 点名完成 14:35，{teacher.user.name}"
    assert last(teacher).text.startswith("2(3) · 到 44 / 应到 45 · 未点 0\n") and taps < 20
    assert "其余" not in str(teacher.buttons)
    session = await session_of(stage)
    assert (session.signed_in_id, session.roll_done_id) == (person_id(teacher), person_id(teacher))
    assert await steps(stage, children[0][0].id) == ["expected", "present"]
    assert await steps(stage, children[8][0].id) == ["expected", "present", "moved"]
    (link,) = (await chain(stage, children[0][0].id))[1:]
    assert (link.holder_id, link.by_id, link.giver_id) == (person_id(teacher),) * 3
    done = await stage.ask(select(Event).where(Event.action == "roll_done"))
    assert [(event.subject_id, event.data) for event in done] == [(session.id, {"expected": 45, "present": 44})]
    assert len(teacher.messages) == 1


async def test_who_taps_only_those_who_are_not_here(small_afternoon: Stage) -> None:
    """One tap for the mode, two for each child, one for all others; nobody is here for a moment who is not."""
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    children = await listed(stage)
    names, count = [f"{child.number} {name}" for child, name in children], len(children)
    await teacher.tap("✗ 只点没到的")
    teacher.reads("点没到或迟到的孩子；最后其余的一键全到。")
    await teacher.tap("○" + names[0])
    assert labels(last(teacher))[:2] == ["✗ 缺（立即询问家长）", "✓ 到"]
    await teacher.tap("✗ 缺")
    teacher.reads("点没到或迟到的孩子")
    await teacher.tap("○" + names[1])
    await teacher.tap("‹ 返回名单")
    await teacher.tap("○" + names[1])
    await teacher.tap("✓ 迟到")
    await teacher.tap("✓ 改为点到的")
    await teacher.tap("○" + names[2])
    await teacher.tap("✗ 只点没到的")
    await teacher.tap(f"✓ 其余 {count - 3} 人全到")
    assert last(teacher).text.startswith(f"2(3) · 到 {count - 1} / 应到 {count} · 未点 0\n")
    assert not any("只点没到的" in label or "改为点到的" in label for label in labels(last(teacher)))
    found = [await steps(stage, child.id) for child, _ in children[:4]]
    assert found == [["expected", "absent"], ["expected", "late"], ["expected", "present"], ["expected", "present"]]


async def test_in_english(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await stage.star("homeroom")
    async with stage.school.work() as uow:
        (await uow.session.get_one(Person, person_id(teacher))).language = "en"
    count = len(await listed(stage))
    await teacher.send("/checkin")
    teacher.reads(f"2(3), {count} expected, 14:35–17:10")
    await teacher.tap("Sign in for duty")
    teacher.reads(f"2(3) · here 0 / expected {count} · not called {count}")
    await teacher.tap("Tap only who is not here")
    teacher.reads("Tap who is missing or late. At the end: all others are here.")
    await teacher.tap("○1 ")
    await teacher.tap("Came late")
    assert any(button.startswith("✓L1 ") for button in teacher.buttons)
    await teacher.tap(f"All {count - 1} others are here")
    assert teacher.toasts[-1] == f"✔ Roll done 14:35 by {teacher.user.name}"
    await teacher.send("/checkin 2 absent")
    teacher.reads("Missing")
    await teacher.send("/help")
    teacher.reads("/checkin – Sign in for duty, call the roll; also with a number, a name or a class after it")


async def test_leave_is_shown_and_never_swept_up(small_afternoon: Stage) -> None:
    """Those whom the list showed as not called are "all others", not whoever is expected by then."""
    stage = small_afternoon
    await stage.at(moment(stage, 11, 0))
    await stage.at(moment(stage, 12, 30))
    (child, name), *others = await listed(stage)
    await on_leave(stage, child.id)
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    count = len(others)
    teacher.reads(f"2(3) · 到 0 / 应到 {count} · 未点 {count}")
    assert f"假1 {name}" in teacher.buttons
    shown = last(teacher)
    async with stage.school.work() as uow:
        await append(uow, child.id, Link(Step.EXPECTED, Side(Holder.TEACHER, person_id(teacher), teacher.user.name)))
    await teacher.tap(data=data_of(shown, "其余"), message=shown)
    shown = now(teacher, shown)
    assert shown.text.startswith(f"2(3) · 到 {count} / 应到 {count + 1} · 未点 1\n")
    assert f"○1 {name}" in labels(shown)
    assert await steps(stage, child.id) == ["expected", "leave", "expected"]


async def test_a_child_on_leave_who_is_here_all_the_same(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await stage.at(moment(stage, 12, 30))
    (child, name), *_ = await listed(stage)
    await on_leave(stage, child.id)
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    (late, late_name) = (await listed(stage))[1]
    await on_leave(stage, late.id)  # while the list is before the teacher
    await teacher.tap(f"○2 {late_name}")
    assert teacher.toasts[-1] == STALE and f"假2 {late_name}" in teacher.buttons
    assert await steps(stage, late.id) == ["expected", "leave"]
    await teacher.tap(f"假1 {name}")
    teacher.reads("请假")
    await teacher.tap("✓ 到")
    assert f"✓1 {name}" in teacher.buttons
    assert await steps(stage, child.id) == ["expected", "leave", "present"]


async def test_an_old_keyboard_becomes_the_present_one(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    children = await listed(stage)
    names = [f"{child.number} {name}" for child, name in children]
    first = data_of(last(teacher), "○" + names[0])
    await teacher.tap("○" + names[0])
    await teacher.tap(data=first)  # twice: nothing more
    teacher.reads("到 1 /")
    await teacher.tap("✓" + names[0])
    late = data_of(last(teacher), "✓ 迟到")
    absent = data_of(last(teacher), "✗ 缺")
    await teacher.tap("✓ 迟到")
    await teacher.tap(data=late)
    teacher.reads("到 1 /")
    assert STALE not in teacher.toasts
    await teacher.tap(data=absent)  # of a child that was here and has come late since
    assert teacher.toasts[-1] == STALE
    teacher.reads(names[0])
    await teacher.tap("‹ 返回名单")
    await teacher.tap(data=first)
    assert teacher.toasts[-1] == STALE
    assert await steps(stage, children[0][0].id) == ["expected", "present", "late"]
    forgeries = ("kt:1", "kt:x:1", "kt:999999:1", "ka:1:zz", "ka:99999:f", "kd:1:1:released", "kd:1:1", "ks:1", "kp:x")
    for forged in forgeries:
        await teacher.tap(data=forged)
        assert teacher.answers[-1].text
    await teacher.tap(data=f"kd:{children[0][0].id}:3:released")
    await teacher.tap(data="kp:99")
    await stage.at(moment(stage, 16, 0) + timedelta(days=1))
    await teacher.tap(data=first)
    assert teacher.toasts[-1] == "那是另一天的名单，请发送 /checkin 打开今天的名单。"
    assert await steps(stage, children[0][0].id) == ["expected", "present", "late"]


async def test_typed(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await stage.star("homeroom")
    await teacher.send("/checkin 3")
    teacher.reads("计划值班")  # first the duty sign-in
    await teacher.tap("✍ 值班签到")
    children = await listed(stage)
    count = len(children)
    await teacher.send("/checkin 3")
    teacher.reads(f"✓ 3 {children[2][1]} · 已到")
    teacher.reads(f"2(3) · 到 1 / 应到 {count} · 未点 {count - 1}")
    await teacher.send("/checkin 3")
    teacher.reads(f"到 1 / 应到 {count}")
    await teacher.send(f"/checkin {children[3][1]}")
    teacher.reads(f"到 2 / 应到 {count}")
    await teacher.send(f"/checkin {children[4][1]}迟到")
    teacher.reads(f"✓迟 5 {children[4][1]}")
    await teacher.send("/checkin ６ 迟")
    teacher.reads(f"✓迟 6 {children[5][1]}")
    await teacher.send("/checkin 7缺")
    teacher.reads(f"✗ 7 {children[6][1]}")
    await teacher.send("/checkin 8 course 张 老师")
    teacher.reads(f"◆ 8 {children[7][1]}")
    assert (await chain(stage, children[7][0].id))[-1].holder_name == "张 老师"
    await teacher.send("/checkin 8")
    assert await steps(stage, children[7][0].id) == ["expected", "moved", "back"]
    await teacher.send("/checkin 7 到")
    assert await steps(stage, children[6][0].id) == ["expected", "absent", "present"]
    for nonsense in ("<b>=1+1", "999", "0", "99999999999999999999", "缺", "%", "_"):
        await teacher.send(f"/checkin {nonsense}")
        teacher.reads("今天的名单里没有")
    await teacher.tap("打开名单")
    assert f"✓7 {children[6][1]}" in teacher.buttons


async def test_two_children_of_one_name(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await all_attend(stage.school, "2(5)", 36)
    await opens(stage)
    teacher = await stage.homeroom_of("2(5)")
    await signs_in(teacher)
    children = await listed(stage, "2(5)")
    (name, times), *_ = Counter(name for _child, name in children).most_common(1)
    assert times == 2
    one, two = [child for child, found in children if found == name]
    await teacher.send(f"/checkin {name}")
    teacher.reads(f"“{name}”指的是哪位学生？")
    assert labels(last(teacher)) == [f"○{child.number} {name} · 2(5)" for child in (one, two)]
    await teacher.tap(f"○{two.number} ")
    await teacher.tap("✓ 到")
    assert (await steps(stage, one.id), await steps(stage, two.id)) == (["expected"], ["expected", "present"])


async def test_left_early_is_a_release(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    await teacher.tap("○1 ")
    await teacher.tap("✓1 ")
    await teacher.tap("早退")
    teacher.reads("谁来接？请点来人，或输入接送码。")
    assert await steps(stage, (await listed(stage))[0][0].id) == ["expected", "present"]


async def test_a_class_is_opened_by_its_name(small_afternoon: Stage) -> None:
    """For whoever may see it; whoever may not reads what is always said."""
    stage = small_afternoon
    await opens(stage)
    office = await stage.star("office")
    for words in ("2(3)", "二(3)", "二年级3班", "2.3", "G2C3", "２（３）班"):
        await office.send(f"/checkin {words}")
        office.reads("2(3)，应到")
    await no_care_teacher(stage)
    teacher = await on_duty(stage)
    await teacher.send("/checkin 2(3)")
    teacher.reads("2(3) · 到 0 / 应到")
    for beyond in ("3(5)", "9(9)"):
        await teacher.send(f"/checkin {beyond}")
        teacher.reads("没有找到，或者您无权查看。")
    assert (await session_of(stage, "3(5)")).signed_in_id is None


async def test_a_restart_between_two_taps(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await opens(stage)
    teacher = await on_duty(stage)
    await teacher.tap("○1 ")
    await stage.restart()
    await teacher.tap("○2 ")
    teacher.reads("到 2 /")


async def test_a_strange_name_and_a_long_one(small_afternoon: Stage) -> None:
    stage = small_afternoon
    await stage.at(moment(stage, 12, 30))
    (one, _), (two, _), *_ = await listed(stage)
    async with stage.school.work() as uow:
        for child, name in ((one, "<b>=1+1 {x}"), (two, "Alexandra-Konstantina " * 3)):
            await uow.session.execute(update(Student).where(Student.id == child.student_id).values(name=name.strip()))
    await stage.at(moment(stage, 14, 35))
    teacher = await on_duty(stage)
    await teacher.tap("○1 <b>=1+1 {x}")
    await teacher.tap("✓1 <b>=1+1 {x}")
    await teacher.tap("✗ 缺")
    teacher.reads("应到")
    await teacher.send("/checkin <b>=1+1 {x}")
    teacher.reads("✓ 1 <b>=1+1 {x} · 已到")
