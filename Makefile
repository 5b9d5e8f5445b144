PYTHON ?= python3
PORT ?= 8080
VENV := .venv/bin

.PHONY: demo serve test check torture bench lock clean

# Everything plantrail needs, at the locked versions, from wheels alone: no compiler, no services, no root.
.venv: requirements.txt pyproject.toml
	$(PYTHON) -m venv .venv
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements.txt
	$(VENV)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch .venv

demo: .venv
	$(VENV)/plantrail demo --port $(PORT)

serve: .venv
	$(VENV)/plantrail serve --port $(PORT)

test: .venv
	$(VENV)/python -m pytest

check: .venv
	$(VENV)/ruff format --check .
	$(VENV)/ruff check .
	$(VENV)/mypy
	$(VENV)/lint-imports
	$(VENV)/python -m pytest

torture: .venv
	$(VENV)/python -m pytest -m torture

bench: .venv
	$(VENV)/python -m tests.bench

# After a change of the dependencies in pyproject.toml; needs uv.
lock:
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate \
		--no-header --extra dev --extra build --output-file requirements.txt pyproject.toml

clean:
	rm -rf .venv .*_cache bench.json
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
