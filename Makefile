# Riposte: everything a person or a build server types.
#
#   make run      build, fetch the default model on the first start, open the chat
#   make test     unit, model-level and end-to-end tests
#   make bench    this program beside llama.cpp, and its training beside PyTorch + PEFT
#   make install  the program, its manual page and its shell completions, into $(PREFIX)

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := build

PREFIX ?= $(if $(filter 0,$(shell id -u)),/usr/local,$(HOME)/.local)
DESTDIR ?=
MODEL ?= smollm2
BENCH_ARGS ?=
BENCH_REWARD_ARGS ?=

ifeq ($(shell uname -s),Darwin)
# Homebrew keeps these two out of the compiler's way.
brew_prefix = $(shell brew --prefix $(1) 2>/dev/null)
export C_INCLUDE_PATH := $(call brew_prefix,ncurses)/include:$(call brew_prefix,readline)/include
export LIBRARY_PATH := $(call brew_prefix,ncurses)/lib:$(call brew_prefix,readline)/lib
endif

release := .build/release/riposte
debug := .build/debug/riposte

.PHONY: run build debug test unit end-to-end bench lint format install uninstall deps model clean help

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 20

run: build  ## build, fetch the default model if it is not there, open the chat
	@$(release) models pull $(MODEL) --if-absent
	@exec $(release) chat

build: deps  ## optimised program in .build/release
	swift build -c release --product riposte

debug: deps
	scripts/build-tests

test: debug model unit end-to-end  ## all tests

model: debug
	@$(debug) models pull $(MODEL) --if-absent

unit: debug
	swift test --skip-build

end-to-end: debug
	python3 Tests/EndToEnd/run.py --binary $(debug)

bench: build  ## tables: this program, llama.cpp or PyTorch + PEFT, ratio, what is wanted
	@$(release) models pull $(MODEL) --if-absent
	scripts/bench --binary $(release) $(BENCH_ARGS)
	scripts/bench-reward --binary $(release) $(BENCH_REWARD_ARGS)

lint:  ## formatting and cheap checks
	scripts/lint

format:  ## rewrite the sources in the house format
	swift format -i -r Sources Tests Package.swift

install: build  ## into PREFIX, by default /usr/local for root and ~/.local for others
	scripts/install $(release) "$(DESTDIR)$(PREFIX)"

uninstall:
	scripts/install --remove "$(DESTDIR)$(PREFIX)"

deps:  ## system packages that are missing
	@scripts/deps

clean:  ## remove what was built
	swift package clean
