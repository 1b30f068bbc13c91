# make setup   the program and its tools, in .venv, from the locked list
# make demo    the whole product on this machine, no account needed (ONCE=1: stops by itself)
# make test    all tests, on SQLite and PostgreSQL
# make check   what a change must pass: format, lint, types, layers, tests with their coverage
# make bench   import speed beside sqlite3's own .import
# make crash   the long crash programme
# make seeds   500 offices of random people
# make docs    the README's and config/problems.md's tables anew from the program
# make lock    the locked list anew from pyproject.toml

BIN = .venv/bin
STAMP = .venv/.complete
WORKERS ?= 2

.PHONY: setup demo test check cover lint bench crash seeds docs lock

setup: $(STAMP)

$(STAMP): requirements.lock pyproject.toml
	@rm -f $(STAMP)
	@if [ ! -x $(BIN)/python ]; then \
	  found=; \
	  for each in "$$PYTHON" python3.13 python3.12 python3.11 python3 python; do \
	    if [ -n "$$each" ] && "$$each" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then found="$$each"; break; fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "syncd needs Python 3.11 or newer, and none was found. Debian: apt install python3 python3-venv; macOS: brew install python; or name one: make setup PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "making .venv with $$($$found -V)"; \
	  "$$found" -m venv .venv || { rm -rf .venv; echo "Python's venv is missing or broken. Debian: apt install python3-venv" >&2; exit 1; }; \
	fi
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	$(BIN)/python -m compileall -q syncd importers
	@touch $(STAMP)

demo: setup
	$(BIN)/syncd demo $(if $(ONCE)$(filter true 1,$(CI)),--once)

test: setup
	$(BIN)/pytest -n $(WORKERS) tests

lint: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

check: lint cover

cover: setup
	COVERAGE_PROCESS_START=pyproject.toml $(BIN)/coverage run -m pytest -n $(WORKERS) tests
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --format=total

bench: setup $(if $(findstring --peer,$(BENCH)),.venv/peer/.complete)
	$(BIN)/python -m tests.bench.import_csv $(BENCH)

.venv/peer/.complete: tests/bench/requirements.lock
	$(BIN)/python -m venv .venv/peer
	.venv/peer/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/bench/requirements.lock
	@touch $@

crash: setup
	$(BIN)/pytest -n $(WORKERS) -m long tests/faults

seeds: setup
	$(BIN)/pytest -n $(WORKERS) -m long tests/seeds

docs: setup
	$(BIN)/python -m tests.architecture.tables

lock: setup
	$(BIN)/uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file requirements.lock >/dev/null
	$(BIN)/uv pip compile tests/bench/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --quiet --output-file tests/bench/requirements.lock >/dev/null
