"""A worker of its own, for tests that kill it. Run as ``python -m tests.core.outbox.delivering_process WHAT
SECONDS``.

``WHAT`` is ``handle``: run handlers until no message is due; on the message ``trap`` say so on the output
and wait to be
killed, with the effect already written in the open transaction. Or ``send``: send what is due so many
seconds from now.
"""

from __future__ import annotations

import datetime as dt
import sys
import time
from collections.abc import Mapping
from typing import Any

import django


def main(what: str, seconds: float) -> None:
    django.setup()
    from django.db import connection
    from django.utils import timezone

    from tocsin.core.outbox.delivery import handle_due, send_due
    from tocsin.core.outbox.registry import on

    @on("test.happened", "effect")
    def effect(data: Mapping[str, Any]) -> None:
        with connection.cursor() as cursor:
            cursor.execute("INSERT INTO effect VALUES (%s)", [data["name"]])
        if data["name"] == "trap" and seconds < 0:
            print("trapped", flush=True)
            time.sleep(600)

    if what == "send":
        print(send_due(timezone.now() + dt.timedelta(seconds=seconds)), flush=True)
        return
    while handle_due():
        pass


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
