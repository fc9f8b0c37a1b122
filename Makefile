# Commands of the project; CONTRIBUTING.md says what each is for.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# Compiled once, not by each of the many processes that the suite starts.
export PYTHONDONTWRITEBYTECODE =

.PHONY: setup setup-dev serve test clients fuzz lint format bench load peers docs lock audit clean

setup: $(VENV)/.installed

setup-dev: $(VENV)/.installed-dev

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: $(BIN)/python requirements.lock pyproject.toml
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	touch $@

serve: setup
	$(BIN)/callbox serve --demo --port 8080 --data data

test: setup-dev
	$(BIN)/python -m pytest -n 3 --dist worksteal

clients: setup-dev
	$(BIN)/python -m pytest tests/clients

fuzz: setup-dev
	$(BIN)/python -m pytest tests/guards/fuzz

lint: setup-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: setup-dev
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.exports
	$(BIN)/python -m benchmarks.knowledge
	$(BIN)/python -m benchmarks.webhooks
	$(BIN)/python -m benchmarks.live
	$(BIN)/python -m benchmarks.mails

load: setup-dev
	$(BIN)/python -m benchmarks.mix

peers: setup-dev
	$(BIN)/python -m benchmarks.peers

docs: setup-dev
	$(BIN)/python -m callbox.cli docs

lock: setup-dev
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header requirements.in -o requirements.lock
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header -c requirements.lock requirements-dev.in -o requirements-dev.lock

# Asks the advisory service of the package index, so it needs a network: not part of the suite.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet pip-audit
	build/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock

clean:
	rm -rf $(VENV) data build src/*.egg-info .mypy_cache .pytest_cache .ruff_cache
