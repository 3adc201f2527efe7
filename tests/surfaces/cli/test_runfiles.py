"""One ``tocsin up`` a home."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tocsin.surfaces.cli.environment import CommandError
from tocsin.surfaces.cli.runfiles import RunFiles

HOLD = """
import sys
from pathlib import Path
from tocsin.surfaces.cli.runfiles import RunFiles
files = RunFiles(Path(sys.argv[1]))
files.take()
files.write_ports({"web": 8123})
print("taken", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def test_a_second_one_is_told_who_runs_and_where(home: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(home)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "taken\n"
        files = RunFiles(home)
        assert files.is_running()
        with pytest.raises(CommandError) as refused:
            files.take()
        assert f"already running in {home} (process {holder.pid}, at http://127.0.0.1:8123)" in str(
            refused.value
        )
        assert files.ports() == {"web": 8123}
        holder.kill()
    # the kernel lets go of a killed one's lock; what it wrote is cleared away
    assert not files.is_running()
    files.take()
    assert files.ports() == {}
    files.leave()
    assert not files.is_running()


def test_nothing_runs_in_a_new_home(home: Path) -> None:
    files = RunFiles(home)
    assert not files.is_running()
    assert files.ports() == {}
    assert files.processes() == {}
