"""Writes a snapshot of the engine as of a durable record, beside the process that decides and without it.

python -m tocsin.surfaces.decide.snapshotter FOLDER RECORD

The keys of the log come through its standard input, so that it has to ask nobody for them.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tocsin.core.crypto.day_codec import DayCodec
from tocsin.engine.language.ruleset import NO_RULES
from tocsin.engine.log.state import recover, write_snapshot


def main(folder: Path, position: int, codec: DayCodec) -> None:
    """Rebuild from the last snapshot and the log up to `position`; write the new snapshot."""
    os.nice(10)
    rebuilt = recover(folder, codec, NO_RULES, until=position)  # the log begins with its rules
    write_snapshot(folder, codec, rebuilt.engine)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), DayCodec.taken_over(sys.stdin.buffer.read()))
