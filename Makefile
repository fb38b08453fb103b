# Two commands matter: `make up` and `make test`. STACK chooses the stack file, or SERTANTAI_STACK as for ./sertantai.
STACK ?= $(or $(SERTANTAI_STACK),local)
PYTHON := .venv/bin/python
READY := .venv/.ready
# Three test processes keep two cores busy; with the Pulumi CLI, two do.
PROCESSES ?= $(if $(shell command -v pulumi),2,3)

.PHONY: up preview down destroy test test-faults lint bench reference picture pictures transcripts clean

up: $(READY)
	@$(PYTHON) -m cli up --stack $(STACK)

preview: $(READY)
	@$(PYTHON) -m cli preview --stack $(STACK)

down: $(READY)
	@$(PYTHON) -m cli down --stack $(STACK) $(if $(YES),--yes)

destroy: $(READY)
	@$(PYTHON) -m cli destroy --stack $(STACK) $(if $(YES),--yes)

test: $(READY)
	@$(PYTHON) -m pytest --numprocesses $(PROCESSES) --dist loadgroup

# The last tests restart Docker, and all containers with it.
test-faults: $(READY)
	@$(PYTHON) -m pytest -m faults --numprocesses $(PROCESSES) --dist loadgroup
	@E2E_RESTART_DOCKER=1 $(PYTHON) -m pytest -m disruptive

lint: $(READY)
	@$(PYTHON) -m ruff check . && $(PYTHON) -m ruff format --check . && $(PYTHON) -m mypy && \
	  $(PYTHON) -m mypy --python-version 3.10 host

bench: $(READY)
	@$(PYTHON) -m tests.bench

reference: $(READY)
	@$(PYTHON) -m docs.reference

transcripts: $(READY)
	@$(PYTHON) -m docs.transcripts

picture: $(READY)
	@$(PYTHON) -m docs.picture

pictures: $(READY)
	@$(PYTHON) -m docs.pictures

# On Debian, the module venv is in a separate package.
$(READY): requirements.txt
	@python3 -c 'import ensurepip' 2>/dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && \
	  echo 'Installing Debian packages: python3-venv' && apt-get update -qq && apt-get install -y -qq python3-venv >/dev/null; } || \
	  { echo 'Python cannot make virtual environments here: install python3-venv' >&2; exit 1; }
	@echo 'Installing the Python packages into .venv'
	@python3 -m venv .venv && $(PYTHON) -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $(READY)
