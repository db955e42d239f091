"""A virtual environment for the published clients: what they need must not meet what the service needs."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

import fasteners

ROOT = Path(__file__).resolve().parent.parent.parent
HERE = Path(__file__).parent
UV = Path(sys.executable).parent / "uv"


def made(requirements: Path = HERE / "requirements.txt") -> Path:
    """→ the Python of an environment that holds exactly these packages. Its marker is written last: one that was left
    half-made is made anew."""
    wanted = requirements.read_bytes() + sys.version.encode()
    folder = ROOT / ".cache" / "clients" / hashlib.sha256(wanted).hexdigest()[:16]
    python, marker = folder / "bin" / "python", folder / "complete"
    folder.parent.mkdir(parents=True, exist_ok=True)
    with fasteners.InterProcessLock(folder.with_suffix(".lock")):  # the tests run in several processes
        if not (marker.exists() and python.exists()):
            shutil.rmtree(folder, ignore_errors=True)
            run("venv", "--python", sys.executable, folder)
            run("pip", "sync", "--require-hashes", "--python", python, requirements)
            marker.touch()
    return python


def run(*arguments: str | Path) -> None:
    done = subprocess.run([UV, *arguments, "--quiet"], capture_output=True, text=True, timeout=110, check=False)
    assert done.returncode == 0, done.stderr
