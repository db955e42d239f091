"""prometheus_client's files, with allocated disk blocks.

The library extends them by `truncate`, which allocates no blocks. On a full file system the first write to such a page
kills the process (SIGBUS). Here the allocation raises OSError instead, and the value is not counted.
"""

from __future__ import annotations

import errno
import math
import mmap
import os
from pathlib import Path
from typing import Any

from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

from core.monitoring import multiprocess

STEP = 64 * 1024  # bytes by which a file is extended
# Left free for other processes: in a container /dev/shm often has 64 MB, and parallel queries of PostgreSQL use it.
KEEP_FREE = 16 * 1024 * 1024


class AllocatedDict(MmapedDict):
    def __init__(self, filename: str, read_mode: bool = False) -> None:
        if not read_mode and not os.path.exists(filename):
            multiprocess.make_folder(Path(filename).parent)
            new = Path(f"{filename}.new")  # renamed after the allocation, so that no reader opens an empty file
            try:
                new.touch(0o600)
                with new.open("ab") as file:
                    _allocate(file.fileno(), 0, STEP)
                new.replace(filename)
            except OSError:
                new.unlink(missing_ok=True)
                raise
        super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        needed = self._used + len(key.encode()) + 32  # its length, the padding, two numbers
        if needed > self._capacity:
            longer = math.ceil(needed / STEP) * STEP
            # By its descriptor: another process may have removed its name.
            _allocate(self._f.fileno(), self._capacity, longer)
            self._m = mmap.mmap(self._f.fileno(), longer)
            self._capacity = longer
        super()._init_value(key)  # type: ignore[no-untyped-call]


def install() -> None:
    """Replace the class of prometheus_client's files, before the first metric is counted."""
    library: Any = values  # the library has no setting for this
    library.MmapedDict = AllocatedDict


def _allocate(file: int, size: int, wanted: int) -> None:
    """Extend the open file from `size` to `wanted` bytes. Raises OSError; the file then has `size` bytes again."""
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
