# run: start the messenger (ARGS="--port 9000").  test: everything CI does.
# lint: style, types, imports.  lock: pin the packages that setup.cfg names (ARGS=-U: the newest).
# bundle: an archive in dist/ that installs and runs on a machine without internet.
# fuzz: the HTTP API with many right and wrong calls, and rows of them (EXAMPLES=100 of each), then
#   what strangers can send to the sockets and to the relay (CASES=10000000 in all).
# audit: known weaknesses of the pinned packages (ARGS="-s osv": asked at OSV).
# shots: pictures of every page and state into build/shots (ARGS="chat menu-zh-dark-phone": only
#   those).  pictures: the documents' ones, in docs/images.
# soak: nodes, MariaDB and Redis break at random under load (SECONDS=600 SEED=…: a plan once more).
# galera: three databases in step, of which the writer is killed under load.
# autobahn: the socket layer against the protocol's test suite (needs Python 2.7); inside TLS with
#   ARGS=--tls.
# bench: the measurements of docs/performance.md, an hour on a quiet machine (BENCHES="growth
#   million" ARGS=…: only those).  plots: its pictures, of what bench.growth has kept.
# load: thousands who behave like people, then three times what goes (PEOPLE=5000 SECONDS=300).
.PHONY: run test lint docs lock audit bundle fuzz soak galera shots pictures autobahn bench load plots
.DELETE_ON_ERROR:

PYTHON = .venv/bin/python
# Two at a time by default: each worker has a MariaDB, a Redis and a Chromium of its own. They take
# the files in the order of their names, which has the long ones, browser and cluster, first: so the
# workers end together.
WORKERS ?= 2
# Seconds after which a run is given up; two quiet cores take a third of it.
PYTEST = $(PYTHON) -m pytest --session-timeout=4800
# Checks of the source that need no server.
HOUSE = tests/test_import_directions.py tests/test_house.py

run: .venv/run.stamp
	@exec $(PYTHON) run.py $(ARGS)

test:
	@scripts/prepare-tests.sh
	@$(MAKE) --no-print-directory lint
	$(PYTEST) -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS) || scripts/test-again.sh $$?

lint: .venv/test.stamp
	$(PYTHON) -m ruff check .
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m mypy --strict relay im handlers run.py
	$(PYTHON) -m mypy --explicit-package-bases --no-warn-unused-ignores $(wildcard bench/*.py)
	$(PYTHON) -m mypy --no-warn-unused-ignores tests/services $(wildcard tests/*.py)
	$(PYTHON) -m pytest -q $(HOUSE)

BENCHES ?= access durable fairness storm growth
bench: .venv/test.stamp
	@for each in $(BENCHES); do $(PYTHON) -m bench.$$each $(ARGS) || exit 1; done

PEOPLE ?= 5000
SECONDS ?= 300
load: .venv/test.stamp
	@$(PYTHON) -m bench.load --people $(PEOPLE) --seconds $(SECONDS) $(ARGS)

plots: .venv/test.stamp
	@$(PYTHON) -m bench.plots

docs: .venv/run.stamp
	$(PYTHON) scripts/docs.py

shots: .venv/test.stamp
	$(PYTHON) scripts/shots.py $(ARGS)

pictures: .venv/test.stamp
	$(PYTHON) scripts/pictures.py

autobahn: .venv/run.stamp
	@scripts/autobahn.sh $(ARGS)

bundle: .venv/run.stamp
	@scripts/bundle.sh

fuzz: EXAMPLES ?= 100
fuzz: CASES ?= 10000000
fuzz: .venv/test.stamp
	IM_TEST_API_EXAMPLES=$(EXAMPLES) $(PYTEST) -rP tests/docs/test_any_call.py $(ARGS)
	scripts/fuzz.sh $(CASES)

soak: SECONDS = 600
soak: SEED = $(shell shuf -i 1-999999 -n 1)
soak: .venv/test.stamp
	@IM_TEST_SOAK_SECONDS=$(SECONDS) IM_TEST_SOAK_SEED=$(SEED) $(PYTEST) -s \
	  tests/cluster/test_soak.py -k random_faults $(ARGS)

galera:
	@scripts/prepare-tests.sh galera
	IM_TEST_GALERA=1 $(PYTEST) -rP tests/cluster/test_galera.py $(ARGS)

lock: .venv/run.stamp
	scripts/lock.sh $(ARGS)

audit: .venv/run.stamp
	@scripts/audit.sh $(ARGS)

.venv/run.stamp: requirements.txt scripts/install.sh
	@scripts/install.sh requirements.txt
	@touch $@

# The longer list holds the shorter one.
.venv/test.stamp: requirements-test.txt scripts/install.sh
	@scripts/install.sh requirements-test.txt
	@touch $@ .venv/run.stamp
