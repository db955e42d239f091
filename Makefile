# Everything a developer or operator does, by name. `make` alone lists it.
.DEFAULT_GOAL := help
.PHONY: help up neo4j test fuzz chaos check bench train openapi docs lock clean venv venv-dev

# The first that runs, is new enough and can make a .venv: a name on the PATH may be a shim for nothing.
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
  $$p -c '$(FITS)' 2>/dev/null && echo $$p && break; done)
RUN := .venv/bin/python
SIZES ?= 1000 10000 100000
TABLE ?= 1000000
ARGS ?=

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

up: venv ## run the whole service on this machine, until Ctrl-C (NEO4J=1: with the graph in Neo4j)
	@NEO4J=$(NEO4J) exec $(RUN) -m memproject.embedded.up

neo4j: venv ## run a Neo4j for development, until Ctrl-C (needs Java 17 and Maven)
	@exec $(RUN) -m memproject.embedded.neo4j_server

test: venv-dev ## run the tests (ARGS="…" goes to pytest)
	@$(RUN) -m memories.embeddings.weights $${EMBEDDING_MODEL_DIR:-.cache/models}
	@test -n "$$NEO4J_URI" || $(RUN) -m memproject.embedded.neo4j_server fetch || true
	@$(RUN) -m pytest $(if $(ARGS),$(ARGS),-n 2 --dist loadgroup)

fuzz: venv-dev ## send thousands of generated requests to every operation (CASES=3000)
	@FUZZ_CASES=$${CASES:-3000} $(RUN) -m pytest tests/contract/test_schemathesis.py $(ARGS)

chaos: venv-dev ## kill processes during 1,000 stores, and compare 200 interleavings of writes (ARGS="--seed 1")
	@$(RUN) -m memories.embeddings.weights $${EMBEDDING_MODEL_DIR:-.cache/models}
	@INTERLEAVINGS=200 $(RUN) -m pytest tests/knowledge/test_write_order.py
	@$(RUN) -m tests.e2e.chaos $(ARGS)

check: venv-dev ## lint, types, import rules, migrations, the OpenAPI contract
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	MEMPROJECT_WORKER=true $(RUN) manage.py makemigrations --check --dry-run
	$(RUN) manage.py spectacular --validate --fail-on-warn --file .cache/openapi.yaml
	diff -u contracts/openapi.yaml .cache/openapi.yaml

bench: venv ## measure store and recall, also at scale, against a running service (see docs/benchmarks.md)
	@$(RUN) -m benchmarks.load
	@$(RUN) -m benchmarks.scale --sizes $(SIZES) --table $(TABLE)

train: venv-dev ## train the pair model anew from training/data, with its cross-validation (see docs/models.md)
	@OMP_NUM_THREADS=1 $(RUN) -m training.pairs train

openapi: venv-dev ## write the OpenAPI contract anew
	$(RUN) manage.py spectacular --validate --fail-on-warn --file contracts/openapi.yaml

docs: openapi ## write the pages of docs/api and the Postman collection anew, from the OpenAPI contract
	$(RUN) -m contracts

lock: venv-dev ## pin the requirements anew
	for name in requirements requirements-embedded requirements-dev tests/clients/requirements \
	    tests/clients/mem0_requirements tests/clients/mcp_requirements tests/sdk/requirements; do \
	    .venv/bin/uv pip compile -q --universal --python-version 3.11 --generate-hashes $$name.in -o $$name.txt \
	    || exit 1; done

clean: ## remove what was installed and cached; data stay
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache .import_linter_cache static sdk/javascript/dist sdk/javascript/node_modules

venv venv-dev:
	@command -v "$(PYTHON)" >/dev/null || { echo "Python 3.11 or newer is missing, or its venv module: install it" \
	  "(Debian: apt-get install python3 python3-venv), or name it: make up PYTHON=/path/to/python3.11" >&2; exit 1; }
	@mkdir -p .cache
	@$(PYTHON) -m memproject.embedded.bootstrap $(if $(filter venv-dev,$@),--dev)
