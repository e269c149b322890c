# `make quickstart` and `make test` are each the only command that a fresh machine needs: both create .venv and install
# into it what is missing. Needs Python 3.11 or newer (another one: make test PYTHON=python3.12).

PYTHON ?= python3
VENV ?= .venv
OUTPUT ?= runs/quickstart
WORKERS ?= 2

# PyTorch goes first and exact: a range may be answered with a newer, multi-gigabyte CUDA build.
TORCH ?= torch==2.13.0

PLUGINS = $(patsubst %/pyproject.toml,%,$(wildcard plugins/*/pyproject.toml))
BIN = $(VENV)/bin
STAMP = $(VENV)/.installed

.PHONY: help quickstart test test-slow lint format install clean
.DEFAULT_GOAL := help

help:
	@echo "make quickstart  train, measure, search and export on synthetic data; results in $(OUTPUT)"
	@echo "make test        format, lint and type checks, then every fast test"
	@echo "make test-slow   the slow tests"
	@echo "make lint        format, lint and type checks only"
	@echo "make format      let ruff format and repair the code"
	@echo "make clean       remove $(VENV), caches and builds (results in runs/ stay)"

install: $(STAMP)

$(STAMP): pyproject.toml $(PLUGINS:%=%/pyproject.toml)
	$(PYTHON) -c "import sys; sys.exit(sys.version_info < (3, 11) and 'Python 3.11 or newer is needed: make PYTHON=...')"
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install "$(TORCH)"
	$(BIN)/python -m pip install -e ".[track,dashboard,dev]"
	$(BIN)/python -m pip install --no-deps $(PLUGINS:%=-e ./%)
	touch $@

quickstart: $(STAMP)
	$(BIN)/stgnn quickstart --output $(OUTPUT)

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

test: lint
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-slow: $(STAMP)
	$(BIN)/python -m pytest -m slow

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .coverage htmlcov *.egg-info plugins/*/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
