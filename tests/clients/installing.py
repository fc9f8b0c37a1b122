"""Where the clients come from: `pins/NAME.pip` and `pins/NAME.npm` hold everything a client needs, with versions.

Each is installed once, on its own, outside of what git tracks.
"""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

PINS = Path(__file__).parent / "pins"
_CACHE = Path(__file__).parents[2] / "build" / "clients"


def installed(name: str) -> Path:
    """The directory of a client: a virtual environment, or one with `node_modules`."""
    [pins] = PINS.glob(f"{name}.*")
    directory = _CACHE / name
    complete = directory / "complete"
    if not complete.is_file() or complete.read_text() != pins.read_text():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(parents=True)
        (_install_python if pins.suffix == ".pip" else _install_node)(directory, pins)
        complete.write_text(pins.read_text())
    return directory


def python_of(name: str) -> Path:
    """The interpreter of a client in Python."""
    return installed(name) / "bin" / "python"


def _install_python(directory: Path, pins: Path) -> None:
    _run(sys.executable, "-m", "venv", str(directory))
    _run(str(directory / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-deps", "-r", str(pins))


def _install_node(directory: Path, pins: Path) -> None:
    options = ("--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts")
    _run("npm", "install", *options, "--prefix", str(directory), *pins.read_text().split())


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if done.returncode:
        pytest.fail(f"{' '.join(command[:5])} …: {done.stderr[-1000:]}")
