"""What the words of the records are called by people: states, relations, duties, weekdays. Catalogue ``common``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from enum import StrEnum
from zoneinfo import ZoneInfo

from care.errors import CareError
from care.records.day import AlarmKind, LeaveReason, Proof, Step
from care.records.enrolment import LeaveMode, Need, State
from care.records.people import Relation, Role
from care.records.term import TextKind
from locales import Words

_PAIRS: tuple[tuple[StrEnum, str], ...] = (
    (State.SUBMITTED, "Waiting for class review"),
    (State.REVIEWED, "Waiting for school approval"),
    (State.RETURNED, "Returned for correction"),
    (State.REFUSED, "Refused"),
    (State.WAITING, "On the waiting list"),
    (State.APPROVED, "Approved, to be signed"),
    (State.ENROLLED, "Enrolled"),
    (State.WITHDRAWN, "Withdrawn"),
    (Relation.MOTHER, "mother"),
    (Relation.FATHER, "father"),
    (Relation.GRANDMOTHER, "grandmother"),
    (Relation.GRANDFATHER, "grandfather"),
    (Relation.AUNT, "aunt"),
    (Relation.UNCLE, "uncle"),
    (Relation.SIBLING, "grown-up sibling"),
    (Relation.NANNY, "nanny"),
    (Relation.GUARDIAN, "guardian"),
    (Relation.OTHER, "other adult"),
    (Role.HEAD, "Head of the leading group"),
    (Role.DEPUTY, "Deputy head of the leading group"),
    (Role.MEMBER, "Member of the leading group"),
    (Role.OFFICE, "School office"),
    (Role.GRADE_LEADER, "Grade leader"),
    (Role.HOMEROOM, "Homeroom teacher"),
    (Role.CARE_TEACHER, "Care teacher"),
    (Role.LOGISTICS, "Logistics"),
    (Role.FINANCE, "Finance"),
    (Role.COMMITTEE, "Parent committee"),
    (Role.SUPERVISOR, "Supervisor"),
    (Need.WORK_HOURS, "Parents finish work later"),
    (Need.NOBODY_HOME, "Nobody at home after school"),
    (Need.DISTANCE, "A long way home"),
    (Need.SIBLING, "Brother or sister in care"),
    (Need.HARDSHIP, "Hardship in the family"),
    (Need.OTHER, "Another reason"),
    (LeaveMode.COLLECTED, "Collected by an authorised adult only"),
    (LeaveMode.ALONE, "May leave alone"),
    (Step.EXPECTED, "Expected"),
    (Step.LEAVE, "On leave"),
    (Step.PRESENT, "Here"),
    (Step.LATE, "Here, came late"),
    (Step.ABSENT, "Missing"),
    (Step.MOVED, "With the course teacher"),
    (Step.BACK, "Back in class"),
    (Step.LINED_OUT, "On the way to the gate"),
    (Step.HANDED_OVER, "With a teacher"),
    (Step.RELEASED, "Collected"),
    (Step.UNDONE, "Hand-over taken back"),
    (Step.EXPLAINED, "Absent, explained"),
    (Step.WITHDRAWN, "Withdrawn from care"),
    (AlarmKind.MISSING, "Expected but missing"),
    (AlarmKind.REFUSED, "Adult refused at the gate"),
    (AlarmKind.DISPUTED, "Hand-over disputed"),
    (AlarmKind.UNCOLLECTED, "Not collected yet"),
    (AlarmKind.STOP_LISTED, "On paper: given to somebody who must not collect"),
    (AlarmKind.OFF_LIST, "On paper: given to somebody on no list"),
    (AlarmKind.ALONE, "On paper: left alone, which is not allowed"),
    (Proof.PLAN, "by the day's plan"),
    (Proof.TAP, "by a tap"),
    (Proof.CODE, "by pick-up code"),
    (Proof.SIGNATURE, "by signature"),
    (Proof.LIST, "from the list of authorised adults"),
    (Proof.PAPER, "entered later from paper"),
    (LeaveReason.ILL, "Ill"),
    (LeaveReason.FAMILY, "A family matter"),
    (TextKind.SERVICE, "What the service is"),
    (TextKind.SAFETY, "How the children are kept safe"),
    (TextKind.CRITERIA, "Who may apply"),
    (TextKind.AGREEMENT, "Agreement"),
)
LABELS = {(type(word), word.value): sentence for word, sentence in _PAIRS}
"""By kind and word: words of different kinds may be spelt alike."""

ACTIONS = {
    "submitted": "Application submitted",
    "passed": "Passed by the class",
    "returned": "Returned for correction",
    "refused": "Refused",
    "approved": "Approved by the school",
    "wait_listed": "Put on the waiting list",
    "signed": "Agreement signed",
    "enrolled": "Enrolled",
    "withdrawal_given": "Withdrawal given",
    "withdrawal_taken_back": "Withdrawal taken back",
    "withdrawn": "Withdrawn",
    "waiver_recorded": "Fee waiver recorded",
}

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
WEEKDAYS_SHORT = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

ERRORS = {
    "refused": "That cannot be done.",
    "not_found": "This was not found, or you may not see it.",
    "own_child": "This is your own child. A colleague decides on it: please ask the grade leader or the office.",
    "not_allowed": "Your duty does not include this.",
    "stale": "This has changed in the meantime. Please look at the current state and decide again.",
    "class_full": "Class {school_class} is full ({capacity} places). Put the child on the waiting list instead.",
    "no_term": "There is no term to apply for at present.",
    "no_agreement_text": "The school has not published this term's agreement yet. Please ask the office.",
    "already_applied": "There is already an application for this child this term.",
    "applications_closed": "Applications are taken from {since} to {until}.",
    "grade_in_no_wave": "Grade {grade} is in no dismissal wave yet. Give it one in the term's settings, then approve.",
    "grade_not_eligible": "Care is not offered for this child's grade this term.",
    "consent_needed": "Without your consent to keep the child's data the school cannot take the application.",
    "weekdays_needed": "Please choose at least one weekday.",
    "need_needed": "Please choose a reason, or write it in your own words.",
    "extended_outside_weekdays": "Extended care is possible only on days with care.",
    "pickup_too_many": "At most {limit} adults can be named.",
    "pickup_incomplete": "Each adult needs a name and a phone number.",
    "alone_not_allowed": "Children of grades 1 and 2 are always collected by an adult.",
    "words_too_long": "That is too long: please keep it within {limit} characters.",
    "health_consent_needed": "A health note needs your consent.",
    "date_outside_term": "Please give a date from today to the end of the term.",
    "remark_needed": "Please say why, in a few words: the family reads this.",
    "capacity_out_of_range": "The places of a class are a number from 0 to {limit}.",
    "waiver_exists": "A fee waiver is already recorded.",
    "text_empty": "A text needs a title and words.",
    "text_too_long": "That is too long: please keep it within {limit} characters.",
    "text_changed": "The school has published a newer text. Please read that one before you sign.",
    "name_differs": "The name must be yours as the school has it: {name}.",
    "not_signed_in": "Please sign in for this class first. Signed in or planned now: {teacher}.",
    "roll_of_other_day": "That list is of another day. Send /checkin for today's.",
    "of_another_day": "That is of another day, and over. Please send the command again for today's.",
    "day_closed": "This day is closed and sealed. What is known later goes to the school office.",
    "children_open": "The day cannot close: {n} children are not accounted for ({names}).",
    "alarms_open": "The day cannot close: {n} alarms are open. Please close each with a reason.",
    "child_still_here": "{child} is still here. This ends by itself once the child has been handed over.",
    "roll_unsaid": "Nothing has been said about {child} at the roll. Please say first whether the child is here.",
    "day_too_fresh": "A child's last step can still be undone. Please close the day in two minutes.",
    "day_unplanned": "The day's lists are not complete yet, so the day cannot close.",
    "alarm_closed": "This has been closed in the meantime.",
    "alarm_grew": "Somebody else was asked to wait since. Please say how it ended for all of them.",
    "reason_needed": "Please give the reason in a few words: a digit or a sign says nothing to whoever reads it later.",
    "leave_exists": "The child is on leave already on one of these days.",
    "not_in_care": "This child is not in after-school care.",
    "no_care_then": "The child has no care then, or no longer. Its next care day is {next}.",
    "no_care_left": "The child has no care then, and no care day is left this term.",
    "child_is_here": "The child is at school with its teacher today, so today's leave is not possible. Say who comes "
    "for it with /pickup, or speak to the teacher.",
    "leave_too_long": "A leave covers at most {limit} days. For longer, please write to the school office.",
    "extended_not_today": "There is no extended care today.",
    "extended_not_yet": "Today's plan is not made yet. Please come back once the day is open.",
    "extended_not_offered": "Extended care is not offered this term.",
    "extended_ended": "The school has ended extended care: who stays today stays, but nobody else can.",
    "extended_over": "Extended care is over for today.",
    "extended_there": "The child is in extended care already: please collect at {venue}, at any time.",
    "extended_class_left": "Care in the class has ended, so the child stays for extended care today. You can collect "
    "it at any time: /children says who has it.",
    "extended_full": "All {places} places of today are taken.",
    "extended_weekday_full": "All {places} places of this weekday are taken.",
    "extended_nobody": "None of the children who stay is with you now.",
    "extended_by_handover": "This child is still with the class: please take it over by the class's hand-over.",
    "extended_not_yours": "Please sign in for extended care first.",
    "not_in_care_today": "The child is not in care today, or has left.",
    "with_another": "This child is with {teacher} now.",
    "minutes_out_of_range": "Minutes go from 1 to {limit}, each later step after the one before.",
    "not_authorised": "This adult is not on the child's list.",
    "stop_listed": "This adult must not collect the child.",
    "not_in_care_then": "The child is not in care then, so nobody has to come.",
    "already_collected": "The child has been collected already. This can no longer be changed.",
    "delegate_incomplete": "The adult needs a full name and a phone number.",
    "delegate_day": "Somebody can be authorised for today and for up to {limit} days ahead.",
    "delegates_too_many": "At most {limit} adults can be authorised for a child on one day.",
    "already_released": "{child} was handed to {adult} at {at} by {teacher}.",
    "already_left": "{child} left alone at {at} (recorded by {teacher}).",
    "not_here": "{child} is not with the school now.",
    "not_alone": "The family has not agreed that this child goes home alone.",
    "somebody_comes": "The family has said that {adult} comes today: please do not send the child home alone.",
    "undo_late": "More than two minutes have passed. Please tell the duty lead.",
    "not_your_release": "Only {teacher}, who handed the child over, or the duty lead can take it back.",
    "own_child_to_oneself": "This is your own child: please let a colleague hand it over to you.",
    "who_needed": "Please say who asked for the child.",
    "paper_refused": "Nothing has been entered yet. Please look again at the lines that are marked ({n}).",
    "paper_own_child": "This is your own child: please let a colleague enter where it is.",
    "alarm_own_child": "This is about your own child: a colleague must close it.",
    "alarm_own_release": "You handed this child over yourself: somebody else who answers for the day must close it.",
    "paper_nobody_left": "Every child of this list is accounted for: nothing is left to be handed over on paper.",
    "paper_contradicts": "The child is here or was collected: it cannot have stayed away.",
    "paper_reason_needed": "Please note why the child did not come: that day is over.",
    "paper_collector_needed": "Who collected the child? Please choose or write it beside the time.",
    "paper_on_leave": "The child is on leave: if the paper says it came, please choose that it came, too.",
    "paper_came_needed": "Did the child come? Please choose it beside the time.",
    "paper_note_alone": "A note alone cannot be entered: please also say whether the child came, or who collected it.",
    "paper_known_away": "It is known already that this child does not come: nothing has to be entered.",
    "paper_two_names": "Either choose who collected the child, or write another name: not both.",
    "paper_time_needed": "Please give the time at which the child was collected.",
    "paper_time_ahead": "This time has not come yet.",
    "paper_time_order": "This must be {time} or later: the child's record goes that far already.",
    "paper_name_needed": "Please give the name of who collected the child, at most 40 characters.",
    "paper_stop_listed": "{name} must NOT collect this child. Did it happen all the same? Then tick the box.",
    "paper_not_authorised": "{name} is not on this child's list. Did it happen all the same? Then tick the box.",
    "paper_not_alone": "This child must not leave alone. Did it happen all the same? Then tick the box.",
    "link_unknown": "This sign-in link is not valid. Ask for a new one with /console in the chat.",
    "link_used": "This sign-in link has been used. Ask for a new one with /console in the chat.",
    "link_expired": "This sign-in link has run out. Ask for a new one with /console in the chat.",
}


def label(_: Words, word: StrEnum) -> str:
    """What people call a word of the records."""
    return _(LABELS[type(word), word.value])


def step_label(_: Words, step: Step, extended: bool) -> str:
    """Where a child is by its last step. Whom a teacher has handed over is in extended care (``extended``), or with the
    teacher who has taken the class over: never gone home."""
    return _("In extended care") if extended and step is Step.HANDED_OVER else label(_, step)


def leave_reason(_: Words, reason: str) -> str:
    """The reason of a leave: one that was tapped has a name in every language, any other is somebody's own words."""
    return label(_, LeaveReason(reason)) if reason in set(LeaveReason) else reason


def action_label(_: Words, action: str) -> str:
    return _(ACTIONS.get(action, action.replace("_", " ")))


def error_sentence(_: Words, error: CareError) -> str:
    """The one sentence a person reads when a rule says no."""
    years = {value.year for value in error.values.values() if isinstance(value, date)}
    values = {name: _written(_, value, with_year=len(years) > 1) for name, value in error.values.items()}
    return _(ERRORS.get(error.code, ERRORS["refused"]), **values)


def _written(_: Words, value: object, with_year: bool) -> object:
    """A value of an error as people of this language write it."""
    if isinstance(value, date):
        return _day_of_year(_, value) if with_year else day(_, value)
    return listed(_, value) if isinstance(value, tuple) else value


def weekday(_: Words, number: int) -> str:
    """``number`` is 1 for Monday."""
    return _(WEEKDAYS[number - 1])


def weekdays(_: Words, numbers: Iterable[int], in_list: bool = False) -> str:
    """A list of days as people say it; five days read "Monday to Friday". ``in_list``: a single day is as short as
    several, for lines that stand one under the other."""
    days = sorted(numbers)
    if days == [1, 2, 3, 4, 5]:
        return _("Monday to Friday")
    return _(", ").join(_(WEEKDAYS_SHORT[day - 1] if in_list or len(days) > 1 else WEEKDAYS[day - 1]) for day in days)


def listed(_: Words, things: Iterable[str]) -> str:
    """Several things in one line, as this language separates them."""
    return _(", ").join(things)


def gap(_: Words) -> str:
    """What this language puts between two sentences of one paragraph."""
    return _("{first} {second}", first="", second="")


def clock(moment: time) -> str:
    return f"{moment:%H:%M}"


def span(_: Words, start: time, end: time) -> str:
    return f"{start:%H:%M}–{end:%H:%M}"


def day(_: Words, date_: date) -> str:
    """A date with its weekday, as people of this language write it."""
    return _(
        "{weekday} {day} {month}",
        weekday=_(WEEKDAYS_SHORT[date_.weekday()]),
        day=date_.day,
        month=_(MONTHS[date_.month - 1]),
        month_number=date_.month,
    )


def _day_of_year(_: Words, date_: date) -> str:
    """``day`` with the year, where it is not plain which one is meant."""
    return _(
        "{weekday} {day} {month} {year}",
        weekday=_(WEEKDAYS_SHORT[date_.weekday()]),
        day=date_.day,
        month=_(MONTHS[date_.month - 1]),
        month_number=date_.month,
        year=date_.year,
    )


def clock_on(_: Words, at: datetime, zone: ZoneInfo, on: date) -> str:
    """A local time of a date; with its own date where it is of another, as after midnight."""
    local = at.astimezone(zone)
    return f"{local:%H:%M}" if local.date() == on else moment(_, at, zone)


def moment(_: Words, at: datetime, zone: ZoneInfo) -> str:
    """An instant in the school's local time: day and minute."""
    local = at.astimezone(zone)
    return f"{day(_, local.date())} {local:%H:%M}"


MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "June", "July", "Aug", "Sept", "Oct", "Nov", "Dec")
