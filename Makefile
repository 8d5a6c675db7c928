# `make benchmark` and `make test` need Python 3.11 or newer, make, and the package registry; they set up the rest.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
RUN := .venv/bin/python

.PHONY: benchmark test test-long test-tex check audit setup peers clean

benchmark: setup
	$(RUN) benchmark.py --models auffusion,audioldm,recordings,shuffled,retrieval,noise,silence

test: setup
	$(RUN) -m pytest -n 3 -q

test-long: setup
	$(RUN) -m pytest -n 2 -q -m long

# LaTeX tables through a TeX engine (Debian: texlive-latex-recommended), which must be there.
test-tex: setup
	TTA_BENCH_TEX=required $(RUN) -m pytest -q tests/report/test_latex.py

check: setup
	.venv/bin/ruff check . && .venv/bin/ruff format --check . && .venv/bin/mypy

# Known weaknesses of what is installed, and its licences. It asks a service on the network.
audit: setup
	$(PYTHON) -m venv .venv-audit
	.venv-audit/bin/pip install --quiet pip-audit==2.9.0
	.venv-audit/bin/pip-audit --requirement requirements.lock --no-deps --disable-pip --strict
	$(RUN) -m pytest -q tests/test_licences.py

setup: .venv/installed

# torch first and with its dependencies, because a CUDA build brings its own libraries.
.venv/installed: requirements.lock
	$(PYTHON) -m venv .venv
	.venv/bin/pip install --quiet "$$(grep '^torch==' requirements.lock)"
	.venv/bin/pip install --quiet --no-deps -r requirements.lock
	touch $@

peers: .venv-peers/installed

.venv-peers/installed: requirements-originals.lock requirements-originals-nodeps.lock
	$(PYTHON) -m venv .venv-peers
	.venv-peers/bin/pip install --quiet -r requirements-originals.lock
	.venv-peers/bin/pip install --quiet --no-deps -r requirements-originals-nodeps.lock
	touch $@

clean:
	rm -rf .venv .venv-peers .venv-audit runs
