"""The rules in force: those that come with Tocsin, those written here, and how far each has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone

from tocsin.domains.rules.models import DetectionRule, RuleStep, Snooze
from tocsin.domains.scores.models import ScoreModel
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import SUFFIX, RuleSet, load, load_folder
from tocsin.engine.language.stages import STAGES_FILE, Stage, write_stages
from tocsin.engine.language.stages import Snooze as EngineSnooze
from tocsin.engine.scores.model import SUFFIX as MODEL_SUFFIX

State = DetectionRule.State
#: What the engine is told of a rule in each state; of those on paper it is told nothing.
_STAGES: Mapping[str, str] = {
    State.SHADOW: "shadow",
    State.CANARY: "canary",
    State.ACTIVE: "active",
    State.PAUSED: "off",
    State.RETIRED: "off",
}


@dataclass(frozen=True)
class Files:
    """Rule files by name, and the stage of each rule that is not simply active."""

    files: Mapping[str, str]
    stages: Mapping[str, Stage]

    def sources(self) -> dict[str, str]:
        """What `engine.language.ruleset.load` is given."""
        text = write_stages(self.stages)
        return {**self.files, STAGES_FILE: text} if text else dict(self.files)

    def read(self) -> RuleSet:
        """The rules themselves. Raises RuleError when they cannot be used."""
        return load(self.sources())

    def with_draft(self, draft: DetectionRule) -> Files:
        """The same with a draft active, in the place of what it replaces."""
        stages = {**self.stages, draft.name: Stage()}
        if draft.replaces:
            stages[draft.replaces] = Stage("off")
        return Files({**self.files, file_of(draft.name): draft.text}, stages)


def packaged() -> RuleSet:
    """The rules that come with Tocsin, or those of the folder the operator chose. Raises RuleError."""
    return load_folder(Path(settings.TOCSIN_RULES_DIR))


def file_of(name: str) -> str:
    """The name of the file of a rule that was written here. No packaged file is called so."""
    return f"written.{name}{SUFFIX}"


def in_force() -> Files:
    """What is in force now. Raises RuleError when the packaged rules cannot be used."""
    come = packaged()
    models = {f"{row.name}{MODEL_SUFFIX}": row.text for row in ScoreModel.objects.filter(state="in_force")}
    rows = list(
        DetectionRule.objects.filter(state__in=list(_STAGES))
        .exclude(pk__in=_withdrawn_on_paper())
        .order_by("name")
    )
    made = _files(come, models, [row for row in rows if row.packaged or row.state != State.RETIRED])
    try:
        made.read()
    except RuleError:
        # what is in force looks at something that only the file of a retired rule declares
        return _files(come, models, rows)
    return made


def _withdrawn_on_paper() -> QuerySet[DetectionRule]:
    """Retired before they ever ran: nothing can look at what their files declare, which may be anything."""
    ran = RuleStep.objects.filter(rule=OuterRef("pk"), to_state=State.SHADOW)
    return DetectionRule.objects.filter(~Exists(ran), state=State.RETIRED, packaged=False)


def _snoozed() -> dict[str, list[EngineSnooze]]:
    """Whom each rule leaves alone now."""
    found: dict[str, list[EngineSnooze]] = {}
    for row in snoozes_in_force().order_by("kind", "entity_id"):
        found.setdefault(row.rule_id, []).append(EngineSnooze(row.kind, row.entity_id, row.until))
    return found


def snoozes_in_force() -> QuerySet[Snooze]:
    """Those that nobody ended and whose day has not come."""
    return Snooze.objects.filter(ended_at=None, until__gt=timezone.now().date())


def _files(come: RuleSet, models: Mapping[str, str], rows: list[DetectionRule]) -> Files:
    known = [row for row in rows if not row.packaged or row.name in come.rules]
    written = {file_of(row.name): row.text for row in known if not row.packaged}
    snoozed = _snoozed()
    stages = {
        row.name: Stage(_STAGES[row.state], row.share, snoozed.get(row.name, []))  # type: ignore[arg-type]
        for row in known
    }
    return Files({**come.sources, **models, **written}, stages)
