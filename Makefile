# Everything a developer types. `make help` lists it.

GOLANGCI    = go run github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.15.0
GOVULNCHECK = go run golang.org/x/vuln/cmd/govulncheck@v1.9.0
PARTNERBOT  = go run ./cmd/partnerbot
TESTFLAGS  ?=
COUNT      ?= 10
BENCHFLAGS ?=
FUZZTIME   ?= 1m
SCREENSHOTS ?= screenshots

# Asked when the recipe runs: the race detector needs a C compiler, which `packages` may just have installed.
RACE = $(if $(filter 1,$(shell go env CGO_ENABLED)),-race)

.DEFAULT_GOAL := help
.PHONY: help run build test crash packages lint fmt bench benchmarks faults fuzz vuln screenshots clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: ## the demo: the whole product on this machine, without Slack or Azure
	$(PARTNERBOT) demo

build: ## bin/partnerbot, stripped
	CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o bin/partnerbot ./cmd/partnerbot

test: packages ## every test, with the race detector
	go test $(RACE) $(TESTFLAGS) ./...
	@test -n "$(RACE)" || echo "Not checked: data races (no C compiler for the race detector)." >&2
	@test -n "$$PARTNERBOT_CONTRACTS" || echo "Not checked: what leaves for Slack and Graph against their published schemas (PARTNERBOT_CONTRACTS names no folder)." >&2

crash: packages ## the crash test at length, half an hour: 200 rounds on bbolt, 100 with three replicas on PostgreSQL
	PARTNERBOT_CRASH_ROUNDS=200 go test -count=1 -timeout 2h -v -run 'TestCrash/bolt' ./cmd/partnerbot
	PARTNERBOT_CRASH_ROUNDS=100 go test -count=1 -timeout 2h -v -run 'TestCrash/postgres' ./cmd/partnerbot

packages: # what the tests need beside Go
	@.ci/packages

lint: ## what the linters, go fix and go mod tidy would change
	go fix -diff ./...
	$(GOLANGCI) run ./...
	go mod tidy -diff

fmt: ## lets go fix and the formatters change it
	go fix ./...
	$(GOLANGCI) fmt

bench: packages bench/bolt-js/node_modules ## partnerbot beside what would be written instead, a quarter of an hour; BENCHFLAGS=-quick: two minutes
	@go run ./bench $(BENCHFLAGS)

bench/bolt-js/node_modules: bench/bolt-js/package-lock.json
	@if command -v npm >/dev/null; then npm ci --prefix bench/bolt-js --no-audit --no-fund && touch $@; fi

benchmarks: ## the benchmarks beside the code, COUNT times, for benchstat
	go test -run '^$$' -bench . -benchmem -count=$(COUNT) ./...

faults: packages ## the whole fault matrix, of which `make test` plays a sample; PARTNERBOT_FAULTS=SEED repeats one
	PARTNERBOT_FAULTS=$${PARTNERBOT_FAULTS:-all} go test $(RACE) -count=1 -timeout 30m -run '^TestFaults$$' -v ./cmd/partnerbot

fuzz: ## every fuzz target for FUZZTIME
	@set -e; for pkg in $$(go list ./...); do \
		for target in $$(go test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			echo "$$pkg $$target"; \
			go test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) $$pkg; \
		done; \
	done

vuln: ## known vulnerabilities in what is called (asks vuln.go.dev)
	$(GOVULNCHECK) ./...

screenshots: packages ## pictures of the demo's page, in SCREENSHOTS
	mkdir -p $(SCREENSHOTS)
	PARTNERBOT_SCREENSHOTS=$(abspath $(SCREENSHOTS)) go test -count=1 -run Browser ./cmd/...
	ls -l $(SCREENSHOTS)/*.png

clean: ## what was built
	rm -rf bin screenshots
