"""Writes a snapshot of the engine as of a durable record, beside the process that decides and without it.

python -m tocsin.surfaces.decide.snapshotter FOLDER RECORD
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tocsin.engine.log.state import recover, write_snapshot
from tocsin.engine.ruleset import NO_RULES


def main(folder: Path, position: int) -> None:
    """Rebuild from the last snapshot and the log up to `position`; write the new snapshot."""
    os.nice(10)
    write_snapshot(folder, recover(folder, NO_RULES, until=position).engine)  # the log begins with its rules


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
