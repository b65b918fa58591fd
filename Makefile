# Every verb here is what continuous integration runs too. `make help` lists them.

SWIFT ?= swift
DEBUG := .build/debug/mockforge
# With Swift's libraries in the binary, which then runs where no toolchain is and takes less memory.
RELEASE := -c release --static-swift-stdlib
SOURCES := Package.swift Sources Tests Benchmarks

.PHONY: help packages build run cluster release test lint gate format bench clean

help: ## List the verbs
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

packages: ## Install the Debian packages that are missing
	@scripts/packages build

build: packages ## Build for development (about 6 minutes the first time on 2 cores)
	$(SWIFT) build --product mockforge

run: build ## Build, then serve on 127.0.0.1:8080 with ./data and a demo tenant
	$(DEBUG) serve --host 127.0.0.1 --port 8080 --data-dir ./data --demo

release: packages ## Build for production (the first time takes longer than `make build`)
	$(SWIFT) build $(RELEASE) --product mockforge
	@echo "built .build/release/mockforge"

# The tests' services live in a folder that the users of PostgreSQL and PgBouncer can reach.
test: SERVICES := postgres pgbouncer redis redis-cluster s3 smtp
test: ## Hold the allocations, then run every test against real services that it starts and stops; those of the whole program on one node and on three
	@scripts/packages build test
	$(SWIFT) build --build-tests
	python3 Benchmarks/allocations.py --build debug
	MOCKFORGE_TEST_VENV=$(CURDIR)/.build/venv scripts/services run $$(mktemp -d) $(SERVICES) -- \
		scripts/test-twice $(SWIFT) test --skip-build --disable-xctest

cluster: build ## Start three nodes on PostgreSQL, Redis, S3 and SMTP behind HAProxy on 127.0.0.1:8080
	@scripts/packages test
	@scripts/cluster

lint: ## Check the format of the source
	$(SWIFT) format lint --strict --recursive $(SOURCES)

gate: build ## Only this part of `make test`: fail when a request allocates more than its threshold
	python3 Benchmarks/allocations.py --build debug

format: ## Put the source into its format
	$(SWIFT) format --in-place --recursive $(SOURCES)

bench: release ## Measure against nginx, a bare SwiftNIO server and a bare Hummingbird
	@scripts/packages bench
	$(SWIFT) build $(RELEASE) --product bare-server
	$(SWIFT) build $(RELEASE) --product bare-hummingbird
	python3 Benchmarks/run.py

clean: ## Remove what was built
	rm -rf .build
