"""kill -9 under load, again and again: what was acknowledged is there, and was decided once and for all."""

from __future__ import annotations

import contextlib
import http.client
import json
import threading
from pathlib import Path
from typing import Any

import pytest

from tests.surfaces.decide.server import SECRET, Server, now, order, until
from tocsin.engine.decisions import Conflict, Outcome
from tocsin.engine.engine import Engine
from tocsin.engine.events import parse_event
from tocsin.engine.language.ruleset import NO_RULES
from tocsin.engine.log import EventRecord, read_log
from tocsin.engine.log.codec import read_header
from tocsin.engine.log.frames import MAGIC, blocks, segments
from tocsin.engine.log.state import recover, snapshots

ROUNDS = 6
CLIENTS = 4
HEADERS = {"Authorization": f"Bearer tsk_k1_{SECRET}", "Content-Type": "application/json"}


class Client(threading.Thread):
    """Sends orders until the connection breaks; remembers what was sent and every answer that arrived."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__(name=name)
        self.server = server
        self.sent: list[dict[str, Any]] = []
        self.answers: dict[str, dict[str, Any]] = {}

    def run(self) -> None:
        connection = self.server.connect()
        with contextlib.suppress(OSError, http.client.HTTPException):
            for number in range(100_000):
                batch = [
                    order(f"{self.name}-{number}-{i}", f"c{(number + i) % 5}", ts=now() - (number % 3) * 700)
                    for i in range(1 + number % 4)
                ]
                self.sent += batch
                connection.request("POST", "/v1/decide", json.dumps({"events": batch}), HEADERS)
                answer = connection.getresponse()
                body = json.loads(answer.read())
                assert answer.status == 200, body
                self.answers |= {decision["event_id"]: decision for decision in body["decisions"]}
        connection.close()


@pytest.mark.chaos
def test_nothing_acknowledged_is_lost_or_decided_otherwise(tmp_path: Path) -> None:
    server = Server(tmp_path, "--snapshot-every", "300")
    answers: dict[str, dict[str, Any]] = {}
    unanswered: list[dict[str, Any]] = []
    for round_ in range(ROUNDS):
        server.start()
        for event in unanswered[-20:]:  # what a client does after a broken connection: send it again
            reply = server.post(event).json
            assert reply["event_id"] == event["id"]
            answers[event["id"]] = {**reply, "duplicate": False}
        clients = [Client(server, f"r{round_}c{n}") for n in range(CLIENTS)]
        for client in clients:
            client.start()
        wanted = 150 * (round_ + 1)
        until(lambda clients=clients, wanted=wanted: sum(len(c.answers) for c in clients) > wanted)
        if round_ % 2:  # every other time, recovery begins at a snapshot taken under load
            before = newest(server)
            until(lambda before=before: newest(server) > before)
        server.kill()
        for client in clients:
            client.join(30)
            answers |= client.answers
            unanswered = [event for event in client.sent if event["id"] not in client.answers] or unanswered
    server.start()
    for event_id, answer in answers.items():
        assert answer["duplicate"] is False, event_id
    recorded = {
        r.decision().event_id: r
        for r in read_log(server.folder, server.codec, 0, 10**9)
        if isinstance(r, EventRecord)
    }
    for event_id, answer in answers.items():
        assert json.loads(recorded[event_id].decision_json) == answer
    some = sorted(answers)[:: max(1, len(answers) // 200)]
    for event_id in some:
        assert server.post(recorded[event_id].raw).json == {**answers[event_id], "duplicate": True}
    assert server.stop() == 0
    seqs = [record.seq for record in read_log(server.folder, server.codec, 0, 10**9)]
    assert seqs == list(range(1, len(seqs) + 1))
    from_snapshot = recover(server.folder, server.codec, NO_RULES)
    assert (from_snapshot.differing, from_snapshot.replayed) == (0, len(seqs) - newest(server))
    for _, path in snapshots(server.folder):
        path.unlink()
    from_the_beginning = recover(server.folder, server.codec, NO_RULES)
    assert from_the_beginning.differing == 0
    # where in memory a counter lies depends on the batches that made it; what it counts does not
    events = list(recorded.values())
    assert goes_on(from_the_beginning.engine, events) == goes_on(from_snapshot.engine, events)


def goes_on(engine: Engine, past: list[EventRecord]) -> list[Outcome | Conflict]:
    """What an engine says next: to some of what it knows, told again, and to one more order of everybody."""
    at = past[-1].received_at + 1
    again = [record.event() for record in past[:: max(1, len(past) // 500)]]
    more = [parse_event(json.dumps(order(f"after-{n}", f"c{n}", ts=at)).encode()) for n in range(6)]
    told = engine.decide([*again, *more], at)
    assert [one.decision.duplicate for one in told if isinstance(one, Outcome)] == [True] * len(again) + [
        False
    ] * 6
    return told


def test_a_stopped_server_answers_what_it_took_in_and_goes_on_where_it_was(own_server: Server) -> None:
    first = own_server.post(order("a")).json
    assert own_server.stop() == 0
    own_server.start()
    assert own_server.post(order("b")).json["seq"] == first["seq"] + 1


def test_a_second_process_on_the_same_log_does_not_start(own_server: Server) -> None:
    second = Server(own_server.home)
    with pytest.raises(AssertionError, match="one log has one writer"):
        second.start()
    assert own_server.post(order("still-there")).status == 200


def test_a_dead_pump_takes_the_process_down(own_server: Server) -> None:
    """A disk full in the middle of a commit: nobody hangs, the process ends, nothing acknowledged is lost."""
    acknowledged = own_server.post(order("kept")).json
    limit_file_size(own_server.process.pid, own_server.folder)
    statuses = []
    with contextlib.suppress(OSError, http.client.HTTPException):
        for number in range(50):
            statuses.append(own_server.post(order(f"full-{number}", fields={"x": "y" * 4000})).status)
            if statuses[-1] != 200:
                break
    assert own_server.process.wait(30) != 0
    assert set(statuses[:-1]) <= {200}
    own_server.start()
    again = own_server.post(order("kept", ts=own_ts(own_server, acknowledged["seq"]))).json
    assert again == {**acknowledged, "duplicate": True}


def newest(server: Server) -> int:
    """Position of the newest snapshot, 0 without one."""
    return max((position for position, _ in snapshots(server.folder)), default=0)


def limit_file_size(pid: int, folder: Path) -> None:
    """Let the process write a few kilobytes more, then no more: EFBIG stands in for ENOSPC."""
    import resource

    with segments(folder)[-1][1].open("rb") as file:
        read_header(file, MAGIC)
        size = max(block.end for block in blocks(file)) + 10_000
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (size, size))


def own_ts(server: Server, seq: int) -> int:
    [record] = read_log(server.folder, server.codec, seq - 1, 1)
    assert isinstance(record, EventRecord)
    return record.event().ts
