# One word per daily job. Python 3.11 or later (with venv and pip) and make are all a machine needs:
# every word below first makes .venv from requirements.lock, or brings it up to date, when it has to.

.DEFAULT_GOAL := help
.PHONY: help run test cases lab check fix bench soak

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
PYTHON ?=
RESIDENTS ?= 1000000

# On every core, a file at a time: the cells of a notebook and the installation of a module stay together.
TESTS = $(BIN)/python -m pytest --nbval-lax --numprocesses=auto --dist=loadfile tests notebooks

# The names of the stamps carry checksums of what they stand for, so a touched file costs nothing, and a
# clone that was moved (a venv holds absolute paths) is made anew.
LOCKED := .venv/locked-$(shell { pwd; cat requirements.lock; } | cksum | cut -d ' ' -f 1)
READY := $(LOCKED)-$(shell cksum < pyproject.toml | cut -d ' ' -f 1)

help: ## この一覧 / this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-6s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: $(READY) ## 20,000人の架空の市で業務を一通り実行 / the whole job on a made-up city of 20,000
	@$(BIN)/workbench demo

test: $(READY) ## テスト（ノートブックを含む） / all tests, notebooks included
	$(TESTS)

cases: $(READY) ## 公開の事例集で規則を確かめる / the worked cases of the statute, by the interpreter and the queries
	$(BIN)/python -m pytest tests/test_cases.py

lab: $(READY) ## JupyterLabを日本語で開く / open JupyterLab in Japanese
	@$(BIN)/workbench lab

check: $(READY) ## 書式・静的検査・SQL・テスト / format, lint, SQL and all tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/sqlfluff lint workbench/queries
	$(TESTS)

fix: $(READY) ## 書式と直せる指摘を直す / mend format and what lint can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix
	$(BIN)/sqlfluff fix workbench/queries

bench: $(READY) ## 性能を測る（RESIDENTS=100000 など） / measure; figures go to benchmarks/RESULTS.md
	$(BIN)/python benchmarks/load_ratio.py --residents $(RESIDENTS) --encoding utf-8
	$(BIN)/python benchmarks/load_ratio.py --residents $(RESIDENTS) --encoding cp932
	$(BIN)/python benchmarks/scan_speed.py
	$(BIN)/python -m benchmarks.evaluation --residents $(RESIDENTS)

soak: $(READY) ## 長い試験（夜間用） / the long tests: soak-marked ones, and every property with far more examples
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal -m "soak or hypothesis" --hypothesis-profile=soak tests

$(READY): $(LOCKED)
	@echo "workbench を .venv に登録します / Registering workbench in .venv"
	@$(PIP) install --quiet --no-build-isolation --no-deps --editable .
	@rm -f $(LOCKED)-* && touch $@

$(LOCKED):
	@python=; \
	for name in $(PYTHON) python3.11 python3.12 python3.13 python3; do \
	  if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2> /dev/null; \
	  then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "Python 3.11以上（venvとpipを含む）が見つかりません。入れてから、もう一度実行してください。何も変更していません。" >&2; \
	  echo "Python 3.11 or later with venv and pip is needed (Debian: apt install python3 python3-venv)." >&2; \
	  exit 1; \
	fi; \
	echo "requirements.lock から .venv を作ります（約1分。次からは省きます） / Making .venv from requirements.lock (about a minute, once)"; \
	$$python -m venv --clear .venv && $(PIP) install --quiet --require-hashes --requirement requirements.lock && touch $@ || { \
	  echo ".venv を作れませんでした。上のメッセージを確認し、もう一度実行してください。" >&2; \
	  echo "Could not make .venv; see the message above. Without a network, set PIP_NO_INDEX=1 and PIP_FIND_LINKS to a folder of wheels." >&2; \
	  exit 1; \
	}
