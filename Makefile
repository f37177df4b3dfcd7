# `make` alone lists what can be asked for. Written for GNU make 3.81 (the one on macOS) and
# any POSIX sh. Windows: README.md has the same steps as plain commands.

.DEFAULT_GOAL := help
.PHONY: help lab test check site slides handouts lint constraints clean env

# Optional: PYTHON=/path/to/python  LAB_ARGS="--no-browser --port=8899"  PYTEST_ARGS="tests -x"
# WORKERS=4 runs four tests at a time; each takes 1 to 2 GB of memory.
PYTHON ?=
LAB_ARGS ?=
PYTEST_ARGS ?=
WORKERS ?= 2
# What `make constraints` tells uv; `UV_ARGS=` (nothing) keeps every pin that still fits.
UV_ARGS ?= --upgrade

candidates = $(if $(PYTHON),"$(PYTHON)",python3.12 python3.13 python3.11 python3 python)
# The same range as `requires-python` in pyproject.toml.
supported := (3, 11) <= sys.version_info[:2] <= (3, 13)
minor := import sys; print("%d.%d" % sys.version_info[:2])
# The interpreter behind a shim or an active environment, so that .venv can be made from inside .venv.
base := import ensurepip, sys, venv; print(getattr(sys, "_base_executable", sys.executable))

ready := .venv/.gantutor-ready
run := PATH="$$PWD/.venv/bin:$$PATH" exec .venv/bin/python

help: ## print this list
	@echo "gantutor: make TARGET"
	@sed -n 's/^\([a-z][a-z]*\):[^#]*## /\1|/p' Makefile | \
	while IFS='|' read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

lab: check ## build the environment, check it, open the notebooks in JupyterLab
	@echo "==> Opening notebooks/00_start_here.ipynb in JupyterLab. Without a browser, open the URL below. Ctrl-C stops it."
	@set --; \
	if [ "$$(id -u)" = 0 ]; then set -- --allow-root; fi; \
	if [ "$$(uname)" != Darwin ] && [ -z "$$DISPLAY$$WAYLAND_DISPLAY$$BROWSER" ]; then set -- "$$@" --no-browser; fi; \
	$(run) -m jupyterlab --ServerApp.root_dir=notebooks --LabApp.default_url=/lab/tree/00_start_here.ipynb \
		"$$@" $(LAB_ARGS)

test: env ## build the environment, run every test: package and notebooks
	@echo "==> Running the tests."
	@$(run) -m pytest -n $(WORKERS) $(PYTEST_ARGS)

check: env ## build the environment, then the self-check: versions and one real detection
	@echo "==> Checking that the environment works."
	@$(run) -m gantutor

site: env ## build the web pages of the series and the package, in docs/_build/html
	@echo "==> Building the site from the stored notebooks; nothing in them is run."
	@$(run) docs/pages.py

slides: env ## build a deck of slides for each notebook, in docs/_build/slides
	@echo "==> Building the slides from the stored notebooks."
	@$(run) docs/slides.py

lint: env ## check style (ruff) and types (mypy)
	@echo "==> Checking style and types."
	@.venv/bin/python -m ruff check .
	@.venv/bin/python -m ruff format --check .
	@.venv/bin/python -m mypy gantutor

handouts: env ## write the notebooks for a class into handouts/: no outputs, cells to be written live left open
	@.venv/bin/python docs/handouts.py handouts
	@echo "==> Open them beside the notebooks: .venv/bin/jupyter lab"

constraints: ## move constraints.txt to the newest versions that fit pyproject.toml
	@set -e; \
	if uv --version >/dev/null 2>&1; then uv=uv; else \
		$(MAKE) --no-print-directory env; \
		echo "==> Installing uv into .venv."; \
		.venv/bin/python -m pip install --disable-pip-version-check --quiet uv; \
		uv=".venv/bin/python -m uv"; \
	fi; \
	echo "==> Writing constraints.txt."; \
	$$uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header $(UV_ARGS) \
		--extra test --extra scale --extra docs --extra browser --extra peers pyproject.toml -o constraints.txt

clean: ## remove .venv, handouts, caches and build leftovers (make lab builds .venv again)
	@echo "==> Removing .venv, caches and build leftovers."
	@rm -rf .venv handouts build dist docs/_build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .coverage .coverage.* htmlcov
	@find . -name .git -prune -o \( -name __pycache__ -o -name .ipynb_checkpoints \) -type d -prune -exec rm -rf {} +

# Every step leaves a mark only when it is over, so an interrupted run is taken up where it stopped:
#   .venv/.unfinished  while .venv is being made;
#   INSTALLER          in a package's .dist-info, the last file but the record that pip writes there;
#   $(ready)           after pip, dated at its start, and naming the folder that .venv belongs to.
env:
	@set -e; \
	works() { "$$1" -c 'import sys; sys.exit(not $(supported))' >/dev/null 2>&1; }; \
	python=; without_venv=; \
	find_python() { \
		for name in $(candidates); do \
			works "$$name" || continue; \
			if python=$$("$$name" -c '$(base)' 2>/dev/null); then return; fi; \
			without_venv="$$name"; \
		done; \
		if [ -n "$$without_venv" ]; then \
			echo "==> $$without_venv cannot make environments. On Debian or Ubuntu, install the package" \
				"python$$("$$without_venv" -c '$(minor)')-venv, then run make again."; \
		elif [ -n "$(PYTHON)" ]; then \
			echo "==> $(PYTHON) does not run, or is not Python 3.11, 3.12 or 3.13: pass another one as PYTHON=..."; \
		else \
			echo "==> No Python 3.11, 3.12 or 3.13 was found: install one (64-bit), or pass it as make PYTHON=/path/to/python."; \
		fi >&2; \
		exit 1; \
	}; \
	if [ -n "$(PYTHON)" ]; then find_python; fi; \
	why=; \
	if [ ! -e .venv ]; then why="there is none yet"; \
	elif [ -e .venv/.unfinished ]; then why="an earlier run stopped while making it"; \
	elif ! works .venv/bin/python; then why="its Python is gone, or is not 3.11, 3.12 or 3.13"; \
	elif ! .venv/bin/python -c 'import pip' 2>/dev/null; then why="the one here has no pip"; \
	elif [ -f $(ready) ] && [ "$$(cat $(ready))" != "$$(pwd -P)" ]; then why="this folder was moved or copied"; \
	elif [ -n "$$python" ] && [ "$$("$$python" -c '$(minor)')" != "$$(.venv/bin/python -c '$(minor)')" ]; then \
		why="you asked for another Python"; \
	fi; \
	if [ -n "$$why" ]; then \
		if [ -z "$$python" ]; then find_python; fi; \
		echo "==> Making .venv with $$("$$python" -V) ($$why)."; \
		rm -rf .venv; mkdir .venv; : > .venv/.unfinished; \
		"$$python" -m venv .venv || { echo "==> Python could not make .venv: its message is above." >&2; exit 1; }; \
		rm .venv/.unfinished; \
	fi; \
	if [ -f $(ready) ] && [ -z "$$(find pyproject.toml constraints.txt -newer $(ready))" ]; then \
		echo "==> .venv is up to date."; exit 0; \
	fi; \
	free=$$(df -Pk . | awk 'NR == 2 { print int($$4 / 1000000) }'); \
	echo "==> Installing the versions of constraints.txt into .venv. The first time about 860 MB come over the line" \
		"(most of it TensorFlow; 12 minutes at 10 Mbit/s), and take 3.3 GB of disk. Free here: $$free GB." \
		"Half of it will do for a reader: see requirements-reader.txt."; \
	rm -f $(ready); pwd -P > .venv/.gantutor-started; \
	for info in .venv/lib/python3.*/site-packages/*.dist-info; do \
		[ -f "$$info/INSTALLER" ] || rm -rf "$$info"; \
	done; \
	PIP_USER=0 .venv/bin/python -m pip install --disable-pip-version-check -c constraints.txt -e '.[test]' || { \
		echo "==> pip could not finish: its message is above. If the network was the cause, run make again, it goes on." \
			"TensorFlow comes for 64-bit Linux (glibc) and Apple-silicon Macs." >&2; exit 1; }; \
	mv .venv/.gantutor-started $(ready); \
	echo "==> .venv is ready."
