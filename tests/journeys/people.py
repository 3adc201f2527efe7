"""Making the people and keys of a journey in the database of a running Tocsin, as an administrator would."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass

from tests.support.stack import Stack

PASSWORD = "amber-birch-4711"

_MAKE = """
import json, sys
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from tocsin.core.access import api_keys
from tocsin.core.access.permissions import SCOPES, SYSTEM_SCOPES
from tocsin.core.actor import system
from tocsin.domains.staff import actions
wanted = json.loads({wanted!r})
made = {{}}
for role in wanted["roles"]:
    email = f"{{role}}-{{wanted['tag']}}@staff.example"
    name = f"{{role.replace('_', ' ').title()}} {{wanted['tag']}}"
    staff = actions.add(system("test"), email=email, name=name, roles=[role], regions=["*"],
                        password=wanted["password"])
    secret = generate_totp_secret()
    TOTP.activate(staff, secret)
    spare = RecoveryCodes.activate(staff).get_unused_codes()[0]
    scopes = sorted(SCOPES.keys() - SYSTEM_SCOPES)
    _, token = api_keys.issue(system("test"), f"personal {{role}}", scopes, staff_id=staff.pk)
    made[role] = {{"id": staff.pk, "email": email, "name": staff.name, "totp": secret, "spare": spare,
                  "key": token}}
_, token = api_keys.issue(system("test"), f"marketplace {{wanted['tag']}}", sorted(SCOPES))
print("MADE" + json.dumps({{"people": made, "key": token}}))
"""


@dataclass(frozen=True)
class Person:
    """A member of staff who can sign in; ``spare`` is a recovery code, good for one more time at once."""

    id: str
    email: str
    name: str
    totp: str
    spare: str
    key: str

    def code(self) -> str:
        """What their authenticator app shows now."""
        from allauth.mfa.totp.internal import auth

        return str(
            auth.format_hotp_value(
                auth.hotp_value(self.totp, next(iter(auth.yield_hotp_counters_from_time())))
            )
        )


@dataclass(frozen=True)
class Cast:
    """Everybody in a journey, and the marketplace's key."""

    tag: str
    people: dict[str, Person]
    key: str

    def __getitem__(self, role: str) -> Person:
        return self.people[role]


def cast(stack: Stack, journey: str, *roles: str) -> Cast:
    """Make one person for each role. Their tag keeps journeys on one database apart."""
    tag = f"{journey}-{secrets.token_hex(2)}"
    wanted = json.dumps({"tag": tag, "roles": roles, "password": PASSWORD})
    done = stack.tocsin("manage", "shell", "-c", _MAKE.format(wanted=wanted))
    line = next((one for one in done.stdout.splitlines() if one.startswith("MADE")), "")
    assert line, done.stdout + done.stderr
    made = json.loads(line.removeprefix("MADE"))
    return Cast(tag, {role: Person(**one) for role, one in made["people"].items()}, made["key"])
