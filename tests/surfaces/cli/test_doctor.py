"""The doctor finds what is wrong, says what to do, and changes nothing."""

from __future__ import annotations

import datetime as dt
import json
import os
import pwd
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
import pytest

from tests.support.database import FreshDatabase
from tocsin.config.env import Env
from tocsin.core.postgres import Urls
from tocsin.surfaces.cli.checks import database as database_checks
from tocsin.surfaces.cli.checks import machine, processes
from tocsin.surfaces.cli.checks.database import Database
from tocsin.surfaces.cli.checks.findings import Finding, State
from tocsin.surfaces.cli.doctor import run
from tocsin.surfaces.cli.runfiles import RunFiles, heartbeat_file


@pytest.fixture
def home(tmp_path: Path) -> Path:
    Env.load({"TOCSIN_HOME": str(tmp_path)}).make_folders()
    return tmp_path


def env_of(home: Path, **settings: str) -> Env:
    ports = {f"TOCSIN_{name}_PORT": "0" for name in ("WEB", "LIVE", "DECIDE", "LINE")}
    return Env.load({"TOCSIN_HOME": str(home)} | ports | settings)


def wrong(findings: Iterator[Finding]) -> list[str]:
    """What is wrong; every such finding must say what to do."""
    found = [finding for finding in findings if finding.state is State.WRONG]
    assert all(finding.todo for finding in found)
    return [finding.text for finding in found]


def test_a_good_home_is_content(home: Path) -> None:
    env = env_of(home)
    for check in (machine.home, machine.keys, machine.ports):
        assert wrong(check(env)) == []


def test_keys_that_others_can_read(home: Path) -> None:
    key = home / "keys" / "master"
    key.write_text("secret")
    key.chmod(0o640)
    (home / "evidence").chmod(0o755)
    assert wrong(machine.home(env_of(home))) == [
        f"{home / 'evidence'} can be read by others",
        f"{key} can be read by others",
    ]
    key.chmod(0o600)
    (home / "evidence").chmod(0o700)
    assert wrong(machine.home(env_of(home))) == []


def test_a_home_that_cannot_be_written() -> None:
    with TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        me = os.geteuid()
        if me == 0:  # who may write everywhere
            os.seteuid(pwd.getpwnam("nobody").pw_uid)
        try:
            found = wrong(machine.home(env_of(Path(folder))))
        finally:
            os.seteuid(me)
        os.chmod(folder, 0o700)
    assert found == [f"the home {folder} cannot be written"]


def test_little_room_on_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert wrong(machine.disk(env_of(home))) == []
    monkeypatch.setattr(machine, "_DISK_LEAST_MB", 2**40)
    assert len(wrong(machine.disk(env_of(home)))) == 1


def test_a_taken_port(home: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        env = env_of(home, TOCSIN_LIVE_PORT=port)
        assert wrong(machine.ports(env)) == [f"port {port} for live is taken by another program"]


def _clamd(home: Path, answer: bytes) -> tuple[Path, Callable[[], None]]:
    """Something that answers as clamd would, once."""
    path = home / "clamd.sock"
    door = socket.socket(socket.AF_UNIX)
    door.bind(str(path))
    door.listen()

    def serve() -> None:
        caller, _ = door.accept()
        with caller:
            assert caller.recv(64) == b"zPING\0"
            caller.sendall(answer)

    thread = threading.Thread(target=serve)
    thread.start()

    def end() -> None:
        thread.join(10)
        door.close()

    return path, end


@pytest.mark.parametrize(("answer", "count"), [(b"PONG\0", 0), (b"220 mail ready", 1)])
def test_clamd_is_asked_when_there_is_one(home: Path, answer: bytes, count: int) -> None:
    path, end = _clamd(home, answer)
    assert len(wrong(machine.antivirus(env_of(home, TOCSIN_CLAMD=str(path))))) == count
    end()


def test_clamd_that_does_not_answer(home: Path) -> None:
    env = env_of(home, TOCSIN_CLAMD=str(home / "nowhere"))
    assert wrong(machine.antivirus(env)) == [
        f"clamd does not answer at {home / 'nowhere'}: No such file or directory"
    ]
    assert wrong(machine.antivirus(env_of(home))) == []


@pytest.fixture
def urls(fresh_database: FreshDatabase) -> Urls:
    return fresh_database()


@pytest.fixture
def examined(home: Path, urls: Urls) -> Iterator[Database]:
    made = Database(env_of(home, TOCSIN_DATABASE_URL=urls.app))
    assert wrong(made.reach()) == []
    yield made
    made.close()


def change(urls: Urls, *statements: str) -> None:
    with psycopg.connect(urls.owner, autocommit=True) as owner:
        for statement in statements:
            owner.execute(statement)


def test_a_database_that_is_away(home: Path) -> None:
    made = Database(env_of(home, TOCSIN_DATABASE_URL=f"postgresql://tocsin_app@/tocsin?host={home}"))
    assert [text[:35] for text in wrong(made.reach())] == ["the database cannot be reached: con"]
    assert list(made.rights()) == list(made.time()) == list(made.waiting()) == list(made.keys()) == []


def test_a_good_database_is_content(examined: Database) -> None:
    for check in (examined.rights, examined.time, examined.waiting, examined.keys):
        assert wrong(check()) == []


def test_rights_the_application_must_not_have(examined: Database, urls: Urls) -> None:
    change(
        urls,
        "GRANT UPDATE, DELETE ON core_audit_entry TO tocsin_app",
        "GRANT TRUNCATE ON core_audit_anchor TO tocsin_app",
        "GRANT CREATE ON SCHEMA public TO tocsin_app",
    )
    assert wrong(examined.rights()) == [
        "the application's role tocsin_app may create tables",
        "the application's role tocsin_app has UPDATE on core_audit_entry",
        "the application's role tocsin_app has DELETE on core_audit_entry",
        "the application's role tocsin_app has TRUNCATE on core_audit_anchor",
    ]


def test_an_application_that_owns_the_tables(home: Path, urls: Urls) -> None:
    made = Database(env_of(home, TOCSIN_DATABASE_URL=urls.owner))
    assert wrong(made.reach()) == []
    found = wrong(made.rights())
    made.close()
    assert "the application's role tocsin_owner owns the table core_audit_entry" in found


def test_clocks_that_differ(examined: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_checks, "_SKEW", dt.timedelta(seconds=-1))
    assert [text[:41] for text in wrong(examined.time())] == ["this machine's clock and the database's d"]


CLOCK = """
INSERT INTO core_clock (id, name, kind, subject_type, subject_id, basis, amount, calendar, zone, authority,
    pause_rule, pauses, extensions, started_at, due_at, state, on_breach, data, attempts, last_error)
VALUES ('clk_1', 'answer', 'promise', 'report', 'rep_1', 'hours', 1, '', 'UTC', 'test',
    'never', '[]', '[]', now() - interval '3 hours', now() - interval '2 hours', 'running', '', '{}', 0, '')
"""


def test_a_deadline_nobody_acts_on(examined: Database, urls: Urls, home: Path) -> None:
    change(urls, CLOCK)
    assert wrong(examined.waiting()) == [], "while nothing runs, nothing is expected of it"
    files = RunFiles(home)
    files.take()
    try:
        found = wrong(examined.waiting())
    finally:
        files.leave()
    assert [text[:42] for text in found] == ["the oldest due deadline has waited for 2:0"]


def test_recordings_that_a_carrier_may_still_have(examined: Database, urls: Urls) -> None:
    change(
        urls,
        "INSERT INTO line_call (id, carrier, carrier_ref, state, verbs, step, started_at)"
        " VALUES ('call_1', 'twilio', 'CA1', '{}', '[]', 1, now())",
        "INSERT INTO line_recording (id, call_id, carrier_ref, received_at, evidence_id, account, tries,"
        " try_at, address_sealed) VALUES ('lrec_1', 'call_1', 'RE1', now(), '', '', 1, now(), 'x'),"
        " ('lrec_2', 'call_1', 'RE2', now(), '', '', 0, NULL, NULL)",
    )
    assert list(examined.recordings()) == []
    change(urls, "UPDATE line_recording SET try_at = NULL")
    [found] = examined.recordings()
    assert found.text.endswith("at, their carrier: twilio RE1")
    assert found.todo


def test_a_master_key_that_is_lost(
    examined: Database, urls: Urls, home: Path, settings: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    change(
        urls,
        "INSERT INTO core_data_key (scope, wrapped, master_key_id, created_at, destroyed_reason)"
        " VALUES ('party:p1', '\\x00', 'file-000000000000', now(), '')",
    )
    found = wrong(examined.keys())
    assert len(found) == 1
    assert "what is sealed under the master key file-000000000000 cannot be opened" in found[0]


def test_what_runs_and_what_fails(home: Path) -> None:
    files = RunFiles(home)
    state = {"restarts": 0, "since": "", "ready": True}
    files.take()
    try:
        files.write_ports({"web": 8123})
        files.write_processes({"web": state | {"pid": os.getpid()}})
        heartbeat_file(home, "worker").write_text(json.dumps({"clocks": {"failures": 0, "error": ""}}))
        assert wrong(processes.processes(env_of(home))) == []

        files.write_processes(
            {
                "web": state | {"pid": os.getpid(), "ready": False},
                "live": state | {"pid": os.getpid(), "restarts": 9},
                "decide": state | {"pid": 2**22 + 1},
            }
        )
        heartbeat_file(home, "worker").write_text(
            json.dumps({"clocks": {"failures": 2, "error": "OSError: full"}})
        )
        assert wrong(processes.processes(env_of(home))) == [
            "web runs and is not ready",
            f"live runs (process {os.getpid()}, started again 9 times)",
            "decide has just ended",
            "the worker's chore clocks fails: OSError: full",
        ]
        os.utime(heartbeat_file(home, "worker"), (0, 0))
        assert "the worker has been silent" in wrong(processes.processes(env_of(home)))[-1]
    finally:
        files.leave()
    assert wrong(processes.processes(env_of(home))) == []


def test_where_the_telephone_cannot_answer(home: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        found = list(machine.telephone(env_of(home, TOCSIN_LINE_PORT=port)))
        assert [one.text for one in found] == [f"the telephone cannot answer at 127.0.0.1:{port}"]
        assert "is taken by another program" in (found[0].todo or "")
    elsewhere = list(machine.telephone(env_of(home, TOCSIN_LINE_HOST="192.0.2.1")))
    assert "is not an address of this machine" in (elsewhere[0].todo or "")
    assert wrong(machine.telephone(env_of(home))) == []


def test_what_callers_said_and_nobody_took(home: Path) -> None:
    files = RunFiles(home)
    refused = home / "line" / "spool" / "refused"
    refused.mkdir(parents=True)
    files.take()
    try:
        files.write_processes({"line": {"restarts": 0, "since": "", "ready": True, "pid": os.getpid()}})
        heartbeat_file(home, "worker").write_text("{}")
        assert wrong(processes.processes(env_of(home))) == []
        (refused / "spool_1.json").write_text("{}")
        assert wrong(processes.processes(env_of(home))) == [
            f"1 recordings or ends of calls were refused and are kept in {refused}"
        ]
    finally:
        files.leave()


def test_it_ends_with_1_and_says_how_much_is_wrong(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    gone = f"postgresql://tocsin_app@/tocsin?host={home}"
    assert run(env_of(home, TOCSIN_DATABASE_URL=gone), None) == 1  # type: ignore[arg-type]
    shown = capsys.readouterr().out
    assert "WRONG  the database cannot be reached" in shown
    assert "       -> start it, or correct TOCSIN_DATABASE_URL; nothing is lost while it is away" in shown
    assert "1 things are wrong" in shown
