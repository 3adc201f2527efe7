"""A process that takes evidence in and waits to be killed before it commits.
``python -m tests.core.evidence.receiving_process``."""

from __future__ import annotations

import time

import django


def main() -> None:
    django.setup()
    from tocsin.core.act import act
    from tocsin.core.actor import system
    from tocsin.core.evidence.service import receive

    with act(system("web"), "report.add_evidence") as work:
        item = receive(
            work, content=b"He threatened me.", filename="note.txt", declared_type="", subject_type="report",
            subject_id="rep_1", key_scope="report:rep_1", source="reporter", channel="web",
        )  # fmt: skip
        print(item.blob, flush=True)
        time.sleep(600)


if __name__ == "__main__":
    main()
