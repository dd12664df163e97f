"""What the application conversation shows at each step."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from bot.chat.apply.draft import Draft, Facts, questions
from bot.chat.apply.flow import ALL_RELATIONS, NEEDS, page_of, removal
from bot.wire.view import Button, View, pack
from care.enrolment.answers import PICKUP_LIMIT, WORDS_LIMIT
from care.records.enrolment import LeaveMode, Need
from care.records.people import Relation
from locales import Words, mark
from locales.labels import WEEKDAYS_SHORT, label, weekdays

Rows = list[tuple[Button, ...]]

PROBLEMS = {
    "use_buttons": mark("Please use the buttons under the question."),
    "consent_first": mark("Please consent first; what you typed has been taken out of this chat and is not kept."),
    "type_it": mark("Please type it as a message."),
    "weekdays_needed": mark("Please choose at least one weekday."),
    "need_needed": mark("Please choose a reason, or write it in your own words."),
    "other_needs_words": mark("You chose “Another reason”: please type what it is."),
    "words_too_long": mark("That is too long: please keep it within {limit} characters."),
    "pickup_too_many": mark("At most {limit} adults can be named."),
    "name_unclear": mark(
        "Please type the adult's full name only: two letters or more, no digits or signs, up to 40 characters."
    ),
    "phone_unclear": mark("That is not a phone number. Please type digits, for example 13800000000."),
    "answer_missing": mark("One answer is still missing."),
}


def problem_sentence(_: Words, code: str) -> str:
    limit = PICKUP_LIMIT if code == "pickup_too_many" else WORDS_LIMIT
    return _(PROBLEMS[code], limit=limit)


class Screen:
    """Draws one step. ``version`` goes into each button, so that an old keyboard is known as old."""

    def __init__(self, _: Words, facts: Facts, answers: Draft, version: int) -> None:
        self._ = _
        self.facts = facts
        self.answers = answers
        self.version = version

    def draw(self, step: str) -> View:
        text, rows = _DRAW[step](self)
        return View(text, tuple(rows))

    def button(self, words: str, token: str) -> Button:
        return Button(words, pack("f", self.facts.student_id, self.version, token))

    def step_line(self, step: str) -> str:
        steps = [s for s in questions(self.facts) if s not in ("info", "consent", "summary")]
        if self.answers.get("from_summary") or step not in steps:
            return self.facts.child
        return self._(
            "{child} · question {number} of {total}",
            child=self.facts.child,
            number=steps.index(step) + 1,
            total=len(steps),
        )

    def ways(self, forward: str | None = None, token: str = "next") -> tuple[Button, ...]:
        back = self.button(self._("‹ Back"), "back")
        return (back, self.button(forward, token)) if forward else (back,)

    def toggles(self, choices: Sequence[tuple[str, str]], chosen: Callable[[str], bool], wide: int) -> Rows:
        buttons = [self.button(("☑ " if chosen(token) else "☐ ") + words, token) for token, words in choices]
        return [tuple(buttons[i : i + wide]) for i in range(0, len(buttons), wide)]


def _info(s: Screen) -> tuple[str, Rows]:
    _, pages, page = s._, s.facts.pages, page_of(s.answers, s.facts)
    if page + 1 < len(pages):
        forward = s.button(_("Read on ›"), f"to{page + 1}")
    else:
        forward = s.button(_("I have read this ›"), "next")
    rows: Rows = [(s.button(_("‹ Back"), f"to{page - 1}"), forward) if page else (forward,)]
    return pages[page], rows


def _consent(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "May the school keep {child}'s data for after-school care?\n\nWhat: your answers, who "
        "collects the child.\nWho sees it: the homeroom teacher, the grade leader, the leading group and the school "
        "office.\nWhat for: after-school care only. You can take the consent back at any time with /withdraw; "
        "care then ends.",
        child=s.facts.child,
    )
    return text, [(s.button(_("Yes, I consent"), "yes"), s.button(_("No"), "no")), s.ways()]


def _weekdays(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _("{where}\n\nOn which days should {child} stay?", where=s.step_line("weekdays"), child=s.facts.child)
    text += "\n" + s.facts.times
    days = [(str(day), _(WEEKDAYS_SHORT[day - 1])) for day in range(1, 6)]
    rows = s.toggles(days, lambda token: int(token) in s.answers["weekdays"], 3)
    rows[1] = (*rows[1], s.button(_("All five"), "all"))
    return text, [*rows, s.ways(_("Next ›"))]


def _needs(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "{where}\n\nWhy is care needed? Choose what fits. You may also type it in your own words.",
        where=s.step_line("needs"),
    )
    if s.answers["need_words"]:
        text += "\n\n" + _("In your words: {words}", words=s.answers["need_words"])
    choices = [(need.value, label(_, need)) for need in NEEDS]
    rows = s.toggles(choices, lambda token: token in s.answers["needs"], 1)
    if s.answers["need_words"]:
        rows.append((s.button(_("✖ Remove my words"), "clear"),))
    return text, [*rows, s.ways(_("Next ›"))]


def _extended(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "{where}\n\nWould you like extended care after that, at {venue} until {until}? On which days?",
        where=s.step_line("extended"),
        venue=s.facts.extended_venue,
        until=s.facts.extended_until,
    )
    days = [(str(day), _(WEEKDAYS_SHORT[day - 1])) for day in s.answers["weekdays"]]
    rows = s.toggles(days, lambda token: int(token) in s.answers["extended"], 3)
    if s.answers["extended"]:
        return text, [*rows, (s.button(_("No extended care"), "none"),), s.ways(_("Next ›"))]
    return text, [*rows, s.ways(_("No extended care ›"), "none")]


def adult_line(_: Words, adult: Sequence[str]) -> str:
    name, relation, phone = adult
    return _("{name} ({relation}) {phone}", name=name, relation=label(_, Relation(relation)), phone=phone)


def _pickup(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "{where}\n\nWho else may collect {child}? The guardians on the school's list always may; "
        "name grandparents, a nanny or others here.",
        where=s.step_line("pickup"),
        child=s.facts.child,
    )
    adults = s.answers["pickup"]
    if adults:
        text += "\n\n" + "\n".join(f"{i}. {adult_line(_, adult)}" for i, adult in enumerate(adults, 1))
    rows: Rows = [
        (s.button(_("✖ Remove {name}", name=adult[0]), removal(i, adults)),) for i, adult in enumerate(adults)
    ]
    if len(adults) < PICKUP_LIMIT:
        rows.append((s.button(_("＋ Add an adult"), "add"),))
    return text, [*rows, s.ways(_("Next ›") if adults else _("Nobody else ›"))]


def _pickup_name(s: Screen) -> tuple[str, Rows]:
    return s._("What is the adult's full name? Please type it."), [s.ways()]


def _pickup_relation(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _("How is {name} related to {child}?", name=s.answers["adult"][0], child=s.facts.child)
    buttons = [s.button(label(_, relation), relation.value) for relation in ALL_RELATIONS]
    rows: Rows = [tuple(buttons[i : i + 2]) for i in range(0, len(buttons), 2)]
    return text, [*rows, s.ways()]


def _pickup_phone(s: Screen) -> tuple[str, Rows]:
    return s._("What is {name}'s phone number? Please type it.", name=s.answers["adult"][0]), [s.ways()]


def _leave(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _("{where}\n\nHow does {child} leave after care?", where=s.step_line("leave"), child=s.facts.child)
    rows: Rows = [
        (s.button(("☑ " if s.answers["leave"] == mode else "") + label(_, mode), mode.value),) for mode in LeaveMode
    ]
    return text, [*rows, s.ways()]


def _health(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "{where}\n\nIs there anything about {child}'s health that the school should know when it decides (allergies, "
        "medicine)? This is optional and needs your own consent. It is kept encrypted; only those who decide on the "
        "application read it: homeroom teacher, grade leader, leading group and office. Another teacher who looks "
        "after the children in the afternoon does not: please tell that teacher yourself of an allergy or a medicine.",
        where=s.step_line("health"),
        child=s.facts.child,
    )
    rows: Rows = [(s.button(_("I consent and write a note"), "write"),)]
    if s.answers["health"]:
        rows.append((s.button(_("Keep the note as it is"), "keep"),))
    rows.append((s.button(_("No note"), "none"),))
    return text, [*rows, s.ways()]


def _health_words(s: Screen) -> tuple[str, Rows]:
    return s._(
        "Please type the health note. By sending it you consent to the school keeping it; your message then "
        "disappears from this chat."
    ), [s.ways()]


def _courses(s: Screen) -> tuple[str, Rows]:
    _ = s._
    text = _(
        "{where}\n\nWhich courses would {child} like later (for example football, calligraphy, robotics)? Please type "
        "them, or leave it open. This is only a wish; places are given out when the menu appears.",
        where=s.step_line("courses"),
        child=s.facts.child,
    )
    if s.answers["courses"]:
        text += "\n\n" + _("Course wishes: {value}", value=s.answers["courses"])
        return text, [s.ways(_("Delete the wishes ›"), "none")]
    return text, [s.ways(_("Leave it open ›"), "none")]


def summary_lines(_: Words, facts: Facts, answers: Draft) -> list[str]:
    """Every answer, one line each; the health note itself is not repeated."""
    said = Need.OTHER if answers["need_words"] else None  # in the guardian's own words, below
    needs = [label(_, Need(value)) for value in answers["needs"] if value != said]
    if answers["need_words"]:
        needs.append(_("“{words}”", words=answers["need_words"]))
    lines = [
        _("Days: {value}", value=weekdays(_, answers["weekdays"], in_list=True)),
        _("Reason: {value}", value=_("; ").join(needs)),
    ]
    if facts.has_extended:
        value = weekdays(_, answers["extended"], in_list=True) if answers["extended"] else _("none")
        lines.append(_("Extended care: {value}", value=value))
    adults = _("; ").join(adult_line(_, adult) for adult in answers["pickup"])
    lines.append(_("May also collect: {value}", value=adults or _("nobody else")))
    if answers["leave"]:
        lines.append(_("Leaves: {value}", value=label(_, LeaveMode(answers["leave"]))))
    lines.append(_("Health note: {value}", value=_("given, kept encrypted") if answers["health"] else _("none")))
    lines.append(_("Course wishes: {value}", value=answers["courses"] or _("open")))
    return lines


def _summary(s: Screen) -> tuple[str, Rows]:
    _, facts = s._, s.facts
    head = _(
        "Please check the application for {child}, class {school_class}.",
        child=facts.child,
        school_class=facts.school_class,
    )
    parts = [head]
    if facts.remark:
        parts.append(_("The school's remark: {remark}", remark=facts.remark))
    parts.append("\n".join("• " + line for line in summary_lines(_, facts, s.answers)))
    parts.append(_("Tap an item to change it. Nothing is submitted until you confirm."))
    names = {
        "weekdays": _("Days"),
        "needs": _("Reason"),
        "extended": _("Extended care"),
        "pickup": _("Collecting"),
        "leave": _("Leaving"),
        "health": _("Health"),
        "courses": _("Courses"),
    }
    steps = [step for step in questions(facts) if step in names]
    buttons = [s.button("✎ " + names[step], step) for step in steps]
    rows: Rows = [tuple(buttons[i : i + 3]) for i in range(0, len(buttons), 3)]
    rows.append((s.button(_("✔ Confirm and submit"), "submit"),))
    return "\n\n".join(parts), rows


_DRAW: dict[str, Callable[[Screen], tuple[str, Rows]]] = {
    "info": _info,
    "consent": _consent,
    "weekdays": _weekdays,
    "needs": _needs,
    "extended": _extended,
    "pickup": _pickup,
    "pickup_name": _pickup_name,
    "pickup_relation": _pickup_relation,
    "pickup_phone": _pickup_phone,
    "leave": _leave,
    "health": _health,
    "health_words": _health_words,
    "courses": _courses,
    "summary": _summary,
}
