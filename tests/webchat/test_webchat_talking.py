"""A mother and a bot talk through python-telegram-bot, and each sees what the other did."""

from __future__ import annotations

import pytest
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeChat,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InputFile,
    KeyboardButton,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    Update,
)
from telegram.constants import ParseMode

from webchat.persona import Persona
from webchat.world import World


def keyboard(*labels: str) -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(label, callback_data=f"do:{label}")] for label in labels])


async def updates(bot: Bot, offset: int = 0) -> tuple[Update, ...]:
    return await bot.get_updates(offset=offset, timeout=1, allowed_updates=Update.ALL_TYPES)


async def test_start_reaches_the_bot_as_a_command_with_its_payload(bot: Bot, mum: Persona) -> None:
    await mum.send("/start slip-77")
    (update,) = await updates(bot)
    assert update.message
    assert update.message.text == "/start slip-77"
    assert update.message.from_user
    assert update.message.from_user.language_code == "zh-hans"
    (command,) = update.message.entities
    assert (command.type, command.offset, command.length) == ("bot_command", 0, 6)


async def test_she_taps_a_button_and_the_message_changes(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    sent = await bot.send_message(mum.user_id, "为小禾申请课后服务？", reply_markup=keyboard("确认提交", "返回"))
    await mum.tap("确认")
    update = (await updates(bot))[-1]
    query = update.callback_query
    assert query
    assert query.data == "do:确认提交"
    assert query.message
    assert query.message.message_id == sent.message_id
    assert query.message.reply_markup.inline_keyboard[1][0].text == "返回"  # type: ignore[attr-defined]
    await query.answer("已收到", show_alert=True)
    edited = await query.edit_message_text("已提交")
    assert edited.edit_date  # type: ignore[union-attr]
    assert mum.sees("已提交")
    assert not mum.sees("为小禾")
    assert mum.toasts == ["已收到"]
    assert mum.answers[-1].alert
    with pytest.raises(AssertionError, match=r"finds no button «确认提交»[^§]*已提交"):
        await mum.tap("确认提交")


async def test_a_stale_keyboard_can_still_be_tapped(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    await bot.send_message(mum.user_id, "几点？", reply_markup=keyboard("17:10"))
    old = mum.last
    assert old
    await bot.edit_message_text("改为 17:25", mum.user_id, old.id)
    await mum.tap("17:10", message=old)
    query = (await updates(bot))[-1].callback_query
    assert query
    assert query.data == "do:17:10"
    assert query.message.text == "改为 17:25"  # type: ignore[union-attr]
    await bot.delete_message(mum.user_id, old.id)
    await mum.tap("17:10", message=old)
    query = (await updates(bot))[-1].callback_query
    assert query
    assert not query.message.is_accessible  # type: ignore[union-attr]


async def test_forged_data_arrives_as_it_is(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    await mum.tap(data="release:999")
    query = (await updates(bot))[-1].callback_query
    assert query
    assert query.data == "release:999"


async def test_she_shares_her_number_and_somebody_elses(world: World, token: str, bot: Bot, mum: Persona) -> None:
    dad = Persona(world, token, name="周海", phone="13900000002")
    await mum.send("/start")
    await bot.send_message(
        mum.user_id,
        "请分享手机号",
        reply_markup=ReplyKeyboardMarkup([[KeyboardButton("分享我的手机号", request_contact=True)], ["以后再说"]]),
    )
    await mum.tap("分享")
    await mum.share_phone(of=dad)
    await mum.share_phone(of="13700000003")
    own, his, nobodys = [u.message.contact for u in (await updates(bot))[1:] if u.message]
    assert own
    assert (own.phone_number, own.user_id) == ("13800000001", mum.user_id)
    assert his
    assert (his.phone_number, his.user_id) == ("13900000002", dad.user_id)
    assert nobodys
    assert (nobodys.phone_number, nobodys.user_id) == ("13700000003", None)
    await mum.tap("以后再说")
    assert (await updates(bot))[-1].message.text == "以后再说"  # type: ignore[union-attr]
    await bot.send_message(mum.user_id, "好的", reply_markup=ReplyKeyboardRemove())
    assert mum.buttons == []


async def test_she_blocks_and_comes_back(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    await mum.block()
    await mum.unblock()
    blocked, back = [u.my_chat_member for u in (await updates(bot))[1:]]
    assert blocked
    assert (blocked.old_chat_member.status, blocked.new_chat_member.status) == ("member", "kicked")
    assert back
    assert back.new_chat_member.status == "member"


async def test_documents_go_both_ways(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    paper = b"%PDF-1.7 agreement"
    sent = await bot.send_document(
        mum.user_id, InputFile(paper, "协议书.pdf"), caption="<b>协议书</b>", parse_mode="HTML"
    )
    assert mum.documents == {"协议书.pdf": paper}
    assert sent.document
    assert sent.caption == "协议书"
    again = await bot.send_document(mum.user_id, sent.document.file_id)
    assert again.document
    assert again.document.file_name == "协议书.pdf"
    await mum.send_file("请假条.pdf", b"%PDF-1.7 leave", "application/pdf")
    received = (await updates(bot))[-1].message
    assert received
    assert received.document
    file = await received.document.get_file()
    assert bytes(await file.download_as_bytearray()) == b"%PDF-1.7 leave"


async def test_photos_go_both_ways(bot: Bot, mum: Persona) -> None:
    png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR" + (640).to_bytes(4, "big") + (480).to_bytes(4, "big") + bytes(8)
    await mum.send("/start")
    sent = await bot.send_photo(mum.user_id, InputFile(png, "gate.png"))
    assert (sent.photo[0].width, sent.photo[0].height) == (640, 480)
    await mum.send_file("leave.png", png, "image/png")
    received = (await updates(bot))[-1].message
    assert received
    assert received.photo


async def test_html_is_kept_as_text_and_entities(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    plain = await bot.send_message(mum.user_id, "&lt;&#26519;&nbsp;&amp;lt;", parse_mode=ParseMode.HTML)
    assert plain.text == "<林&nbsp;&lt;"
    sent = await bot.send_message(
        mum.user_id, '😀 <b>林&lt;b&gt;</b> <a href="https://example.org/x">这里</a>', parse_mode=ParseMode.HTML
    )
    assert sent.text == "😀 林<b> 这里"
    bold, link = sent.entities
    assert (bold.type, bold.offset, bold.length) == ("bold", 3, 4)
    assert link.url == "https://example.org/x"
    assert mum.sees("林<b> 这里")


async def test_each_role_has_its_menu(bot: Bot, mum: Persona) -> None:
    await mum.send("/start")
    await bot.set_my_commands([BotCommand("help", "Help")])
    await bot.set_my_commands([BotCommand("help", "帮助")], language_code="zh")
    assert mum.commands == ["/help"]
    await bot.set_my_commands([BotCommand("apply", "申请")], scope=BotCommandScopeChat(mum.user_id), language_code="zh")
    assert mum.commands == ["/apply"]
    scope = BotCommandScopeChat(mum.user_id)
    assert [c.command for c in await bot.get_my_commands(scope=scope, language_code="zh")] == ["apply"]
    await bot.delete_my_commands(scope=scope, language_code="zh")
    assert mum.bot.profile.commands_for(mum.user_id, "zh-hans") == [{"command": "help", "description": "帮助"}]


async def test_the_bot_introduces_itself(bot: Bot) -> None:
    me = await bot.get_me()
    assert (me.id, me.username, me.is_bot) == (4242, "afterbell_bot", True)
    assert await bot.set_my_description("课后服务", language_code="zh")
    assert await bot.set_my_short_description("课后服务")
    assert await bot.set_chat_menu_button()
    assert (await bot.get_my_description("zh")).description == "课后服务"
    assert await bot.log_out()
    assert await bot.close()


async def test_waiting_is_driven_by_what_happens(bot: Bot, mum: Persona) -> None:
    import asyncio

    await mum.send("/start")

    async def answer_late() -> None:
        await asyncio.sleep(0.05)
        await bot.send_message(mum.user_id, "欢迎")
        (update,) = await updates(bot)
        await bot.get_updates(offset=update.update_id + 1, timeout=0)

    task = asyncio.create_task(answer_late())
    message = await mum.waits_for("欢迎", seconds=5)
    assert message.text == "欢迎"
    await mum.quiet()
    await task
    with pytest.raises(AssertionError, match=r"waited 0.05 s for «再见»[^§]*欢迎"):
        await mum.waits_for("再见", seconds=0.05)
    with pytest.raises(AssertionError):
        await mum.waits_for("欢迎", seconds=0.05, after=message)
