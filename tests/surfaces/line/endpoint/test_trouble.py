"""The telephone when something else fails: nothing a caller said is lost, and no other caller notices."""

from __future__ import annotations

import os
import signal
import socket

import numpy as np
import pytest

from tests.support.stack import Stack, until
from tests.support.telephone import somebody_calls, sound_of
from tests.surfaces.cli.test_up import descendants
from tests.surfaces.line.endpoint.test_calls import (
    FRAUD,
    STATEMENT,
    answers,
    asked,
    makes_a_statement,
    newest_call,
    recordings,
    report_of,
    words,
)

pytestmark = [pytest.mark.timeout(240), pytest.mark.chaos]


def test_a_line_that_is_killed_while_somebody_speaks_keeps_what_they_said(own_stack: Stack) -> None:
    with somebody_calls(own_stack) as caller:
        answers(caller, *FRAUD)
        makes_a_statement(caller)
        call, before = newest_call(own_stack), own_stack.pid("line")
        own_stack.kill("line")
    own_stack.until_ready("line", after=before)
    until(lambda: recordings(own_stack, call), "the recording to arrive")
    ((seconds, _),) = recordings(own_stack, call)
    assert len(sound_of(STATEMENT)) / 8_000 - 0.5 < seconds < len(sound_of(STATEMENT)) / 8_000 + 2


def test_without_the_web_process_a_message_becomes_a_report_later(own_stack: Stack) -> None:
    own_stack.until_ready("web")
    stopped = [own_stack.pid("web"), *descendants(own_stack.pid("web"))]
    calls = asked(own_stack, "SELECT count(*) FROM line_call")
    for pid in stopped:
        os.kill(pid, signal.SIGSTOP)
    try:
        with somebody_calls(own_stack) as caller:
            caller.hears(words("fault_message"))
            caller.hears_the_beep()
            caller.says(sound_of(STATEMENT).tobytes())
            caller.presses("#")
            caller.hears_all(words("message_kept"))
            until(lambda: caller.is_over, "the line to hang up")
        assert asked(own_stack, "SELECT count(*) FROM line_call") == calls
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    until(lambda: asked(own_stack, "SELECT count(*) FROM line_call") != calls, "the message to arrive")
    call = newest_call(own_stack)
    assert report_of(own_stack, call)[1:] == ("phone", "S1")
    ((seconds, _),) = recordings(own_stack, call)
    assert seconds == pytest.approx(len(sound_of(STATEMENT)) / 8_000, abs=1.0)
    assert asked(own_stack, "SELECT state FROM line_queue_place WHERE call_id = %s", call) == [("call_back",)]
    spool = own_stack.home / "line" / "spool"
    until(lambda: not list(spool.glob("*.json")), "everything to be handed over")
    assert list((spool / "refused").iterdir()) == []


def test_a_killed_web_process_is_only_a_pause(own_stack: Stack) -> None:
    own_stack.until_ready("web")
    with somebody_calls(own_stack) as caller:
        answers(caller, ("welcome", "1"))
        caller.hears(words("notice"))
        own_stack.kill("web")
        caller.presses("1")
        caller.hears(words("trouble"))


def test_nonsense_at_the_port_costs_no_call(own_stack: Stack) -> None:
    own_stack.until_ready("line")
    port, before = own_stack.files.ports()["line"], own_stack.pid("line")
    random = np.random.default_rng(5)
    real = (
        "INVITE sip:safety@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=z9hG4bK{n}\r\n"
        "From: <sip:x@127.0.0.1>;tag={n}\r\nTo: <sip:safety@127.0.0.1>\r\nCall-ID: {n}\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:x@127.0.0.1:9>\r\nContent-Type: application/sdp\r\nContent-Length: 9999\r\n\r\nv=0\r\n"
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        for n in range(2_000):
            whole = real.format(n=n).encode()
            cut = whole[: int(random.integers(1, len(whole)))]
            noise = bytes(random.integers(0, 256, int(random.integers(1, 1_200)), dtype=np.uint8))
            out.sendto((cut, noise, whole.replace(b"INVITE", b"\x00NVITE"))[n % 3], ("127.0.0.1", port))
    with somebody_calls(own_stack) as caller:
        caller.hears(words("welcome"))
    assert own_stack.pid("line") == before
