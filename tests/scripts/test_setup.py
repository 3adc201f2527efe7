"""Setting up on a bare machine: what is installed, what is asked for, and in which words.

The machine is played by a PATH of small programs, so that nothing is really installed.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).parents[2] / "scripts"
#: What the scripts take from any system.
TOOLS = ("sh", "cat", "cksum", "dirname", "rm", "grep", "printf", "uname")
LOGGING = '#!/bin/sh\necho "$(basename "$0") $*" >> "$LOG"\n'
#: A Python whose ensurepip is there once the package that brings it has been installed.
PYTHON = (
    LOGGING
    + """
case "$*" in
    *"import ensurepip"*) grep -q "apt-get install .*python3.11-venv" "$LOG" ;;
    *version_info\\ \\<*) exit 0 ;;
    *print*) echo python3.11-venv ;;
    *) exit 9 ;;
esac
"""
)


class Machine:
    """A machine with only these programs."""

    def __init__(self, folder: Path, *, root: bool) -> None:
        self.bin = folder / "bin"
        self.log = folder / "log"
        self.work = folder / "work"
        (self.work / "scripts").mkdir(parents=True)
        self.bin.mkdir()
        self.log.touch()
        for name in ("pyproject.toml", "requirements.lock"):
            (self.work / name).touch()
        for script in ("setup", "browser"):
            shutil.copy(SCRIPTS / script, self.work / "scripts")
        for tool in (*TOOLS, "basename"):
            found = shutil.which(tool)
            if found:
                (self.bin / tool).symlink_to(found)
        self.add("id", f"#!/bin/sh\necho {0 if root else 1000}\n")

    def add(self, name: str, content: str = LOGGING) -> None:
        (self.bin / name).write_text(content)
        (self.bin / name).chmod(0o755)

    def run(self, script: str) -> tuple[int, str]:
        done = subprocess.run(
            [self.work / "scripts" / script],
            env={"PATH": str(self.bin), "LOG": str(self.log)},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stderr

    def did(self, program: str) -> list[str]:
        return [line for line in self.log.read_text().splitlines() if line.startswith(program)]


def test_without_python_a_person_is_told_what_to_install(tmp_path: Path) -> None:
    code, said = Machine(tmp_path, root=False).run("setup")
    assert code == 1
    assert "needs Python 3.11 or newer, and there is none here. Nothing was changed." in said
    assert "apt-get install python3 python3-venv" in said


def test_without_venv_a_person_is_told_which_package(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=False)
    machine.add("python3.11", PYTHON)
    machine.add("apt-get")
    code, said = machine.run("setup")
    assert code == 1
    assert "sudo apt-get install python3.11-venv" in said
    assert machine.did("apt-get") == []
    assert not (machine.work / ".venv").exists()


def test_as_root_on_debian_the_package_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=True)
    machine.add("python3.11", PYTHON)
    machine.add("apt-get")
    machine.run("setup")
    assert machine.did("apt-get") == [
        "apt-get update -qq",
        "apt-get install -y -qq --no-install-recommends python3.11-venv",
    ]
    assert machine.did("python3.11")[-1] == "python3.11 -m venv --clear .venv"


def test_as_root_without_python_it_is_installed_too(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=True)
    machine.add("apt-get")
    code, said = machine.run("setup")
    assert machine.did("apt-get")[1] == "apt-get install -y -qq --no-install-recommends python3 python3-venv"
    assert code == 1, "there is still none, so it must not go on"
    assert "Nothing was changed" in said


@pytest.mark.parametrize("browser", ["chromium", "google-chrome"])
def test_a_browser_that_is_there_is_enough(tmp_path: Path, browser: str) -> None:
    machine = Machine(tmp_path, root=True)
    machine.add(browser)
    machine.add("ldconfig", "#!/bin/sh\necho 'libatomic.so.1 (libc6,x86-64) => /lib/libatomic.so.1'\n")
    machine.add("apt-get")
    assert machine.run("browser") == (0, "")
    assert machine.did("apt-get") == []


def test_as_root_on_debian_the_browser_is_installed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=True)
    machine.add("apt-get")
    assert machine.run("browser")[0] == 0
    assert machine.did("apt-get")[1] == "apt-get install -y -qq --no-install-recommends chromium libatomic1"


def test_without_a_browser_a_person_is_told_what_to_install(tmp_path: Path) -> None:
    machine = Machine(tmp_path, root=False)
    machine.add("apt-get")
    code, said = machine.run("browser")
    assert code == 1
    assert "sudo apt-get install chromium libatomic1" in said
    assert machine.did("apt-get") == []
