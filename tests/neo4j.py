"""A real Neo4j for the tests that need one, started by the first of them and emptied before each."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from entities.graph import client, schema
from memproject.embedded import neo4j_server as embedded
from tests import ports

EMPTY = "MATCH (n) DETACH DELETE n"


@dataclass(frozen=True)
class Graph:
    """Where it is. `server` is None when NEO4J_URI names one that is not ours to stop."""

    uri: str
    user: str
    password: str
    server: embedded.Neo4jServer | None


@pytest.fixture(scope="session")
def neo4j_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Graph]:
    """Uses NEO4J_URI where it is given. Without Java the tests fail with a sentence: they are never skipped."""
    if uri := os.environ.get("NEO4J_URI"):
        yield Graph(uri, os.environ.get("NEO4J_USER", "neo4j"), os.environ.get("NEO4J_PASSWORD", ""), None)
        return
    home = tmp_path_factory.mktemp("neo4j")
    server = embedded.Neo4jServer(home, ports.free_port(), secrets.token_hex(12), quick=True)
    try:
        embedded.fetch()
        server.start()
    except embedded.NoNeo4jError as error:
        pytest.fail(str(error), pytrace=False)
    yield Graph(server.url, embedded.USER, server.password, server)
    server.kill()  # its data die with it


@pytest.fixture
def graph(neo4j_server: Graph, settings: Any) -> Iterator[Graph]:
    """The graph is on, has its schema, and is empty."""
    settings.NEO4J_URI, settings.NEO4J_USER = neo4j_server.uri, neo4j_server.user
    settings.NEO4J_PASSWORD = neo4j_server.password
    client.close()
    schema.ensure()
    client.write([(EMPTY, {})])
    yield neo4j_server
    client.close()
