"""The methods of the Bot API that set the bot up: webhook and updates, commands, descriptions, menu button."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from webchat.bot import Bot, Hook
from webchat.methods import Said
from webchat.model import Event, Wire
from webchat.params import Params
from webchat.refusal import WEBHOOK_ACTIVE, Refusal, bad
from webchat.updates import Update
from webchat.world import World

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_COMMAND = re.compile(r"[a-z0-9_]{1,32}")
_SECRET = re.compile(r"[A-Za-z0-9_-]*")


def get_me(world: World, bot: Bot, params: Params) -> Wire:
    return {
        **bot.wire(),
        "can_join_groups": True,
        "can_read_all_group_messages": False,
        "supports_inline_queries": False,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }


async def get_updates(world: World, bot: Bot, params: Params) -> list[Update]:
    if bot.hook.url:
        raise Refusal(409, WEBHOOK_ACTIVE)
    _allow(world, bot, params)
    limit = min(100, max(1, params.integer("limit", 100)))
    timeout = min(50, max(0, params.integer("timeout")))
    return await bot.updates.get(params.integer("offset"), limit, 0 if world.closed else timeout)


def set_webhook(world: World, bot: Bot, params: Params) -> Said:
    url = params.text("url")
    if not url:
        return delete_webhook(world, bot, params)
    parts = urlsplit(url)
    if not parts.hostname or parts.scheme not in ("http", "https"):
        raise bad("invalid webhook URL specified")
    if parts.scheme != "https" and parts.hostname not in _LOOPBACK:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    secret = params.text("secret_token")
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not _SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    connections = min(100, max(1, params.integer("max_connections", 40)))
    hook = Hook(url, secret, connections)
    known = (bot.hook.url, bot.hook.secret, bot.hook.max_connections) == (url, secret, connections)
    _allow(world, bot, params)
    if params.flag("drop_pending_updates"):
        bot.updates.clear()
    elif known:
        return Said(True, "Webhook is already set")
    bot.hook = hook
    bot.updates.end_by_webhook()
    world.save_bot(bot)
    world.webhook_of(bot).restart()
    return Said(True, "Webhook was set")


def delete_webhook(world: World, bot: Bot, params: Params) -> Said:
    was_set = bool(bot.hook.url)
    bot.hook = Hook()
    if params.flag("drop_pending_updates"):
        bot.updates.clear()
    world.save_bot(bot)
    world.webhook_of(bot).restart()
    return Said(True, "Webhook was deleted" if was_set else "Webhook is already deleted")


def get_webhook_info(world: World, bot: Bot, params: Params) -> Wire:
    hook = bot.hook
    info: Wire = {"url": hook.url, "has_custom_certificate": False, "pending_update_count": len(bot.updates)}
    if hook.last_error:
        info |= {"last_error_date": hook.last_error_date, "last_error_message": hook.last_error}
    if hook.url:
        info |= {"max_connections": hook.max_connections, "ip_address": urlsplit(hook.url).hostname or ""}
    if bot.updates.allowed is not None:
        info["allowed_updates"] = sorted(bot.updates.allowed)
    return info


def set_my_commands(world: World, bot: Bot, params: Params) -> bool:
    commands = params.decoded("commands", "can't parse commands JSON object")
    if not isinstance(commands, list):
        raise bad("expected an Array of BotCommand")
    if len(commands) > 100:
        raise bad("BOT_COMMANDS_TOO_MUCH")
    kept: list[Wire] = []
    for item in commands:
        if not isinstance(item, dict):
            raise bad("can't parse BotCommand: expected an Object")
        command, description = str(item.get("command", "")).removeprefix("/"), str(item.get("description", ""))
        if not _COMMAND.fullmatch(command):
            raise bad("BOT_COMMAND_INVALID")
        if not 1 <= len(description) <= 256:
            raise bad("BOT_COMMAND_DESCRIPTION_INVALID")
        kept.append({"command": command, "description": description})
    return _keep_commands(world, bot, params, kept)


def delete_my_commands(world: World, bot: Bot, params: Params) -> bool:
    return _keep_commands(world, bot, params, [])


def get_my_commands(world: World, bot: Bot, params: Params) -> list[Wire]:
    return bot.profile.commands.get(_scope(bot, params), [])


def _keep_commands(world: World, bot: Bot, params: Params, commands: list[Wire]) -> bool:
    scope = _scope(bot, params)
    if commands:
        bot.profile.commands[scope] = commands
    else:
        bot.profile.commands.pop(scope, None)
    world.save_bot(bot)
    chat_id = int(scope[0].partition(":")[2] or 0)
    world.tell(Event(bot.id, chat_id, "commands"))
    return True


def _scope(bot: Bot, params: Params) -> tuple[str, str]:
    scope = params.decoded("scope", "can't parse BotCommandScope JSON object")
    language = params.text("language_code")
    if language and not (len(language) == 2 and language.isascii() and language.isalpha()):
        raise bad("LANG_CODE_INVALID")
    if scope is None:
        return "default", language
    if not isinstance(scope, dict):
        raise bad("can't parse BotCommandScope: BotCommandScope must be an Object")
    kind = str(scope.get("type", ""))
    if kind != "chat":
        return kind or "default", language
    chat_id = str(scope.get("chat_id", ""))
    if not chat_id.lstrip("-").isdigit() or (int(chat_id) not in bot.chats):
        raise bad("chat not found")
    return f"chat:{chat_id}", language


def set_chat_menu_button(world: World, bot: Bot, params: Params) -> bool:
    button = params.decoded("menu_button", "can't parse menu button JSON object") or {"type": "default"}
    if not isinstance(button, dict):
        raise bad("can't parse menu button: MenuButton must be an Object")
    if button.get("type") not in ("default", "commands", "web_app"):
        raise bad("can't parse menu button: MenuButton has unsupported type")
    bot.profile.menu_buttons[params.chat_id_or_none() or 0] = button
    world.save_bot(bot)
    return True


def get_chat_menu_button(world: World, bot: Bot, params: Params) -> Wire:
    buttons = bot.profile.menu_buttons
    return buttons.get(params.chat_id_or_none() or 0) or buttons.get(0) or {"type": "commands"}


def set_my_description(world: World, bot: Bot, params: Params) -> bool:
    return _keep_words(world, bot, bot.profile.descriptions, params, "description", 512)


def set_my_short_description(world: World, bot: Bot, params: Params) -> bool:
    return _keep_words(world, bot, bot.profile.short_descriptions, params, "short_description", 120)


def set_my_name(world: World, bot: Bot, params: Params) -> bool:
    return _keep_words(world, bot, bot.profile.names, params, "name", 64)


def get_my_description(world: World, bot: Bot, params: Params) -> Wire:
    return {"description": _words(bot.profile.descriptions, params)}


def get_my_short_description(world: World, bot: Bot, params: Params) -> Wire:
    return {"short_description": _words(bot.profile.short_descriptions, params)}


def get_my_name(world: World, bot: Bot, params: Params) -> Wire:
    return {"name": _words(bot.profile.names, params) or bot.name}


def _keep_words(world: World, bot: Bot, kept: dict[str, str], params: Params, field: str, most: int) -> bool:
    words = params.text(field)
    if len(words) > most:
        raise bad(f"{field.replace('_', ' ')} is too long")
    kept[params.text("language_code")] = words
    world.save_bot(bot)
    return True


def _words(kept: dict[str, str], params: Params) -> str:
    return kept.get(params.text("language_code")) or kept.get("", "")


def _allow(world: World, bot: Bot, params: Params) -> None:
    """``allowed_updates`` holds from now on, until it is given again; an empty list means the usual ones."""
    if not params.given("allowed_updates"):
        return
    kinds = params.decoded("allowed_updates", "can't parse allowed_updates JSON object")
    if not isinstance(kinds, list):
        raise bad("expected an Array of String")
    allowed = frozenset(str(kind) for kind in kinds) or None
    if allowed != bot.updates.allowed:
        bot.updates.allowed = allowed
        world.save_bot(bot)


def log_out(world: World, bot: Bot, params: Params) -> bool:
    return True


def close(world: World, bot: Bot, params: Params) -> bool:
    return True
