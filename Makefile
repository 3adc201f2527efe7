# Everything a person or a machine does here. `make` alone says what there is.
.DEFAULT_GOAL := help
.PHONY: help run test check format capabilities lock clean setup
PYTHON := .venv/bin/python

help: ## say what there is
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-14s%s\n' "$$name" "$$text"; done

setup:
	@scripts/setup

run: setup ## start Tocsin with demo data and a simulated marketplace; Ctrl-C stops it
	@scripts/voices
	@TOCSIN_OUTBOUND_ALLOW="$${TOCSIN_OUTBOUND_ALLOW:-127.0.0.1}" exec .venv/bin/tocsin up --demo

test: setup ## check the code and run every test
	@scripts/browser
	@scripts/voices
	@$(MAKE) --no-print-directory check
	@$(PYTHON) -m tocsin.engine.runtime.warm
	@$(PYTHON) -m pytest -n 2 --dist loadfile

# settings are read from a home of its own, so that checking leaves nothing behind
check: export TOCSIN_HOME := $(CURDIR)/.mypy_cache/home
check: setup ## lint, formatting, types, and which floor imports which
	@.venv/bin/ruff check --quiet .
	@.venv/bin/ruff format --check --quiet .
	@.venv/bin/mypy
	@.venv/bin/lint-imports

format: setup ## format the code
	@.venv/bin/ruff check --fix --quiet . ; .venv/bin/ruff format .

capabilities: setup ## run the acceptance tests; one line a capability: row, state, sentence
	@scripts/browser
	@scripts/voices
	@$(PYTHON) -m tests.capabilities.report

lock: setup ## work out requirements.lock again
	@.venv/bin/uv pip compile pyproject.toml --group dev --extra aws --generate-hashes --no-emit-index-url --no-annotate -q -o requirements.lock --python-version 3.11

clean: ## remove what was built; your data in var/ stays
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist test-results
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
