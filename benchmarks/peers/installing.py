"""Other software, installed once into a directory that is no part of the project."""

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path


def cache() -> Path:
    """Where installations are kept between runs."""
    directory = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "callbox-peers"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def python_environment(requirements: Path) -> Path:
    """A virtual environment with these requirements in it; answers the directory of its programs."""
    directory = cache() / f"python-{hashlib.sha256(requirements.read_bytes()).hexdigest()[:12]}"
    programs = directory / "bin"
    if not (directory / "complete").exists():
        _run([sys.executable, "-m", "venv", "--clear", str(directory)])
        _run([str(programs / "python"), "-m", "pip", "install", "--quiet", "-r", str(requirements)])
        (directory / "complete").touch()
    return programs


def node_package(name: str, version: str) -> Path | None:
    """An npm package with what it depends on; answers the directory of its programs, or None without Node."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        return None
    directory = cache() / f"node-{name.replace('/', '-')}-{version}"
    if not (directory / "complete").exists():
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir()
        options = ["--no-save", "--no-package-lock", "--no-audit", "--no-fund", "--ignore-scripts"]
        _run(["npm", "install", "--silent", *options, "--prefix", str(directory), f"{name}@{version}"])
        (directory / "complete").touch()
    return directory / "node_modules" / ".bin"


def _run(command: Sequence[str]) -> None:
    subprocess.run(command, check=True, stdout=sys.stderr)
