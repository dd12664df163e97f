"""Extended care (S11): after the last wave, at another venue, for children of all classes.

A child stays on its standing weekdays (``Application.extended_weekdays``) unless something else was said for the date
(``ExtendedRequest``). It keeps its place in its class's list and its custody chain; when extended care takes it over,
``DayChild.extended_at`` is set and the chain names the teacher there. Whoever needs to know who leaves from there, and
when, asks ``staying``.
"""
