"""The console's own names for things: audit entries, letters, refusals; and how it writes dates and ages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from care.channels import ChannelTrouble, Trouble
from care.enrolment.states import Move
from care.errors import CareError
from console.letter_names import LETTERS
from locales import Words, labels
from locales.calendar import month_title


def mark(sentence: str) -> str:
    """Names a sentence for the catalogue; it is translated where it is shown."""
    return sentence


MOVES = {
    Move.PASS: mark("Pass to the school"),
    Move.APPROVE: mark("Approve"),
    Move.WAIT_LIST: mark("Waiting list"),
    Move.RETURN: mark("Return to the family"),
    Move.REFUSE: mark("Refuse"),
}
MOVE_KEYS = {Move.PASS: "a", Move.APPROVE: "a", Move.WAIT_LIST: "w", Move.RETURN: "r", Move.REFUSE: "f"}

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
    "letter_retried": mark("Letter sent again"),
    "letter_dropped": mark("Letter dropped"),
    "update_put_aside": mark("Message put aside after failing"),
    "roster_imported": mark("Roster imported"),
    "person_changed": mark("Person changed"),
    "student_changed": mark("Student changed"),
    "guardian_added": mark("Guardian added"),
    "guardian_restricted": mark("Guardian restricted"),
    "stop_added": mark("Added to the stop-list"),
    "leave_given": mark("Leave given"),
    "leave_taken_back": mark("Leave taken back"),
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
    "extended_standing_set": mark("Standing days of extended care changed"),
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
    "release_disputed": mark("Hand-over disputed"),
    "child_uncollected": mark("Child not collected"),
    "alarm_closed": mark("Alarm closed"),
    "day_sheet_printed": mark("Day sheet printed"),
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

ERRORS = {
    "not_meant": mark("This page had gone stale, so nothing was done. Please open it again and repeat the step."),
    "busy": mark("Somebody else was changing the same thing. Nothing was done; please try again."),
    "no_database": mark("The school's records cannot be reached just now. Please try again in a minute."),
    "nothing_chosen": mark("Choose at least one application first."),
    "number_needed": mark("Please give a whole number."),
    "name_needed": mark("Please give a name of at most 40 characters."),
    "phone_invalid": mark("Please give a phone number with 7 to 15 digits, or leave it empty."),
    "phone_taken": mark("{name} already has this phone number. Give that person the duty instead."),
    "role_unknown": mark("Please choose a duty."),
    "grade_needed": mark("A grade leader needs a grade."),
    "class_needed": mark("A homeroom teacher needs a class."),
    "duty_held": mark("This person already has that duty."),
    "last_manager": mark("Somebody must be able to manage staff: give another person that duty first."),
    "no_slips": mark("Every guardian of this class has a linked chat already: there is no slip to print."),
    "date_needed": mark("Please give every date as year-month-day."),
    "time_needed": mark("Please give every time as hours and minutes, like 17:10."),
    "dates_reversed": mark("The last day lies before the first."),
    "grades_needed": mark("Please tick at least one grade."),
    "grade_in_two_waves": mark("Grade {grade} would be in two waves at once."),
    "wave_reversed": mark("The wave would end before it begins."),
    "words_needed": mark("Please fill in the gate and both venues."),
    "extended_incomplete": mark("Extended care needs a venue, an end and a number of places, or none of them."),
    "venue_unknown": mark("Please choose one of the venues."),
    "extended_too_early": mark("Extended care must end after the last wave, at {time}."),
    "already_settled": mark("This has been settled in the meantime."),
    "year_not_covered": mark("The official list of {year} is not known to this program."),
    "year_out_of_range": mark("Only this year and the next can be entered."),
    "year_entered": mark("The public holidays of {year} have been entered already."),
    "day_kind_needed": mark("Please choose what this date is."),
    "weekday_unknown": mark("Please choose a weekday from Monday to Friday."),
    "date_is_past": mark("This date is past: it stays as it was."),
    "date_too_far": mark("Please choose a date within the next two years."),
    "care_is_open": mark("The care of this day is open: only its times can be changed."),
    "wave_is_over": mark("Wave {wave} is over: its times can no longer be changed."),
    "wave_has_begun": mark("Wave {wave} has begun: its beginning stays at {time}, only its end can be changed."),
    "time_is_past": mark("{time} is past. Please give an end that is still to come."),
    "after_close": mark("The day closes at {time}: care must end before that."),
    "opens_too_late": mark("The lists must be made before the first wave begins, at {time}."),
    "closes_too_early": mark("The day cannot close before the last wave ends, at {time}."),
    "sign_link_unknown": mark("This signing page is not valid. Please open it from the chat again."),
    "sign_link_expired": mark("This signing page has run out after five minutes. Please open it from the chat again."),
    "signature_empty": mark("There is too little to see. Please write your name in the field."),
    "signature_invalid": mark("The signature could not be read. Please sign once more."),
}


def sentence(_: Words, error: CareError) -> str:
    """The one sentence a person reads when a rule says no."""
    if error.code in ERRORS:
        return _(ERRORS[error.code], **error.values)
    return labels.error_sentence(_, error)


def code_sentence(_: Words, code: str) -> str:
    return sentence(_, CareError(code))


class Say:
    """Writes the values of a page in the visitor's language and the school's time."""

    def __init__(self, _: Words, zone: ZoneInfo, now: datetime) -> None:
        self._ = _
        self.zone = zone
        self.now = now

    def label(self, word: StrEnum) -> str:
        return labels.label(self._, word)

    def move(self, move: Move) -> str:
        return self._(MOVES[move])

    def action(self, action: str) -> str:
        return self._(ACTIONS[action]) if action in ACTIONS else labels.action_label(self._, action)

    def subject(self, subject: str) -> str:
        return self._(SUBJECTS[subject]) if subject in SUBJECTS else subject

    def letter(self, kind: str) -> str:
        return self._(LETTERS[kind]) if kind in LETTERS else kind.replace("_", " ")

    def channel(self, channel: str) -> str:
        return self._(CHANNELS[channel]) if channel in CHANNELS else channel

    def trouble(self, one: ChannelTrouble) -> str:
        return self._(TROUBLES[one.code][0], channel=self.channel(one.channel), since=self.moment(one.since))

    def remedy(self, code: Trouble) -> str:
        return self._(TROUBLES[code][1])

    def error(self, code: str) -> str:
        return code_sentence(self._, code)

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
        return self._("{day}, {year}", day=written, year=day.year)

    def when(self, at: datetime) -> str:
        local = at.astimezone(self.zone)
        return f"{self.date(local.date())} {local:%H:%M}"

    def moment(self, at: datetime) -> str:
        """The time of day, with its date where that is not today."""
        local = at.astimezone(self.zone)
        return f"{local:%H:%M}" if local.date() == self.now.astimezone(self.zone).date() else self.when(at)

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
