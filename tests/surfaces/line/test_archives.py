"""Recordings that a carrier keeps: fetched with its key, sealed, deleted there; from nowhere else."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

import pytest
from django.utils import timezone

from tests.domains.line.callers import tone
from tests.support.recordings_host import RecordingsHost, recordings_host
from tests.surfaces.line.carrier import Phone
from tests.surfaces.line.test_webhooks import FRAUD
from tocsin.core.evidence.models import Evidence
from tocsin.core.evidence.reading import read
from tocsin.domains.line import carrier_recordings
from tocsin.domains.line.models import Recording
from tocsin.surfaces.line.archives import fetch_due

ACCOUNT = "AC1"
PATH = "/2010-04-01/Accounts/AC1/Recordings/RE1"


@pytest.fixture
def host(settings: Any) -> Iterator[RecordingsHost]:
    with recordings_host(ACCOUNT, "key") as server:
        settings.TOCSIN_LINE_ARCHIVES = {
            "twilio": ("key", server.host),
            "signalwire": ("key", server.host),
            "telnyx": ("key", server.host),
        }
        settings.TOCSIN_OUTBOUND_ALLOW = (server.host,)
        yield server


def announced(
    host: RecordingsHost, carrier: str = "twilio", address: str = "", sid: str = "RE1",
    status: str = "completed",
) -> int:  # fmt: skip
    """The status when the carrier says that it has a recording of a call."""
    phone = Phone(carrier).keys(*FRAUD)
    told = {"AccountSid": ACCOUNT, "RecordingSid": sid, "RecordingStatus": status}
    told |= {"RecordingUrl": address or f"http://{host.host}{PATH}", "RecordingDuration": "1"}
    return phone.posts(phone.where("Record", "recordingStatusCallback"), **told).status_code


@pytest.mark.parametrize("carrier", ["twilio", "signalwire"])
def test_fetched_sealed_and_deleted_there(host: RecordingsHost, carrier: str) -> None:
    host.recordings[PATH] = tone()
    assert announced(host, carrier) == 204
    assert fetch_due() == 1
    assert read(Evidence.objects.get()) == tone()
    recording = Recording.objects.get()
    assert recording.evidence_id == Evidence.objects.get().pk
    assert (recording.try_at, recording.address, recording.deleted_at is not None) == (None, "", True)
    assert host.asked == [("GET", f"{PATH}.wav", 200), ("DELETE", PATH, 204)]
    assert host.recordings == {}
    assert fetch_due() == 0


def test_what_is_not_ready_is_asked_for_again(host: RecordingsHost) -> None:
    assert announced(host) == 204
    assert fetch_due() == 1
    assert not Evidence.objects.exists()
    recording = Recording.objects.get()
    assert (recording.tries, fetch_due()) == (1, 0)
    host.recordings[PATH] = tone()
    Recording.objects.update(try_at=timezone.now() - dt.timedelta(seconds=1))
    assert fetch_due() == 1
    assert Evidence.objects.count() == 1


def test_what_could_not_be_deleted_is_deleted_later_and_fetched_once(host: RecordingsHost) -> None:
    host.recordings[PATH] = tone()
    assert announced(host) == 204
    host.wanted, right = "", host.wanted
    assert fetch_due() == 1
    host.wanted = right
    recording = carrier_recordings.take_next(timezone.now() + dt.timedelta(hours=2))
    assert recording is not None
    carrier_recordings.store(recording.pk, tone())
    Recording.objects.update(try_at=timezone.now() - dt.timedelta(seconds=1))
    assert fetch_due() == 1
    assert host.asked[1:] == [("DELETE", PATH, 204)]
    assert Evidence.objects.count() == 1


@pytest.mark.parametrize(
    "address", ["http://evil.example/r", "http://127.0.0.1:1/r", "file:///etc/passwd", "http://", "http://["]
)
def test_no_other_host_is_asked(host: RecordingsHost, address: str) -> None:
    assert announced(host, address=address) == 422
    assert not Recording.objects.exists()
    assert host.asked == []


def test_a_carrier_whose_recordings_are_open_for_a_while_gets_its_key_only_to_delete(
    host: RecordingsHost, settings: Any
) -> None:
    host.wanted, host.recordings[PATH] = None, tone()
    assert announced(host, "telnyx", sid="RE1") == 204
    assert fetch_due() == 1
    assert Evidence.objects.count() == 1
    # the deletion carries the key, which this host, that wants none, refuses
    assert host.asked == [("GET", PATH, 200), ("DELETE", "/v2/recordings/RE1", 401)]
    assert Recording.objects.get().try_at is not None


def test_the_worker_takes_each_once(host: RecordingsHost) -> None:
    announced(host)
    assert carrier_recordings.take_next() is not None
    assert carrier_recordings.take_next() is None


@pytest.mark.parametrize("sid", ["", "../calls/RE1", "RE1?x", "R" * 121])
def test_a_recording_without_a_reference_is_refused(host: RecordingsHost, sid: str) -> None:
    assert announced(host, "telnyx", sid=sid) == 422
    assert not Recording.objects.exists()


@pytest.mark.parametrize("status", ["absent", "failed", "in-progress"])
def test_what_the_carrier_has_not_got_is_not_asked_for(host: RecordingsHost, status: str) -> None:
    assert announced(host, status=status) == 204
    assert not Recording.objects.exists()


def test_what_is_not_found_by_its_reference_is_not_called_deleted(host: RecordingsHost) -> None:
    host.wanted, host.recordings[PATH] = None, tone()
    assert announced(host, "telnyx") == 204
    recording = carrier_recordings.take_next()
    assert recording is not None
    carrier_recordings.store(recording.pk, tone())
    host.wanted = "Bearer key"
    Recording.objects.update(try_at=timezone.now() - dt.timedelta(seconds=1))
    assert fetch_due() == 1
    assert host.asked == [("DELETE", "/v2/recordings/RE1", 404)]
    recording.refresh_from_db()
    assert (recording.deleted_at, recording.address) == (None, f"http://{host.host}{PATH}")
    assert recording.try_at is not None


def test_after_a_week_it_is_given_up_and_stays_known(host: RecordingsHost) -> None:
    assert announced(host) == 204
    Recording.objects.update(received_at=timezone.now() - carrier_recordings.GIVEN_UP_AFTER)
    assert fetch_due() == 1
    recording = Recording.objects.get()
    assert (recording.try_at, recording.deleted_at, recording.address != "") == (None, None, True)
    assert carrier_recordings.take_next(timezone.now() + dt.timedelta(days=1)) is None


def test_one_that_breaks_does_not_keep_the_others_waiting(
    host: RecordingsHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.recordings[PATH] = tone()
    assert announced(host) == announced(host) == 204

    def broken(*_: object) -> None:
        raise RuntimeError("the disk is away")

    monkeypatch.setattr(carrier_recordings, "store", broken)
    assert fetch_due() == 2
    assert list(Recording.objects.values_list("tries", flat=True)) == [1, 1]
