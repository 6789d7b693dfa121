# `make demo` on a fresh machine needs Python 3.11 or later and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Where to find a build of torch for the CPU, an eighth of what the default index may give you (see
# README.md). Asked for torch alone, so that no other package is looked for there.
TORCH_INDEX ?=

export PIP_NO_INPUT := 1
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Seconds for each target of `make fuzz`.
SECONDS ?= 60

.PHONY: demo test lint bench fuzz clean

demo: $(READY)
	$(BIN)/grader grade fixtures/submissions --rubric softmax --out graded --fresh || test $$? -eq 1

test: $(READY)
	$(BIN)/python -m pytest -n 2 -q --dist loadgroup

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(READY)
	$(BIN)/python -m benchmarks.throughput

fuzz: $(READY)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev,fuzz]'
	$(BIN)/python -m fuzz --seconds $(SECONDS)

clean:
	rm -rf graded build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis \
	  .import_linter_cache $(VENV)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "grader needs Python 3.11 or later; name one: make PYTHON=python3.12" >&2; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --no-deps -c constraints.txt \
	  $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX)) torch
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[dev]'
	$(BIN)/python -m compileall -q -x references grader  # the first start is as quick as every other
	touch $@
