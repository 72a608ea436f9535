# `make run`: see it work, from nothing.  `make quick`: while you edit.  `make test`: set-up and every test.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WHEEL_VENV := .venv-wheel
CLIENTS := cc_proxy/tests/clients
SOURCES := $(shell find cc_proxy -name '*.py' -not -path '*/tests/*') $(wildcard cc_proxy/data/* cc_proxy/data/ui/* docs/man/*) pyproject.toml README.md LICENSE
PIP_FLAGS := --quiet --disable-pip-version-check --no-input
UV_FLAGS := --quiet --compile-bytecode --python $(WHEEL_VENV)/bin/python
NPM_FLAGS := --loglevel=error --no-audit --no-fund --no-update-notifier

# Tests start hundreds of programs out of .venv; without bytecode each compiles all that it imports.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test bytecode quick soak engines lint unit coverage fuzz sbom clients wheel generate dist docs release-rehearsal lock clean
.DELETE_ON_ERROR:

# A Claude Code on PATH plays the session; without one it comes from npm, without npm the built-in client plays.
run: .make/runtime
	@if command -v claude >/dev/null; then :; \
	elif command -v npm >/dev/null; then $(MAKE) --no-print-directory .make/client; \
	else echo "There is no claude and no npm on the PATH: the built-in client plays the session."; fi
	@PATH="$$PATH:$(CURDIR)/$(CLIENTS)/current/node_modules/.bin" $(WHEEL_VENV)/bin/cc-proxy demo --upstream auto
	@echo
	@echo "Now on your own model: $(WHEEL_VENV)/bin/cc-proxy claude"
	@echo "See what happens meanwhile: $(WHEEL_VENV)/bin/cc-proxy ui"

test: .make/dev
	$(MAKE) --no-print-directory -j 3 clients wheel bytecode lint
	CC_PROXY_TEST_BIN="$(CURDIR)/$(WHEEL_VENV)/bin/cc-proxy" CC_PROXY_TEST_NO_SKIPS=1 \
		$(BIN)/pytest -n 4 --dist loadgroup -q

# Each of the workers that run the tests would otherwise compile all of them, at the same time.
bytecode: .make/dev
	@mkdir -p .make
	@$(BIN)/pytest --collect-only -q -n 0 > .make/collect.log 2>&1 || { tail -50 .make/collect.log; exit 1; }

# The inner loop, in half a minute of one processor: pure tests that start no program, and the house
# rules. A test (tests/house/test_quick.py) holds the selection to that.
QUICK := $(addprefix cc_proxy/tests/,house anthropic config search translate upstreams test_byte_cache.py test_redaction.py)
NOT_QUICK := rescue test_answer_work.py test_config_file_errors.py test_config_network.py test_config_file_locations.py \
	test_odd_schemas.py test_properties.py test_request_properties.py test_think_tags.py
quick: .make/dev
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet
	$(BIN)/pytest -q -n 0 $(QUICK) $(foreach name,$(NOT_QUICK),--ignore-glob='*/$(name)')

# About a quarter of an hour; `make soak SOAK="--minutes 60 --seed 7"` is one for a night.
soak: .make/dev
	$(BIN)/python -m bench.soak $(SOAK)

# Real engines, by hand: vLLM on the CPU and Ray Serve LLM beside llama-server. 6 GB of packages, and
# ten minutes to half an hour.
engines: .make/dev .make/clients
	bench/engines/run.sh $(BIN)/python

unit: .make/dev
	$(BIN)/pytest -q -m "not claude"

# How much of cc_proxy/app the tests run that need no Claude Code; the table ends with the total.
coverage: .make/dev
	@rm -rf .make/coverage && mkdir -p .make/coverage
	$(BIN)/coverage run -m pytest -q -m "not claude" -n 4 --dist loadgroup $(COVERAGE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

lint: .make/dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/shellcheck install.sh devcontainer/src/cc-proxy/install.sh .ci/run bench/engines/run.sh
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
	$(BIN)/zizmor --quiet --offline .github/workflows

# What is made from the code: JSON Schemas, man pages, help, pages of docs/reference, the version of
# the devcontainer Feature; and the pictures, for which doctor has to find a Claude Code.
generate: .make/dev .make/clients
	$(BIN)/python -m tools.generate
	$(BIN)/python -m tools.screens
	$(BIN)/python -m tools.figures
	$(BIN)/python -m tools.recording

# Each for so many seconds. Python 3.11 on Linux; atheris has no wheel for others.
FUZZ_SECONDS ?= 60
fuzz: .make/dev
	@mkdir -p .make/fuzz
	for target in request config lines rescue; do mkdir -p .make/fuzz/$$target; \
		$(BIN)/python -m cc_proxy.tests.fuzz $$target .make/fuzz/$$target -max_len=400 \
			-max_total_time=$(FUZZ_SECONDS) -artifact_prefix=.make/fuzz/$$target- || exit 1; done

# What is in the installed package, in CycloneDX's form.
sbom: .make/dev
	@mkdir -p build
	$(BIN)/cyclonedx-py requirements --pyproject pyproject.toml --mc-type application \
		--output-reproducible --output-format JSON --output-file build/cc-proxy.cdx.json \
		requirements/full.txt

wheel: .make/wheel

# The files of a release: built twice from the commit, kept if both are the same bytes.
dist: .make/dev
	$(BIN)/python -m release.build

# The documentation site, into build/site; a warning is an error.
docs: .make/dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --strict

# The release from the commit to the uninstall, with an index on loopback.
release-rehearsal: .make/dev
	$(BIN)/python -m release.rehearse

clients: .make/clients

lock: .make/dev
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-emit-index-url --no-header --output-file requirements/runtime.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra pdf \
		--no-emit-index-url --no-header --output-file requirements/full.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra pdf --extra dev \
		--group docs --group fuzz --group release --no-emit-index-url --no-header --output-file requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--group pyproject.toml:bench --no-emit-index-url --no-header --output-file requirements/bench.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
		--group pyproject.toml:publish --no-emit-index-url --no-header --output-file requirements/publish.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.13 --generate-hashes \
		--group pyproject.toml:audit --no-emit-index-url --no-header --output-file requirements/audit.txt
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--group pyproject.toml:installer --no-emit-index-url --no-header --output-file requirements/uv.txt

clean:
	rm -rf .make $(VENV) $(WHEEL_VENV) build dist *.egg-info $(CLIENTS)/*/node_modules

.make/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "cc-proxy needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
		"Name another one: make PYTHON=python3.12 ..." >&2; exit 2; }
	@mkdir -p .make && touch $@

# uv takes a tenth of pip's time; pip, where only pip knows the way to an index.
.make/dev: requirements/dev.txt requirements/uv.txt pyproject.toml | .make/python
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install $(PIP_FLAGS) --require-hashes -r requirements/uv.txt
	$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt || \
		$(BIN)/pip install $(PIP_FLAGS) --require-hashes -r requirements/dev.txt
	$(BIN)/pip install $(PIP_FLAGS) --no-deps --no-build-isolation --editable .
	@touch $@

.make/wheel: .make/dev $(SOURCES) requirements/full.txt
	rm -rf dist build
	$(BIN)/python -m build --no-isolation --outdir dist > .make/build.log 2>&1 || { cat .make/build.log; exit 1; }
	$(BIN)/twine check --strict dist/*
	$(PYTHON) -m venv --clear --without-pip $(WHEEL_VENV)
	$(BIN)/uv pip install $(UV_FLAGS) --require-hashes -r requirements/full.txt || \
		$(BIN)/pip --python $(WHEEL_VENV)/bin/python install $(PIP_FLAGS) --require-hashes -r requirements/full.txt
	$(BIN)/uv pip install $(UV_FLAGS) --no-deps --no-index dist/*.whl
	@touch $@

# What `make run` needs: the package, and the Claude Code that plays the demo if none is on PATH.
.make/runtime: requirements/full.txt $(SOURCES) | .make/python
	@echo "Installing cc-proxy into $(WHEEL_VENV) (about 20 seconds) ..."
	@$(PYTHON) -m venv $(WHEEL_VENV)
	@$(WHEEL_VENV)/bin/pip install $(PIP_FLAGS) --require-hashes -r requirements/full.txt
	@$(WHEEL_VENV)/bin/pip install $(PIP_FLAGS) --no-deps --force-reinstall .
	@touch $@

.make/client: $(CLIENTS)/current/package-lock.json | .make/python
	@echo "Installing Claude Code from npm into $(CLIENTS)/current (364 MB) ..."
	@npm ci --prefix $(CLIENTS)/current $(NPM_FLAGS)
	@touch $@

.make/clients: $(wildcard $(CLIENTS)/*/package-lock.json) | .make/python
	npm ci --prefix $(CLIENTS)/current $(NPM_FLAGS)
	npm ci --prefix $(CLIENTS)/older $(NPM_FLAGS)
	npm ci --prefix $(CLIENTS)/sdk $(NPM_FLAGS)
	npm ci --prefix $(CLIENTS)/devcontainer $(NPM_FLAGS)
	npm ci --prefix $(CLIENTS)/browser $(NPM_FLAGS)
	@touch $@
