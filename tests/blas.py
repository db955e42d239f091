"""How many threads the BLAS library of this process uses, asked of the library itself."""

from __future__ import annotations

import ctypes
from importlib import import_module
from pathlib import Path

MAPS = Path("/proc/self/maps")
# numpy's own wheels, a wheel of an older numpy, a distribution's library.
SYMBOLS = ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads64_", "openblas_get_num_threads")


def threads() -> int:
    """Imports numpy. Raises LookupError when its BLAS is not an OpenBLAS."""
    import_module("numpy")
    for path in {line.split()[-1] for line in MAPS.read_text().splitlines() if "openblas" in line}:
        library = ctypes.CDLL(path)
        for symbol in SYMBOLS:
            if hasattr(library, symbol):
                return int(getattr(library, symbol)())
    raise LookupError("no OpenBLAS is loaded")
