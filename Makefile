# make demo: the whole pipeline on the demo capture. make test: the tests. Both set up what they need.
VENV ?= .venv
# A Python 3.11, 3.12 or 3.13; set-up looks for one itself.
PYTHON ?=
# How many test files run beside each other.
JOBS ?= 2
BIN := $(VENV)/bin
# One thread per process: the pools spread over the cores, and OpenMP spinning costs more than it gives.
export OMP_NUM_THREADS ?= 1
# Foreign packages on it (ROS sets it) would stand before the locked ones.
unexport PYTHONPATH

.PHONY: demo test test-all lint docs setup lock bench results findings images clean help

help: ## Show this list.
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Virtual environment from the lock, and a Vulkan driver if there is none.
	@PYTHON="$(PYTHON)" bash deployments/setup/setup.sh $(VENV)

demo: setup ## One human video in, an evaluated and calibrated image policy out; prints the report's path.
	@$(BIN)/xsim demo

test: setup ## Everyday tests.
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not slow and not gpu" -q

test-all: setup ## Everything that can run here, slow tests included.
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder -m "not gpu"

lint: setup ## Style, types and import law.
	@$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/lint-imports && $(BIN)/basedpyright

docs: setup ## The documentation site, into build/site; stops at a broken link.
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet && echo build/site/index.html

# LEROBOT and DVC name the interpreters of environments that have those peers; without, they are left out.
bench: setup ## Reading, killed recordings and no-op reruns against peers; wants a finished `make demo`.
	@$(BIN)/python -m tests.benchmarks.storage.bench_read $(if $(LEROBOT),--lerobot $(LEROBOT))
	@$(BIN)/python -m tests.benchmarks.storage.bench_kill $(if $(LEROBOT),--lerobot $(LEROBOT))
	@$(BIN)/python -m tests.benchmarks.orchestration.bench_rerun --home .xsim $(if $(DVC),--dvc $(DVC))

results: setup ## Make the tables of README and docs from the kept figures (docs/figures).
	@$(BIN)/python -m tests.benchmarks.results

findings: ## Run what surprised us in others' packages, and say which no longer holds; wants the network.
	@PYTHON="$(PYTHON)" $(or $(PYTHON),python3) findings/check.py

# UPGRADE=--upgrade renews every version, UPGRADE="--upgrade-package NAME" one.
lock: ## Renew requirements.lock after a change of pyproject.toml; what is locked keeps its version.
	@PYTHON="$(PYTHON)" bash deployments/setup/lock.sh $(UPGRADE)

images: ## Build the images and start them (as root, with buildah and debootstrap).
	@docker/check.sh

clean: ## Remove the environment. The store (.xsim) stays.
	rm -rf $(VENV)
