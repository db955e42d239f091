"""The embedded default: PostgreSQL, Redis and all processes of the service, started by `make up`.

`bootstrap` runs with the system's Python before anything is installed; the rest runs in the environment that it
creates.
"""
