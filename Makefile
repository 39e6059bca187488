# Groundswell. `make help` lists what there is.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
RUN := .venv/.run-installed
DEV := .venv/.dev-installed

.DEFAULT_GOAL := help
DO ?= parked

.PHONY: help run demo load messages backup restore test check bench chaos lock clean republish replay differences

help:  ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

run: $(RUN)  ## Start everything at http://127.0.0.1:8000, data in ./var, until Ctrl-C
	@exec $(BIN)/python -m deploy.local

demo: $(RUN)  ## Fill a running system (or one it starts) with labelled, generated answers
	@exec $(BIN)/python -m deploy.demo

load: $(RUN)  ## Load answers and close their survey: make load CSV=file MAPPING=file [KEEP_OPEN=yes]
	@exec $(BIN)/python -m deploy.load $(CSV) $(MAPPING) $(if $(KEEP_OPEN),--keep-open)

messages: $(RUN)  ## Messages that failed: make messages DO="parked", "show ID", "replay ID", "drop ID"
	@$(BIN)/python -m shared.messages $(DO)

backup: $(RUN)  ## Copy all data, while it runs or not: make backup TO=file
	@exec $(BIN)/python -m deploy.backup backup "$(TO)"

restore: $(RUN)  ## Put a backup into an empty data folder: make restore FROM=file
	@exec $(BIN)/python -m deploy.backup restore "$(FROM)"

republish: $(RUN)  ## Have intake say again how things stand, for a service that lost some
	@exec $(BIN)/python -m services.intake republish $(SURVEY)

replay: $(RUN)  ## Compute what planning and metrics folded anew, while they run
	@$(BIN)/python -m services.planning replay
	@exec $(BIN)/python -m services.metrics replay

differences: $(RUN)  ## What planning and metrics hold otherwise than intake
	@$(BIN)/python -m services.planning differences
	@exec $(BIN)/python -m services.metrics differences

test: $(DEV)  ## Run all tests, against the real components that are installed
	@$(BIN)/python -m pytest -q -n auto --no-loadscope-reorder

check: $(DEV)  ## Lint, types and the directions of imports
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy services shared deploy
	@$(BIN)/lint-imports

bench: $(DEV)  ## Measure speed as ratios to a floor in the same run
	@$(BIN)/python -m tests.bench

chaos: $(DEV)  ## Kill processes under load for minutes, on both brokers, and count what came of it
	@$(BIN)/python -m tests.chaos --broker sqlite --away 45 --first 20
	@$(BIN)/python -m tests.chaos --broker rabbitmq --away 45 --seconds 240

lock: $(DEV)  ## Resolve the dependencies anew
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --universal --python-version 3.11 --extra embedded -o requirements.lock pyproject.toml
	$(BIN)/uv pip compile -q --upgrade --generate-hashes --no-header --universal --python-version 3.11 --extra embedded --extra dev -o requirements-dev.lock pyproject.toml

clean:  ## Remove the environment; ./var stays
	rm -rf .venv

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Groundswell needs Python 3.11 or later.")'
	@$(PYTHON) -m venv .venv

$(RUN): requirements.lock | .venv/bin/python
	@echo "Making the environment (about a minute, once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(DEV): requirements-dev.lock | .venv/bin/python
	@echo "Making the environment with the tools for testing (about two minutes, once) ..."
	@$(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.lock
	@touch $@ $(RUN)
