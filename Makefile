# bittrue: `make sim TEST=requant` and `make test` set themselves up; `make help` lists the rest.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
SETUP := scripts/setup.sh

SIM ?= verilator
SEED ?= 1
WAVES ?=
PARAMS ?=
MODEL ?=
MODELS ?=
TEST ?=
UNIT ?=
DEVICE ?= ecp5
MUTANTS ?= 200
PYTEST ?=

.DEFAULT_GOAL := help
.PHONY: help sim test test-board docs regress verilog synth formal mutation lint bench icarus clean

help: ## list the targets and their options
	@printf 'Targets\n'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'
	@printf '\nOptions\n'
	@printf '  TEST=, UNIT=     a unit by name; a wrong name prints the list\n'
	@printf '  PARAMS="a=b"     parameters of the unit; a wrong name prints the list\n'
	@printf '  MODEL=           of TEST=network: a .tflite, .onnx or .bittrue file (default: digits)\n'
	@printf '  MODELS=          of regress: a folder of .tflite, .onnx or .bittrue files to simulate, too\n'
	@printf '  SIM=             verilator (default) or icarus\n'
	@printf '  SEED=            of every random choice, 1 to 4294967295 (default 1)\n'
	@printf '  WAVES=1          record the cycles around the first difference\n'
	@printf '  MUTANTS=         of mutation: how many (default 200)\n'
	@printf '  DEVICE=          ecp5 (default), xc7 or ice40\n'
	@printf '  PYTEST=          further options for pytest, e.g. PYTEST="-k requant"\n'

# One stamp for each set of packages: a second run installs nothing.
$(VENV)/.%.installed: pyproject.toml constraints.txt $(SETUP)
	@PYTHON='$(PYTHON)' VENV='$(VENV)' sh $(SETUP) $*
	@touch $@

sim: $(VENV)/.sim.installed ## prove a unit's Verilog equal to golden: TEST=requant [SIM= SEED= WAVES=1 PARAMS=]
	@$(BIN)/python -m cocotb_tests '$(TEST)' $(PARAMS) $(if $(MODEL),model='$(MODEL)') --sim '$(SIM)' --seed '$(SEED)' $(if $(WAVES),--waves)

test: $(VENV)/.test.installed icarus ## run the tests, on both simulators
	@$(BIN)/python -m pytest -n 2 -q tests $(PYTEST)
	@$(BIN)/python -m pytest -n 2 -q cocotb_tests $(PYTEST)
	@echo "left out: tests/board, the folder of a build in FuseSoC, LiteX, PeakRDL, IP-XACT's schema and tclsh, reports in Chromium; make test-board"

test-board: $(VENV)/.board.installed icarus ## run what the folder of a build is held against: FuseSoC, LiteX, PeakRDL, IP-XACT's schema, tclsh, Chromium
	@sh scripts/install_packages.sh tclsh=tcl chromium riscv64-unknown-elf-gcc=gcc-riscv64-unknown-elf,picolibc-riscv64-unknown-elf
	@BITTRUE_BOARD=1 $(BIN)/python -m pytest -n 2 -q tests/board $(PYTEST)

regress: $(VENV)/.test.installed icarus ## run every unit's whole stimulus on both simulators, and all tests [MODELS=]
	@$(BIN)/bittrue regress --seed '$(SEED)' $(if $(MODELS),--models '$(MODELS)')

verilog: $(VENV)/.sim.installed ## write a unit as Verilog into sim_build/verilog: UNIT=requant [PARAMS=]
	@$(BIN)/bittrue verilog '$(UNIT)' $(PARAMS)

synth: $(VENV)/.synth.installed ## area and clock of a unit: UNIT=requant DEVICE=ecp5 [PARAMS=]
	@$(BIN)/bittrue synth '$(UNIT)' $(PARAMS) --family '$(DEVICE)'

formal: $(VENV)/.formal.installed ## prove a unit's streams to keep their rules, and its arithmetic for every input: UNIT=mac [PARAMS=]
	@$(BIN)/python -m bittrue.flows.formal '$(UNIT)' $(PARAMS)

mutation: $(VENV)/.test.installed ## score a unit's scenarios by mutants of its netlist: UNIT=fifo [MUTANTS= SEED= PARAMS=]
	@$(BIN)/python -m cocotb_tests.mutation '$(UNIT)' $(PARAMS) --mutants '$(MUTANTS)' --seed '$(SEED)'

lint: $(VENV)/.lint.installed ## ruff, mypy, the floors of imports, and Verilator's lint over every unit's Verilog
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache --no-logo
	@$(BIN)/python -m bittrue.flows.synthesis.verilog_lint

docs: $(VENV)/.docs.installed ## build the documentation as a site in build/site, and check its links
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet

bench: $(VENV)/.synth.installed ## list the benchmarks and the command of each
	@sed -n 's/^"""\(.*\)$$/  \1/p' benchmarks/*.py

icarus:
	@sh scripts/install_icarus.sh

clean: ## remove everything generated, but not the virtual environment
	rm -rf sim_build build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
