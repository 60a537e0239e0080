# AstroLoc for QGIS. `make help` says what there is to make.

SHELL := /bin/bash
PYTHON := .venv/bin/python
CASES ?= ../shared/real-cases
PHOTOS ?= ../shared/sim-photos
REAL_PHOTOS ?= ../shared/real-photos
BLUE_MARBLE ?= ../shared/imagery/bluemarble.mbtiles
FOOTPRINTS ?= ../shared/footprints/astronaut_footprints.csv
MODEL ?= astroloc-lite
STEPS ?= 200
# bfloat16 takes three fifths of the time where the processor multiplies it, and more than float32 where it does not.
MIXED_PRECISION ?= $(if $(shell grep -sE -m 1 'avx512_bf16|amx_bf16' /proc/cpuinfo),true,false)
# Training has one core and rendering the other. Both need the same large arrays again and again: like this, glibc does
# not ask the system for each of them anew.
TRAINING := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=PASSIVE \
  GLIBC_TUNABLES=glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0:glibc.malloc.trim_threshold=17179869184

.DEFAULT_GOAL := help
.PHONY: help env demo test test-engine test-worker test-house test-qgis test-qt6 desktop-test lint bench \
  bench-retrieval bench-real real-photos world-index model texture-model contact-sheet ablation model-card i18n package run clean

help: ## say what each target does
	@grep -E '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-16s %s\n", $$1, $$2}'

env: ## make .venv with pinned versions, and install what the machine lacks (seconds when nothing is missing)
	@bash .ci/env.sh

demo: env ## localize a real astronaut photo with the command line; results in demo-output/
	@$(PYTHON) .ci/demo.py

test: env package ## run all tests: house, engine, worker, QGIS, Qt 6 and desktop
	@$(PYTHON) .ci/test.py

test-engine: env ## run the tests of the engine only
	@$(PYTHON) .ci/test.py engine

test-worker: env ## run the tests of the engine process only
	@$(PYTHON) .ci/test.py worker

test-house: env ## run the tests of the layout, imports and package only
	@$(PYTHON) .ci/test.py house

test-qgis: env ## run the tests of the plugin inside QGIS only
	@$(PYTHON) .ci/test.py qgis

test-qt6: env ## run the tests on Qt 6, which QGIS 4 is built on, only
	@$(PYTHON) .ci/test.py qt6

desktop-test: env package ## drive a real QGIS window with the mouse, under Xvfb; screenshots in build/screenshots/
	@$(PYTHON) .ci/test.py desktop

lint: env ## check style (ruff), formatting and types (mypy)
	@$(PYTHON) -m ruff check .
	@$(PYTHON) -m ruff format --check .
	@$(PYTHON) -m mypy

bench: env ## measure coregistration on the real cases (CASES=folder)
	@if [ -f "$(CASES)/cases.json" ]; then $(PYTHON) -m astroloc_qgis benchmark coregistration "$(CASES)"; \
	else echo "There is no $(CASES)/cases.json: pass the folder of the real cases as CASES=..."; fi

bench-retrieval: env ## measure retrieval with the world index on photos of known footprints (PHOTOS=folder)
	@if [ -f "$(PHOTOS)/photos.csv" ]; then $(PYTHON) -m astroloc_qgis benchmark retrieval "$(PHOTOS)" \
	--index resources/index/world; \
	else echo "There is no $(PHOTOS)/photos.csv: pass the folder of the photos as PHOTOS=..."; fi

bench-real: env ## localize real photos, with the nadir and without; resumable, hours (REAL_PHOTOS=folder)
	@mkdir -p build
	@for mode in "" --no-nadir; do $(PYTHON) -m astroloc_qgis benchmark photos-real "$(REAL_PHOTOS)" $$mode \
	--index resources/index/world $(if $(wildcard $(BLUE_MARBLE)),--imagery "$(BLUE_MARBLE)") \
	--work build/photos-real.jsonl --json "resources/models/measured/photos-real$${mode#-}.json" \
	$$([ "$$mode" ] || echo --sheet resources/help/missed.jpg) || exit 1; done

real-photos: env ## fill the tables of real photos in README.md and measurements.md from what was measured
	@$(PYTHON) .ci/real_photos.py

model: env ## train the retrieval model from ImageNet weights and export what ships (weights, record, curve, log); resumable, hours
	@mkdir -p build/training resources/models
	@$(TRAINING) $(PYTHON) -m astroloc_qgis --verbose train --imagery "$(BLUE_MARBLE)" \
	--footprints "$(FOOTPRINTS)" $(if $(wildcard $(PHOTOS)/photos.csv),--avoid "$(PHOTOS)/photos.csv") \
	--avoid-point=-19.2,-70 --avoid-point=0.1,36.6 --avoid-point=-10.4,40.4 \
	--config lite --set mixed_precision=$(MIXED_PRECISION) --work build/training --out build/training/model \
	--export resources/models/astroloc-lite.npz

texture-model: env ## learn the texture model from Blue Marble's blocks; half an hour, resumable (BLUE_MARBLE=copy)
	@mkdir -p build
	@$(PYTHON) -m astroloc_qgis index world --model sift-vlad --kind SQfp16 --zooms 9,10 --out build/sift-vlad-index \
	$(if $(wildcard $(BLUE_MARBLE)),--imagery "$(BLUE_MARBLE)")
	@$(PYTHON) -m astroloc_qgis train-texture build/sift-vlad-index --out resources/models/astroloc-texture.npz

contact-sheet: env ## redraw resources/help/simulator.jpg, a sheet of simulated photos
	@mkdir -p build/training
	@$(PYTHON) .ci/contact_sheet.py --imagery "$(BLUE_MARBLE)" --footprints "$(FOOTPRINTS)"

world-index: env ## describe the world's land into resources/index/world; resumable, some 40 minutes (BLUE_MARBLE=copy)
	@mkdir -p build resources/index
	@$(PYTHON) -m astroloc_qgis index world --model "$(MODEL)" --out build/world-index \
	$(if $(wildcard $(BLUE_MARBLE)),--imagery "$(BLUE_MARBLE)")
	@rm -rf resources/index/world && mv build/world-index resources/index/world

ablation: env ## train shortly without one part of the method each, and compare (hours; resumable; STEPS=200)
	@$(TRAINING) $(PYTHON) .ci/ablation.py \
	$(if $(wildcard $(BLUE_MARBLE)),--imagery "$(BLUE_MARBLE)") --footprints "$(FOOTPRINTS)" --steps $(STEPS)

model-card: env ## fill the tables of resources/models/MODEL_CARD.md from what was measured
	@$(PYTHON) .ci/model_card.py

i18n: env ## collect the plugin's texts for translation into i18n/*.ts, and compile these (needs lrelease)
	@$(PYTHON) .ci/i18n.py

package: env ## make dist/astroloc_qgis.zip, the plugin as QGIS installs it
	@$(PYTHON) .ci/package.py

run: env ## open QGIS with the plugin, in a profile of its own under build/
	@$(PYTHON) .ci/run_qgis.py

clean: ## remove everything that make made, .venv included
	rm -rf .venv build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis .qgis-settings
	find astroloc_qgis tests .ci -name __pycache__ -prune -exec rm -rf {} +
