"""``tocsin up`` as an operator meets it: one command, killed parts, taken ports, a clean end."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.core.postgres import hands
from tests.support.database import FreshDatabase
from tests.support.stack import PATIENCE_S, Stack, running, until
from tocsin.core.postgres.layout import Layout
from tocsin.surfaces.cli.runfiles import heartbeat_file

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]
PROGRAMS = ("decide", "web", "live", "worker", "line")
HEALTH = {"decide": "/readyz", "web": "/healthz", "live": "/readyz"}


def descendants(pid: int) -> set[int]:
    """Every process that ``pid`` has started, and those have."""
    found: set[int] = set()
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, task.read_text().split()):
            found |= {child} | descendants(child)
    return found


def status(stack: Stack, name: str) -> int:
    return httpx.get(stack.address(name) + HEALTH[name], timeout=10).status_code


def test_everything_answers_and_the_doctor_is_content(own_stack: Stack) -> None:
    assert set(own_stack.files.ports()) == {*HEALTH, "line"}
    for name in HEALTH:
        assert status(own_stack, name) == 200
    assert set(own_stack.files.processes()) == set(PROGRAMS)
    shown = own_stack.said()
    assert f"Tocsin is up:        {own_stack.web}" in shown
    assert str(own_stack.home / "logs") in shown

    examined = own_stack.tocsin("doctor")
    assert examined.returncode == 0, examined.stdout
    assert "Nothing is wrong." in examined.stdout
    for name in PROGRAMS:
        assert f"ok     {name} runs" in examined.stdout


def test_it_listens_on_this_machine_only(own_stack: Stack) -> None:
    ports = {f"{port:04X}" for port in own_stack.files.ports().values()}
    listening = {
        line.split()[1]
        for table in ("tcp", "tcp6")
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]
        if line.split()[3] == "0A" and line.split()[1].rpartition(":")[2] in ports
    }
    assert listening == {f"0100007F:{port}" for port in ports}


def test_a_second_one_in_the_same_home_is_refused(own_stack: Stack) -> None:
    refused = own_stack.tocsin("up")
    assert refused.returncode == 1
    assert f"Tocsin is already running in {own_stack.home}" in refused.stderr
    assert own_stack.web in refused.stderr
    assert status(own_stack, "web") == 200


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_killed_process_comes_back(own_stack: Stack, name: str) -> None:
    own_stack.until_ready(name)
    before = own_stack.pid(name)
    below = descendants(before)
    if name not in HEALTH:
        heartbeat_file(own_stack.home, name).unlink()
    own_stack.kill(name)
    own_stack.until_ready(name, after=before)
    until(lambda: not any(map(hands.runs, below | {before})), "the old one to be gone")
    if name in HEALTH:
        assert status(own_stack, name) == 200
    else:
        assert heartbeat_file(own_stack.home, name).exists()
    assert "supervisor: was ended by SIGKILL" in own_stack.log(name)


def test_callers_of_decide_wait_while_it_starts_again(own_stack: Stack) -> None:
    own_stack.until_ready("decide")
    own_stack.kill("decide")
    assert httpx.get(own_stack.decide + "/readyz", timeout=PATIENCE_S).status_code == 200


def test_a_killed_web_worker_is_replaced(own_stack: Stack) -> None:
    own_stack.until_ready("web")
    main = own_stack.pid("web")
    victim = min(descendants(main))
    os.kill(victim, signal.SIGKILL)
    # only when it was reaped have all its threads ended, and with them its share of the port
    until(lambda: victim not in descendants(main) and len(descendants(main)) >= 2, "a new web worker")
    assert own_stack.pid("web") == main
    until(lambda: status(own_stack, "web") == 200, "the web to answer")


def test_ctrl_c_ends_everything_and_it_starts_again(own_stack: Stack) -> None:
    assert own_stack.process is not None
    everything = descendants(own_stack.process.pid)
    assert len(everything) > len(PROGRAMS)
    assert own_stack.stop() == 0
    assert not any(map(hands.runs, everything))
    assert own_stack.files.ports() == {}
    assert not own_stack.files.is_running()
    assert own_stack.said().rstrip().endswith("stopped")

    own_stack.start()
    for name in HEALTH:
        assert status(own_stack, name) == 200


def test_when_it_is_killed_nothing_is_left_and_it_starts_again(own_stack: Stack) -> None:
    assert own_stack.process is not None
    everything = descendants(own_stack.process.pid)
    own_stack.process.kill()
    own_stack.process.wait()
    until(lambda: not any(map(hands.runs, everything)), "everything to end")
    assert own_stack.tocsin("doctor").returncode == 0, "a killed Tocsin leaves an installation that is fine"

    own_stack.files.clear()
    own_stack.start()
    assert status(own_stack, "web") == 200


def test_a_taken_port_is_said_and_nothing_starts(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        stack = Stack(tmp_path / "home", fresh_database(), {"TOCSIN_LIVE_PORT": port})
        refused = stack.tocsin("up")
    assert refused.returncode == 1
    assert f"Port {port} for live is taken by another program" in refused.stderr
    assert not stack.files.is_running()
    assert list((tmp_path / "home" / "logs").iterdir()) == []


def test_half_a_database_setting_is_said(fresh_database: FreshDatabase, tmp_path: Path) -> None:
    stack = Stack(tmp_path / "home", fresh_database(), {"TOCSIN_OWNER_DATABASE_URL": ""})
    refused = stack.tocsin("up")
    assert refused.returncode == 1
    assert "TOCSIN_OWNER_DATABASE_URL is not" in refused.stderr


@pytest.fixture(scope="module")
def self_contained(fresh_database: FreshDatabase) -> Iterator[Stack]:
    """With the embedded database in its own home, as `make run` has it."""
    with running(fresh_database(), TOCSIN_DATABASE_URL="", TOCSIN_OWNER_DATABASE_URL="") as made:
        yield made


def test_the_embedded_database_and_its_keeper_may_be_killed(self_contained: Stack) -> None:
    folder = self_contained.home / "postgres"
    old = (hands.server(folder), hands.keeper(folder))
    for pid in old:
        assert pid is not None
        os.kill(pid, signal.SIGKILL)

    until(lambda: hands.kept(folder) and hands.server(folder) not in (None, *old), "a new server")
    until(lambda: status(self_contained, "web") == 200, "the web to find the database again")
    for name in PROGRAMS:
        self_contained.until_ready(name)


def test_the_embedded_database_ends_with_the_rest(self_contained: Stack) -> None:
    folder = self_contained.home / "postgres"
    assert self_contained.stop() == 0
    assert hands.is_gone(folder)
    assert not Layout(folder).pid_file.exists(), "it was shut down, not killed"
