"""The sentences the page's scripts need, fetched by them as JSON."""

from __future__ import annotations

from locales import Words


def page_words(_: Words) -> dict[str, str]:
    return {
        "start": _("Start"),
        "start_slip": _("Open the slip from the school bag"),
        "edited": _("edited"),
        "typing": _("is typing…"),
        "copied": _("Copied"),
        "opens_new_tab": _("Opens in a new tab"),
        "download": _("Download"),
        "open": _("Open"),
        "photo": _("Photo"),
        "reveal": _("Show the hidden text"),
        "phone_real": _(
            "A browser cannot prove a phone number. Type the code from the school's slip, or ask the office for one."
        ),
        "phone_none": _("No phone number is known of this person."),
        "too_fast": _("Too fast. Wait a moment and try again."),
        "too_big": _("This file is too big: 2 MB at most."),
        "gone": _("This button is gone: the message has changed."),
        "offline": _("No connection. Trying again…"),
        "not_sent": _("No connection: this was not sent. Please try again in a moment."),
        "failed": _("That did not work. Try again."),
        "block": _("Block the bot"),
        "unblock": _("Unblock the bot"),
        "show_all": _("Show all {n}", n="{n}"),
        "nobody": _("Nobody by that name"),
        "unread": _("unread"),
        "start_here": _("Start here"),
        "families": _("Families"),
        "teachers": _("Teachers"),
        "school": _("School"),
        "jumped": _("It is now {time}", time="{time}"),
        "keyboard_hide": _("Hide the buttons"),
        "keyboard_show": _("Show the buttons"),
        "empty": _("Nothing has been said here yet."),
    }
