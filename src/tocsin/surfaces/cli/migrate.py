"""``tocsin migrate``: brings schema, reference data and static files up to this version. Safe to run
again.
"""

from __future__ import annotations

import argparse
import hashlib
from importlib import import_module
from pathlib import Path

from tocsin.surfaces.cli.environment import Environment
from tocsin.surfaces.cli.runfiles import write_whole

HELP = "bring the database, reference data and static files up to this version"


def arguments(_parser: argparse.ArgumentParser) -> None:
    return None


def run(_env: Environment, _args: argparse.Namespace) -> int:
    """Needs the owner's role; ``tocsin migrate`` takes it by itself."""
    from django.core.management import call_command

    call_command("migrate", interactive=False, verbosity=1)
    load_reference()
    collect_static()
    return 0


def load_reference() -> None:
    """Load the data each domain brings along: the ``load()`` of its module ``reference``, which may run
    again.
    """
    from django.apps import apps
    from django.utils.module_loading import module_has_submodule

    for config in apps.get_app_configs():
        if config.name.startswith("tocsin.domains.") and module_has_submodule(config.module, "reference"):
            print(f"reference data of {config.verbose_name}")
            import_module(f"{config.name}.reference").load()


def collect_static() -> None:
    """Gather and compress what browsers load, when it changed since the last time."""
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.management import call_command

    seen = hashlib.sha256()
    for finder in get_finders():
        for name, storage in finder.list([]):
            info = Path(storage.path(name)).stat()
            seen.update(f"{name} {info.st_size} {info.st_mtime_ns}\n".encode())
    stamp = Path(settings.STATIC_ROOT) / ".collected"
    if stamp.exists() and stamp.read_text() == seen.hexdigest():
        return
    call_command("collectstatic", interactive=False, verbosity=0)
    write_whole(stamp, seen.hexdigest())
    print("static files gathered")
