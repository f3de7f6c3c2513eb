# Every target sets up what it needs; `make demo` and `make test` work on a fresh machine with Python 3.11.
PYTHON ?= python3.11
REAL_DATA ?= ../shared/data
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
real := $(if $(wildcard $(REAL_DATA)),--real-data=$(abspath $(REAL_DATA)))

.PHONY: setup lint check test viewer-test pictures demo bench chaos gallery image image-test clean

setup: $(READY)

# torch first: everything else would pull another build of it (docs/adr/0004-pins-and-installation.md).
$(READY): requirements.txt requirements-dev.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet "$$(grep '^wheel-axle-runtime==' requirements.txt)" "$$(grep '^torch==' requirements.txt)"
	$(BIN)/pip install --quiet --no-deps --requirement requirements.txt --requirement requirements-dev.txt
	touch $@

# The prebuilt OHIF viewer and the driver of the browser, for the viewer tests.
build/viewer/.ready: tests/viewer/install.sh tests/viewer/package-lock.json
	tests/viewer/install.sh build/viewer
	touch $@

lint: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Some tests wait for a peer's time to run out: three at once keep two cores busy.
check: lint
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 3 -m "not slow"

test: $(READY) $(if $(shell command -v npm),build/viewer/.ready)
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist loadgroup --durations 15 tests $(real)

# Every object in OHIF, in one browser: figures in build/viewer-test.json, where a skipped test
# misses, and pictures in build/viewer-test. `make test`, which CI calls, runs these tests too
# wherever npm is there.
viewer-test: $(READY) build/viewer/.ready
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.viewer

# The pictures of docs/readers.md, from those of the viewer's tests.
pictures: viewer-test
	$(BIN)/python -m tests.viewer.publish build/viewer-test docs/pictures

demo: $(READY)
	$(BIN)/python -m app demo -o build/demo

bench: $(READY)
	$(BIN)/python -m bench

# Kills at twelve points, ten times each and once with the real graph, and every other fault.
chaos: $(READY)
	OMP_NUM_THREADS=1 $(BIN)/python -m tests.chaos

# docker or podman; wheels and base come from wherever the engine and pip are set up to find them.
ENGINE ?= $(firstword $(notdir $(shell command -v docker podman)))
image: $(READY)
	deploy/build $(ENGINE)

# Without a registry: base and wheels made here, kept in build/image for the next time.
image-test: $(READY)
	deploy/sandbox build/image deploy/image-test build/image

gallery: $(READY)
	$(BIN)/python -m phantom.gallery $(if $(wildcard $(REAL_DATA)),--real $(REAL_DATA)/spider_t2space) -o build/gallery

clean:
	rm -rf build
