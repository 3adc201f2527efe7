"""The line as carriers reach it: the same call through each of them, and nothing for anybody else."""

from __future__ import annotations

import hashlib
import re
import time
from typing import Any
from urllib.parse import urlencode
from xml.etree.ElementTree import canonicalize

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse

from tests.domains.line.callers import tone
from tests.surfaces.line.carrier import SECRETS, Phone, signature
from tocsin.core.evidence.models import Evidence
from tocsin.domains.line import calls
from tocsin.domains.line.models import Call, CallLogLine, QueuePlace
from tocsin.domains.reports.following import verify_follow_up
from tocsin.domains.reports.models import Report
from tocsin.surfaces.line import links

CARRIERS = ["built-in", "twilio", "signalwire", "telnyx"]
FRAUD = ("1", "1", "2", "2")


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_whole_call(carrier: str) -> None:
    phone = Phone(carrier).keys(*FRAUD)
    phone.speaks()
    report = Report.objects.get()
    assert (report.channel, report.severity) == ("phone", "S2")
    pins = re.findall(r"Your PIN is: ((?:\d, ){5}\d)\.", phone.says)
    assert len(pins) == 2
    assert verify_follow_up(report.number, pins[0].replace(", ", ""), "192.0.2.1") == report
    phone.keys("3")
    # at night nobody handles this: then a call back is what is offered
    phone.keys("2")
    assert QueuePlace.objects.get().state == "call_back"
    assert phone.document.find("Hangup") is not None
    phone.posts(f"/line/{carrier}/status/", CallStatus="completed")
    assert Call.objects.get().ended_at is not None


def test_danger_waits_in_the_queue_until_it_is_over() -> None:
    phone = Phone().keys("*")
    left = phone.where("Enqueue")
    phone.posts(phone.where("Enqueue", "waitUrl"))
    assert "You are number 1 in line" in phone.says
    phone.keys("", "")
    phone.keys("1")
    assert phone.document.find("Leave") is not None
    phone.posts(left, QueueResult="leave")
    assert QueuePlace.objects.get().state == "call_back"
    assert "Your report number is" in phone.says


@pytest.mark.parametrize("carrier", CARRIERS)
def test_a_forged_signature_changes_nothing(carrier: str) -> None:
    phone = Phone(carrier).keys("1")
    before = (Call.objects.values().get(), CallLogLine.objects.count())
    address = phone.where("Gather")
    path = address.removeprefix(settings.TOCSIN_PUBLIC_URL)
    for forged in (
        {},
        {"x-twilio-signature": "", "x-signalwire-signature": ""},
        {"x-twilio-signature": "AAAA", "telnyx-signature-ed25519": "AAAA", "telnyx-timestamp": "1"},
        signature(carrier, settings.TOCSIN_PUBLIC_URL + path, "Digits=9"),
    ):
        assert phone.posts(address, headers=forged, Digits="1").status_code == 403
    assert (Call.objects.values().get(), CallLogLine.objects.count()) == before


def test_the_signature_is_checked_against_the_configured_address() -> None:
    body = urlencode({"CallSid": "CA1", "From": ""})
    headers = signature("twilio", "https://evil.example/line/twilio/call/", body)
    client = Client()
    answer = client.post(
        "/line/twilio/call/", body, content_type="application/x-www-form-urlencoded",
        headers={**headers, "host": "evil.example", "x-forwarded-host": "evil.example"},
    )  # fmt: skip
    assert answer.status_code in (400, 403)
    assert not Call.objects.exists()


def test_blank_and_odd_values_are_signed_too() -> None:
    body = "CallSid=CA1&From=&CallerName=&Z=%C3%A9+%26&A=b"
    fields = {"CallSid": "CA1", "From": "", "CallerName": "", "Z": "é &", "A": "b"}
    url = f"{settings.TOCSIN_PUBLIC_URL}/line/twilio/call/?x=1&y="
    headers = {"x-twilio-signature": RequestValidator(SECRETS["twilio"]).compute_signature(url, fields)}
    answer = Client().post(
        "/line/twilio/call/?x=1&y=", body, content_type="application/x-www-form-urlencoded", headers=headers
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("seconds", [-301, 301])
def test_a_webhook_from_another_time_is_refused(seconds: int) -> None:
    url = f"{settings.TOCSIN_PUBLIC_URL}/line/telnyx/call/"
    headers = signature("telnyx", url, "CallSid=CA1", at=time.time() + seconds)
    answer = Client().post(
        "/line/telnyx/call/", "CallSid=CA1", content_type="application/x-www-form-urlencoded", headers=headers
    )
    assert answer.status_code == 403
    assert not Call.objects.exists()


def test_a_replayed_step_answers_again_and_moves_nothing() -> None:
    phone = Phone().keys("1", "1")
    address = phone.where("Gather")
    phone.posts(address, Digits="2")
    first, step = phone.says, Call.objects.get().step
    phone.posts(address, Digits="1")
    assert phone.says == first
    assert Call.objects.get().step == step


def test_an_address_of_one_call_leads_nowhere_else() -> None:
    phone = Phone()
    address = phone.where("Gather")
    assert phone.posts(address.replace("/twilio/", "/built-in/")).status_code == 403
    assert phone.posts(f"/line/twilio/{'x' * 40}/").status_code == 404
    assert phone.posts(address[:-2] + "x/").status_code == 404
    assert Call.objects.get().step == 1


def test_a_step_of_one_call_is_not_taken_from_another() -> None:
    mine, theirs = Phone(), Phone()
    assert theirs.posts(mine.where("Gather"), Digits="1").status_code == 404
    assert list(Call.objects.values_list("step", flat=True)) == [1, 1]


def left(caller_ref: str, *, digest: str = "") -> int:
    """The status after handing over a message that a caller left while nobody could be reached."""
    url = f"{settings.TOCSIN_PUBLIC_URL}/line/built-in/message/"
    sound = tone()
    fields = {
        "CallSid": caller_ref, "From": "+14155550142", "Language": "es", "RecordingSid": "m1",
        "RecordingDuration": "0.5", "RecordingSha256": digest or hashlib.sha256(sound).hexdigest(),
    }  # fmt: skip
    signed = signature("built-in", url, urlencode(fields))
    file = SimpleUploadedFile("r.wav", sound, "audio/wav")
    return Client().post("/line/built-in/message/", {**fields, "Recording": file}, headers=signed).status_code


def test_a_message_left_while_we_were_away_becomes_one_report_and_a_call_owed() -> None:
    assert left("C1", digest="0" * 64) == 422
    assert not Report.objects.exists()
    for _ in range(2):
        assert left("C1") == 204
    report = Report.objects.get()
    assert (report.channel, report.severity, report.language) == ("phone", "S1", "es")
    assert Evidence.objects.get().media_type == "audio/wav"
    place = QueuePlace.objects.get()
    assert (place.state, place.severity) == ("call_back", "S1")


def test_a_message_of_a_call_that_has_a_report_belongs_to_it() -> None:
    phone = Phone("built-in").keys(*FRAUD)
    assert left(phone.sid) == 204
    assert Call.objects.get().report == Report.objects.get()
    assert Evidence.objects.count() == 1


def test_only_carriers_that_are_set_up_are_answered(settings: Any) -> None:
    settings.TOCSIN_LINE_CARRIERS = {}
    phone = Phone()
    assert phone.answer.status_code == 404
    assert phone.posts("/line/nobody/call/").status_code == 404
    assert not Call.objects.exists()


def test_when_we_cannot_go_on_the_caller_hears_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone()

    def broken(*_: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(calls, "advance", broken)
    phone.keys("1")
    assert "is safe" in phone.says
    assert "dial 9, 1, 1" in phone.says
    assert phone.document.find("Hangup") is not None
    assert Client().get("/line/twilio/safe/").content == phone.answer.content


def test_who_takes_messages_is_told_that_we_cannot_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    phone = Phone("built-in")

    def broken(*_: object) -> None:
        raise DatabaseError("the database is away")

    monkeypatch.setattr(calls, "advance", broken)
    assert phone.posts(phone.where("Gather"), Digits="1").status_code == 503


def upload(phone: Phone, address: str, content: bytes, digest: str) -> int:
    """The status after sending a recording along, as the built-in endpoint does."""
    path = address.removeprefix(settings.TOCSIN_PUBLIC_URL)
    fields = {
        "CallSid": phone.sid,
        "RecordingSid": "r1",
        "RecordingDuration": "0.5",
        "RecordingSha256": digest,
    }
    signed = signature("built-in", settings.TOCSIN_PUBLIC_URL + path, urlencode(fields))
    file = SimpleUploadedFile("r.wav", content, "audio/wav")
    return phone.client.post(path, {**fields, "Recording": file}, headers=signed).status_code


def test_a_recording_sent_along_becomes_evidence_once() -> None:
    phone = Phone("built-in").keys(*FRAUD)
    address = phone.where("Record", "recordingStatusCallback")
    sound = tone()
    digest = hashlib.sha256(sound).hexdigest()
    assert upload(phone, address, sound[:-2], digest) == 422
    assert not Evidence.objects.exists()
    for _ in range(2):
        assert upload(phone, address, sound, digest) == 204
    item = Evidence.objects.get()
    assert (item.sha256, item.media_type, item.size) == (digest, "audio/wav", len(sound))


def test_the_documents_are_those_twilios_library_writes() -> None:
    phone = Phone()
    address = phone.where("Gather")
    wanted = VoiceResponse()
    gather = wanted.gather(
        input="dtmf", num_digits=1, timeout=6, finish_on_key="#", action=address, method="POST"
    )
    for one in phone.document.iter("Say"):
        gather.say(one.text, language=one.attrib["language"])
    wanted.redirect(address, method="POST")
    assert canonicalize(phone.answer.content.decode()) == canonicalize(str(wanted))


def test_the_built_in_endpoint_has_a_secret_of_its_own() -> None:
    assert links.built_in_secret() not in SECRETS.values()
    assert len(links.built_in_secret()) >= 32
