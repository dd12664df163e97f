"""The budget of a channel: never faster than allowed, and the last third is kept from reminders and broadcasts."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from bot.wire.budget import Budget, Limits
from care.records import Class


class Watch:
    """A ticker that a test moves."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


def test_broadcasts_leave_a_third_for_taps() -> None:
    budget = Budget(Limits(), Watch())
    sent = sum(budget.wait(chat, Class.BROADCAST) == 0 for chat in range(100))
    assert sent == 20
    assert sum(budget.wait(1000 + chat, Class.REPLY) == 0 for chat in range(100)) == 10


def test_a_chat_has_a_burst_and_then_one_a_second() -> None:
    watch = Watch()
    budget = Budget(Limits(), watch)
    assert [budget.wait(7, Class.REPLY) == 0 for _ in range(6)] == [True] * 5 + [False]
    watch.at += 1.0
    assert [budget.wait(7, Class.REPLY) == 0 for _ in range(2)] == [True, False]


def test_answers_to_taps_cost_nothing_but_wait_when_told_to() -> None:
    watch = Watch()
    budget = Budget(Limits(), watch)
    assert all(budget.wait(7, Class.ANSWER) == 0 for _ in range(500))
    budget.silence(3)
    assert budget.wait(7, Class.ANSWER) == 3
    watch.at = 3
    assert budget.wait(7, Class.ANSWER) == 0


@given(st.lists(st.tuples(st.floats(0, 2), st.integers(0, 3), st.sampled_from(list(Class))), max_size=200))
def test_never_more_than_the_limit_in_any_second(steps: list[tuple[float, int, Class]]) -> None:
    watch = Watch()
    limits = Limits(overall_per_s=5, chat_per_s=1, chat_burst=2)
    budget = Budget(limits, watch)
    sent: list[tuple[float, int]] = []
    for pause, chat, klass in steps:
        watch.at += pause
        if budget.wait(chat, klass) == 0 and klass is not Class.ANSWER:
            sent.append((watch.at, chat))
    for at, chat in sent:
        assert sum(at <= other < at + 1 for other, _ in sent) <= 2 * limits.overall_per_s
        assert sum(at <= other < at + 1 and c == chat for other, c in sent) <= limits.chat_burst + 1
