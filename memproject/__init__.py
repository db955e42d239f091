"""Wiring of the service. Free of third-party imports: the set-up runs parts of it before anything is installed."""

import core  # noqa: F401  (limits the threads of BLAS before numpy is imported)
