"""The passwords of the embedded server's roles, and the addresses made from them."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlencode

from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.layout import PORT, Layout

SUPERUSER = "tocsin_super"
OWNER = "tocsin_owner"
APP = "tocsin_app"
DATABASE = "tocsin"


@dataclass(frozen=True, slots=True)
class Urls:
    """``app`` for every running process; ``owner`` only for migrations."""

    app: str
    owner: str


def passwords(layout: Layout) -> dict[str, str]:
    """The password of each role, made on first use.

    Raises:
        PostgresError: the cluster exists and its passwords are gone.
    """
    if not layout.secrets.exists():
        if layout.data.exists():
            raise PostgresError(
                f"The database in {layout.data} is there, and its passwords in {layout.secrets} are not. "
                "Nothing was changed. Put secrets.json back from your backup."
            )
        _create(layout)
    return {role: str(value) for role, value in json.loads(layout.secrets.read_text()).items()}


def _create(layout: Layout) -> None:
    made = {role: secrets.token_urlsafe(32) for role in (SUPERUSER, OWNER, APP)}
    draft = layout.secrets.with_suffix(f".{os.getpid()}.tmp")
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        json.dump(made, file)
        file.flush()
        os.fsync(file.fileno())
    try:
        # a link never replaces: of several processes that start at once, the first one's passwords count
        os.link(draft, layout.secrets)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def conninfo(layout: Layout, role: str, database: str = DATABASE) -> str:
    """The libpq URL of a role: unix socket, no TCP."""
    password = quote(passwords(layout)[role], safe="")
    query = urlencode({"host": str(layout.socket_folder()), "port": PORT})
    return f"postgresql://{role}:{password}@/{database}?{query}"


def urls(folder: Path) -> Urls:
    """The addresses of the embedded server of this folder. Starts nothing.

    Raises:
        PostgresError: the folder is not ours or has lost its passwords.
    """
    layout = Layout(folder.absolute())
    layout.make()
    return Urls(app=conninfo(layout, APP), owner=conninfo(layout, OWNER))
