"""When the last child has left extended care, its list does not speak of a class."""

from __future__ import annotations

from databases import Databases
from test_extended_gate import in_extended_care

from care.records import Step


async def test_extended_care_is_no_class(sqlite: Databases) -> None:
    async with in_extended_care(sqlite) as (gate, keeper, children):
        for child in children:
            (guardian, *_) = await gate.guardians(child)
            await keeper.send("/handover")
            await keeper.tap(await gate.name(child))
            await keeper.tap(guardian.name)
            await keeper.tap("我认识来人")
            assert (await gate.last(child)).step is Step.RELEASED
        await keeper.send("/handover")
        keeper.reads("这里没有等候的孩子")
