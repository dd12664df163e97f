# Everything from a fresh clone: `make run` shows the product, `make test` proves it.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
LOCK := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-annotate --quiet
PYTEST := $(BIN)/python -m pytest

# The tests start the program dozens of times: without kept bytecode half of each start is compiling.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install run test check bench reliability screenshots lock clean

help:
	@echo "make run          set up and start AfterBell with the demonstration school"
	@echo "make test         set up and run every test"
	@echo "make check        lint and types"
	@echo "make install      only make the environment (.venv)"
	@echo "make bench        measure it beside its peers, and write docs/performance.md"
	@echo "make reliability  kill it hundreds of times, and write docs/reliability.md"
	@echo "make screenshots  the pictures in the README"
	@echo "make lock         pin the dependencies anew"

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed."; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "Python's venv is missing: on Debian, apt install python3-venv."; rm -rf .venv; exit 1; }

.venv/.run: .venv/bin/python requirements/run.txt pyproject.toml
	@echo "Installing what AfterBell needs (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/run.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: .venv/.run requirements/dev.txt
	@echo "Installing what the tests need (once) …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	@touch $@

install: .venv/.run

run: .venv/.run
	@exec $(BIN)/afterbell demo

check: .venv/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: .venv/.dev
	@sh tests/browser/chromium.sh
	$(PYTEST) -q -m "not browser" -n 3 --dist loadfile --no-loadscope-reorder tests
	@sh tests/browser/run.sh $(BIN)/python

bench: .venv/.dev
	$(BIN)/python -m bench

reliability: .venv/.dev
	$(BIN)/python -m tests.reliability

screenshots: .venv/.dev
	@sh tests/browser/chromium.sh
	$(BIN)/python tests/browser/screenshots.py

lock: .venv/.dev
	$(BIN)/uv pip compile $(LOCK) --extra install pyproject.toml -o requirements/run.txt
	$(BIN)/uv pip compile $(LOCK) --extra install --extra dev pyproject.toml -o requirements/dev.txt

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache
