"""Wiring of the service. No third-party imports: the set-up runs parts of this package before anything is installed."""

import core  # noqa: F401  (limits the threads of BLAS before numpy is imported)
