# make run    start a Flora runtime with a simulated Discord
# make test   test everything
# make lint   lint everything; on a fresh machine it compiles for minutes, so CI does it beside the tests
# make build  put the binaries into bin/
# make build-arm64, make build-amd64
#             put those for Linux on that architecture into bin/linux-...; on another one it needs
#             Debian's g++-aarch64-linux-gnu or g++-x86-64-linux-gnu
# make sdk    make the npm package @flora/sdk in bin/sdk
# make release
#             make what a release consists of in bin/release
# make bench  measure, against baselines in the same run
# make fuzz   run every fuzz target for FUZZTIME each
# make soak   the long counts of what make test runs briefly

GO       ?= go
FUZZTIME ?= 30s
VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)

export CGO_ENABLED = 1
export FLORA_BIN = $(CURDIR)/bin
# One package more at once than there are cores: most of their time they wait, for
# processes of their own. Debuggers' tables would double the time of linking.
TESTFLAGS ?= -timeout 15m -ldflags=-w -p $(shell expr 1 + $$(nproc))

# Packages that link V8; the race detector runs on all others.
V8_PACKAGES = $(shell $(GO) list -f '{{$$p := .ImportPath}}{{range .TestImports}}{{$$p}} {{.}}{{"\n"}}{{end}}{{range .XTestImports}}{{$$p}} {{.}}{{"\n"}}{{end}}{{range .Deps}}{{$$p}} {{.}}{{"\n"}}{{end}}{{$$p}} {{$$p}}{{"\n"}}' ./... | awk '$$2 ~ /\/pkg\/(v8|isolate|isolate\/isolatetest)$$/ {print $$1}' | sort -u)
ALL_PACKAGES = $(shell $(GO) list ./...)

.PHONY: run build build-amd64 build-arm64 sdk release generate programs test checks format workflows lint unit unit-race unit-v8 container chart bench fuzz soak clean

run: build
	bin/flora-runtime dev $(ARGS)

build: generate
	$(call binaries,bin)

build-amd64: export CC = x86_64-linux-gnu-gcc
build-amd64: export CXX = x86_64-linux-gnu-g++
build-arm64: export CC = aarch64-linux-gnu-gcc
build-arm64: export CXX = aarch64-linux-gnu-g++
build-amd64 build-arm64: build-%: generate
	$(call binaries,bin/linux-$*,GOOS=linux GOARCH=$*)

define binaries
	$(2) $(GO) build -ldflags '-X github.com/flora-runtime/flora-runtime/pkg/app.Version=$(VERSION)' -o $(1)/flora-runtime ./cmd/flora-runtime
	$(2) CGO_ENABLED=0 $(GO) build -ldflags '-X github.com/flora-runtime/flora-runtime/pkg/cli.Version=$(VERSION)' -o $(1)/flora ./cmd/flora
endef

sdk:
	$(GO) run ./sdk-bundle/testing/pack bin/sdk
	cp LICENSE bin/sdk/

release: build-amd64 build-arm64 sdk
	scripts/release $(VERSION)

# V8's headers come with the v8go module.
generate:
	@$(GO) generate ./pkg/v8

# What compiles much and what waits much go well side by side.
test: build
	$(MAKE) --no-print-directory -j 3 unit checks

checks: format workflows container chart

# A Postgres, a Redis and a Chromium that the tests can start.
programs:
	@scripts/test-programs

unit: unit-race unit-v8

# The tests of test/spec wait for processes most of the time, so that more of them
# go at once.
unit-race: generate programs
	$(GO) test $(TESTFLAGS) -race $(filter-out $(V8_PACKAGES) %/test/spec,$(ALL_PACKAGES))
	$(GO) test $(TESTFLAGS) -race -parallel $(shell expr 2 \* $$(nproc)) ./test/spec

unit-v8: generate programs
	$(GO) test $(TESTFLAGS) -p 1 $(V8_PACKAGES)

# The Dockerfile and the Compose file are read with the parsers of BuildKit and
# Compose, which the product's module does not know. What they read lies outside
# their module, where Go does not see that it changed.
container:
	cd tools/container && CGO_ENABLED=0 $(GO) test -count=1 -vet=off $(TESTFLAGS) ./...

# The workflows of CI and releases, and what they run.
workflows:
	CGO_ENABLED=0 $(GO) -C tools/workflows tool actionlint -shellcheck= -pyflakes= $(wildcard $(CURDIR)/.github/workflows/*.yml)
	cd tools/workflows && CGO_ENABLED=0 $(GO) test -count=1 -vet=off $(TESTFLAGS) ./...

# The Helm chart is tested with what Helm, Kubernetes and Prometheus are made of,
# which the product's module does not know.
chart:
	cd tools/chart && $(GO) test -count=1 -vet=off $(TESTFLAGS) ./...

format:
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt'd:"; gofmt -l $$(git ls-files '*.go'); exit 1; }

lint: generate format
	$(GO) tool -modfile=tools/go.mod golangci-lint run ./...
	cd tools/container && $(GO) tool -modfile=../go.mod golangci-lint run ./...
	cd tools/workflows && $(GO) tool -modfile=../go.mod golangci-lint run ./...
	cd tools/chart && $(GO) tool -modfile=../go.mod golangci-lint run ./...

bench: build
	$(GO) run ./bench

fuzz: generate
	@scripts/fuzz $(FUZZTIME)

soak: build programs
	FLORA_SOAK=1 $(GO) test -timeout 120m -count 1 ./test/... ./pkg/bot ./pkg/egress

clean:
	rm -rf bin bench/out
