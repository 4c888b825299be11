# What is made sets itself up: it needs Python 3.11 to 3.13 (with venv), pip, make.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready
DOCS := .venv/.docs

.PHONY: help install demo test check lint docs

help:
	@echo "make demo    the main job on drawn faces: stats, six trainings, a comparison (3 minutes)"
	@echo "make install all of it into .venv, and nothing else"
	@echo "make test    the tests"
	@echo "make docs    the documentation as a site: site/index.html"
	@echo "make check   formatter, linter, type checker and tests"

$(READY): pyproject.toml setup.py fer_data/transforms/_kernel.c
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $(READY)

install: $(READY)

demo/faces: | $(READY)
	$(BIN)/fer-data synthetic demo/faces --num-images 6000

demo: demo/faces
	$(BIN)/fer-data stats demo/faces
	$(BIN)/fer-data samples demo/faces demo/samples.png
	$(BIN)/fer-model compare demo/faces --recipe quick --arms none,oversample --seeds 3 \
		--steps 400 --batch-size 64 --out demo/comparison
	@echo "Look at demo/samples.png and demo/comparison/index.html"

test: $(READY)
	$(BIN)/python -m pytest -m "not slow" -n auto --maxprocesses 4 --dist loadfile

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 # names calls that Windows lacks

check: lint test

$(DOCS): pyproject.toml setup.py fer_data/transforms/_kernel.c
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $(DOCS)

docs: $(DOCS) # without --quiet, which hides warnings from --strict
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict
