# What a newcomer types, and all that CI runs. Needs Rust, make and a C compiler.

CARGO ?= cargo
PART := @tests/part.sh
DRILLS := $(abspath $(or $(CARGO_TARGET_DIR),target))/drills/report.jsonl
DENY := $(CARGO) deny --locked check --hide-inclusion-graph bans licenses sources

.PHONY: help build demo check deny test test-all drills bench proto
.DEFAULT_GOAL := help

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

build: ## build target/debug/oncebus
	$(CARGO) build --locked --bin oncebus

demo: build ## run a whole bus on this machine and prove what it did
	$(CARGO) run --locked --quiet --bin oncebus -- demo

check: ## format, lints, documentation, .proto files, dependencies
	$(PART) fmt $(CARGO) fmt --all --check
	$(PART) clippy $(CARGO) clippy --locked --workspace --all-targets -- -D warnings
	$(PART) doc env RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	$(PART) -n buf proto-lint buf lint proto
	$(PART) -n cargo-deny deny $(DENY)

deny: ## check the dependencies by deny.toml
	$(DENY)

test: ## run every test
	$(PART) test $(CARGO) test --locked --workspace

test-all: ## run every test, the random ones ten times as long
	$(PART) test-all env ONCEBUS_TEST_SCALE=10 $(CARGO) test --locked --workspace

drills: ## break processes, wires and adapters under load; figures go to target/drills/report.jsonl
	$(CARGO) build --locked --package oncebus --example hostile-adapter
	$(PART) drills env ONCEBUS_DRILL_REPORT=$(DRILLS) $(CARGO) test --locked --package oncebus --test drills

bench: ## measure against bare baselines, optimised; figures go to target/bench/report.json
	$(PART) bench $(CARGO) bench --locked --package oncebus-tests --bench bench

proto: ## generate proto/src/gen anew from the .proto files
	ONCEBUS_REGENERATE=1 $(CARGO) test --locked -p oncebus-proto --test generated
