# Every command of the course. `make` alone lists them.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
ASSIGNMENT ?= 02_softmax_cross_entropy
STUDENTS ?= 24
# Without this, the kernel's replies to a moving slider wait 40 ms each.
QUICK := --ServerApp.jpserver_extensions="{'gradus.server': True}"
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help demo test lab handin lecture build figures grade report formgrader bundle benchmark lint format clean

help:  ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: .venv/ready  ## make up a class, grade it, show the table and the report (STUDENTS=24)
	autograder build
	rm -rf course/simulated
	autograder simulate $(ASSIGNMENT) --students $(STUDENTS)
	autograder grade $(ASSIGNMENT) --submissions course/simulated
	autograder report $(ASSIGNMENT)

test: .venv/ready  ## lint, then run every test
	$(MAKE) lint
	python -m pytest -n 2 --dist loadfile --no-loadscope-reorder  # a file with one test may be the longest: not last

lab: .venv/ready  ## open the start page of the student notebooks in JupyterLab
	python -m gradus.learning.lab

handin: .venv/ready  ## run a student notebook from a fresh kernel and write the file to submit (NOTEBOOK=NN)
	@python -m gradus.learning.handin $(NOTEBOOK)

lecture: .venv/ready  ## open the gallery of slider demos, for the lecture hall
	python -m autograder.lecture

build: .venv/ready  ## make notebooks/ and the public cases from solutions/
	autograder build

figures: .venv/ready  ## redraw figures/
	python -m figures.build

grade: .venv/ready  ## grade what is in course/submitted, or SUBMISSIONS=folder (ASSIGNMENT=NN_topic)
	autograder grade $(ASSIGNMENT) $(if $(SUBMISSIONS),--submissions $(SUBMISSIONS))

report: .venv/ready  ## write the class report (ASSIGNMENT=NN_topic)
	autograder report $(ASSIGNMENT)

formgrader: .venv/ready  ## open nbgrader's formgrader, for marking by hand
	autograder build
	jupyter lab $(QUICK)

bundle: .venv/ready  ## pack the zip that students get
	autograder bundle

benchmark: .venv/ready  ## measure how pictures follow sliders (leave the machine alone for fifteen minutes)
	python benchmarks/sliders.py

lint: .venv/ready  ## ruff and mypy
	ruff check .
	ruff format --check .
	mypy -p gradus -p autograder

format: .venv/ready  ## put the code into the house's format
	ruff check --fix .
	ruff format .

clean:  ## remove the environment and everything generated that is not committed
	rm -rf .venv course .build-* .pytest_cache .mypy_cache .ruff_cache *.egg-info autograder/*.egg-info

.venv/ready: constraints.txt pyproject.toml autograder/pyproject.toml
	$(PYTHON) -m venv $(if $(wildcard $@),,--clear) .venv  # nothing is kept of an environment that was never finished
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[develop]' --editable ./autograder
	$(BIN)/python -m gradus.learning.startup
	touch $@
