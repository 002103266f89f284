# Everything a newcomer or CI needs. Only Python 3.11 or later must be installed. `make help` lists the targets.

PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { command -v $$p; break; }; done)
BIN := .venv/bin
PORT ?= 8000
STUDENTS ?= 1240
SEEDS ?= 30
EXAMPLES ?= 1000
UV ?= uv
# For checks that load the settings and need no database.
NO_DATABASE := DATABASE_URL=postgresql:///none ROLLBOOK_SECRET_KEY=check ROLLBOOK_DATA_DIR=.mypy_cache

.PHONY: help demo next-week test lint types format quick laws crash office fuzz bench bench-pages bench-all screenshots settings inventory requirements clean
.DELETE_ON_ERROR:

help: ## List these targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

demo: .venv/demo ## Try it out: database, made-up PowerSchool, web and worker; Ctrl-C ends all (PORT=, STUDENTS=)
	@exec $(BIN)/rollbook demo --port $(PORT) --students $(STUDENTS)

next-week: .venv/demo ## Let a week go by in the running demo's PowerSchool: joiners, leavers, new names
	@$(BIN)/rollbook demo next-week

test: .venv/dev chromium lint types ## Everything that CI checks
	$(BIN)/pytest -n auto --dist worksteal -q

lint: .venv/dev ## Style, layers, templates
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(NO_DATABASE) $(BIN)/lint-imports
	if ls rollbook/web/templates/web/*/*.html >/dev/null 2>&1; then $(BIN)/djlint rollbook --lint --quiet; fi

types: .venv/dev ## mypy, strict
	$(NO_DATABASE) $(BIN)/mypy

format: .venv/dev ## Put the code into its form
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

quick: .venv/dev ## The tests that neither sync, nor read an uploaded file, nor need a browser: under a minute
	$(BIN)/pytest -n auto -q -m "not slow and not crash and not office"

laws: .venv/dev ## The rules and sources against 1,000 made-up inputs each (EXAMPLES=10000 for a long night)
	HYPOTHESIS_EXAMPLES=$(EXAMPLES) $(BIN)/pytest -n auto -q tests/roster tests/sources

crash: .venv/dev ## Kill workers, servers and the database in the middle of runs; rosters of 20,000; 10,000 rosters that change while they are read (SEEDS=300 for a long night)
	CRASH_SEEDS=$(SEEDS) $(BIN)/pytest -q tests/crash tests/sources/test_nobody_goes_missing.py tests/sync/test_sudden_rosters.py tests/sync/test_any_order.py tests/sync/test_nobody_becomes_somebody_else.py -m "crash or slow"

office: .venv/dev ## What LibreOffice makes of the template and of the Excel report, with pictures in .office (needs soffice, poppler-utils)
	OFFICE_PICTURES=.office $(BIN)/pytest -q tests/sync/test_libreoffice.py tests/sync/test_report_pictures.py -m office

fuzz: .venv/dev ## Feed the readers of what a SIS states with mutated bytes for a minute (SECONDS=)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements/fuzz.txt
	$(BIN)/python -m tests.fuzz.readers -max_total_time=$(or $(SECONDS),60)

bench: .venv/dev ## Measure a sync beside dlt, a Django script and a limit; CASE= small, large, distant or limited, BEFORE= another checkout, ARGS= options, as --quick
	PYTHONPATH=. $(BIN)/python -m bench.side_by_side $(if $(CASE),--case $(CASE)) $(if $(BEFORE),--before $(BEFORE)) $(ARGS)

bench-pages: .venv/dev ## Measure each page of a school of 200,000 students and 300 runs; ARGS= options, as --quick
	PYTHONPATH=. $(BIN)/python -m bench.pages $(ARGS)

bench-all: bench ## Measure besides: 100,000 students of a stand-in, 200 schools at once, fairness, and hostile answers
	PYTHONPATH=. $(BIN)/python bench/main_job.py --students 100000 --result bench/main_job.json
	PYTHONPATH=. $(BIN)/python -m bench.many_schools --result bench/many_schools.json
	PYTHONPATH=. $(BIN)/python -m bench.hostile_bodies --result bench/hostile_bodies.json
	PYTHONPATH=. $(BIN)/python -m bench.fairness --result bench/fairness.json

screenshots: .venv/dev chromium ## Take the README's pictures anew, from a demo of their own
	$(BIN)/python docs/take_screenshots.py

settings: .venv/dev ## Make the table of docs/settings.md from the settings class
	$(BIN)/python docs/write_settings.py

inventory: .venv/dev ## Make the tables of docs/data-inventory.md from the models
	PYTHONPATH=. $(BIN)/python docs/write_data_inventory.py

requirements: ## Pin and hash anew after a change of requirements/*.in (needs uv)
	cd requirements && for name in run demo dev; do $(UV) pip compile --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make requirements" -q $$name.in -o $$name.txt; done

clean: ## Remove the environment and all caches; a demo's data in .demo stays
	rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis
	find rollbook tests bench -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@if [ -z "$(PYTHON)" ]; then echo "Rollbook needs Python 3.11 or later with its venv module (Debian and Ubuntu: apt install python3-venv)." >&2; exit 1; fi
	@$(PYTHON) -m venv .venv

# A stamp for each set of requirements: pip runs again only when the pins change. The project itself is put on the path, not built.
.venv/demo .venv/dev: .venv/%: requirements/%.txt | .venv/bin/python
	@echo "Installing $< into .venv; this takes a minute, and only when these requirements change."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@echo "$(CURDIR)" > "$$($(BIN)/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/rollbook.pth"
	@printf '#!/bin/sh\nexec "%s/$(BIN)/python" -m rollbook "$$@"\n' "$(CURDIR)" > $(BIN)/rollbook && chmod +x $(BIN)/rollbook
	@$(BIN)/python -m compileall -q rollbook || true # where PYTHONDONTWRITEBYTECODE is set, no start does it
	@touch $@

.PHONY: chromium
chromium: # The browser tests need one; nothing else does.
	@command -v chromium chromium-browser google-chrome >/dev/null || { \
		if [ "$$(id -u)" = 0 ]; then apt-get update -qq && apt-get install -y -qq chromium >/dev/null; \
		elif sudo -n true 2>/dev/null; then sudo apt-get update -qq && sudo apt-get install -y -qq chromium >/dev/null; \
		else echo "The browser tests need Chromium: install the package chromium, or run 'make quick' without them." >&2; exit 1; fi; }
