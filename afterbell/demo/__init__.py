"""The demonstration school: an invented primary school on the afternoon of Monday, 23 November 2026.

What is in it, the same on every machine (a fixed seed draws it all):

- The autumn term 2026-09-01 to 2027-01-29, open for applications of grades 1 to 4. Grades 1 and 2 stay from 14:35 to
  17:10 and leave by the east gate, grades 3 and 4 from 15:25 to 17:25 by the west gate; extended care in 澹台书院 until
  18:30, with 120 places. Official holidays and make-up days of the years announced; no rows for the others.
- 32 classes, eight to a grade, of 45 children each, with 36 places in care. Class 3(4) is full and has a waiting list,
  1(7) has exactly one place left and two applications that want it.
- 1,440 children and their guardians: mostly two parents, but also single parents, grandparents, siblings in different
  grades, twins in one class, two children of one name in 2(5), a separated family in 3(6) whose father is restricted
  and on the stop-list, rare characters, a name with a middle dot, a family that reads English in 3(5), and a homeroom
  teacher with a child in another class.
- Head, two deputies, six members, office clerk, four grade leaders, 32 homeroom teachers, 32 other care teachers, and
  logistics, finance, parent committee and supervisor.
- Service, safety, criteria and agreement texts in Chinese and English.
- 870 enrolled children and applications in every other state, each with its audit, agreement, consents and pick-up
  persons. Some have waited for days.
- A slip for everybody. The staff, whoever has applied, and all guardians of enrolled children have a chat in the web
  channel already; the others open their slip first.

``begin_afternoon`` lets the first afternoon have run until 16:40: the day open since noon, the rolls of 31 classes
taken and that of 2(3) half, twelve children on leave, six late, three whose absence is explained, some back from
courses, and one of 3(5) who is being looked for. ``others`` plays on from there for whom no visitor plays.

Every person is invented. All telephone numbers are of one block that belongs to nobody here.
"""

from afterbell.demo.afternoon import begin_afternoon
from afterbell.demo.book import START
from afterbell.demo.loading import NotEmpty, load
from afterbell.demo.term import SCHOOL_NAME
from afterbell.demo.visitors import WHY, Account, DemoPerson, Star, linked, people, stars

__all__ = [
    "SCHOOL_NAME",
    "START",
    "WHY",
    "Account",
    "DemoPerson",
    "NotEmpty",
    "Star",
    "begin_afternoon",
    "linked",
    "load",
    "people",
    "stars",
]
