"""prometheus_client's files, allocated before they are mapped.

The library extends them by `truncate`, which allocates no blocks. On a full file system the first write to such a page
kills the process (SIGBUS). Here the allocation raises OSError instead, and the number is not counted.
"""

from __future__ import annotations

import contextlib
import errno
import mmap
import os
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from memproject.common import multiprocess

STEP = 64 * 1024  # bytes that a file is made longer by
# Left free for others: in a container /dev/shm often has 64 MB, and PostgreSQL's parallel queries need some of it.
KEEP_FREE = 16 * 1024 * 1024


class AllocatedDict(MmapedDict):
    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not os.path.exists(filename):
            multiprocess.make_folder(Path(filename).parent)
            new = Path(f"{filename}.new")  # a reader never meets a file without its head
            with _removed_on_error(new):
                with open(new, "ab", opener=_private) as file:
                    _allocate(file.fileno(), 0, STEP)
                new.replace(filename)
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + 32  # its length, the padding, two numbers
        if needed > self._capacity:
            longer = -(-needed // STEP) * STEP
            _allocate(self._f.fileno(), self._capacity, longer)  # not by its name: another process may have removed it
            self._m = mmap.mmap(self._f.fileno(), longer)
            self._capacity = longer
        super()._init_value(key)  # type: ignore[no-untyped-call]


def install() -> None:
    """Have prometheus_client use these files. Before the first number is counted."""
    setattr(values, "MmapedDict", AllocatedDict)  # noqa: B010  (the library has no other way)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _allocate(file: int, size: int, wanted: int) -> None:
    """Make the open file of `size` bytes `wanted` bytes long, or raise OSError and leave it unchanged."""
    found = os.fstatvfs(file)
    if found.f_bavail * found.f_frsize < wanted - size + KEEP_FREE:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    zeros = memoryview(bytes(wanted - size))
    try:
        while zeros:
            zeros = zeros[os.write(file, zeros) :]
    except OSError:
        os.ftruncate(file, size)
        raise


@contextlib.contextmanager
def _removed_on_error(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError:
        path.unlink(missing_ok=True)
        raise
