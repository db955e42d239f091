"""The embedded default: PostgreSQL, Redis and all processes of the service, started by `make up`.

`bootstrap` runs under the system's Python before anything is installed; the rest under what it made.
"""
