# `make demo` and `make test` set themselves up: they need Python 3.11 to 3.13 (with venv), pip, make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test check lint

help:
	@echo "make demo    the main job on drawn faces: stats, two trainings, a comparison (5 minutes)"
	@echo "make test    the tests"
	@echo "make check   formatter, linter, type checker and tests"

$(READY): pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

demo: $(READY)
	$(BIN)/python tools/demo.py demo

test: $(READY)
	$(BIN)/python -m pytest -m "not slow"

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

check: lint test
