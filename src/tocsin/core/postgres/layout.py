"""Where things lie, and which system user the server runs as.

``<folder>``                the embedded server's own folder, 0700, of the user who first started Tocsin
``<folder>/data``           the cluster; belongs to the server's user
``<folder>/secrets.json``   passwords of the roles, 0600
``<folder>/*.lock``         see ``attach.py`` and ``keeper.py``
"""

from __future__ import annotations

import hashlib
import os
import pwd
import stat
from dataclasses import dataclass
from pathlib import Path

from tocsin.core.postgres.errors import PostgresError

#: Names the socket; there is no TCP port.
PORT = 5432
#: sockaddr_un.sun_path holds 108 bytes including the closing zero.
_SOCKET_PATH_LIMIT = 107
_SYSTEM_USERS = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class ServerUser:
    """The system user who owns the cluster and runs the server. ``drop``: we are root and must become it."""

    uid: int
    gid: int
    name: str
    drop: bool


@dataclass(frozen=True, slots=True)
class Layout:
    """The paths of one embedded server, from its folder."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def lease_lock(self) -> Path:
        """Held shared by every attached process; exclusively by a keeper that is stopping the server."""
        return self.folder / "lease.lock"

    @property
    def start_lock(self) -> Path:
        """Held while somebody sets up or starts the server."""
        return self.folder / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        """Held by the keeper as long as it lives."""
        return self.folder / "keeper.lock"

    @property
    def keeper_log(self) -> Path:
        return self.folder / "keeper.log"

    @property
    def start_log(self) -> Path:
        """What the server said until its own log (``data/log``) took over."""
        return self.folder / "start.log"

    @property
    def ephemeral(self) -> Path:
        """Marker: a throw-away cluster; the keeper removes the folder when it stops the server."""
        return self.folder / "ephemeral"

    @property
    def bootstrapped(self) -> Path:
        """Marker inside the cluster: roles and database exist."""
        return self.data / "tocsin.ready"

    @property
    def pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    def make(self) -> None:
        """Create the folder, private to its owner.

        Raises:
            PostgresError: it belongs to another user, or is not a folder.
        """
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        info = self.folder.stat()
        if os.geteuid() not in (0, info.st_uid):
            raise PostgresError(
                f"The database folder {self.folder} belongs to user {_name(info.st_uid)}, and you are "
                f"{_name(os.geteuid())}. Nothing was changed. Run Tocsin as {_name(info.st_uid)}, "
                "or set TOCSIN_HOME to a folder of your own."
            )
        if stat.S_IMODE(info.st_mode) != 0o700:
            self.folder.chmod(0o700)

    def socket_folder(self) -> Path:
        """The folder of the server's socket: inside ours, or a short one when that cannot work.

        Everybody computes the same answer, whoever they are: a socket path has at most 107 bytes, and a
        server that runs as another user than the owner of the folder cannot walk through it.
        """
        owner = self.folder.stat().st_uid
        inside = self.folder / "socket"
        if owner != 0 and len(os.fsencode(inside / f".s.PGSQL.{PORT}")) <= _SOCKET_PATH_LIMIT:
            return inside
        key = hashlib.sha256(os.fsencode(self.folder.resolve())).hexdigest()[:16]
        run = owner == 0 and os.access("/run", os.W_OK | os.X_OK)
        base = Path("/run" if run else "/tmp")  # noqa: S108
        return base / f"tocsin-{owner}-{key}"

    def make_socket_folder(self, user: ServerUser) -> Path:
        """Create the socket's folder for the server's user, or make sure that an existing one is ours.

        Raises:
            PostgresError: something that is not ours lies there.
        """
        folder = self.socket_folder()
        try:
            folder.mkdir(mode=0o700)
            if user.drop:
                os.chown(folder, user.uid, user.gid)
        except FileExistsError:
            pass
        info = folder.lstat()
        if not stat.S_ISDIR(info.st_mode) or info.st_uid not in (user.uid, os.geteuid()):
            raise PostgresError(
                f"{folder} is in the way: the database's socket belongs there, and it was made by somebody "
                "else. Nothing was changed. Find out who made it and remove it, or set TOCSIN_HOME to "
                "another folder."
            )
        if user.drop and info.st_uid != user.uid:
            os.chown(folder, user.uid, user.gid)
        folder.chmod(0o700)
        return folder

    def server_user(self) -> ServerUser:
        """Who runs the server: ourselves, or when we are root a user who may do less.

        Raises:
            PostgresError: we are root and the machine has no user to become.
        """
        me = os.geteuid()
        if me != 0:
            return ServerUser(me, os.getegid(), _name(me), drop=False)
        owner = self.folder.stat().st_uid
        if owner == 0 and self.data.exists():
            owner = self.data.stat().st_uid
        candidates: list[str | int] = [owner] if owner != 0 else list(_SYSTEM_USERS)
        for candidate in candidates:
            try:
                entry = pwd.getpwuid(candidate) if isinstance(candidate, int) else pwd.getpwnam(candidate)
            except KeyError:
                continue
            return ServerUser(entry.pw_uid, entry.pw_gid, entry.pw_name, drop=True)
        raise PostgresError(
            "PostgreSQL refuses to run as root, and this machine has neither a user `postgres` nor `nobody`. "
            "Nothing was changed. Run Tocsin as an ordinary user, or set TOCSIN_DATABASE_URL to a server of "
            "yours."
        )


def _name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return str(uid)
