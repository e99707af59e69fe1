# One command for each thing: make run starts the assistant on a fresh machine, make test runs what CI runs.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --require-virtualenv --disable-pip-version-check --quiet
WORKERS ?= 2  # processes that share the tests

.PHONY: run install chat test eval calibrate eval-safety fake-zalo check lock clean

run: install
	@exec $(BIN)/hocvuso run $(ARGS)

install: $(VENV)/.installed

chat: install
	@exec $(BIN)/hocvuso chat $(ARGS)

# pytest's own summary names every skipped test with its reason, above its closing line.
test: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -n $(WORKERS) $(ARGS)

# How well texts are understood: make eval ARGS="--missed"
eval: install
	@$(BIN)/hocvuso eval --questions tests/data/held_out/questions.tsv --ambiguous tests/data/held_out/ambiguous.tsv \
		--out-of-scope tests/data/held_out/out_of_scope.txt $(ARGS)

# Where sure, torn and unknown part, found anew: after many lines or guides were added.
calibrate: install
	@$(BIN)/hocvuso calibrate --out-of-scope tests/data/out_of_scope.txt $(ARGS)

# How well bad links and messages are told from good ones. Other files, or what was missed:
# make eval-safety ARGS="--bad FILE --good FILE --messages-bad FILE --messages-good FILE --missed"
eval-safety: install
	@$(BIN)/hocvuso eval-safety $(or $(ARGS),\
		--bad tests/safety/data/lures.txt --good tests/safety/data/legit_lookalikes.txt \
		--messages-bad tests/safety/data/held_out_scam.tsv --messages-good tests/safety/data/held_out_genuine.tsv)

# A Zalo Official Account of one's own on loopback, to talk to the assistant as Zalo would.
fake-zalo: $(VENV)/.installed-dev
	@exec $(BIN)/python -m tests.channels.fake_zalo $(ARGS)

check: $(VENV)/.installed-dev
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/hocvuso check

# Versions that are locked stay, unless pyproject.toml forbids them: make lock UPGRADE=--upgrade takes the newest.
lock: install
	$(PIP) install uv==0.13.9
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate $(UPGRADE) \
		pyproject.toml --group build --output-file requirements.lock
	$(BIN)/uv pip compile --quiet --universal --no-header --no-annotate $(UPGRADE) \
		pyproject.toml --group build --group dev --output-file requirements-dev.lock

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis build dist

# A stamp is newer than what it was made from, so a second start installs nothing.
# --no-deps and --no-build-isolation: every version is the lock's, that of the build tool too.
$(VENV)/.installed: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Đang cài thư viện vào $(VENV) (lần đầu mất chừng một phút) …"
	@$(PIP) install --requirement requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed-dev: requirements-dev.lock $(VENV)/.installed
	@$(PIP) install --requirement requirements-dev.lock
	@touch $@

$(BIN)/python:
	@for python in python3.13 python3.12 python3.11 python3; do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		"$$python" -m venv $(VENV) && rm -f $(VENV)/.installed* && exit 0; \
		rm -rf $(VENV); \
		echo "Không tạo được $(VENV) bằng $$python: trên Debian, Ubuntu chạy apt install python3-venv rồi thử lại." >&2; \
		exit 1; \
	done; \
	echo "Cần Python 3.11 trở lên mà máy này không có: cài từ python.org hoặc apt install python3, rồi thử lại." >&2; \
	exit 1
