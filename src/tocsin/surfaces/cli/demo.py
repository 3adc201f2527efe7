"""The demonstration marketplace: one member of staff for each role, and the key its simulator calls with.

Only for trying Tocsin out: passwords are made on the spot and kept, with the secrets of the second
factors, in
``run/demo.json`` for the owner of the home alone.
"""

from __future__ import annotations

import json
import os
import secrets
from pathlib import Path
from typing import Any

from tocsin.surfaces.cli.environment import Environment
from tocsin.surfaces.cli.load_demo import simulator_key_file

#: role → name. E-mail addresses are made from the name, in a domain nobody can own.
PEOPLE = {
    "specialist": "Sam Okafor",
    "investigator": "Ines Varga",
    "supervisor": "Sunita Rao",
    "appeals_reviewer": "Arthur Bell",
    "incident_commander": "Carmen Diaz",
    "privacy_officer": "Priya Nair",
    "policy_manager": "Paul Lindqvist",
    "rules_engineer": "Rin Tanaka",
    "vetting_analyst": "Vera Ito",
    "le_liaison": "Leo Marchetti",
    "trainer": "Tess Novak",
    "auditor": "Aud Halvorsen",
    "support_agent": "Suki Adeyemi",
    "administrator": "Adam Weiss",
}
SIMULATOR_SCOPES = (
    "actions:read",
    "actions:write",
    "decide",
    "decisions:read",
    "entities:read",
    "entities:write",
    "events:read",
    "events:write",
    "reports:read",
    "reports:write",
    "webhooks:manage",
)


def demo_file(home: Path) -> Path:
    """Where the demonstration's sign-ins are kept."""
    return home / "run" / "demo.json"


def load(env: Environment) -> str:
    """Make what is not there yet; returns the simulator's API key. Safe to run again."""
    file = demo_file(env.home)
    known: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    for role, name in PEOPLE.items():
        if role not in known:
            known[role] = _person(role, name)
    _write_private(file, json.dumps(known, indent=1))
    key_file = simulator_key_file(env.home)
    return key_file.read_text().strip() if key_file.exists() else _key()


def _person(role: str, name: str) -> dict[str, str]:
    from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

    from tocsin.core.actor import system
    from tocsin.domains.staff import actions
    from tocsin.domains.staff.models import Staff

    email = f"{name.lower().replace(' ', '.')}@tocsin.example"
    password = f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}"
    staff = Staff.objects.filter(email=email).first()
    if staff is None:
        staff = actions.add(
            system("demo"), email=email, name=name, roles=[role], regions=["*"], password=password
        )
    else:
        staff.set_password(password)
        staff.save(update_fields=["password"])
    secret = generate_totp_secret()
    staff.authenticator_set.all().delete()  # type: ignore[attr-defined]
    TOTP.activate(staff, secret)
    return {"name": name, "email": email, "password": password, "totp": secret}


_WORDS = (
    "amber",
    "birch",
    "cedar",
    "delta",
    "ember",
    "fjord",
    "grove",
    "heron",
    "inlet",
    "juniper",
    "kestrel",
    "larch",
)


def _key() -> str:
    from tocsin.core.access import api_keys
    from tocsin.core.actor import system

    _row, token = api_keys.issue(system("demo"), "Simulator", SIMULATOR_SCOPES)
    return token


def _write_private(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as opened:
        opened.write(text)


def greeting(home: Path, address: str) -> list[str]:
    """What a newcomer is told when the demonstration is up."""
    known: dict[str, dict[str, str]] = json.loads(demo_file(home).read_text())
    lines = [
        "",
        f"Sign in with one click, as any role: {address}/demo/",
        "or with e-mail and password (the six-digit code is on that page):",
    ]
    lines += [
        f"  {role.replace('_', ' '):<20} {one['email']:<36} {one['password']}" for role, one in known.items()
    ]
    return [
        *lines,
        "",
        "Three things to try:",
        f"  1. Report something as a frightened customer would: {address}/help/",
        "  2. As the investigator, take a case, decide it under a clause, and read the letter: "
        f"{address}/console/queue/",
        "  3. As the auditor, look at the audit page; then, in another terminal: "
        ".venv/bin/tocsin audit verify",
    ]
