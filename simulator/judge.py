"""A program that answers events, asked through its standard input and output, one JSON line each."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from simulator.events import Answer, Event
from simulator.offline import Judge

FAREWELL_S = 10.0


class NoAnswer(RuntimeError):
    """The program ended, or said something that is no answer."""


@contextmanager
def asking(command: str) -> Iterator[Judge]:
    """Start a program (words as a shell would split them) and ask it about each event until the block ends.

    Raises:
        NoAnswer: from the judge, when there is no answer; what the program said last went to the errors.
    """
    with subprocess.Popen(
        shlex.split(command), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as program:
        if program.stdin is None or program.stdout is None:
            raise NoAnswer(f"{command} cannot be asked")
        asked, told = program.stdin, program.stdout

        def judge(event: Event) -> Answer:
            try:
                print(json.dumps(event.body(), ensure_ascii=False), file=asked, flush=True)
                return Answer.from_body(json.loads(told.readline()))
            except (OSError, ValueError) as error:
                raise NoAnswer(f"{command} gave no answer to event {event.id}") from error

        try:
            yield judge
        finally:
            asked.close()
            try:
                program.wait(FAREWELL_S)
            except subprocess.TimeoutExpired:
                program.kill()
