"""Extended care: from the class's teacher to the academy, count by count (S11)."""

from __future__ import annotations

from extended_steps import CHINESE, CLASS, TUESDAY, at, attending, begin, care_teacher, english, holder, roll_taken
from journey import guardians, person_id
from stage import Stage

from care.extended.session import choose_teacher
from care.records import Step


async def test_from_the_class_to_the_academy(afternoon: Stage) -> None:
    """Given by one, counted by the other: a difference is named to both, and only equal lists pass."""
    stage = afternoon
    (one, first), (two, second), (three, third), (four, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id, three.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await care_teacher(stage)
    await taker.send("/extended")
    taker.reads("今天延时托管：澹台书院，17:25–18:30")
    taker.reads("应到 3 · 已到 0")
    taker.reads("还没有老师签到。")
    taker.misses(first)
    await taker.tap("延时托管签到")
    taker.reads("✔ 您已签到延时托管。")
    await at(stage, 17, 12)
    await giver.send("/extended")
    giver.reads(f"{CLASS} 参加延时的学生：{first}、{second}、{third}")
    await giver.tap(f"交接 {CLASS}：3 人")
    giver.reads(f"将 {CLASS} 的 3 名学生交给延时托管老师？")
    ask = giver.last
    assert ask is not None
    session = str(ask.buttons()[0][0]["callback_data"]).split(":")[1]
    await giver.tap("交接这 3 人")
    giver.reads("对方接收之前，仍由您负责。")
    await giver.tap("交接这 3 人", message=ask)

    taker.reads(f"交来 {CLASS} 的 3 名学生，请清点：")
    await taker.tap(f"☐ {first}")
    await taker.tap(f"☐ {second}")
    taker.reads("请清点")
    await taker.tap("清点完毕：2/3")
    taker.reads("⚠ 人数不一致：交出 3 人，清点 2 人。")
    taker.reads(f"未到：{third} {CLASS}")
    taker.reads("未交接任何学生。")
    giver.finds(f"未到：{third} {CLASS}")
    assert {(await holder(stage, a)).step for a in (one, two, three)} == {Step.PRESENT}

    await taker.tap(f"☐ {third}")
    await taker.tap("清点完毕：3/3")
    taker.reads("✔ 已从")
    giver.finds(f"已接收 {CLASS} 的 3 人：{first}、{second}、{third}")
    for application in (one, two, three):
        link = await holder(stage, application)
        assert (link.step, link.giver_id, link.holder_id) == (
            Step.HANDED_OVER, person_id(giver), person_id(taker)
        )  # fmt: skip
    assert (await holder(stage, four)).holder_id == person_id(giver)
    # a screen that still asks, as one that arrived twice does, shows how it stands instead
    await giver.send("/extended")
    for data in (f"exw:{session}", f"exp:{session}"):
        stale = giver.last
        await giver.tap(data=data, message=stale)
        assert giver.toasts[-1] == "目前没有参加延时的学生在您这里。"
        giver.reads("应到 3 · 已到 3")
    assert not any("交接" in button for button in giver.offered)
    mum = (await guardians(stage, one.student_id))[0]
    await mum.send("/extended")
    mum.reads("今天：已在澹台书院延时托管，至 18:30。")
    await mum.tap(data=f"exn:{one.student_id}:{TUESDAY.toordinal()}")
    assert mum.toasts[-1] == "孩子已在延时托管，可随时到澹台书院接走。"


async def test_the_hand_over_survives_a_restart_and_a_new_teacher(small_afternoon: Stage) -> None:
    stage = small_afternoon
    (one, _), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id])
    await at(stage, 12, 30)
    giver, taker, later = await roll_taken(stage, CLASS), await care_teacher(stage), await care_teacher(stage, 1)
    await giver.send("/extended")
    await giver.tap(f"交接 {CLASS}：1 人")
    await giver.tap("交接这 1 人")
    await stage.restart()
    await taker.send("/extended")
    old = taker.last
    await taker.tap("延时托管签到")
    await later.send("/extended")
    await later.tap("接替")
    later.reads("接替后，在场的 0 名学生和后续工作由您负责。")
    await later.tap("接替")
    later.reads("✔ 您已签到延时托管。")
    await taker.tap("延时托管签到", message=old)
    assert taker.toasts[-1] == "情况已有变化，请查看最新状态后再决定。"
    await stage.restart()
    await later.tap(f"清点 {CLASS}：1 人")
    count = later.last
    await later.tap("1 人全部到齐")
    later.reads("✔ 已从")
    await later.tap("1 人全部到齐", message=count)
    later.reads("✔ 已从")
    assert (await holder(stage, one)).holder_id == person_id(later)
    await taker.tap(data=f"exc:{1}:{1}:1")
    assert taker.toasts[-1] == "请先签到延时托管。"


async def test_two_teachers_who_read_english(small_afternoon: Stage) -> None:
    """Planned by the office, a late change, a difference, and the hand-over: nothing of it in another language."""
    stage = small_afternoon
    (one, first), (two, second), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id])
    await at(stage, 12, 30)
    giver = await english(stage, await roll_taken(stage, CLASS))
    taker = await english(stage, await care_teacher(stage))
    mum = (await guardians(stage, two.student_id))[0]
    async with stage.school.work(await stage.act_as(await stage.star("office"))) as uow:
        await choose_teacher(uow, person_id(taker))
    await stage.calm()
    taker.reads("You have extended care today.")
    taker.reads(f"Planned: {taker.user.name}, not signed in yet")
    await taker.tap("Sign in for extended care")
    taker.reads("✔ You have signed in for extended care.")
    await at(stage, 16, 30)
    await mum.send("/extended")
    await mum.tap("改为 17:10 放学")
    for teacher in (giver, taker):
        teacher.reads(f"Late change: {second}, class {CLASS}, leaves with the class today, not to 澹台书院.")
    await mum.tap("今天参加延时")
    giver.reads(f"Late change: {second}, class {CLASS}, stays for extended care today.")
    await giver.send("/extended")
    giver.reads(f"Staying from {CLASS}: {first}, {second}")
    await giver.tap(f"Hand over {CLASS}: 2")
    giver.reads(f"Hand over 2 children of {CLASS} to extended care?")
    await giver.tap("Hand over these 2")
    giver.reads("You answer for them until they have been taken over.")
    await taker.tap(f"☐ {first}")
    await taker.tap("Done: 1 of 2")
    taker.reads("⚠ The counts differ: given 2, counted 1.")
    giver.reads(f"Not there: {second} {CLASS}")
    await giver.tap("Hand over anew")
    await giver.tap("Hand over these 2")
    await taker.tap("All 2 are here")
    taker.reads(f"✔ Taken over from {giver.user.name}: 2 of {CLASS}.")
    giver.reads(f"has taken over 2 of {CLASS}: {first}, {second}")
    names = {first, second, giver.user.name, taker.user.name, "澹台书院"}
    for player in (giver, taker):
        own = [message.text for message in player.messages if "Late change" in message.text or CLASS in message.text]
        said = "".join(own)
        for name in names:
            said = said.replace(name, "")
        assert CHINESE.findall(said) == []


async def test_who_does_not_arrive(small_afternoon: Stage) -> None:
    """The roll of extended care, in English: a child who has not come is asked for, and turns up."""
    stage = small_afternoon
    (one, first), (two, _second), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await english(stage, await care_teacher(stage))
    await taker.send("/extended")
    await taker.tap("Sign in for extended care")
    await at(stage, 17, 45)
    taker.finds("The roll of extended care is not finished: 2 children have not arrived.")
    await taker.send(f"/extended {first}")
    taker.reads(f"{first}: still with ")
    await taker.tap(first)
    await taker.tap("⚠ Not here: ask the family")
    taker.reads("⚠ The family and the homeroom teacher are being asked.")
    taker.reads(f"⚠ Missing: {first} {CLASS}")
    giver.finds(f"⚠ {CLASS} 班{first}没有到延时托管。按记录孩子在您这里")
    assert (await holder(stage, one)).step is Step.ABSENT
    await taker.tap(f"{CLASS} · 2")
    await taker.tap(first)
    await taker.tap("Is here")
    taker.reads("Expected 2 · here 1")
    assert (await holder(stage, one)).holder_id == person_id(taker)
    await taker.send("/extended Nobody")
    taker.reads("No child of that name stays today.")


async def test_as_many_but_not_the_same_children(small_afternoon: Stage) -> None:
    """Equal counts are not enough: one who was given is not there, and one who was not given is."""
    stage = small_afternoon
    (one, first), (two, second), (three, third), *_ = await attending(stage, CLASS)
    await begin(stage, stay=[one.id, two.id, three.id])
    await at(stage, 12, 30)
    giver, taker = await roll_taken(stage, CLASS), await care_teacher(stage)
    await giver.send(f"/checkin {third} 缺")
    await taker.send("/extended")
    await taker.tap("延时托管签到")
    await giver.send("/extended")
    await giver.tap(f"交接 {CLASS}：2 人")
    await giver.tap("交接这 2 人")
    await taker.tap(f"☐ {first}")
    await taker.tap(f"☐ {third}（不在名单上）")
    await taker.tap("清点完毕：1/2，另有 1 人不在名单上")
    taker.reads("⚠ 人数相同，但不是交出的这 2 名学生。")
    taker.reads(f"未到：{second} {CLASS}")
    taker.reads("未交接任何学生。")
    assert {(await holder(stage, a)).step for a in (one, two)} == {Step.PRESENT}
