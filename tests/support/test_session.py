"""A test session leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.core.postgres.hands import server
from tests.support.stack import until

ROOT = Path(__file__).parents[2]
#: What a session does first, without pytest around it.
SESSION = """
import sys
from tests import conftest
from tocsin.core import postgres
postgres.ensure(conftest.HOME / "postgres")
print(conftest.HOME, flush=True)
sys.stdin.read()
"""


@pytest.mark.chaos
@pytest.mark.parametrize("ending", [signal.SIGKILL, None])
def test_server_and_home_go_with_the_session(ending: signal.Signals | None) -> None:
    ours = {name: value for name, value in os.environ.items() if not name.startswith("TOCSIN_")}
    session = subprocess.Popen(
        [sys.executable, "-c", SESSION],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=ours | {"PYTHONPATH": str(ROOT)},
    )
    assert session.stdout is not None
    home = Path(session.stdout.readline().strip())
    assert server(home / "postgres") is not None
    if ending is not None:
        session.send_signal(ending)
    session.communicate()
    if ending is None:
        assert not home.exists(), "a session that ends by itself waits for its server"
    until(lambda: not home.exists(), "the home to go")
