"""A tenth of everything is lost on the way: the call still goes through, and the recording is as long as what
was said."""

from __future__ import annotations

import asyncio

import pytest

from benchmarks.line import statement_of
from benchmarks.line_caller import Call, Lines
from tests.support.stack import Stack, until
from tests.surfaces.line.endpoint.test_calls import newest_call, recordings

pytestmark = pytest.mark.timeout(240)
SAID_S = 6.0


async def _call(port: int) -> Call:
    _, lines = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: Lines(("127.0.0.1", port), loss=0.1, sound_loss=0.1), local_addr=("127.0.0.1", 0)
    )
    call = Call(lines, 1, statement_of(1, SAID_S))
    lines.calls[call.id] = call
    pacing = asyncio.create_task(lines.pace())
    try:
        await call.run("1122")
    finally:
        pacing.cancel()
    return call


def test_a_call_over_a_bad_network(stack: Stack) -> None:
    asyncio.run(_call(stack.files.ports()["line"]))
    call = newest_call(stack)
    until(lambda: recordings(stack, call), "the recording to arrive")
    ((seconds, _),) = recordings(stack, call)
    assert SAID_S <= seconds <= SAID_S + 1.5
