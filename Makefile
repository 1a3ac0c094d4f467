# Everything here needs only the Swift toolchain; `dependencies` installs the rest from the distribution.
# Variables: PREFIX for `install`, DATA and PORT for `run`, TESTS for `test` (arguments of pytest), ARGS for `bench`,
# FILTER for `sanitize`.
# What a server promises wherever its data lies: these tests run on both stores.
ON_POSTGRES = $(addprefix test_,$(addsuffix .py,association bulk business_attributes conformance erasure idempotency import \
  interactions lifetime maintenance model profiles schemas services service_life states_and_tasks tenancy))
.DEFAULT_GOAL := help
# A module that is imported but not declared is found by accident of what was built before: an error here.
BUILD := swift build --explicit-target-dependency-import-check error
.PHONY: help dependencies build install run cluster test unit-tests sanitize system-tests bench docs lint format clean

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | while IFS='	' read -r target text; do \
	  printf '  make %-14s %s\n' "$$target" "$$text"; done

dependencies: ## install the libraries and tools that are missing (apt)
	@Scripts/dependencies.sh build run test

build: ## build the release binary, .build/release/liaison
	@Scripts/dependencies.sh build
	$(BUILD) -c release --product liaison

install: build ## install the server, its kit and the sources that plugins need (PREFIX=/usr/local)
	@Scripts/install.sh $(or $(PREFIX),/usr/local)

run: ## start Redis and the server, and make a first association (DATA=…, PORT=…)
	@Scripts/run.sh

cluster: ## start three servers on PostgreSQL and a Redis Cluster behind HAProxy (PORT=…)
	@Scripts/cluster.sh

test: ## run every test: lint, documentation, unit tests, thread sanitizer, system tests
	@Scripts/dependencies.sh build test
	@$(MAKE) --no-print-directory lint
	$(BUILD) -c release --product liaison
	@Scripts/docs.sh
	$(BUILD) --build-tests
	swift test --skip-build
	@Scripts/sanitize.sh '(LiaisonKit|Plugins|LiaisonTesting|LiaisonServer)Tests'
	@Scripts/system-tests.sh $(TESTS)
	@LIAISON_TEST_STORE=postgres Scripts/system-tests.sh $(or $(TESTS),$(ON_POSTGRES))

unit-tests: ## run the Swift tests alone
	@Scripts/dependencies.sh build test
	$(BUILD) --build-tests
	swift test --skip-build

sanitize: ## run the Swift tests under the thread sanitizer (FILTER='Pipeline|Plugins')
	@Scripts/dependencies.sh build
	@Scripts/sanitize.sh "$(FILTER)"

system-tests: build ## run the tests of Tests/System alone (TESTS='-k redis')
	@Scripts/dependencies.sh test
	@Scripts/system-tests.sh $(TESTS)

bench: ## measure floors and the server in one run (ARGS=…)
	@Scripts/dependencies.sh build bench
	$(BUILD) -c release --product liaison
	swift build -c release --package-path Benchmarks/EmptyPlugin --scratch-path .build/plugins
	swift run -c release AssociationBenchmark $(ARGS)

docs: build ## make the kit's documentation, .build/documentation
	@Scripts/docs.sh

lint: ## check the form of the Swift sources
	swift format lint --strict --recursive --parallel Sources Plugins Tests Benchmarks Package.swift

format: ## bring the Swift sources into form
	swift format --in-place --recursive --parallel Sources Plugins Tests Benchmarks Package.swift

clean: ## remove what was built and fetched; keeps liaison-data
	rm -rf .build .venv .dependencies "$${XDG_CACHE_HOME:-$$HOME/.cache}/liaison/integrator$(subst /,-,$(CURDIR))"
