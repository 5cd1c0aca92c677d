# Two commands on a fresh machine: `make demo` and `make test`. Each sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready

READY_TO_TEST := $(VENV)/.ready-to-test

.PHONY: demo run test test-long lint bench bench-large soak lock clean setup

setup: $(READY_TO_TEST)

$(STAMP): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "Python 3.11 or later is needed; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $(STAMP)

# The peers that ranks and benchmarks are held against come only here.
$(READY_TO_TEST): $(STAMP) requirements-dev.lock
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements-dev.lock
	@touch $(READY_TO_TEST)

demo: $(STAMP)
	$(BIN)/backlinks demo

# make run SEED=https://your-site.example/ ARGS="--contact https://your-site.example/bot"
run: $(STAMP)
	$(BIN)/backlinks run $(SEED) $(ARGS)

# Three workers on two cores: a fourth of what the tests take is waiting.
PYTEST := $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
test: $(READY_TO_TEST)
	$(PYTEST) -m "not long" $(ARGS)

# Clusters of processes that are killed, frozen and starved, and more of what `make test` has once.
test-long: $(READY_TO_TEST)
	$(PYTEST) -m long $(ARGS)

lint: $(READY_TO_TEST)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/hadolint deploy/Dockerfile
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec deploy/compose.yaml

bench: $(READY_TO_TEST)
	$(BIN)/python -m tests.benchmarks $(ARGS)

# A hundred million links: an hour or two of both cores and 40 GB. It stays in DIRECTORY, and is measured
# again where it is there: make bench-large DIRECTORY=/large/disk/index ARGS="--links 20000000"
DIRECTORY ?= bench-large
bench-large: $(READY_TO_TEST)
	$(BIN)/python -m tests.benchmarks.bench_index --links 100000000 --directory $(DIRECTORY) $(ARGS)

# Twenty minutes of faults: make soak ARGS="--seconds 300 --seed 7"
soak: $(READY_TO_TEST)
	$(BIN)/python -m tests.soak $(ARGS)

# Needs uv. Hashes, and no index addresses.
COMPILE := uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --python-version 3.11
lock:
	$(COMPILE) --output-file requirements.lock pyproject.toml requirements-build.in
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock \
	  pyproject.toml requirements-build.in

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .mypy_cache .ruff_cache
