"""Real calls over SIP to a running Tocsin: what is heard, keyed and said, and what comes of it."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import numpy as np
import pytest

from tests.support.stack import Stack, until
from tests.support.telephone import Caller, found_at, somebody_calls, sound_of
from tocsin.core.ids import spoken_groups, to_digits
from tocsin.domains.line.prompts import worded
from tocsin.domains.line.verbs import Say
from tocsin.surfaces.line.speech.g711 import RATE
from tocsin.surfaces.line.speech.voices import has_voice

pytestmark = pytest.mark.timeout(240)
HOUSE = {"brand": "Tocsin", "emergency_number": "9, 1, 1"}
STATEMENT = "My shopper used my card for an order that I never made. It was yesterday evening at nine."
#: A report about fraud: English, recorded, fraud, no live order.
FRAUD = (("welcome", "1"), ("notice", "1"), ("trouble", "2"), ("live", "2"))
PIN = """
from tocsin.domains.line.models import Call
print(Call.objects.latest("started_at").pin)
"""
RECORDING = """
import base64
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.reading import read
print(base64.b64encode(read(Evidence.objects.get(pk="%s"))).decode())
"""


def words(prompt: str, language: str = "en", **values: str) -> str:
    return worded(Say(prompt), language, HOUSE | values)[1]


def answers(caller: Caller, *steps: tuple[str, str], language: str = "en") -> None:
    """Hear each prompt, and press its keys before it has ended."""
    for prompt, keys in steps:
        caller.hears(words(prompt, language), language)
        caller.presses(keys)


def makes_a_statement(caller: Caller) -> None:
    caller.hears(words("statement"))
    caller.hears_the_beep()
    caller.says(sound_of(STATEMENT).tobytes())


def spoken(number: str) -> str:
    return " ".join(", ".join(group) + "." for group in spoken_groups(number, "en"))


def asked(stack: Stack, question: str, *values: object) -> list[tuple[Any, ...]]:
    with stack.connect() as connection:
        return connection.execute(question, values).fetchall()


def newest_call(stack: Stack) -> str:
    return str(asked(stack, "SELECT id FROM line_call ORDER BY started_at DESC LIMIT 1")[0][0])


def report_of(stack: Stack, call: str) -> tuple[str, str, str]:
    """Its number, channel and severity."""
    (row,) = asked(
        stack, "SELECT number, channel, severity FROM reports_report r JOIN line_call c ON c.report_id = r.id"
        " WHERE c.id = %s", call,
    )  # fmt: skip
    return row


def log_of(stack: Stack, call: str, kind: str) -> list[dict[str, Any]]:
    """The details of the lines of one kind, in order."""
    rows = asked(
        stack, "SELECT detail FROM line_log WHERE call_id = %s AND kind = %s ORDER BY at", call, kind
    )
    return [json.loads(row[0]) if isinstance(row[0], str) else row[0] for row in rows]


def recordings(stack: Stack, call: str) -> list[tuple[float, str]]:
    """Seconds and evidence of each."""
    return asked(stack, "SELECT seconds, evidence_id FROM line_recording WHERE call_id = %s", call)


def until_over(stack: Stack, call: str) -> None:
    ended = "SELECT 1 FROM line_call WHERE id = %s AND ended_at IS NOT NULL"
    until(lambda: asked(stack, ended, call), "the call to have ended")


def shell(stack: Stack, code: str) -> str:
    done = stack.tocsin("manage", "shell", "-c", code)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]


def test_a_whole_call_and_coming_back_with_number_and_pin(stack: Stack) -> None:
    with somebody_calls(stack) as caller:
        answers(caller, *FRAUD)
        makes_a_statement(caller)
        caller.presses("#")
        call = newest_call(stack)
        caller.hears(words("thank_you"))
        pin = shell(stack, PIN)
        number, channel, severity = report_of(stack, call)
        assert (channel, severity) == ("phone", "S2")
        caller.hears_all(words("number", number=spoken(number)))
        caller.hears_all(words("pin", pin=", ".join(pin)))
        caller.hears(words("once_more"))
        caller.presses("3")
        caller.hears(words("connect"))
        caller.presses("3")
        caller.hears_all(words("goodbye"))
        until(lambda: caller.is_over, "the line to hang up")

    until_over(stack, call)
    until(lambda: recordings(stack, call), "the recording to arrive")
    assert [line["given"] for line in log_of(stack, call, "consent")] == [True]
    assert [line["keys"] for line in log_of(stack, call, "keyed")] == ["1", "1", "2", "2", "#", "3", "3"]
    heard = [line["prompts"] for line in log_of(stack, call, "heard")]
    assert heard[:2] == [["welcome", "welcome"], ["notice", "danger_key"]]
    assert asked(stack, "SELECT pin_sealed FROM line_call WHERE id = %s", call) == [(None,)]

    comes_back(stack, number, pin)


def comes_back(stack: Stack, number: str, pin: str) -> None:
    with somebody_calls(stack) as caller:
        answers(caller, ("welcome", "1"), ("notice", "1"), ("trouble", "7"))
        wrong = f"{(int(pin) + 1) % 1_000_000:06d}"
        for tried, told in ((wrong, "number_or_pin_wrong"), (pin, "status")):
            caller.hears(words("follow_number"))
            caller.presses(to_digits(number))
            # on a busy machine a key may come too late; whoever is asked again keys it in again
            while caller.hears_one_of(words("follow_pin"), words("follow_number")) != words("follow_pin"):
                caller.presses(to_digits(number))
            caller.presses(tried)
            if told != "status":
                caller.hears(words(told))
        caller.hears(words("follow_menu"))
        caller.presses("4")
        caller.hears_all(words("goodbye"))
    call = newest_call(stack)
    assert log_of(stack, call, "opened") == [{"number": number}]
    assert log_of(stack, call, "not_opened") == [{"why": "wrong"}]
    assert {line["keys"] for line in log_of(stack, call, "keyed") if line["at"] != "trouble"} >= {"•" * 16}


def test_the_recording_is_whole(stack: Stack) -> None:
    with somebody_calls(stack) as caller:
        answers(caller, *FRAUD)
        makes_a_statement(caller)
        call = newest_call(stack)
        caller.hangs_up()
    until(lambda: recordings(stack, call), "the recording to arrive")
    ((seconds, evidence),) = recordings(stack, call)
    said = sound_of(STATEMENT)
    recorded = np.frombuffer(b64decode(shell(stack, RECORDING % evidence))[44:], np.int16)
    assert seconds == pytest.approx(len(recorded) / RATE, abs=0.001)
    # every part of what was said is there, in its order, and nowhere drifts by more than half a percent
    piece = RATE // 2
    places = [
        (at, found_at(said[at : at + piece], recorded)) for at in range(0, len(said) - 2 * piece, piece)
    ]
    missing = [
        at / RATE for at, found in places if found is None and np.abs(said[at : at + piece]).max() > 2000
    ]
    assert missing == []
    offsets = [found - at for at, found in places if found is not None]
    assert max(offsets) - min(offsets) <= 0.005 * len(said)


@pytest.mark.parametrize("answered", range(len(FRAUD) + 1))
def test_hanging_up_at_each_step(stack: Stack, answered: int) -> None:
    with somebody_calls(stack) as caller:
        answers(caller, *FRAUD[:answered])
        if answered < len(FRAUD):
            caller.hears(words(FRAUD[answered][0]))
        else:
            caller.hears(words("statement"))
        call = newest_call(stack)
        caller.hangs_up()
    until_over(stack, call)
    filed = asked(stack, "SELECT report_id FROM line_call WHERE id = %s", call) != [(None,)]
    assert filed == (answered == len(FRAUD))
    assert recordings(stack, call) == []


def test_silence_is_understood(stack: Stack) -> None:
    with somebody_calls(stack) as caller:
        caller.hears(words("welcome"))
        caller.presses("55")
        caller.hears(words("silent_danger"))
        caller.presses("4")
        call = newest_call(stack)
        waits = "SELECT silent, severity FROM line_queue_place WHERE call_id = %s AND state = 'waiting'"
        until(lambda: asked(stack, waits, call) == [(True, "S0")], "a silent place in the queue")
        looked = len(caller.heard)
        caller.presses("1")
        until(lambda: caller.is_over, "the line to hang up")
        assert np.abs(np.frombuffer(bytes(caller.heard[looked:]), np.int16)).max() < 100, "something was said"
    until_over(stack, call)
    assert report_of(stack, call)[1:] == ("phone", "S0")
    assert asked(stack, "SELECT state FROM line_queue_place WHERE call_id = %s", call) == [("call_back",)]


def test_spanish(stack: Stack) -> None:
    if not has_voice("es"):
        pytest.skip("there is no espeak-ng here")
    with somebody_calls(stack) as caller:
        caller.hears(words("welcome"))
        caller.presses("2")
        answers(caller, ("notice", "1"), ("trouble", "8"), ("live", "2"), language="es")
        caller.hears(words("statement", "es"), "es")
        call = newest_call(stack)
    assert report_of(stack, call)[1] == "phone"
    of_call = "SELECT r.language FROM reports_report r JOIN line_call c ON c.report_id = r.id WHERE c.id = %s"
    assert asked(stack, of_call, call) == [("es",)]


def test_three_entries_nobody_understands_lead_to_a_statement(stack: Stack) -> None:
    with somebody_calls(stack) as caller:
        answers(caller, ("welcome", "1"), ("notice", "1"))
        for _ in range(2):
            caller.hears(words("trouble"))
            caller.presses("0")
            caller.hears(words("not_understood"))
        caller.hears(words("trouble"))
        caller.presses("0")
        caller.hears(words("statement"))
        call = newest_call(stack)
    assert report_of(stack, call)[1] == "phone"
