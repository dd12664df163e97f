"""The console's own names for things: audit entries, letters, refusals; and how it writes dates and ages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from care.board.places import Place
from care.channels import ChannelTrouble, Trouble
from care.enrolment.states import Move
from care.records.day import Holder, Step
from care.release.undoing import Slip
from care.rollcall import WITH_COURSE
from console.boardwords import ANSWERS, PLACES, PLACES_SHORT, SIDES, SLIPS
from console.letter_names import LETTERS
from console.marking import mark
from console.refusals import code_sentence
from locales import Words, labels
from locales.calendar import month_title

MOVES = {
    Move.PASS: mark("Pass to the school"),
    Move.APPROVE: mark("Approve"),
    Move.WAIT_LIST: mark("Waiting list"),
    Move.RETURN: mark("Return to the family"),
    Move.REFUSE: mark("Refuse"),
}

ACTIONS = {
    "sign_in_link_made": mark("Sign-in link made"),
    "signed_in": mark("Signed in"),
    "session_revoked": mark("Session ended"),
    "linked": mark("Chat linked"),
    "unlinked": mark("Chat cut off"),
    "contact_blocked": mark("Chat blocked by the person"),
    "contact_gone": mark("Chat no longer exists"),
    "contact_reachable": mark("Chat reachable again"),
    "slip_issued": mark("Slip issued"),
    "slips_printed": mark("Slips printed"),
    "capacity_set": mark("Places changed"),
    "text_published": mark("Text published"),
    "staff_added": mark("Member of staff added"),
    "duty_added": mark("Duty given"),
    "duty_ended": mark("Duty ended"),
    "term_changed": mark("Term changed"),
    "wave_changed": mark("Dismissal wave changed"),
    "wave_added": mark("Dismissal wave added"),
    "wave_removed": mark("Dismissal wave removed"),
    "letter_retried": mark("Letter sent again"),
    "letter_dropped": mark("Letter dropped"),
    "update_put_aside": mark("Message put aside after failing"),
    "roster_imported": mark("Roster imported"),
    "person_changed": mark("Person changed"),
    "student_changed": mark("Student changed"),
    "guardian_added": mark("Guardian added"),
    "guardian_restricted": mark("Guardian restricted"),
    "guardian_freed": mark("Guardian restricted no longer"),
    "stop_added": mark("Added to the stop-list"),
    "stop_ended": mark("Taken off the stop-list"),
    "leave_given": mark("Leave given"),
    "leave_taken_back": mark("Leave taken back"),
    "leave_after_all": mark("On leave after all, at the roll"),
    "update_retried": mark("Message tried again"),
    "update_dropped": mark("Message dropped"),
    "pickup_said": mark("Who comes for the child"),
    "pickup_taken_back": mark("Who comes: taken back"),
    "delegate_authorised": mark("Delegate authorised for one day"),
    "delegate_withdrawn": mark("Delegate withdrawn"),
    "stopped_adult_refused": mark("Adult of the stop-list refused"),
    "calendar_changed": mark("Date of the calendar changed"),
    "calendar_year_entered": mark("Public holidays of a year entered"),
    "day_rules_set": mark("Settings of the afternoon changed"),
    "extended_opened": mark("Extended care of the day planned"),
    "extended_asked": mark("Extended care asked for"),
    "extended_approved": mark("Extended care granted"),
    "extended_declined": mark("Extended care declined"),
    "extended_withdrawn": mark("Extended care withdrawn for the day"),
    "extended_lapsed": mark("Request for extended care lapsed undecided"),
    "extended_standing_set": mark("Standing days of extended care changed"),
    "extended_ended": mark("Extended care ended"),
    "extended_teacher_chosen": mark("Teacher of extended care planned"),
    "extended_given": mark("Children given to extended care"),
    "extended_differs": mark("Hand-over to extended care: counts differ"),
    "extended_taken": mark("Children taken over by extended care"),
    "lined_out": mark("Led to the gate"),
    "released": mark("Child handed over"),
    "left_alone": mark("Child left alone"),
    "release_refused": mark("Adult refused at the gate"),
    "release_undone": mark("Hand-over taken back"),
    "release_acknowledged": mark("Hand-over acknowledged"),
    "dispute_withdrawn": mark("“Not right” was a mistake"),
    "release_disputed": mark("Hand-over disputed"),
    "child_uncollected": mark("Child not collected"),
    "day_opened": mark("Care day opened"),
    "class_without_wave": mark("Class without a dismissal wave"),
    "day_closed": mark("Care day closed and sealed"),
    "duty_lead_set": mark("Duty lead changed"),
    "duty_signed_in": mark("Duty signed in"),
    "roll_done": mark("Roll call done"),
    "child_missing": mark("Child missing at the roll"),
    "missing_answered": mark("Guardian answered where the child is"),
    "missing_arrived": mark("Missing child arrived"),
    "missing_closed": mark("Missing child explained"),
    "alarm_closed": mark("Alarm closed"),
    "day_sheet_printed": mark("Day sheet printed"),
    "handover_on_paper": mark("Hand-over goes on paper"),
    "handover_in_chat": mark("Hand-over goes on in the chat"),
    "paper_all_entered": mark("Hand-over on paper: all is entered"),
    "paper_corrected": mark("Entered from paper, corrected"),
    "paper_entered": mark("Entered later, from paper"),
}

SUBJECTS = {
    "application": mark("Application"),
    "person": mark("Person"),
    "term": mark("Term"),
    "school_class": mark("Class"),
    "letter": mark("Letter"),
    "update": mark("Message"),
    "student": mark("Student"),
    "school": mark("School"),
    "calendar": mark("Calendar"),
    "day": mark("Care day"),
    "session": mark("Session"),
}

CHANNELS = {"telegram": mark("Telegram"), "web": mark("Web chat")}

TROUBLES = {
    Trouble.TOKEN_REFUSED: (
        mark("{channel} has refused the bot's token since {since}."),
        mark(
            "Messages wait, those from families and those to them. The person who runs AfterBell must set a new token."
        ),
    ),
    Trouble.WEBHOOK_CHANGED: (
        mark("{channel} has not been bringing the bot's messages to us since {since}."),
        mark(
            "AfterBell sets this right by itself within a minute. If it comes back, another program holds the bot's "
            "token: the person who runs AfterBell must stop that program or set a new token."
        ),
    ),
    Trouble.OTHER_POLLER: (
        mark("Another program has been fetching the messages of the bot on {channel} since {since}."),
        mark(
            "What families write may go there and not to us. The person who runs AfterBell must stop that program or "
            "set a new token."
        ),
    ),
    Trouble.UNREACHABLE: (
        mark("{channel} has been out of reach since {since}."),
        mark(
            "Messages wait, and go on by themselves once it can be reached. If this lasts, the person who runs "
            "AfterBell should look at the internet connection. Tell urgent things by phone."
        ),
    ),
    Trouble.SILENCED: (
        mark("{channel} has let us wait since {since}, because of too many messages at once."),
        mark("Messages go on by themselves; nothing needs to be done. Tell urgent things by phone."),
    ),
}
"""What is wrong with a channel, and what to do."""


class Say:
    """Writes the values of a page in the visitor's language and the school's time."""

    def __init__(self, _: Words, zone: ZoneInfo, now: datetime) -> None:
        self._ = _
        self.zone = zone
        self.now = now

    def label(self, word: StrEnum) -> str:
        return labels.label(self._, word)

    def step(self, step: Step, extended: bool) -> str:
        return labels.step_label(self._, step, extended)

    def move(self, move: Move) -> str:
        return self._(MOVES[move])

    def action(self, action: str) -> str:
        return self._(ACTIONS[action]) if action in ACTIONS else labels.action_label(self._, action)

    def subject(self, subject: str) -> str:
        return self._(SUBJECTS[subject]) if subject in SUBJECTS else subject

    def letter(self, kind: str) -> str:
        return self._(LETTERS[kind]) if kind in LETTERS else kind.replace("_", " ")

    def place(self, place: str, short: bool = False) -> str:
        return self._((PLACES_SHORT if short else PLACES)[Place(place)])

    def answer(self, answer: str) -> str:
        """What a guardian has answered to an alarm."""
        return self._(ANSWERS[answer]) if answer in ANSWERS else answer.replace("_", " ")

    def link_remark(self, remark: str, why: str) -> str:
        """What was said at a step of a child's chain: in words, or by a tap on a reason."""
        return self._(SLIPS[Slip(why)]) if not remark and why in set(Slip) else remark

    def side(self, kind: Holder, name: str) -> str:
        """Who answers for a child, by name where there is one."""
        if name == WITH_COURSE:
            return self._("the course teacher")
        return name or self._(SIDES[kind])

    def channel(self, channel: str) -> str:
        return self._(CHANNELS[channel]) if channel in CHANNELS else channel

    def trouble(self, one: ChannelTrouble) -> str:
        return self._(TROUBLES[one.code][0], channel=self.channel(one.channel), since=self.moment(one.since))

    def remedy(self, code: Trouble) -> str:
        return self._(TROUBLES[code][1])

    def error(self, code: str) -> str:
        return code_sentence(self._, code)

    def listed(self, things: Iterable[str]) -> str:
        return labels.listed(self._, things)

    @property
    def gap(self) -> str:
        return labels.gap(self._)

    def weekdays(self, numbers: Iterable[int]) -> str:
        return labels.weekdays(self._, numbers)

    def weekday(self, number: int) -> str:
        return labels.weekday(self._, number)

    def weekday_short(self, number: int) -> str:
        return self._(labels.WEEKDAYS_SHORT[number - 1])

    def month(self, day: date) -> str:
        return month_title(self._, day)

    def date(self, day: date) -> str:
        """A date with its weekday, and with the year where it is not this one."""
        written = labels.day(self._, day)
        if day.year == self.now.astimezone(self.zone).year:
            return written
        return self._("{day} {year}", day=written, year=day.year)

    def ordinal_day(self, number: int) -> str:
        """A date by its number, as the audit names a care day."""
        return self.date(date.fromordinal(number))

    def when(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{self.date(local.date())} {local:%H:%M}"

    def moment(self, at: datetime) -> str:
        """The time of day, with its date where that is not today."""
        local = at.astimezone(self.zone)
        return f"{local:%H:%M}" if local.date() == self.now.astimezone(self.zone).date() else self.when(at)

    def hour(self, at: datetime) -> str:
        """The time of day of an instant."""
        return f"{at.astimezone(self.zone):%H:%M}"

    def span(self, start: datetime, end: datetime) -> str:
        return f"{self.hour(start)}–{self.hour(end)}"

    def iso(self, at: datetime) -> str:
        return at.astimezone(self.zone).isoformat(timespec="minutes")

    def clock(self, moment: time) -> str:
        return labels.clock(moment)

    def age(self, since: datetime) -> str:
        """How long ago, in the largest whole unit."""
        passed = max(self.now - since, timedelta(0))
        if passed >= timedelta(days=1):
            return self._.many("{n} day", "{n} days", passed.days)
        if passed >= timedelta(hours=1):
            return self._.many("{n} hour", "{n} hours", int(passed.total_seconds() // 3600))
        return self._.many("{n} minute", "{n} minutes", int(passed.total_seconds() // 60))

    def old(self, since: datetime) -> bool:
        """Whether something has waited for more than two days."""
        return self.now - since > timedelta(days=2)
