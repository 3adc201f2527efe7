"""What waits for the web process is on the disk, survives a new start, and holds up nothing else."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from tests.support.stack import until
from tocsin.surfaces.line.endpoint.spool import Spool
from tocsin.surfaces.line.endpoint.webhooks import Webhooks

PUBLIC = "https://line.example"


class Web(ThreadingHTTPServer):
    """A web process that answers every address with a status of its own; ``taken`` are those with 204."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers: dict[str, int] = {}
        self.taken: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Web

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        name = self.path.rstrip("/").rpartition("/")[2]
        status = self.server.answers.get(name, 204)
        if status == 204:
            self.server.taken.append(name)
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        return


@contextmanager
def web() -> Iterator[Web]:
    server = Web()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


async def handing_over(folder: Path, server: Web, waiting: int) -> None:
    """A new start of the process that hands over, until so many things wait."""
    async with Webhooks(f"http://127.0.0.1:{server.server_port}", PUBLIC, "secret") as hooks:
        spool = Spool(folder, hooks)
        work = asyncio.create_task(spool.hand_over())
        await asyncio.to_thread(until, lambda: len(spool) == waiting, "everything to be handed over")
        work.cancel()


def put(folder: Path, *names: str, killed_in: str = "") -> None:
    """Put things there and end, closing every recording but the one we are killed in."""

    async def story() -> None:
        async with Webhooks("http://127.0.0.1:1", PUBLIC, "secret") as hooks:
            spool = Spool(folder, hooks)
            for name in names:
                take = spool.begin(hooks.door(name), {"CallSid": "c"})
                take.write(bytes(16_000))
                if name != killed_in:
                    spool.close(take)

    asyncio.run(story())


def test_a_recording_cut_short_by_a_kill_is_handed_over_after_a_new_start(tmp_path: Path) -> None:
    put(tmp_path, "cut", killed_in="cut")
    with web() as server:
        asyncio.run(handing_over(tmp_path, server, 0))
        assert server.taken == ["cut"]
    assert [path.name for path in tmp_path.iterdir()] == ["refused"]


def test_one_that_cannot_be_taken_holds_up_nothing(tmp_path: Path) -> None:
    put(tmp_path, "broken", "refused", "good")
    with web() as server:
        server.answers = {"broken": 500, "refused": 422}
        asyncio.run(handing_over(tmp_path, server, 1))
        assert server.taken == ["good"]
        assert len(list((tmp_path / "refused").glob("*.pcm"))) == 1
        server.answers = {}
        asyncio.run(handing_over(tmp_path, server, 0))
        assert server.taken == ["good", "broken"]


def test_the_end_of_a_call_is_told_after_a_kill_and_after_its_recordings(tmp_path: Path) -> None:
    program = """
import os, pathlib, sys
from tocsin.surfaces.line.endpoint.spool import Spool
from tocsin.surfaces.line.endpoint.webhooks import Webhooks
hooks = Webhooks("http://127.0.0.1:1", sys.argv[2], "secret")
spool = Spool(pathlib.Path(sys.argv[1]), hooks)
with spool.afterwards(hooks.door("end"), {"CallSid": "c"}):
    spool.begin(hooks.door("cut"), {"CallSid": "c"}).write(bytes(16_000))
    os.kill(os.getpid(), 9)
"""
    subprocess.run([sys.executable, "-c", program, str(tmp_path), PUBLIC], check=False)
    with web() as server:
        asyncio.run(handing_over(tmp_path, server, 0))
        assert server.taken == ["cut", "end"]
    assert [path.name for path in tmp_path.iterdir()] == ["refused"]


def test_an_end_waits_for_its_call(tmp_path: Path) -> None:
    async def story(server: Web) -> None:
        async with Webhooks(f"http://127.0.0.1:{server.server_port}", PUBLIC, "secret") as hooks:
            spool = Spool(tmp_path, hooks)
            work = asyncio.create_task(spool.hand_over())
            with spool.afterwards(hooks.door("end"), {"CallSid": "c"}):
                spool.close(spool.begin(hooks.door("empty"), {"CallSid": "c"}))
                await asyncio.to_thread(until, lambda: len(spool) == 0, "the recording to be handed over")
                assert server.taken == []
            await asyncio.to_thread(until, lambda: len(spool) == 0, "the end to be handed over")
            work.cancel()

    with web() as server:
        asyncio.run(story(server))
        assert server.taken == ["end"]


def test_a_paper_that_cannot_be_read_is_set_aside_with_its_sound(tmp_path: Path) -> None:
    put(tmp_path, "bad", "good")
    bad = min(tmp_path.glob("*.json"))
    bad.write_text("{")
    with web() as server:
        asyncio.run(handing_over(tmp_path, server, 0))
        assert server.taken == ["good"]
    assert {path.name for path in (tmp_path / "refused").iterdir()} == {bad.name, f"{bad.stem}.pcm"}


def test_a_new_start_leaves_no_sound_behind(tmp_path: Path) -> None:
    put(tmp_path, "whole", "handed over", "set aside")
    whole, handed_over, aside = sorted(tmp_path.glob("*.json"))
    handed_over.unlink()
    aside.rename(tmp_path / "refused" / aside.name)
    (tmp_path / "spool_x.tmp").write_text("{")
    put(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"refused", whole.name, f"{whole.stem}.pcm"}
    assert {path.name for path in (tmp_path / "refused").iterdir()} == {aside.name, f"{aside.stem}.pcm"}
