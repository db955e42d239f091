"""The lowest layer: it imports no other package of the project. This file imports only the standard library."""

import os

__version__ = "1.0.0"

# A BLAS library starts a thread for each core when numpy is imported; between two products of small matrices these
# threads spin. Every process of the service imports this package before numpy. A value set by the operator is kept.
for _name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ.setdefault(_name, "1")
