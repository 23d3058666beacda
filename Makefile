# Each target is complete by itself on a fresh Debian or Ubuntu: `make setup`, `make demo`, `make test`.
.PHONY: setup test-setup clients-setup bench-setup demo pictures lint test test-long test-clients bench bench-serve lock clean
BIN := .venv/bin

setup:  ## leaves .venv/bin/jiexiang
	@tools/setup.sh run

test-setup:
	@tools/setup.sh test

clients-setup:
	@tools/setup.sh clients

bench-setup:
	@tools/setup.sh bench

demo: setup  ## check last year's grids of a made-up county, divide it anew, write it up, serve it
	@$(BIN)/jiexiang demo --force

pictures: test-setup  ## the pictures of maps/, from the plan that `make demo` has left in out/demo
	$(BIN)/python -m tools.pictures out/demo/plan.gpkg

lint: test-setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test: lint  ## the cores share the files
	$(BIN)/pytest -m "not long and not clients" --numprocesses auto --maxprocesses 4 --dist loadfile

test-long: lint
	$(BIN)/pytest -m "not clients"

test-clients: clients-setup  ## QGIS opens the plan, LibreOffice the papers; installs both where it may
	$(BIN)/pytest -m clients

bench: bench-setup  ## the peers side by side on the same places
	$(BIN)/python -m bench.divide
	$(BIN)/python -m bench.walking

SECONDS_A_CASE := 3
bench-serve: test-setup  ## the service beside its peers, under wrk
	@command -v wrk >/dev/null || { [ "$$(id -u)" -eq 0 ] && apt-get install -y -qq wrk >/dev/null; } || { echo "sudo apt-get install -y wrk" >&2; exit 1; }
	@[ -x .venv-peers/bin/python ] || { for python in python3.13 python3.12 $(BIN)/python; do \
		"$$python" -c "" 2>/dev/null && break; done; "$$python" -m venv .venv-peers && \
		.venv-peers/bin/python -m pip install -qq --require-hashes --requirement bench/serve/requirements-peers.txt; }
	$(BIN)/python -m bench.serve --peers .venv-peers --seconds $(SECONDS_A_CASE)

LOCK := --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --universal --python-version 3.11 --no-header
lock: test-setup  ## renew the locked requirements from pyproject.toml; the files name no host
	@command -v uv >/dev/null || { echo "make lock needs uv: pip install uv" >&2; exit 1; }
	uv pip compile $(LOCK) --upgrade pyproject.toml --group build -o requirements.txt
	uv pip compile $(LOCK) --upgrade --group dev -c requirements.txt -o requirements-dev.txt
	uv pip compile $(LOCK) --upgrade --group bench -c requirements.txt -c requirements-dev.txt -o requirements-bench.txt

clean:  ## everything that can be made again, except .venv
	rm -rf build dist out .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find app bench gis_data tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
