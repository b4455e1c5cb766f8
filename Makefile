# make setup   the system packages (when allowed) and .venv
# make grade   grade SUBMISSION (default: the bundled reference programs in C)
# make test    every test, in parallel; those of --sandbox docker where an engine runs that has the images
# make test-hostile     every attack in both sandboxes, as a table; starts an engine if it must
# make test-sandboxes   every reference, and a sample of the defects, in both sandboxes; the same
# make lint    ruff and mypy
# make docs    put the requirements of practical.toml into the statements

# The first Python that is 3.11 or later, can be executed by this user, and can make environments.
PYTHON ?= $(firstword $(foreach p,/usr/bin/python3.11 python3.11 python3 python3.13 python3.12,$(shell $(p) -c 'import sys, venv, ensurepip; sys.version_info >= (3, 11) and print("$(p)")' 2>/dev/null)))
SUBMISSION ?=
VENV := .venv
GRADER := $(VENV)/bin/grader

.PHONY: setup grade test test-hostile test-sandboxes lint docs clean system

setup: $(VENV)/ready

grade: setup
	@$(GRADER) check $(SUBMISSION)

test: setup
	@ci/install-system tests
	$(VENV)/bin/python -m pytest -n $$(( 2 * $$(nproc) )) --dist worksteal --instafail --durations=20 tests

test-hostile: setup
	@ci/install-system tests
	GRADER_TEST_DOCKER=1 GRADER_TEST_EVERY_ATTACK=1 ci/with-engine $(VENV)/bin/python -m pytest -n $$(nproc) --instafail tests/hostile

test-sandboxes: setup
	GRADER_TEST_DOCKER=1 GRADER_TEST_EVERY_SUBJECT=1 ci/with-engine $(VENV)/bin/python -m pytest -n $$(( 2 * $$(nproc) )) --dist worksteal --instafail tests/end_to_end/test_same_verdicts.py tests/end_to_end/test_containers.py

lint: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy

docs: setup
	@$(VENV)/bin/python -m grader.statement

system:
	@ci/install-system

# Made again when the dependencies changed, or when .venv came from another machine or place.
$(VENV)/ready: pyproject.toml ci/install-system | system
	@test -n "$(PYTHON)" || { echo "No Python 3.11 with venv was found. Install it: apt-get install python3 python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV)
