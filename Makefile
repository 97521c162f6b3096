# Everything from a bare clone: needs make and Python 3.11 or later, nothing else.
#
#   make ask Q="where is the cat hiding?" ARGS="--mode steps"
#
# PYTHON chooses the interpreter. A second run starts at once: the stamps know what is installed.

Q ?= what items are located where the cat is hiding?
ARGS ?=
PORT ?= 2024
# As it was typed: a dollar in a question is no variable of make's.
override Q := $(value Q)
export Q

BIN := .venv/bin
SETUP := constraints.txt pyproject.toml scripts/setup.sh
READY := .venv/ready
DEV_READY := .venv/dev-ready

# In random order: the seed is printed, and ARGS="--randomly-seed=N" repeats it.
PYTEST := $(BIN)/python -m pytest --numprocesses auto --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help ask serve test test-all coverage versions lint types reference docs release bench train eval clean

help: ## show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

ask: $(READY) ## set up and ask the cat agent; Q="..." is the question, ARGS="..." more options
	@$(BIN)/catagent ask $(ARGS) -- "$$Q"

serve: $(DEV_READY) ## set up and serve the cat agent at PORT=2024, with `langgraph dev`; ARGS="..." goes to that
	@LANGGRAPH_CLI_NO_ANALYTICS=1 $(BIN)/langgraph dev --host 127.0.0.1 --port $(PORT) --no-browser --no-reload --n-jobs-per-worker 10 $(ARGS)

test: $(DEV_READY) ## set up and run the tests, in a few minutes; ARGS="..." goes to pytest
	@$(PYTEST) -m "not full" $(ARGS)

test-all: $(DEV_READY) ## run all of the tests: whole matrices, and the long soaks
	@$(PYTEST) $(ARGS)

coverage: $(DEV_READY) ## run the tests and see which branches they take
	@$(PYTEST) -m "not full" --cov --cov-report=term --cov-report=html $(ARGS)

lint: $(DEV_READY) ## check style and formatting
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(DEV_READY) ## check the types, strictly
	@$(BIN)/mypy

reference: $(READY) ## write the generated pages of docs/ anew (commands, settings, classes), and README's picture
	@$(BIN)/python scripts/commands.py > docs/commands.md
	@$(BIN)/python scripts/settings.py > docs/settings.md
	@$(BIN)/python scripts/names.py
	@$(BIN)/catagent export tests/fixtures/v1/local.jsonl docs/images/ask.svg --force

docs: $(DEV_READY) ## build the documentation into site/, strictly; see it with: python3 -m http.server -d site
	@$(BIN)/zensical build --strict --clean

versions: $(DEV_READY) ## test on the lowest, the pinned and the newest dependencies; ONLY="lowest newest", PYTHONS="..."
	@$(BIN)/python scripts/versions.py $(if $(ONLY),--only $(ONLY)) $(if $(PYTHONS),--pythons $(PYTHONS))

release: $(READY) ## build the wheel and the sdist into dist/, and try them; PYTHONS="..." names more interpreters
	@$(BIN)/python -m scripts.release $(if $(PYTHONS),--pythons $(PYTHONS)) $(ARGS)

bench: $(DEV_READY) ## measure start-up, the cost of a token, and of being watched
	@$(BIN)/python -m benchmarks $(ARGS)

train: $(DEV_READY) ## train the embedded model's adapter again (hours; see training/README.md)
	@$(MAKE) -C training train

eval: $(DEV_READY) ## measure the embedded model on held-out questions
	@$(MAKE) -C training eval

clean: ## remove everything that was set up or built
	rm -rf .venv build dist site .cache .langgraph_api .coverage* benchmarks/out .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find catagent tests training benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +

$(READY): $(SETUP)
	@sh scripts/setup.sh
	@touch $@

$(DEV_READY): $(SETUP) $(READY)
	@sh scripts/setup.sh dev
	@touch $@
