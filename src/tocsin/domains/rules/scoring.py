"""Models beside the rules in force: offered by one person, put into force by another, taken back by anybody
who may promote. What is in force is handed to decide with the rules."""

from __future__ import annotations

from typing import Final

from django.utils import timezone

from tocsin.core.access.check import require
from tocsin.core.act import Work, act
from tocsin.core.actor import Actor
from tocsin.core.errors import AccessDenied, Conflict, InvalidInput
from tocsin.core.ids import new_id
from tocsin.core.locks import lock
from tocsin.domains.rules.in_force import in_force
from tocsin.domains.scores.models import ModelComparison, ScoreModel
from tocsin.engine.language.features import NAME
from tocsin.engine.language.problems import RuleError
from tocsin.engine.language.ruleset import load
from tocsin.engine.scores.model import MAX_BYTES, SUFFIX, Model, ModelError, read_model

State = ScoreModel.State
MAX_CAPACITY: Final = 100_000


def offer(actor: Actor, name: str, text: str) -> ScoreModel:
    """Offer the file of a trained model; the same file again is the same offer.

    Raises:
        AccessDenied: without ``rules.edit``. InvalidInput: it is no trained model, or does not fit the rules
        in force.
    """
    require(actor, "rules.edit")
    model = _read(name, text)
    now = timezone.now()
    with act(actor, "model.offer") as work:
        lock("scores.models")
        found = ScoreModel.objects.filter(name=name, version=model.version).first()
        if found is not None:
            return found
        made = ScoreModel(
            id=new_id("mdl"), name=name, version=model.version, text=text, since=now, author_id=actor.id,
            offered_at=now,
        )  # fmt: skip
        work.save(made)
    return made


def put_into_force(actor: Actor, model_id: str) -> ScoreModel:
    """Let a model score from now on, in the place of the one of its name.

    Raises:
        AccessDenied: without ``rules.promote``, or the offerer's own. NotFound. Conflict: the rules in force
        would not fit each other with it.
    """
    require(actor, "rules.promote")
    with act(actor, "model.put_into_force") as work:
        lock("scores.models")
        row = work.lock(ScoreModel, model_id)
        if row.state == State.IN_FORCE:
            return row
        if row.author_id == actor.id:
            raise AccessDenied(
                "You offered this model, so somebody else has to put it into force.",
                "Ask another rules engineer or a supervisor to look at it.",
                permission="rules.promote",
                reason="own",
            )
        row.promoter_id = actor.id
        row.replaced = _retire(work, row.name)
        _move(work, row, State.IN_FORCE)
        _refuse_what_does_not_fit()
    return row


def take_back(actor: Actor, model_id: str) -> ScoreModel:
    """Take a model out of force, and put back the one that it replaced, or else the file that comes with the
    rules.

    Raises:
        AccessDenied: without ``rules.promote``. NotFound. Conflict: it is not in force, or the rules need it.
    """
    require(actor, "rules.promote")
    with act(actor, "model.take_back") as work:
        lock("scores.models")
        row = work.lock(ScoreModel, model_id)
        if row.state == State.RETIRED:
            return row
        if row.state != State.IN_FORCE:
            raise Conflict("This model was never in force.", "There is nothing to take back.")
        _move(work, row, State.RETIRED)
        if row.replaced_id is not None:
            _move(work, work.lock(ScoreModel, row.replaced_id), State.IN_FORCE)
        _refuse_what_does_not_fit()
    return row


def ask_comparison(actor: Actor, champion: str, challenger: str, *, capacity: int) -> ModelComparison:
    """Ask for both on identical events; one that waits already is given again.

    Raises:
        AccessDenied: without ``rules.edit``. InvalidInput: there are no two such models, or the capacity is
        not 1 to 100,000.
    """
    require(actor, "rules.edit")
    known = in_force().read().models
    if champion == challenger or not {champion, challenger} <= known.keys():
        told = "Choose another model that is in force."
        raise InvalidInput("Two models in force are compared.", told, fields={"challenger": told})
    if not 1 <= capacity <= MAX_CAPACITY:
        told = f"A whole number from 1 to {MAX_CAPACITY:,}."
        raise InvalidInput("The capacity cannot be this.", told, fields={"capacity": told})
    with act(actor, "model.ask_comparison") as work:
        lock("scores.models")
        waiting = ModelComparison.objects.filter(
            champion=champion, challenger=challenger, state=ModelComparison.State.ASKED
        ).first()
        if waiting is not None:
            return waiting
        made = ModelComparison(
            id=new_id("mcp"), champion=champion, challenger=challenger, capacity=capacity,
            asked_by=actor.ref, asked_at=timezone.now(),
        )  # fmt: skip
        work.save(made)
        work.emit("model.comparison_asked", {"comparison": made.pk}, key=made.pk)
    return made


def _read(name: str, text: str) -> Model:
    told = ""
    if not NAME.match(name):
        told = "A name has at most 64 small letters, digits and _, and begins with a letter."
    elif len(text.encode()) > MAX_BYTES:
        told = f"A model file has at most {MAX_BYTES:,} bytes."
    else:
        try:
            model = read_model(text)
            if model.training is None:
                told = "This model is not trained. Train it with `tocsin model train`."
            else:
                load({**in_force().sources(), f"{name}{SUFFIX}": text})
        except (ModelError, RuleError) as error:
            told = error.problems[0].message if isinstance(error, RuleError) else str(error)
    if told:
        raise InvalidInput("The model cannot be offered like this.", told, fields={"file": told})
    return model


def _retire(work: Work, name: str) -> ScoreModel | None:
    """Take what is in force under a name out of it."""
    old = ScoreModel.objects.select_for_update().filter(name=name, state=State.IN_FORCE).first()
    if old is not None:
        work.watch(old)
        _move(work, old, State.RETIRED)
    return old


def _move(work: Work, row: ScoreModel, to: str) -> None:
    row.state, row.since = to, timezone.now()
    work.save(row, f"model.{to}")
    work.emit("model.moved", {"model": row.name, "version": row.version, "to": to})


def _refuse_what_does_not_fit() -> None:
    try:
        in_force().read()
    except RuleError as error:
        raise Conflict(
            f"With this step the rules in force would not fit each other: {error.problems[0].message}",
            "Train the model again for the rules of today.",
        ) from None
