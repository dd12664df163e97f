"""What a page says when a rule says no."""

from __future__ import annotations

from care.errors import CareError
from console.marking import mark
from locales import Words, labels

ERRORS = {
    "not_meant": mark("This page had gone stale, so nothing was done. Please open it again and repeat the step."),
    "busy": mark("Somebody else was changing the same thing. Nothing was done; please try again."),
    "no_database": mark("The school's records cannot be reached just now. Please try again in a minute."),
    "nothing_chosen": mark("Choose at least one application first."),
    "number_needed": mark("Please give a whole number."),
    "name_needed": mark("Please give a name of at most 40 characters."),
    "phone_invalid": mark("Please give a phone number with 7 to 15 digits, or leave it empty."),
    "stop_held": mark("{name} is on the child's stop-list already."),
    "stop_own_child": mark("This is your own child: please let a colleague keep its stop-list."),
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
    "grade_without_wave": mark(
        "Grade {grade} would leave with no wave, and {children} of its children have a place. "
        "Tick the grade in another wave instead: it then leaves this one by itself."
    ),
    "wave_without_grade": mark(
        "Wave {wave} would be left without a grade. Give it another grade first, or remove it: its grades can then "
        "leave with another one."
    ),
    "wave_still_needed": mark(
        "Children who leave with wave {wave} have a place ({children}): choose the wave they leave with instead."
    ),
    "dates_of_their_own": mark(
        "The calendar gives one of these waves other times on {day}, and families have read of it. Set such dates back "
        "to the usual times first, then move the grade."
    ),
    "wave_in_open_day": mark(
        "Classes of wave {wave} are on the lists of a day that is not closed yet. Remove it once that day is closed."
    ),
    "last_wave": mark("It is the only wave of the term, and care needs one. Change it, or add another one first."),
    "before_open": mark("The day's lists are made at {time}: care cannot begin before that."),
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
    "after_extended": mark("Extended care ends at {time}: care in the classes must end before that."),
    "after_close": mark("The day closes at {time}: care must end before that."),
    "opens_too_late": mark("The lists must be made before the first wave begins, at {time}."),
    "closes_too_early": mark("The day cannot close before the last wave ends, at {time}."),
    "sign_link_unknown": mark("This signing page is not valid. Please open it from the chat again."),
    "sign_link_expired": mark("This signing page has run out after five minutes. Please open it from the chat again."),
    "signature_empty": mark("There is too little to see. Please write your name in the field."),
    "signature_invalid": mark("The signature could not be read. Please sign once more."),
    "lead_unknown": mark("Please choose somebody whose duty includes answering for a day."),
}


def sentence(_: Words, error: CareError) -> str:
    """The one sentence a person reads when a rule says no."""
    if error.code in ERRORS:
        return _(ERRORS[error.code], **error.values)
    return labels.error_sentence(_, error)


def code_sentence(_: Words, code: str) -> str:
    return sentence(_, CareError(code))
