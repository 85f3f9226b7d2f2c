# Each target does its own set-up: a fresh machine needs Python 3.11, git and make, nothing else.
PYTHON ?= python3.11
PORT ?= 8501
BIN := .venv/bin
TRACES ?= ../shared/data/azure-llm-2023
export PORT SCALE BENCH_DIR

.PHONY: run test check bench soak traces extract sync browser

run: .venv/installed
	@$(BIN)/python -m dashboard serve

test: .venv/dev browser
	@$(BIN)/python -m pytest -n 3 --dist loadfile

check: .venv/dev
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar queries data dashboard
	@$(BIN)/lint-imports

# make bench SCALE=1m [BENCH_DIR=folder]: an extract of 100k, 1m, 10m or 100m events instead.
bench: .venv/dev $(if $(SCALE),.venv/bench)
	@$(BIN)/python -m tests.bench

# The long form of the tests that play with chance: about an hour.
soak: .venv/dev
	@SOAK=1 $(BIN)/python -m pytest -n 0 tests/data/test_service_kills.py \
		tests/data/test_service_fuzz.py tests/data/test_extract_crash.py \
		tests/queries/test_any_question.py

traces: .venv/installed
	@$(BIN)/python -m dashboard traces $(TRACES)

# make extract EVENTS=events.jsonl MAPPING=mapping.json [CATALOG=catalogue.json], or EVENTS=exports
extract: .venv/installed
	@$(BIN)/python -m dashboard extract ingest $(EVENTS) $(if $(MAPPING),--mapping $(MAPPING)) \
		$(if $(CATALOG),--catalog $(CATALOG))
	@$(BIN)/python -m dashboard extract publish

# make sync [BY=model,team]
sync: .venv/installed
	@$(BIN)/python -m dashboard extract sync $(if $(BY),--by $(BY))

# Debian's Python can make an environment only with the package python3.11-venv.
$(BIN)/pip:
	@$(PYTHON) -m venv .venv || { rm -rf .venv; test "$$(id -u)" = 0 && apt-get update -qq \
		&& apt-get install -y -qq python3.11-venv >/dev/null && $(PYTHON) -m venv .venv; }

.venv/installed: pyproject.toml constraints.txt | $(BIN)/pip
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

.venv/dev: .venv/installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		-e . $$($(BIN)/python tests/groups.py dev browser)
	@touch $@

.venv/bench: .venv/dev
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt \
		$$($(BIN)/python tests/groups.py bench)
	@touch $@

# The browser tests need Chromium; where it cannot be installed they are skipped and say so.
browser:
	@command -v chromium >/dev/null 2>&1 || { \
		test "$$(id -u)" = 0 && command -v apt-get >/dev/null 2>&1 \
		&& apt-get update -qq && apt-get install -y -qq chromium fonts-liberation >/dev/null \
		|| echo "Chromium could not be installed: the browser tests will be skipped."; }
