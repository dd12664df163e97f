"""What a guardian reads about the way home: when, where, which gate, who comes, and the adult's code."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from bot.chat.menus import COMMANDS
from bot.chat.pickup.party import ALL, LETTERS, Party, Who, child_scope
from bot.wire.view import Button, View, pack
from care.pickup.adults import Authorised
from care.pickup.codes import shown
from care.pickup.leaving import EXTENDED_WAVE, Leaving
from care.pickup.plan import Plan
from care.records.day import Step
from care.records.pickup import Adult
from locales import Words
from locales import labels as names
from locales.whereabouts import today_line

Rows = list[tuple[Button, ...]]
Codes = Mapping[Who, str]


def day_words(_: Words, day: date, today: date) -> str:
    return _("today") if day == today else _("on {date}", date=names.day(_, day))


class Screen:
    """Draws a party of children in a language, as its viewer may see it. ``codes``: those that may be shown."""

    def __init__(self, _: Words, zone: ZoneInfo, now: datetime, party: Party, codes: Codes | None = None) -> None:
        today = now.astimezone(zone).date()
        self._ = _
        self.now = now
        self.zone = zone
        self.party = party
        self.codes = codes or {}
        self.day = day_words(_, party.day, today)
        self.is_today = party.day == today

    def pack(self, verb: str, *parts: int | str) -> str:
        return pack(verb, self.party.day.toordinal(), self.party.scope, *parts)

    # one line for each child

    def line(self, child: Leaving) -> str:
        plan = self.party.plans.get(child.student_id)
        if child.is_over:
            return self._over(child)
        values = {"child": child.name, "school_class": child.school_class, "day": self.day}
        if child.step is Step.ABSENT:
            return self._("{child}, class {school_class}: not here at the roll {day}. See /children.", **values)
        if child.still is not None:
            return self._still_here(child, plan)
        values |= {"time": f"{child.ends_at.astimezone(self.zone):%H:%M}", "gate": child.gate}
        if plan is None:
            return self._undecided(child, values)
        if plan.barred:
            where = self._("{child}, class {school_class}: {day} at {time}, {gate}.", **values)
            return f"{where}\n{self._unaccepted(plan)}"
        if self._is_viewer(plan):
            return self._("{child}, class {school_class}: {day} at {time}, {gate}. You come.", **values)
        who = self._("{child}, class {school_class}: {day} at {time}, {gate}. {name} comes.", name=plan.name, **values)
        if plan.said_by == self.party.viewer or (plan.adult, plan.adult_id) == (Adult.GUARDIAN, plan.said_by):
            return who
        return self._("{line} (Said by {name})", line=who, name=plan.said_by_name)

    def _still_here(self, child: Leaving, plan: Plan | None) -> str:
        """Care has ended for the child: who has it now, whatever the plan was."""
        assert child.still is not None
        lines = [
            self._("{child}, class {school_class}: not collected yet.", child=child.name,
                   school_class=child.school_class),
            today_line(self._, child.still, self.now, self.zone),
        ]  # fmt: skip
        if plan is not None and plan.barred:
            lines.append(self._unaccepted(plan))
        elif plan is not None:
            lines.append(self._("You come.") if self._is_viewer(plan) else self._("{name} comes.", name=plan.name))
        elif not child.alone:
            lines.append(self._("Please collect at {gate}.", gate=child.still.gate))
        return "\n".join(lines)

    def _unaccepted(self, plan: Plan) -> str:
        """Why, only the school knows."""
        return self._(
            "The school cannot accept {name}. Please say who else comes, or speak to the school office.", name=plan.name
        )

    def _undecided(self, child: Leaving, values: dict[str, str]) -> str:
        if child.alone:
            return self._("{child}, class {school_class}, leaves alone {day} at {time}.", **values)
        return self._(
            "{child}, class {school_class}: care ends {day} at {time}. Please collect at {gate}.",
            **values,
        )

    def _over(self, child: Leaving) -> str:
        values = {"child": child.name, "school_class": child.school_class, "day": self.day}
        if child.step is not Step.RELEASED or child.since is None:
            if child.step is Step.LEAVE:
                return self._("{child}, class {school_class}: on leave {day}.", **values)
            return self._("{child}, class {school_class}: with the family {day}.", **values)
        values["time"] = f"{child.since.astimezone(self.zone):%H:%M}"
        if not child.holder:
            return self._("{child}, class {school_class}: left at {time}.", **values)
        return self._("{child}, class {school_class}: collected at {time} by {name}.", name=child.holder, **values)

    def _is_viewer(self, plan: Plan) -> bool:
        return (plan.adult, plan.adult_id) == (Adult.GUARDIAN, self.party.viewer)

    def lines(self) -> list[str]:
        return [self.line(child) for child in self.party.children]

    # codes

    def code_lines(self) -> list[str]:
        found = []
        plans = {(plan.adult, plan.adult_id): plan for plan in self.party.plans.values()}
        for who, code in self.codes.items():
            if who == (Adult.GUARDIAN, self.party.viewer):
                line = self._("Your pick-up code {day}: {code}", day=self.day, code=shown(code))
            elif who in plans:
                line = self._(
                    "{name}'s pick-up code {day}: {code}", name=plans[who].name, day=self.day, code=shown(code)
                )
            else:
                continue
            found.append(line)
        if found:
            found.append(self._("The teacher at the gate asks for it. It works once for each child."))
        return found

    def code_rows(self, who: Who) -> Rows:
        return code_rows(self._, self.party.day, who, forward=who[0] is not Adult.GUARDIAN)

    # the whole message

    def ask(self) -> View:
        """Somebody comes: shall it be another? With the way back to how it stands."""
        rows = self.ways(self.party)
        if any(child.alone and child.student_id in self.party.plans for child in self.party.still):
            rows.append((Button(self._("Leaves alone after all"), self.pack("pub")),))
        rows.append((Button(self._("‹ Back"), self.pack("puv")),))
        return View("\n".join(self.lines()), tuple(rows) if self.party.still else ())

    def state(self, note: str = "") -> View:
        """Who comes, with the code to tell at the gate; the question for those of whom nothing has been said."""
        rows = self.open_ways()
        for who in self.codes:
            rows += self.code_rows(who)
        if self.party.still and not self.party.open:
            rows.append((Button(self._("Change"), self.pack("puc")),))
        parts = ["\n".join([note, *self.lines()] if note else self.lines()), "\n".join(self.code_lines())]
        return View("\n\n".join(part for part in parts if part), tuple(rows))

    def open_ways(self, suffix: str = "") -> Rows:
        """The answers for those of whom nothing has been said: for all together, unless it has been for some, or they
        leave with several waves."""
        open_, still = self.party.open, self.party.still
        if len(open_) == len(still) and (len(open_) < 2 or self.party.scope != ALL):
            return self.ways(self.party, suffix) if open_ else []
        rows: Rows = []
        for child in open_:
            rows += self.ways(self.party.only([child.student_id], child_scope(child.student_id)), f" · {child.name}")
        return rows

    def ways(self, party: Party, suffix: str = "") -> Rows:
        alone = all(child.alone for child in party.still)
        about = (party.day.toordinal(), party.scope)
        rows: Rows = [
            (Button((self._("I come instead") if alone else self._("I come")) + suffix, pack("pui", *about)),),
            (Button(self._("Someone else comes") + suffix, pack("puo", *about)),),
        ]
        if "extended" in COMMANDS:  # as soon as the chat has it
            stays = all(child.wave == EXTENDED_WAVE for child in party.still)
            today = self._("Extended care today") if self.is_today else self._("Extended care")
            said = self._("Change extended care") if stays else today
            rows.append((Button(said + suffix, pack("go", "extended")),))
        return rows

    def choose(self, adults: Iterable[Authorised]) -> View:
        """Which other adult comes? Those on the children's lists, or somebody for this day only."""
        rows: Rows = []
        for one in adults:
            if (one.adult, one.id) != (Adult.GUARDIAN, self.party.viewer):
                words = self._("{name} ({relation})", name=one.name, relation=names.label(self._, one.relation))
                rows.append((Button(words, self.pack("pua", LETTERS[one.adult], one.id)),))
        rows.append((Button(self._("＋ Authorise somebody for one day"), self.pack("pud")),))
        if len(self.party.still) > 1:
            for child in self.party.still:
                only = self._("Only for {child}", child=child.name)
                data = pack("puc", self.party.day.toordinal(), child_scope(child.student_id))
                rows.append((Button(only, data),))
        rows.append((Button(self._("‹ Back"), self.pack("puv")),))
        children = names.listed(self._, (child.name for child in self.party.still))
        return View(self._("Who comes for {children} {day}?", children=children, day=self.day), tuple(rows))


def code_rows(_: Words, day: date, who: Who, forward: bool) -> Rows:
    """What can be done with a code: forward it, read it out, print it."""
    about = (day.toordinal(), LETTERS[who[0]], who[1])
    rows: Rows = [(Button(_("Message to forward"), pack("puf", *about)),)] if forward else []
    rows.append((Button(_("Read it out"), pack("pus", *about)), Button(_("Slip as PDF"), pack("pup", *about))))
    return rows
