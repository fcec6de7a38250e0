# Every target does the set-up that it needs, once: 'make run' and 'make test' are all a newcomer types.

SHELL := /bin/bash
MAKEFLAGS += --no-builtin-rules --no-print-directory
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# The distribution's own Python, whatever comes first in PATH: no other sees the distribution's BCC.
PYTHON := /usr/bin/python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
UV_VERSION := 0.13.9

# What has been done. After an upgrade of the distribution's Python, all of .venv is done again.
DONE := $(VENV)/.done
ifeq ($(wildcard $(VENV)/lib/$(notdir $(realpath $(PYTHON)))),)
.PHONY: $(DONE)/venv
endif

# A user's own packages (PyPI's "bcc" is something else) must not come before the distribution's.
export PYTHONNOUSERSITE := 1

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: run
run: setup ## set up and start twtui; options go into ARGS: make run ARGS='-p 1234'
	@$(BIN)/twtui $(ARGS)

.PHONY: setup
setup: $(DONE)/project ## set up: BCC from the distribution, the rest into .venv; leaves .venv/bin/twtui
	@:

.PHONY: test
test: lint ## set up and run every check and every test; ARGS go to pytest
	@scripts/test $(ARGS)

.PHONY: check
check: lint ## the checks and the unit tests only, under a minute
	@$(BIN)/pytest -q --numprocesses auto tests/unit $(ARGS)

.PHONY: lint
lint: $(DONE)/dev ## format, style, types, and which module may import which
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

.PHONY: coverage
coverage: $(DONE)/dev ## which lines the unit and kernel tests run, in all processes; fails under 90 %; as root
	@rm -rf .coverage && mkdir -m 1777 .coverage
	@TWTUI_TEST_PATIENCE_S=120 $(BIN)/coverage run -m pytest -q -p no:cacheprovider tests/unit tests/kernel $(ARGS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

.PHONY: kernel-test
kernel-test: $(DONE)/dev ## the tests on the running kernel, none skipped; as root
	@TWTUI_KERNEL_TESTS=require $(BIN)/pytest tests/kernel $(ARGS)

.PHONY: matrix
matrix: $(DONE)/project ## try other kernels under QEMU and other BCCs; as root; ARGS='--kernel 7.3 --bcc sid'
	@scripts/packages qemu-system-x86_64 mmdebstrap cpio keyring
	@$(BIN)/python tests/matrix/matrix.py $(ARGS)

.PHONY: fuzz
fuzz: $(DONE)/dev ## try inputs that nobody thought of, for five minutes; ARGS=30m for longer
	@$(BIN)/python -m tests.fuzz $(ARGS)

.PHONY: install-check
install-check: $(DONE)/project ## try every way of installing, each in a clean Debian; as root
	@scripts/packages mmdebstrap keyring
	@PYTHONPATH=tests/matrix:tests/kernel $(BIN)/python tests/install/install_check.py $(ARGS)

.PHONY: bench
bench: $(DONE)/dev ## measure speed, beside rivals where there are any; as root; ARGS='--rounds 9'
	@for name in kernel_path names reader start overhead loss pipeline screen footprint; do \
		echo; echo "== $$name"; $(BIN)/python tests/bench/$$name.py $(ARGS) || exit; done
	@echo; echo '== recording'; $(BIN)/python tests/bench/recording.py

.PHONY: soak
soak: $(DONE)/dev ## run everything at once for 10 minutes: nothing may grow; as root; ARGS='--seconds 60'
	@$(BIN)/python tests/kernel/soak.py $(ARGS)

.PHONY: screenshots
screenshots: $(DONE)/project ## draw the README's pictures, of a live run and of the tests' scenes; as root
	@$(BIN)/python scripts/screenshots.py

.PHONY: docs
docs: $(DONE)/project ## write the README's tables, man page, completions and config example from the code
	@$(BIN)/python scripts/docs.py

.PHONY: lock
lock: $(DONE)/venv ## write the lock files anew; ARGS=--upgrade takes newer versions
	@$(PIP) install uv==$(UV_VERSION)
	$(COMPILE) --group build --output-file requirements.lock pyproject.toml
	$(COMPILE) --group lint --group test --constraints requirements.lock --output-file requirements-dev.lock

.PHONY: packages
packages: ## look for the distribution's packages again
	@scripts/packages python venv bcc gcc libc tmux bpftool sudo openssl zsh fish mandoc

.PHONY: clean
clean: ## remove what the targets made, .venv too
	rm -rf $(VENV) build dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# For every Python from 3.11 and with the hashes of all files of a release, so that one lock serves all.
COMPILE = $(BIN)/uv pip compile --quiet --universal --no-strip-extras --python-version 3.11 --generate-hashes \
	--custom-compile-command 'make lock' $(ARGS)

$(DONE)/system: scripts/packages
	@scripts/packages python venv bcc
	@mkdir -p $(@D) && touch $@

$(DONE)/venv: $(DONE)/system requirements.lock
	@echo 'Installing what requirements.lock lists into $(VENV)'
	@$(PYTHON) -m venv --system-site-packages $(VENV)
	@$(PIP) install --require-hashes -r requirements.lock
	@touch $@

$(DONE)/project: $(DONE)/venv pyproject.toml
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(DONE)/dev: $(DONE)/project requirements-dev.lock
	@scripts/packages gcc libc tmux bpftool sudo openssl zsh fish mandoc
	@echo 'Installing what requirements-dev.lock lists into $(VENV)'
	@$(PIP) install --require-hashes -r requirements-dev.lock
	@touch $@
