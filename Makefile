# The house's commands. A newcomer needs two: `make demo` and `make test`.
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# Any Python from 3.11 on: make PYTHON=python3.13 demo
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Every package comes by its hash; -q keeps the place it came from out of the output.
PIP := $(BIN)/python -m pip -qq --disable-pip-version-check --no-input
# More words for pytest: make test ARGS="-k squid"
ARGS ?=

.PHONY: help demo test check format lint types layers audit wheel lock pictures docs clean

help:  ## what there is
	@sed -nE 's/^([a-z]+):.*## (.*)$$/make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 16

demo: $(VENV)/.installed  ## a whole night of an invented school; names the files to open
	@$(BIN)/esafety demo

# A worker more than there are cores (tests/conftest.py), and each keeps to one; .ci/run has them share all.
test: export POLARS_MAX_THREADS ?= 1
# Python may keep what it has compiled: the program is started as a process more than a hundred times.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.installed $(VENV)/.dev  ## every test
	@$(BIN)/python -m pytest --numprocesses=auto --maxprocesses=4 --dist=loadfile --no-loadscope-reorder \
		$(ARGS)

check: lint types layers audit wheel  ## what must hold before anything is handed on, the tests apart

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

types: $(VENV)/.installed $(VENV)/.dev
	$(BIN)/mypy

layers: $(VENV)/.installed $(VENV)/.dev
	$(BIN)/lint-imports --no-logo --no-cache

audit: $(VENV)/.dev
	@$(BIN)/python tools/audit.py requirements.lock requirements-dev.lock

wheel: $(VENV)/.dev
	@$(BIN)/python tools/check_wheel.py

format: $(VENV)/.dev  ## lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

pictures: $(VENV)/.installed  ## take the pictures in docs/pictures anew (needs chromium)
	@$(BIN)/python tools/pictures.py

docs: $(VENV)/.installed  ## make docs/formats.md anew out of the formats
	@$(BIN)/python tools/format_pages.py

# A pin moves only when asked: make lock UPGRADE=--upgrade
UPGRADE ?=
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE) pyproject.toml

lock: $(VENV)/.dev  ## write both lock files anew from pyproject.toml
	$(LOCK) --group build --output-file requirements.lock
	$(LOCK) --group build --group dev --constraint requirements.lock --output-file requirements-dev.lock

clean:  ## remove what was built; nothing of yours
	rm -rf $(VENV) esafety-demo build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A lock that changed means a fresh environment: nothing of the old one is left over.
$(VENV)/.runtime: requirements.lock tools/venv.sh
	@PYTHON="$(PYTHON)" tools/venv.sh $(VENV)
	@echo "Installing the pinned packages into $(VENV) (once, about 150 MB) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

# The checkout itself, so that `esafety` is a command. Its build backend came with the lock, by hash.
$(VENV)/.installed: pyproject.toml $(VENV)/.runtime
	@$(PIP) install --no-deps --no-build-isolation --no-index --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the pinned tools for tests and checks ..."
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
