"""The telephone when something else fails: nothing a caller said is lost, and no other caller notices."""

from __future__ import annotations

import json
import os
import resource
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
    until_over,
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
    until_over(own_stack, call)
    ((seconds, _),) = recordings(own_stack, call)
    assert len(sound_of(STATEMENT)) / 8_000 - 0.5 < seconds < len(sound_of(STATEMENT)) / 8_000 + 2


def test_without_the_web_process_a_message_becomes_a_report_later(own_stack: Stack) -> None:
    own_stack.until_ready("web")
    stopped = [own_stack.pid("web"), *descendants(own_stack.pid("web"))]
    before = newest_call(own_stack)
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
        assert newest_call(own_stack) == before
    finally:
        for pid in stopped:
            os.kill(pid, signal.SIGCONT)
    until(lambda: newest_call(own_stack) != before, "the call to be known")
    call = newest_call(own_stack)
    until(lambda: recordings(own_stack, call), "the message to arrive")
    assert report_of(own_stack, call)[1:] == ("phone", "S1")
    ((seconds, _),) = recordings(own_stack, call)
    assert 0 <= seconds - len(sound_of(STATEMENT)) / 8_000 < 1.5
    assert asked(own_stack, "SELECT state FROM line_queue_place WHERE call_id = %s", call) == [("call_back",)]
    spool = own_stack.home / "line" / "spool"
    until(lambda: not list(spool.glob("*.json")), "everything to be handed over")
    assert list((spool / "refused").iterdir()) == []


def test_a_full_disk_ends_a_call_with_a_word_and_no_other(own_stack: Stack) -> None:
    own_stack.until_ready("line")
    line = own_stack.pid("line")
    before = resource.prlimit(line, resource.RLIMIT_FSIZE)
    with somebody_calls(own_stack) as other, somebody_calls(own_stack) as caller:
        other.hears(words("welcome"))
        answers(caller, *FRAUD)
        caller.hears(words("statement"))
        caller.hears_the_beep()
        # no file of the line's grows any more
        resource.prlimit(line, resource.RLIMIT_FSIZE, (0, before[1]))
        caller.says(sound_of(STATEMENT).tobytes())
        caller.hears(words("fault"))
        assert not other.is_over
        with somebody_calls(own_stack) as third:
            third.hears(words("welcome"))
        assert own_stack.pid("line") == line
        resource.prlimit(line, resource.RLIMIT_FSIZE, before)
    assert own_stack.pid("line") == line


def test_a_killed_web_worker_is_only_a_pause(own_stack: Stack) -> None:
    own_stack.until_ready("web")
    with somebody_calls(own_stack) as caller:
        answers(caller, ("welcome", "1"))
        caller.hears(words("notice"))
        for pid in descendants(own_stack.pid("web")):
            os.kill(pid, signal.SIGKILL)
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


def test_a_flood_of_calls_from_elsewhere_costs_no_call(own_stack: Stack) -> None:
    own_stack.until_ready("line")
    port, before = own_stack.files.ports()["line"], own_stack.pid("line")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.bind(("127.0.0.1", 0))
        at = out.getsockname()[1]
        offer = (
            "v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
            "m=audio 9 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n"
        )
        for n in range(1_000):
            invite = (
                f"INVITE sip:safety@127.0.0.1:{port} SIP/2.0\r\n"
                f"Via: SIP/2.0/UDP 192.0.2.7:{at};branch=z9hG4bKf{n};rport\r\nMax-Forwards: 70\r\n"
                f"From: <sip:flood@192.0.2.7>;tag=f{n}\r\nTo: <sip:safety@127.0.0.1>\r\n"
                f"Call-ID: flood-{n}\r\nCSeq: 1 INVITE\r\nContact: <sip:flood@127.0.0.1:{at}>\r\n"
                f"Content-Type: application/sdp\r\nContent-Length: {len(offer)}\r\n\r\n{offer}"
            )
            out.sendto(invite.encode(), ("127.0.0.1", port))
        with somebody_calls(own_stack) as caller:
            answers(caller, ("welcome", "1"), ("notice", "1"))
            caller.hears(words("trouble"))
    beat = json.loads((own_stack.home / "run" / "line.json").read_text())
    assert beat["refused"] > 0
    assert own_stack.pid("line") == before
