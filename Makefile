PYTHON ?= python3
PORT ?= 8080
VENV := .venv/bin

.PHONY: .venv demo serve test quick check torture mutants bench pictures lock clean

# Everything plantrail needs, at the locked versions, from wheels alone: no compiler, no services, no root.
.venv: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--no-binary yattag -r requirements.txt  # of which there is no wheel
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	# What is installed from wheels is compiled already, and whoever may not write here compiles at every start else.
	$(VENV)/python -m compileall -q adapters application domain
	@touch $@

demo: .venv/installed
	$(VENV)/plantrail demo --port $(PORT)

serve: .venv/installed
	$(VENV)/plantrail serve --port $(PORT)

# What was compiled is kept whatever the environment says: tests start programs by the dozen.
unexport PYTHONDONTWRITEBYTECODE

# On all cores and a PostgreSQL for each process; the longest files first, as tests/conftest.py names them.
TEST := -m pytest --workers auto

test: .venv/installed
	$(VENV)/python $(TEST)

# Every test that starts no program, as tests/programs.py finds out: no PostgreSQL, browser, broker or service.
quick: .venv/installed
	$(VENV)/python -m pytest --workers $$(getconf _NPROCESSORS_ONLN) -m "not program and not torture"

check: .venv/installed
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python $(TEST)

torture: .venv/installed
	$(VENV)/python -m pytest -m torture
	EXAMPLES_TIMES=40 $(VENV)/python $(TEST) -m "hypothesis and not torture"
	$(VENV)/python -m tests.mutants

# Which of the lines changed since a commit no test would miss: make mutants SINCE=main
mutants: .venv/installed
	$(VENV)/python -m tests.mutants --since $(or $(SINCE),HEAD)

bench: .venv/installed
	$(VENV)/python -m tests.bench

# Of every page of the demo, in two widths, light and dark, to be looked at; needs Chromium.
pictures: .venv/installed
	$(VENV)/python -m tests.pictures pictures

# After a change of the dependencies in pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --all-extras --output-file requirements.txt pyproject.toml

clean:
	rm -rf .venv .*_cache bench.json mutants.sqlite mutants.tests pictures
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
