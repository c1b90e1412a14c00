# make run, make test, make lint: each sets up .venv by itself and needs only Python >= 3.11 and make.
# What you may give as arguments, as in make run CORES=4 PRESET=tiny; variables of the shell that have these names, or
# those below, do nothing.
PYTHON := python3
CORES := all
PRESET :=
EXPERIMENT := ct

BIN := .venv/bin
READY := .venv/ready
CONFIG :=
RESULTS := results
ifneq ($(PRESET),)
ifeq ($(wildcard workflow/presets/$(PRESET).yaml),)
$(error there is no preset $(PRESET): choose from $(basename $(notdir $(wildcard workflow/presets/*.yaml))))
endif
CONFIG := --configfile workflow/presets/$(PRESET).yaml
RESULTS := $(or $(shell sed -n 's/^  results: *//p' workflow/presets/$(PRESET).yaml),results)
endif
# what would make Python and pip take packages of elsewhere for those of .venv, and Snakemake follow another profile
unexport PYTHONPATH PYTHONHOME PYTHONSTARTUP PYTHONOPTIMIZE PYTHONWARNINGS PYTHONINSPECT PIP_USER PIP_TARGET PIP_PREFIX
unexport SNAKEMAKE_PROFILE
# Snakemake starts jobs by the path of Python in a shell, without quotes, and no .venv can have a colon in its path:
# the signs of this folder's path that are none of those that are safe there
ODD := $(strip $(shell pwd | LC_ALL=C tr -d 'A-Za-z0-9/._,+@%=~\n\200-\377-' | tr ' \t' '__'))
ifneq ($(ODD),)
$(error the path of this folder, $(CURDIR), has blanks or other signs in it that Snakemake and .venv cannot do with: \
  move it to one of letters, digits and /._,+@%=~- alone)
endif

.PHONY: run check test lint pins bench gpu provenance graphs export docs reference record

# with a bar that says what runs and how long it takes
SNAKEMAKE := PYTHONPATH=$(CURDIR)/workflow/terminal $(BIN)/snakemake

run: $(READY)
	@$(SNAKEMAKE) --cores $(CORES) --logger terminal $(CONFIG)
	@$(BIN)/python workflow/terminal/announce.py \
		$$(ls $(CURDIR)/$(RESULTS)/*/report.html 2>/dev/null || ls $(CURDIR)/results/*/report.html)

# whether what lies in results/ comes from the present settings and sources: a table, and an error where not
provenance: $(READY)
	@$(BIN)/snakemake provenance --cores 1 --quiet all $(CONFIG)

# an experiment's networks and statistics as one file, for pairlsi.load on another machine: make export EXPERIMENT=ct
export: $(READY)
	@$(SNAKEMAKE) --cores $(CORES) --logger terminal $(CONFIG) -- $(RESULTS)/$(EXPERIMENT)/model.zip

# files of tests side by side, in the order that tests/conftest.py gives; a file's tests share what they set up. No more
# workers than cores: with one more the tests on Slurm find its controller too slow to be sent an array
PYTEST = $(BIN)/pytest --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

test: $(READY)
	$(PYTEST) --durations=20

# style and the fast tests, for while one works
check: lint
	$(PYTEST) -m "not slow and not slurm and not gpu"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow

# the pages of config keys, from the settings' own descriptions; a test says when they have drifted
reference: $(READY)
	$(BIN)/python docs/make_reference.py

# tables and pictures of record on the site, from what lies in results/: make record RECORDED='results/ct results/crosswell'
RECORDED = $(wildcard $(addprefix results/,ct crosswell linear))
record: $(READY)
	$(BIN)/python docs/make_record.py $(RECORDED)
	$(BIN)/python docs/make_gallery.py results

# the site, in an environment of its own, with every link checked: site/index.html
docs: docs/.venv/ready
	NO_MKDOCS_2_WARNING=1 docs/.venv/bin/mkdocs build # not --quiet: it hides the warnings that strict counts
	@echo "The site: $(CURDIR)/site/index.html"

docs/.venv/ready: docs/requirements.txt
	$(PYTHON) -m venv docs/.venv
	docs/.venv/bin/pip install -q -r docs/requirements.txt
	touch $@

# the conda environment from the pins for pip
pins: $(READY)
	$(BIN)/python envs/make_environment.py

# pictures of the rules and of a small run's jobs, docs/rulegraph.svg and docs/dag.svg; needs graphviz
graphs: SHELL := bash -o pipefail
graphs: $(READY)
	@command -v dot > /dev/null || { echo "dot is missing: install graphviz"; exit 1; }
	$(BIN)/snakemake --forceall --rulegraph | tred | dot -Tsvg -Grankdir=LR -o docs/rulegraph.svg
	$(BIN)/snakemake results/tiny/ct/report.html --forceall --dag --configfile workflow/presets/tiny.yaml docs/dag.yaml \
		| tred | dot -Tsvg -Grankdir=LR -Granksep=0.35 -Gnodesep=0.12 -o docs/dag.svg

# against peers, in an environment of their own; prints a table and stores it as benchmarks/results/summary.csv
bench: benchmarks/.venv/ready
	benchmarks/.venv/bin/python benchmarks/run.py

# on a machine with a CUDA device, in less than eight minutes and without a network: the tests marked gpu, then what
# training, the solver and inference do there, stored as benchmarks/results/gpu.csv; by $(PYTHON) where it has torch
gpu:
	@if $(PYTHON) -c 'import torch' 2> /dev/null; then $(PYTHON) benchmarks/gpu.py; else \
		$(MAKE) benchmarks/.venv/ready && benchmarks/.venv/bin/python benchmarks/gpu.py; fi

benchmarks/.venv/ready: envs/requirements.txt benchmarks/requirements.txt
	$(PYTHON) -m venv benchmarks/.venv
	benchmarks/.venv/bin/pip install -q -r envs/requirements.txt -r benchmarks/requirements.txt
	@touch $@

$(READY): envs/requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed: make PYTHON=…")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --requirement envs/requirements.txt
	@touch $@
