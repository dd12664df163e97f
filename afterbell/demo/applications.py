"""Applications on every stretch of their way, with the audit just as the commands of ``care/`` write it (S1, S7)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from random import Random

from afterbell.demo.answers import Answered, Answering
from afterbell.demo.book import ZONE, Book, draw
from afterbell.demo.families import Adult, Child
from afterbell.demo.names import adult_name
from afterbell.demo.staff import Staff
from afterbell.demo.term import TEXT_VERSION, TermRows
from afterbell.demo.timing import Days
from afterbell.demo.wishes import Wish, choose
from care.permissions import SYSTEM
from care.records import (
    Agreement,
    Application,
    Consent,
    ConsentKind,
    Event,
    PickupPerson,
    Relation,
    State,
    Waiver,
)

WAIVERS = 6
WAIVER_REASONS = ("最低生活保障家庭。", "持有残疾人证的家庭。", "家庭遭遇重大疾病，经班主任核实。")
PASSED_REMARKS = ("情况属实。", "已电话核实。", "与家长面谈过，同意。")
REMARKED = ("returned", "refused")
AT_ONCE = ("enrolled", "withdrawn")
"""Steps written in the same transaction as the step before them."""

Who = tuple[int | None, str]


@dataclass
class Story:
    """An application as it will stand, before it has an id."""

    wish: Wish
    guardianship_id: int
    applicant: Adult
    moments: list[datetime]
    waived: bool = False
    answered: Answered | None = None

    @property
    def child(self) -> Child:
        return self.wish.child


@dataclass(frozen=True)
class _Line:
    """An audit line to be: who did what to which row, when and why."""

    at: datetime
    who: Who
    action: str
    subject: str
    subject_id: int
    remark: str = ""
    data: tuple[tuple[str, object], ...] = ()


class Clerk:
    """Writes the applications and all that belongs to them."""

    def __init__(self, book: Book, term: TermRows, staff: Staff, agreements: dict[str, tuple[int, str]]) -> None:
        self.book = book
        self.term = term
        self.staff = staff
        self.agreements = agreements
        self.rng = draw("applications")
        self.days = Days(self.rng)
        self.answering = Answering(self.rng)
        self.lines: list[_Line] = []

    def write(self, children: list[Child], phones: Iterator[str]) -> list[Story]:
        """Ids follow the time of submission, audit lines the time of the deed, as if it had all happened."""
        stories = [self._story(wish) for wish in choose(children)]
        stories.sort(key=lambda story: (story.moments[0], story.child.student_id))
        for story in self.rng.sample([s for s in stories if s.wish.state is State.ENROLLED], WAIVERS):
            story.waived = True
        for story in stories:
            self._application(story, phones)
        return stories

    def write_audit(self) -> None:
        for line in sorted(self.lines, key=lambda line: line.at):
            self.book.add(
                Event,
                at=line.at,
                actor_id=line.who[0],
                actor_name=line.who[1],
                action=line.action,
                subject=line.subject,
                subject_id=line.subject_id,
                remark=line.remark,
                data=dict(line.data),
            )

    def published(self, at: datetime, who: Who, kinds: list[str]) -> None:
        """Notes that the term's texts were published."""
        for kind in kinds:
            data = (("kind", kind), ("version", TEXT_VERSION))
            self.lines.append(_Line(at, who, "text_published", "term", self.term.term_id, data=data))

    def _story(self, wish: Wish) -> Story:
        free = wish.child.free_guardians
        guardianship_id, adult = free[0] if self.rng.random() < 0.7 else self.rng.choice(free)
        separate = [step for step in wish.way if step not in AT_ONCE]
        drawn = iter(self.days.moments(len(separate), wish.days_ago, wish.early))
        moments: list[datetime] = []
        for step in wish.way:
            moments.append(moments[-1] if step in AT_ONCE else next(drawn))
        return Story(wish, guardianship_id, adult, moments)

    def _application(self, story: Story, phones: Iterator[str]) -> None:
        wish, child = story.wish, story.child
        answered = self.answering.answer(child.place, wish.state, story.waived or self.rng.random() < 0.02)
        story.answered = answered
        application_id = self.book.add(
            Application,
            term_id=self.term.term_id,
            student_id=child.student_id,
            guardianship_id=story.guardianship_id,
            state=wish.state,
            version=len(wish.way),
            state_since=story.moments[-1],
            submitted_at=story.moments[0],
            weekdays=list(answered.weekdays),
            needs=[need.value for need in answered.needs],
            need_words=answered.need_words,
            extended_weekdays=list(answered.extended),
            leave_mode=answered.leave_mode,
            health_note=self.book.keys.seal(answered.health) if answered.health else None,
            courses_wished=answered.courses,
            criteria_version=TEXT_VERSION,
            leaves_on=_school_date(story.moments[-1]) if wish.state is State.WITHDRAWN else None,
        )
        self._pickup(application_id, child, phones)
        self._consents(story, answered)
        self._steps(application_id, story)
        if story.waived:
            self._waiver(application_id, story)

    def _pickup(self, application_id: int, child: Child, phones: Iterator[str]) -> None:
        named = [(adult.name, adult.relation, adult.phone) for _, adult in child.free_guardians]
        for relation in _helpers(self.rng, child):
            name = adult_name(self.rng, relation in (Relation.GRANDFATHER, Relation.UNCLE))
            named.append((name, relation, next(phones)))
        for ordinal, (name, relation, phone) in enumerate(named, start=1):
            self.book.add(
                PickupPerson,
                application_id=application_id,
                ordinal=ordinal,
                name=name,
                relation=relation,
                phone=phone,
            )

    def _consents(self, story: Story, answered: Answered) -> None:
        for kind in (ConsentKind.MINOR_DATA, *((ConsentKind.HEALTH,) if answered.health else ())):
            self.book.add(
                Consent,
                person_id=story.applicant.person_id,
                student_id=story.child.student_id,
                kind=kind,
                given_at=story.moments[0],
                withdrawn_at=None,
            )

    def _steps(self, application_id: int, story: Story) -> None:
        way = story.wish.way
        for step, at in zip(way, story.moments, strict=True):
            data: dict[str, object] = {}
            if step == "signed":
                data = self._sign(application_id, story, at)
            if step in ("withdrawal_given", "withdrawn"):
                data = {"leaves_on": _school_date(story.moments[-1]).isoformat()}
            remark = story.wish.remark if step in REMARKED else ""
            if step == "passed" and self.rng.random() < 0.15:
                remark = self.rng.choice(PASSED_REMARKS)
            who = self._who(step, "passed" in way[: way.index(step)], story)
            self.lines.append(_Line(at, who, step, "application", application_id, remark, tuple(data.items())))

    def _who(self, step: str, with_the_school: bool, story: Story) -> Who:
        """Who makes a step: the guardian, the class's teacher, or somebody of the school's leading group."""
        if step == "enrolled":
            return SYSTEM.person_id, SYSTEM.name
        if step in ("submitted", "signed", "withdrawal_given", "withdrawn"):
            return story.applicant.person_id, story.applicant.name
        if step == "passed" or not with_the_school:
            return self.staff.homeroom[story.child.place]
        return self._leading()

    def _leading(self) -> Who:
        return self.rng.choice((self.staff.office, self.staff.office, *self.staff.deputies, self.staff.members[0]))

    def _sign(self, application_id: int, story: Story, at: datetime) -> dict[str, object]:
        """The agreement, and what the audit says of it."""
        text_id, sha256 = self.agreements["zh_CN"]
        self.book.add(
            Agreement,
            application_id=application_id,
            term_text_id=text_id,
            text_version=TEXT_VERSION,
            text_sha256=sha256,
            language="zh_CN",
            signer_id=story.applicant.person_id,
            typed_name=story.applicant.name,
            channel="web",
            signed_at=at,
        )
        return {"text_version": TEXT_VERSION, "text_sha256": sha256}

    def _waiver(self, application_id: int, story: Story) -> None:
        who = self.rng.choice((self.staff.office, *self.staff.deputies))
        reason = self.rng.choice(WAIVER_REASONS)
        at = self.days.after(story.moments[-1])
        self.book.add(Waiver, application_id=application_id, reason=reason, recorded_by=who[0], recorded_at=at)
        self.lines.append(_Line(at, who, "waiver_recorded", "application", application_id, reason))


def _helpers(rng: Random, child: Child) -> list[Relation]:
    """Adults without rights who may collect the child: grandparents mostly."""
    present = {adult.relation for _, adult in child.guardians}
    wanted = []
    if rng.random() < 0.3:
        wanted.append(rng.choice((Relation.GRANDMOTHER, Relation.GRANDMOTHER, Relation.GRANDFATHER)))
    if rng.random() < 0.08:
        wanted.append(rng.choice((Relation.AUNT, Relation.UNCLE, Relation.NANNY)))
    return [relation for relation in wanted if relation not in present]


def _school_date(moment: datetime) -> date:
    return moment.astimezone(ZONE).date()
