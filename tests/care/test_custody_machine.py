"""Custody as a state machine: whatever anybody does in whichever order, each child has one holder, no child is given to
who must not have it, and the ledger proves it all."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import Counter, defaultdict
from collections.abc import Coroutine, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from custody_town import NOON, Town, town_clock
from databases import make_school
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select

from care.custody.ledger import Verified, verify
from care.custody.steps import HELD_BY, may_follow
from care.errors import CareError
from care.people import actor_for
from care.permissions import SYSTEM, Actor
from care.records import Adult, Alarm, AlarmKind, CustodyEvent, DayChild, Holder, Letter, Person, Proof, Step
from care.release.giving import Given, Held, leave_alone, line_out, line_out_all, release
from care.release.late import LEAD, due_steps, take_step, take_together
from care.release.refusing import Why, refuse
from care.release.signing import make_token, sign
from care.release.undoing import Slip, acknowledge, dispute, undo
from care.rollcall import all_others_present, mark, sign_in
from care.school import School
from care.work import UnitOfWork

Result = TypeVar("Result")

INK = "[[[10,10],[200,40],[300,200]]]"

TEACHERS = ["Homeroom two", "Homeroom three", "Gate teacher", "Deputy"]

PEOPLE = st.sampled_from([*TEACHERS, *TEACHERS, "Clerk of numbers", "Ma One", "Ma Cai", "Ma Dot", "Pa Dot"])

STAFF = st.sampled_from([*TEACHERS, "Gate teacher"])

CHILD = st.integers(0, 4)

WHICH = st.integers(0, 99)

SEEN = st.sampled_from(["now", "now", "now", "before", "none", "later"])

TO_THE_LEAD = ("child_uncollected_lead", "class_uncollected_lead", "class_unsaid_lead")

EVERY_ROW = (
    select(DayChild.__table__, CustodyEvent.__table__)
    .join(CustodyEvent, CustodyEvent.day_child_id == DayChild.id)
    .order_by(CustodyEvent.id)
)


class Custody(RuleBasedStateMachine):
    """Drives one school through an afternoon. ``fresh`` is set by the test: it makes a copy of the built town."""

    template: Path
    town: Town
    done: Counter[str]
    """What came about in all examples: a machine in which nothing ever happens proves nothing."""
    loop: asyncio.AbstractEventLoop

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=self.template.parent)
        path = Path(self.folder.name) / "machine.sqlite"
        shutil.copyfile(self.template, path)
        self.school: School = make_school(f"sqlite+aiosqlite:///{path}", town_clock())
        self.actors: dict[str, Actor] = {}
        self.rows: Sequence[object] = ()
        self.links = len(self.town.children)
        self.turns = 0

    def run(self, doing: Coroutine[Any, Any, Result]) -> Result:
        return self.loop.run_until_complete(doing)

    def teardown(self) -> None:
        self.run(self.school.close())
        self.folder.cleanup()

    # how a command is given

    async def _actor(self, name: str) -> Actor:
        if name not in self.actors:
            async with self.school.look() as uow:
                person = await uow.session.get_one(Person, self.town.people[name])
                self.actors[name] = await actor_for(uow, person)
        return self.actors[name]

    async def _seq(self, child: int, seen: str) -> int | None:
        async with self.school.look() as uow:
            seq = await uow.session.scalar(select(DayChild.last_seq).where(DayChild.id == child))
        return {"now": seq, "before": (seq or 0) - 1, "later": (seq or 0) + 1, "none": None}[seen]

    def give(self, name: str, act: Any) -> Any:
        """One command by one person in one transaction; what a rule refuses leaves no trace."""

        async def go() -> Any:
            actor = await self._actor(name)
            try:
                async with self.school.work(actor) as uow:
                    done = await act(uow)
            except CareError:
                assert await self._length() == self.links
                return None
            self.links = await self._length()
            return done

        self.turns += 1
        return self.run(go())

    async def _length(self) -> int:
        """Links in all chains."""
        async with self.school.look() as uow:
            return await uow.session.scalar(select(func.sum(DayChild.last_seq))) or 0

    def child(self, number: int) -> int:
        return self.town.children[number]

    # what people do

    @initialize(late=st.integers(0, 4))
    def morning(self, late: int) -> None:
        if late:
            for session, name in zip(self.town.sessions, ("Homeroom two", "Homeroom three"), strict=True):
                self.give(name, lambda uow, session=session: sign_in(uow, session))
                self.give(name, lambda uow, session=session: all_others_present(uow, session))

    @rule(who=PEOPLE, session=st.integers(0, 1))
    def signs_in(self, who: str, session: int) -> None:
        self.give(who, lambda uow: sign_in(uow, self.town.sessions[session]))

    @rule(who=PEOPLE, child=CHILD, seen=SEEN)
    def marks(self, who: str, child: int, seen: str) -> None:
        steps = (Step.PRESENT, Step.LATE, Step.PRESENT, Step.ABSENT, Step.MOVED, Step.BACK, Step.PRESENT, Step.RELEASED)
        step = steps[(child + self.turns) % len(steps)]
        seq = self.run(self._seq(self.child(child), seen))
        self.give(who, lambda uow: mark(uow, self.child(child), step, seq))

    @rule(who=PEOPLE, session=st.integers(0, 1))
    def the_rest_are_here(self, who: str, session: int) -> None:
        self.give(who, lambda uow: all_others_present(uow, self.town.sessions[session]))

    @rule(who=PEOPLE, session=st.integers(0, 2))
    def lines_out(self, who: str, session: int) -> None:
        ids = [*self.town.sessions, 999]
        self.give(who, lambda uow: line_out_all(uow, ids[session]))

    @rule(who=PEOPLE, child=CHILD)
    def lines_one_out(self, who: str, child: int) -> None:
        self.give(who, lambda uow: line_out(uow, [self.child(child)]))

    @rule(who=PEOPLE, child=CHILD, which=WHICH, seen=SEEN, more=st.booleans(), proof=st.sampled_from(list(Proof)))
    def releases_to(self, who: str, child: int, which: int, seen: str, more: bool, proof: Proof) -> None:
        """To anybody: parents, grandmothers, delegates of today and of tomorrow, the stop-listed, nobody at all."""
        adult, adult_id = self.town.adults[which % len(self.town.adults)]
        numbers = [child, (child + which) % 5] if more else [child]
        shown = {self.child(n): self.run(self._seq(self.child(n), seen)) for n in numbers}
        given = self.give(who, lambda uow: release(uow, shown, adult, adult_id, proof))
        if isinstance(given, Given):
            self.done["released again" if given.again else "released"] += 1
        if isinstance(given, Held):
            self.done["held"] += 1
            assert self.run(self._open(given.child.id, AlarmKind.REFUSED))

    @rule(who=STAFF, child=CHILD, which=WHICH, then=st.sampled_from(["", "again", "undo", "undo late", "not right"]))
    def releases_well(self, who: str, child: int, which: int, then: str) -> None:
        """To one of those who may have the child, as it happens most days; and what may come of it."""
        names = sorted(name for number, name in self.town.allowed if number == self.child(child))
        adult, adult_id = self.adult(names[which % len(names)])
        shown = {self.child(child): self.run(self._seq(self.child(child), "now"))}
        given = self.give(who, lambda uow: release(uow, shown, adult, adult_id, Proof.LIST))
        if not isinstance(given, Given) or given.again:
            return
        self.done["released"] += 1
        if then == "again":
            given = self.give(who, lambda uow: release(uow, shown, adult, adult_id, Proof.LIST))
            assert isinstance(given, Given) and given.again, "the same tap twice"
            self.done["released again"] += 1
        elif then.startswith("undo"):
            self.passes(121 if then == "undo late" else 119)
            self.undoes(who, child, "now", "a slip")
        elif then:
            mothers = sorted(name for number, name in self.town.allowed if number == self.child(child))
            self.says(next(name for name in mothers if name.startswith("Ma")), child, "now", False)

    def adult(self, name: str) -> tuple[Adult, int]:
        return next(key for key, known in self.town.names.items() if known == name)

    @rule(who=STAFF, name=st.sampled_from(["Pa Dot", "Nan S4"]))
    def the_wrong_ones_come(self, who: str, name: str) -> None:
        seq = self.run(self._seq(self.child(4), "now"))
        given = self.give(who, lambda uow: release(uow, {self.child(4): seq}, *self.adult(name), Proof.LIST))
        assert not isinstance(given, Given)
        if isinstance(given, Held):
            self.done["held"] += 1

    @rule(who=STAFF)
    def ben_goes_home(self, who: str) -> None:
        self.leaves_alone(who, 1, "now")

    @rule(who=STAFF, child=CHILD, which=WHICH, minutes=st.sampled_from([0, 1, 4, 6]))
    def signs(self, who: str, child: int, which: int, minutes: int) -> None:
        names = sorted(name for number, name in self.town.allowed if number == self.child(child))
        adult, adult_id = self.town.adults[which % len(self.town.adults)] if which % 2 else self.adult(names[0])
        seq = self.run(self._seq(self.child(child), "now")) or 0

        async def link(uow: UnitOfWork) -> str:
            return make_token(uow, adult, adult_id, {self.child(child): seq})

        token = self.give(who, link)
        self.passes(minutes * 60)
        for twice in range(2):
            given = self.give("Clerk of numbers", lambda uow: sign(uow, token, INK))
            if isinstance(given, Given):
                assert given.again == bool(twice)
                self.done["signed"] += 1

    @rule(who=PEOPLE, child=CHILD, seen=SEEN)
    def leaves_alone(self, who: str, child: int, seen: str) -> None:
        seq = self.run(self._seq(self.child(child), seen))
        if self.give(who, lambda uow: leave_alone(uow, self.child(child), seq)) is not None:
            self.done["alone"] += 1

    @rule(who=PEOPLE, child=CHILD, words=st.sampled_from(["Pa Dot", "a man", "", "<b>=1+1"]))
    def refuses(self, who: str, child: int, words: str) -> None:
        self.give(who, lambda uow: refuse(uow, self.child(child), words, Why.NOT_LISTED))

    @rule(who=PEOPLE, child=CHILD, seen=SEEN, words=st.sampled_from(["", "a slip"]))
    def undoes(self, who: str, child: int, seen: str, words: str) -> None:
        seq = self.run(self._seq(self.child(child), seen))
        last = self.run(self._last(self.child(child)))
        done = self.give(who, lambda uow: undo(uow, self.child(child), words, None if words else Slip.WRONG_CHILD, seq))
        if done is not None:
            self.done["undone"] += 1
            assert last.step is Step.RELEASED
            assert self.school.clock.now() - last.at <= timedelta(minutes=2)
            assert who in (last.by_name, "Deputy")

    @rule(who=PEOPLE, child=CHILD, seen=SEEN, right=st.booleans())
    def says(self, who: str, child: int, seen: str, right: bool) -> None:
        seq = self.run(self._seq(self.child(child), seen)) or 0
        act = acknowledge if right else dispute
        told = self.give(who, lambda uow: act(uow, self.child(child), seq))
        if told is not None and not right:
            self.done["disputed"] += 1
            assert who.startswith("Ma"), "a guardian whom nothing restricts"
            assert self.run(self._open(self.child(child), AlarmKind.DISPUTED))

    @rule(seconds=st.sampled_from([1, 30, 119, 121, 600, 3600]))
    def passes(self, seconds: int) -> None:
        clock = self.school.clock
        until = min(clock.now() + timedelta(seconds=seconds), NOON + timedelta(hours=11))
        clock.jump(until)  # type: ignore[attr-defined]

    @rule(after=st.sampled_from([0, 0, 10, 30]), of_a_class=st.booleans())
    def ticks(self, after: int, of_a_class: bool) -> None:
        """``after``: not before so many minutes have passed since the end of care. ``of_a_class``: the duty lead is
        told of all children of a class at once, else of each."""
        if after:
            over = NOON.replace(hour=17, minute=10) + timedelta(minutes=after)
            self.passes(max(0, int((over - self.school.clock.now()).total_seconds())))

        async def tick() -> None:
            async with self.school.work(SYSTEM) as uow:
                due = await due_steps(uow, (10, 20, 30))
                groups: dict[tuple[int, bool], list[int]] = defaultdict(list)
                for late in due:
                    if of_a_class and late.step == LEAD:
                        groups[late.session_id, late.unsaid].append(late.day_child_id)
                    else:
                        await take_step(uow, late)
                for (session_id, unsaid), children in groups.items():
                    await take_together(uow, session_id, children, unsaid)
            for late in due:
                assert late.step != LEAD or await self._open(late.day_child_id, AlarmKind.UNCOLLECTED)
            await self._check_told()

        self.run(tick())

    async def _check_told(self) -> None:
        """Each alarm of the clock is told once: by a letter of its own, or by one about its class."""
        async with self.school.look() as uow:
            of = {one.id: one for one in await uow.session.scalars(select(Alarm))}
            letters = list(await uow.session.scalars(select(Letter).where(Letter.kind.in_(TO_THE_LEAD))))
        told = [one.params.get("children") or [of[one.params["alarm_id"]].day_child_id] for one in letters]
        raised = Counter(one.day_child_id for one in of.values() if one.kind is AlarmKind.UNCOLLECTED)
        assert Counter(child for children in told for child in children) == raised
        self.done["told of a child"] += sum(1 for one in letters if "alarm_id" in one.params)
        self.done["told of a class"] += sum(1 for children in told if len(children) > 1)

    # what always holds

    async def _last(self, child: int) -> CustodyEvent:
        async with self.school.look() as uow:
            query = select(CustodyEvent).where(CustodyEvent.day_child_id == child).order_by(CustodyEvent.seq.desc())
            found = (await uow.session.scalars(query.limit(1))).one()
            return found

    async def _open(self, child: int, kind: AlarmKind) -> bool:
        async with self.school.look() as uow:
            query = select(Alarm.id).where(Alarm.day_child_id == child, Alarm.kind == kind, Alarm.closed_at.is_(None))
            return await uow.session.scalar(query) is not None

    @invariant()
    def one_holder_each_and_the_ledger_proves_it(self) -> None:
        self.run(self._check())

    async def _check(self) -> None:
        async with self.school.look() as uow:
            rows = (await uow.connection.execute(EVERY_ROW)).all()
            if rows == self.rows:  # not a letter of the chains has changed since they were last proved
                return
            verified = await verify(uow)
            assert isinstance(verified, Verified), verified
            children = list(await uow.session.scalars(select(DayChild)))
            links = list(await uow.session.scalars(select(CustodyEvent).order_by(CustodyEvent.seq)))
        assert sorted(child.id for child in children) == sorted(self.town.children), "the list stays the list"
        self.rows, self.links = rows, len(links)
        for child in children:
            self._check_chain(child, [link for link in links if link.day_child_id == child.id])

    def _check_chain(self, child: DayChild, chain: list[CustodyEvent]) -> None:
        assert child.last_seq == len(chain)
        before: CustodyEvent | None = None
        for link in chain:
            assert may_follow(before.step if before else None, link.step)
            assert link.holder in HELD_BY[link.step]
            if before is not None:
                assert (link.giver, link.giver_id, link.giver_name) == (
                    before.holder,
                    before.holder_id,
                    before.holder_name,
                ), "what one gives, the one before has taken"
            if link.step is Step.RELEASED and link.holder is Holder.ADULT:
                assert (child.id, link.holder_name) in self.town.allowed, link.holder_name
                assert link.proof in (Proof.CODE, Proof.LIST, Proof.SIGNATURE)
            elif link.step is Step.RELEASED:
                assert child.id in self.town.alone
            before = link


def test_whatever_anybody_does(built: tuple[Path, Town]) -> None:
    with asyncio.Runner() as runner:
        Custody.template, Custody.town = built
        Custody.done = Counter()
        Custody.loop = runner.get_loop()
        run_state_machine_as_test(  # type: ignore[no-untyped-call]
            Custody,
            settings=settings(
                max_examples=40,
                stateful_step_count=30,
                deadline=None,
                derandomize=True,
                suppress_health_check=list(HealthCheck),
            ),
        )
        for what in ("released", "held", "told of a child", "told of a class"):
            assert Custody.done[what], f"a machine in which nothing happens proves nothing: {Custody.done}"
        _each_kind_once()


def _each_kind_once() -> None:
    """What chance may leave out, by hand."""
    Custody.done = Counter()
    machine = Custody()
    try:
        machine.morning(1)
        machine.releases_well("Gate teacher", 0, 0, "again")
        machine.releases_well("Gate teacher", 2, 0, "undo")
        machine.releases_well("Homeroom two", 2, 1, "undo late")
        machine.releases_well("Deputy", 3, 0, "not right")
        machine.the_wrong_ones_come("Homeroom three", "Nan S4")
        machine.ben_goes_home("Gate teacher")
        machine.signs("Homeroom three", 4, 0, 4)
        machine.one_holder_each_and_the_ledger_proves_it()
    finally:
        machine.teardown()
    assert Custody.done == {
        "released": 4,
        "released again": 1,
        "undone": 1,
        "disputed": 1,
        "held": 1,
        "alone": 1,
        "signed": 2,
    }
