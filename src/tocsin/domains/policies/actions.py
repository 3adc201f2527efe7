"""Publishing: the policies that come with Tocsin become rows, once for each version."""

from __future__ import annotations

import datetime as dt

from tocsin.core.act import Work, act
from tocsin.core.actor import Actor, system
from tocsin.core.errors import Conflict
from tocsin.domains.policies.forms import Policy
from tocsin.domains.policies.models import Clause, PolicyVersion
from tocsin.domains.policies.text import clause_body, packaged_policies


def publish_packaged(known_codes: frozenset[str], actor: Actor | None = None) -> list[str]:
    """Publish the packaged policies that are not published yet; returns the ids of the new versions.

    Args:
        known_codes: every violation code of the taxonomy.

    Raises:
        PolicyError: a policy that may not be published. Conflict: a published version was changed in place.
    """
    found = packaged_policies(known_codes)
    made = []
    with act(actor or system("policies"), "policy.publish") as work:
        for policy in found.policies.values():
            if _publish(work, policy):
                made.append(policy.version_id)
    return made


def _publish(work: Work, policy: Policy) -> bool:
    present = PolicyVersion.objects.filter(pk=policy.version_id).first()
    if present is not None:
        if present.content_hash != policy.content_hash:
            raise Conflict(
                f"The text of {policy.version_id} was changed after it was published.",
                "Give the changed text a new version number.",
                code="published_text_changed",
            )
        return False
    header = policy.header
    version = PolicyVersion(
        id=policy.version_id, policy=header.id, version=header.version, title=header.title,
        effective_from=_midnight(header.effective), content_hash=policy.content_hash,
        published_at=_midnight(header.published),
    )  # fmt: skip
    work.save(version)
    enforceable = {place: day.isoformat() for place, day in header.enforceable_from.items()}
    for clause in policy.clauses:
        row = Clause(
            version=version, clause_id=clause.id, violation_code=clause.violation_code, title=clause.title,
            text=clause.text, body=clause_body(clause), enforceable_from=enforceable,
        )  # fmt: skip
        work.save(row, clause=clause.id)
    return True


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), dt.UTC)
