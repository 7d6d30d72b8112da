# mentorkit: `make demo` shows it work, `make test` proves it. Each target is one line that calls a module.
SHELL := /bin/bash
PYTHON ?= python3
export PATH := $(CURDIR)/.venv/bin:$(CURDIR)/node_modules/.bin:$(PATH)
export SUPABASE_TELEMETRY_DISABLED := 1

.DEFAULT_GOAL := help
.PHONY: help setup demo dev test test-long check format bench docs lock sql

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup:  ## install the Python and npm parts into this checkout (quick when nothing changed)
	@$(PYTHON) scripts/setup.py

demo: setup  ## the whole story, from sign-up to an open room, in one command
	@python -m demo

dev: setup  ## keep everything running and print URLs, keys and two test users
	@python -m local up

test:  ## all tests, campaigns at a reduced size
	@$(PYTHON) scripts/setup.py --tests
	@python -m pytest -n 3 --dist loadfile

test-long:  ## all tests, campaigns at the size they were promised
	@$(PYTHON) scripts/setup.py --tests
	@MENTORKIT_TEST_LONG=1 python -m pytest -n 3 --dist loadfile

check: setup  ## ruff, mypy --strict, SQL lint
	@python scripts/check.py

format: setup  ## rewrite Python files in the house style
	@ruff format . && ruff check --fix .

bench: setup  ## measure, as ratios in one run, into bench/RESULTS.md
	@python -m bench

docs: setup  ## build the documentation site into site/
	@mkdocs build --strict

lock:  ## choose the newest versions anew and write requirements.lock and package-lock.json
	@uv pip compile --quiet --universal --python-version 3.11 --no-emit-index-url --no-header --generate-hashes --upgrade --extra dev --output-file requirements.lock pyproject.toml
	@npm install --no-audit --no-fund

sql: setup  ## all migrations as one file for the SQL editor: build/mentorkit.sql
	@python scripts/one_sql.py
