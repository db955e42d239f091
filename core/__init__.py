"""The lowest layer: it knows no other package. This file imports the standard library only."""

import os

__version__ = "1.0.0"

# A BLAS library starts its threads when numpy is imported, one for each core, and between two products of small
# matrices they spin. Every process of the service imports this package before numpy. An operator's own value stays.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")
