# The menu: `make` alone prints it.
SHELL := /bin/bash
GO ?= go
export DQA_DATA ?= $(abspath ../shared/data)

.PHONY: menu
menu:
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

.PHONY: build
build: ## build bin/dqa, one static binary
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/dqa ./cmd/dqa

.PHONY: build-fleet
build-fleet: ## build bin/dqa-fleet: heads on devices, tails on gateways
	CGO_ENABLED=0 $(GO) build -trimpath -o bin/dqa-fleet ./cmd/dqa-fleet

.PHONY: image
image: build-fleet ## build the container image dqa-fleet:local (needs docker)
	docker build -t dqa-fleet:local -f deploy/Dockerfile bin

.PHONY: build-device
build-device: ## build bin/dqa-run, which runs, encodes and decodes, half as large: for devices
	CGO_ENABLED=0 $(GO) build -tags device -trimpath -ldflags '-s -w' -o bin/dqa-run ./cmd/dqa

.PHONY: build-ort
build-ort: ## build bin/dqa-ort, which can also use ONNX Runtime's shared library (still no cgo)
	CGO_ENABLED=0 $(GO) build -tags ort -trimpath -o bin/dqa-ort ./cmd/dqa

.PHONY: libdqa
libdqa: ## build bin/libdqa: the library for C, shared and static, with its header (needs cgo)
	CGO_ENABLED=1 $(GO) build -buildmode=c-shared -tags netgo,osusergo -trimpath -ldflags '-s -w' -o bin/libdqa/libdqa.so ./bindings/c
	CGO_ENABLED=1 $(GO) build -buildmode=c-archive -tags netgo,osusergo -trimpath -ldflags '-s -w' -o bin/libdqa/libdqa.a ./bindings/c
	rm -f bin/libdqa/libdqa.h && cp bindings/c/dqa.h bin/libdqa

.PHONY: libdqa-test
libdqa-test: libdqa ## the C example against both, under AddressSanitizer and Valgrind
	bindings/c/example/test.sh bin/libdqa

.PHONY: wheel
wheel: ARCH ?= x86_64 aarch64
wheel: ## build bin/wheels: the Python package for manylinux, ARCH="x86_64 aarch64"
	test -x bin/venv/bin/python || python3 -m venv bin/venv
	bin/venv/bin/python -m pip install -q 'setuptools>=77' ziglang==0.17.1
	bindings/python/build.sh $(abspath bin/wheels) $(abspath bin/venv/bin/python) $(ARCH)

.PHONY: wheel-test
wheel-test: build ## the wheels by pytest: this machine's in a fresh environment, aarch64's emulated (needs apt)
	bindings/python/test.sh $(abspath bin/wheels) $(abspath bin/dqa)

.PHONY: test
test: ## every test; what needs more than Go skips and says so
	$(GO) test -timeout 20m ./...

.PHONY: check
check: ## formatting, vet, staticcheck
	@test -z "$$(gofmt -l .)" || { echo "not gofmt-ed:"; gofmt -l .; exit 1; }
	$(GO) vet ./...
	$(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2 ./...

.PHONY: demo
demo: ## the main job on the embedded networks; writes dqa-demo/report.html
	$(GO) run ./cmd/dqa demo

.PHONY: bench
bench: ## benchmarks: engine images/s, codec and coders as ratios to copy()
	$(GO) test -run '^$$' -bench . -benchtime 300ms ./internal/simd ./internal/quant ./internal/bitplane ./internal/rans ./internal/huffman ./internal/prefix . ./engine/native

.PHONY: fuzz
fuzz: PACKAGES ?= $$($(GO) list ./...)
fuzz: ## every fuzz target for FUZZTIME (default 30s)
	@set -e; for p in $(PACKAGES); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p | grep '^Fuzz' || true); do \
	    echo "== $$p $$f"; .ci/fuzz $$p $$f $${FUZZTIME:-30s}; done; done

.PHONY: fuzz-codec
fuzz-codec: ## the fuzz targets of what reads frames and profiles
	@$(MAKE) --no-print-directory fuzz PACKAGES=". ./frame ./profile ./internal/rans ./internal/prefix ./internal/huffman ./spec/reader ./internal/bitplane ./internal/quant ./internal/simd"

.PHONY: generate
generate: ## generated code and documents; git must stay clean
	$(GO) generate ./...

.PHONY: results
results: build ## docs/results from the real networks and data in DQA_DATA (about 15 minutes on 2 cores)
	docs/results/make.sh bin/dqa
