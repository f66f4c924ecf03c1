VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(abspath $(VENV))/bin
STAMP := $(VENV)/.installed
# More processes than cores, as many tests wait for services; each has its own servers. A file's tests run in one process.
# In `test-all` one less, as it has tests that measure the time of responses.
MORE = 1
test: MORE = 2
PROCESSES ?= $(shell expr $$(nproc) + $(MORE))
PARALLEL = -n $(PROCESSES) --maxprocesses 5 --dist loadfile --no-loadscope-reorder
MINUTES ?= 10
# Compiled modules are kept: a run of the tests starts a hundred processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-all storm check bench

run: $(STAMP)
	"$(BIN)/python" manage.py up

# All tests but those marked `long`.
test: check
	"$(BIN)/python" -m pytest $(PARALLEL) -m "not long"

# Every test, with more random examples, and a minute of random kills (storm); then every benchmark at its small size.
test-all: check
	"$(BIN)/python" -m pytest $(PARALLEL) --hypothesis-profile=long
	"$(BIN)/python" -m benchmarks --small

# Services and servers are killed at random for MINUTES minutes: make storm MINUTES=10. STORM_SEED=... repeats one.
storm: $(STAMP)
	STORM_MINUTES="$(MINUTES)" "$(BIN)/python" -m pytest -s tests/test_storm.py

check: $(STAMP)
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/python" manage.py makemigrations --check --dry-run

bench: $(STAMP)
	"$(BIN)/python" -m benchmarks

$(STAMP): requirements.txt requirements-dev.txt
	@echo "Installing into $(VENV); this takes a minute."
	"$(PYTHON)" -m venv "$(VENV)"
	"$(BIN)/pip" install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch "$@"
