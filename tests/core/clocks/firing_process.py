"""A worker of its own, for tests that kill it. Run as ``python -m tests.core.clocks.firing_process ROLE``.

It fires clocks until none runs any more. Every effect is a row in the table ``effect``, which has no
constraint that would hide a second one. On the clock called ``trap`` a worker of the role ``victim`` says
so on its output and waits to be killed, with its effect already written in the open transaction.
"""

from __future__ import annotations

import sys
import time

import django

ROLE = sys.argv[1]


def main() -> None:
    django.setup()
    from django.db import connection

    from tocsin.core.act import Work
    from tocsin.core.clocks.models import Clock
    from tocsin.core.clocks.service import fire_due, on_breach

    @on_breach("escalate", subject_type="test")
    def effect(clock: Clock, work: Work) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect VALUES (%s, %s)", [clock.name, ROLE])
        if ROLE == "victim" and clock.name == "trap":
            print("trapped", flush=True)
            time.sleep(600)

    while Clock.objects.filter(state=Clock.State.RUNNING).exists():
        if fire_due(limit=5) == 0:
            time.sleep(0.02)


if __name__ == "__main__":
    main()
