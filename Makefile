VENV ?= .venv
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := $(abspath $(VENV))/bin
STAMP := $(VENV)/.installed
# As many processes as cores, four at most, each with servers of its own; a file's tests stay together, as they share what they start
PARALLEL := -n logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: run test check bench

run: $(STAMP)
	"$(BIN)/python" manage.py up

test: check
	"$(BIN)/python" -m pytest $(PARALLEL)

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
