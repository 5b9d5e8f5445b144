PYTHON ?= python3
PORT ?= 8080
VENV := .venv/bin

.PHONY: .venv demo serve test quick check torture mutants bench pictures lock clean

# Installs everything that plantrail needs, in the locked versions and from wheels: no compiler, service or root needed.
.venv: .venv/installed

.venv/installed: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: \
		--no-binary yattag -r requirements.txt  # which has no wheel
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	# Wheels are compiled when they are installed. This compiles plantrail itself, for users who may not write here.
	$(VENV)/python -m compileall -q adapters application domain
	@touch $@

demo: .venv/installed
	$(VENV)/plantrail demo --port $(PORT)

serve: .venv/installed
	$(VENV)/plantrail serve --port $(PORT)

# Keeps compiled files even if the environment says otherwise, because the tests start many programs.
unexport PYTHONDONTWRITEBYTECODE

# Runs the tests on all cores, with a PostgreSQL for each process. The longest files, listed in tests/conftest.py, run
# first.
TEST := -m pytest --workers auto

test: .venv/installed
	$(VENV)/python $(TEST)

# Runs the tests that start no program (PostgreSQL, browser, broker or service), as tests/programs.py finds out.
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

# Mutates the lines that changed since a commit, and lists the mutants that no test fails for: make mutants SINCE=main
mutants: .venv/installed
	$(VENV)/python -m tests.mutants --since $(or $(SINCE),HEAD)

bench: .venv/installed
	$(VENV)/python -m tests.bench

# Takes pictures of every page of the demo, in two widths, light and dark. Needs Chromium.
pictures: .venv/installed
	$(VENV)/python -m tests.pictures pictures

# Locks the versions after a change of the dependencies in pyproject.toml. Needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --all-extras --output-file requirements.txt pyproject.toml

clean:
	rm -rf .venv .*_cache bench.json mutants.sqlite mutants.tests pictures
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
