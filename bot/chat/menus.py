"""The command menu of each chat: by duty and language, set anew when either changes."""

from __future__ import annotations

from bot.wire import plain
from bot.wire.turn import Turn
from care.people import children_of
from care.permissions import Actor, Permission
from locales import Words, mark

COMMANDS = {
    "apply": mark("Apply for after-school care"),
    "children": mark("My children and applications"),
    "leave": mark("Leave: a child does not attend"),
    "pickup": mark("Who collects my child; the code"),
    "withdraw": mark("Withdraw a child from care"),
    "extended": mark("Extended care, today or weekly"),
    "handover": mark("Hand children over at the gate"),
    "review": mark("Applications waiting for you"),
    "checkin": mark("Sign in for duty, call the roll"),
    "daysheet": mark("Day sheet: your class on paper"),
    "console": mark("Sign in to the office console"),
    "language": mark("Language"),
    "help": mark("What this chat can do"),
    "cancel": mark("Set the current question aside"),
}
"""What the menu says of each command: short, for a phone cuts off what does not fit beside it."""
MORE = {
    "handover": mark("also with a pick-up code, a name or a number after it"),
    "checkin": mark("also with a number, a name or a class after it"),
}
"""What /help says besides."""

GUARDIAN = ("pickup", "extended", "leave", "children", "apply", "withdraw")
EVERYONE = ("language", "help", "cancel")


def commands_for(actor: Actor, guardian: bool) -> list[str]:
    """The commands a person has a use for, in the order of the menu."""
    names: list[str] = []
    if actor.may(Permission.TAKE_ROLL):
        names += ["checkin", "handover"]
    if actor.may(Permission.REVIEW) or actor.may(Permission.APPROVE):
        names.insert(0 if actor.may(Permission.APPROVE) else len(names), "review")  # who calls rolls daily has it first
    if actor.may(Permission.TAKE_ROLL):
        names += ["daysheet", "extended"]
    if guardian:
        names += [name for name in GUARDIAN if name not in names]
    if actor.may(Permission.CONSOLE):
        names.append("console")
    return [*names, *EVERYONE]


def as_commands(_: Words, names: list[str]) -> list[dict[str, str]]:
    return [{"command": name, "description": _(COMMANDS[name])} for name in names]


async def menu_letter(turn: Turn) -> None:
    """Sets the menu of this chat for who sits in it now."""
    guardian = bool(await children_of(turn.uow, turn.actor.person_id or 0))
    payload = {
        "commands": as_commands(turn._, commands_for(turn.actor, guardian)),
        "scope": {"type": "chat", "chat_id": turn.chat},
    }
    slot = f"menu:{turn.channel}:{turn.chat}"
    turn.uow.reply(turn.channel, turn.chat, "setMyCommands", plain.write(payload), slot=slot)
