"""Handing the rules in force to decide as files: it needs no database to read them.

`$TOCSIN_HOME/rules/current` is a link to the folder with the set in force. A new set is written whole and
made durable in a folder of its own, and the link is replaced in one step, so that whoever reads sees one set
or the other, whatever is killed and when.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from django.conf import settings

from tocsin.core.act import act
from tocsin.core.actor import system
from tocsin.core.crypto.files import sync_folder
from tocsin.core.locks import lock
from tocsin.core.outbox.registry import on
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.rules.models import DetectionRule
from tocsin.domains.scores.models import ScoreModel
from tocsin.engine.language.ruleset import load

CURRENT: Final = "current"


def folder() -> Path:
    """Where the sets lie."""
    return Path(settings.TOCSIN_HOME) / "rules"


@on("rule.moved", "rules.publish")
@on("rule.snoozed", "rules.publish")
def publish_after_step(_data: Mapping[str, Any]) -> None:
    """Publish after every step, and when somebody is left alone or no longer. Safe to run twice."""
    publish()


@on("model.moved", "rules.publish_model")
def publish_after_model(_data: Mapping[str, Any]) -> None:
    """Publish after another model came into force. Safe to run twice."""
    publish()


def publish() -> int:
    """Write the set in force where decide reads it; returns how many sets were written: 0 when it lies there,
    or when nothing was ever put to use here. Raises RuleError: the packaged rules cannot be used."""
    with act(system("rules"), "rules.publish") as work:
        # whoever waits here reads what was committed meanwhile, so that an older set never comes last
        lock("rules.publish")
        where = folder()
        if not (
            DetectionRule.objects.exclude(state__in=DetectionRule.ON_PAPER).exists()
            or ScoreModel.objects.exclude(state=ScoreModel.State.OFFERED).exists()
        ):
            return 0
        sources = in_force().sources()
        name = hashlib.sha256(json.dumps(sources, sort_keys=True).encode()).hexdigest()[:32]
        if _read_link(where / CURRENT) == name:
            return 0
        version = load(sources).version
        _write_set(where, name, sources)
        _point_to(where, name)
        work.fact("rules.set", name, version=version)
        _forget_others(where)
    return 1


def _write_set(where: Path, name: str, sources: Mapping[str, str]) -> None:
    draft = where / f"{name}.tmp"
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    for file, text in sources.items():
        with (draft / file).open("w", encoding="utf-8", newline="") as out:
            out.write(text)
            out.flush()
            os.fsync(out.fileno())
    sync_folder(draft)
    shutil.rmtree(where / name, ignore_errors=True)
    draft.rename(where / name)
    sync_folder(where)


def _point_to(where: Path, name: str) -> None:
    link = where / f"{CURRENT}.tmp"
    link.unlink(missing_ok=True)
    link.symlink_to(name, target_is_directory=True)
    link.rename(where / CURRENT)
    sync_folder(where)


def _forget_others(where: Path) -> None:
    """All but the newest two: decide may still be reading the one before."""
    sets = sorted(
        (path for path in where.iterdir() if not path.is_symlink()), key=lambda p: p.stat().st_mtime
    )
    for path in sets[:-2]:
        shutil.rmtree(path, ignore_errors=True)


def _read_link(link: Path) -> str:
    return os.readlink(link) if link.is_symlink() else ""
