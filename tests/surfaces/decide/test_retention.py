"""The log does not grow for ever: what time has passed over, and what is shipped, can be removed."""

from __future__ import annotations

from pathlib import Path

from tests.surfaces.decide.server import Server, order, until
from tocsin.engine.log import remove_segments
from tocsin.engine.log.frames import segments
from tocsin.engine.log.state import snapshots


def test_segments_and_snapshots_come_with_time_and_removal_changes_no_answer(tmp_path: Path) -> None:
    server = Server(tmp_path, "--segment-seconds", "0", "--snapshot-seconds", "0").start()
    sent, answers = [order(f"e{number}") for number in range(6)], []
    for event in sent:
        answers.append(server.post(event).json)
        if len(answers) in (2, 4):
            last = answers[-1]["seq"]
            until(lambda last=last: snapshots(server.folder)[-1:] and snapshots(server.folder)[-1][0] == last)
    assert [first for first, _ in segments(server.folder)] == [1, *(answer["seq"] for answer in answers)]

    until(lambda: [at for at, _ in snapshots(server.folder)][1:] == [answers[-1]["seq"]])  # a third is gone
    assert remove_segments(server.folder, shipped=answers[-1]["seq"])
    older, _ = snapshots(server.folder)
    assert segments(server.folder)[0][0] == older[0] + 1

    server.kill()
    server.start()
    assert [server.post(event).json for event in sent] == [{**one, "duplicate": True} for one in answers]
    assert server.post(order("next")).json["seq"] == answers[-1]["seq"] + 1
    assert server.stop() == 0
