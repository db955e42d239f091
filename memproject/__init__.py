"""Wiring of the service. Free of third-party imports: the set-up runs parts of it before anything is installed."""

__version__ = "1.0.0"
