# SPDX-License-Identifier: GPL-2.0-only
#
# CoucheStor: kernel module, agent and tool. "make help" lists the targets.
#
# Fragments and what they may use
# -------------------------------
# agent/agent.mk, tools/tools.mk, tests/unit/unit.mk, tests/fuzz/fuzz.mk,
# tests/bench/bench.mk, tests/system/system.mk, tests/crash/crash.mk,
# tests/model/model.mk and tests/demo/demo.mk are read if they exist. A fragment
# writes rules for what it builds, below $(B), and appends to:
#
#   AGENT       programs of "make agent"   (build/couchestor)
#   TOOLS       programs of "make tools"   (build/couchectl)
#   UNIT_TESTS  programs or .sh files that speak TAP (build/unit/test_x)
#   FUZZERS     libFuzzer programs         (build/fuzz/fuzz_x; the seed corpus
#               is tests/fuzz/corpus/x/ if that folder exists)
#   BENCH       commands of "make bench", in order; the first starts a new
#               build/bench.json
#   BENCH_PROGRAMS  what they need built
#   DEMO        the command of "make demo" (with DEMO_PROGRAMS)
#   DOCS        files of "make docs"
#
# and takes its objects from one of three trees, which mirror the sources:
#
#   $(B)/obj/%.o    CFLAGS: what is installed
#   $(B)/san/%.o    SAN_CFLAGS: ASan and UBSan, for unit tests
#   $(B)/fuzz/%.o   FUZZ_CFLAGS: clang, ASan, UBSan and coverage
#
# Objects of kernel/core see tests/shim as their <linux/...>; any other object
# gets that with "$(B)/san/tests/unit/%.o: CPPFLAGS += $(CORE_CPPFLAGS)".
# kernel/core as a library: $(B)/{obj,san,fuzz}/libcore.a.
# One file's own flags: CFLAGS_kernel/core/codec_avx2.c := -mavx2 -mbmi
# Libraries come from $(call pkg-cflags,NAMES) and $(call pkg-libs,NAMES).

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

VERSION := 0.1.0
B := build

PREFIX ?= /usr/local
DESTDIR ?=
SBINDIR := $(DESTDIR)$(PREFIX)/sbin
MANDIR := $(DESTDIR)$(PREFIX)/share/man
COMPLETIONDIR := $(DESTDIR)$(PREFIX)/share/bash-completion/completions
UNITDIR := $(DESTDIR)$(PREFIX)/lib/systemd/system
EXAMPLEDIR := $(DESTDIR)$(PREFIX)/share/doc/couchestor

COUCHE_CACHE ?= $(HOME)/.cache/couchestor
export COUCHE_CACHE

CC ?= gcc
CLANG ?= clang
ifeq ($(origin CC),default)
CC := gcc
endif

WARNINGS := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wold-style-definition -Wvla -Wundef -Wno-unused-parameter -Werror
HARDENING := -D_FORTIFY_SOURCE=2 -fstack-protector-strong \
	-fstack-clash-protection -fPIE
CPPFLAGS := -Iuapi -I. -D_GNU_SOURCE -DCOUCHE_VERSION='"$(VERSION)"'
CORE_CPPFLAGS := -Itests/shim -Ikernel/core
CFLAGS := -std=gnu11 -O2 -g $(WARNINGS) $(HARDENING)
LDFLAGS := -pie -Wl,-z,relro,-z,now -Wl,--as-needed
SAN_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=all
SAN_LDFLAGS := -fsanitize=address,undefined
FUZZ_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS) -fno-omit-frame-pointer \
	-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
FUZZ_LDFLAGS := -fsanitize=fuzzer,address,undefined

pkg-cflags = $(shell pkg-config --cflags $(1))
pkg-libs = $(shell pkg-config --libs $(1))

AGENT :=
TOOLS :=
UNIT_TESTS :=
FUZZERS :=
BENCH :=
BENCH_PROGRAMS :=
DOCS :=
DEMO :=
DEMO_PROGRAMS :=

# "all" must stay the first target whatever a fragment defines.
all: module agent tools ## build the kernel module, the agent and the tool

# A line for each file; V=1 shows the command that makes it.
V ?=
quiet = $(if $(V),,@printf '  %-5s%s\n' $(1) $@;)

# --- objects --------------------------------------------------------------

$(B)/obj/kernel/core/%.o $(B)/san/kernel/core/%.o $(B)/fuzz/kernel/core/%.o: \
	CPPFLAGS += $(CORE_CPPFLAGS)

# No fuzzer reaches the vector code, which takes minutes to build instrumented.
$(B)/fuzz/kernel/core/codec_%.o: FUZZ_CFLAGS := -std=gnu11 -O1 -g $(WARNINGS)

# The flags are part of an object's identity; those of all, whichever object
# asks first with flags of its own.
ALL_FLAGS := $(CC) $(CPPFLAGS) $(CFLAGS) $(SAN_CFLAGS) $(FUZZ_CFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(B)
	@echo '$(ALL_FLAGS)' | cmp -s - $@ || echo '$(ALL_FLAGS)' >$@

$(B)/obj/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(CFLAGS) $(CFLAGS_$<) -MMD -MP -c -o $@ $<

$(B)/san/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(SAN_CFLAGS) $(CFLAGS_$<) -MMD -MP -c -o $@ $<

$(B)/fuzz/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CLANG) $(CPPFLAGS) $(FUZZ_CFLAGS) $(CFLAGS_$<) -MMD -MP -c -o $@ $<

CORE_SOURCES := $(sort $(wildcard kernel/core/*.c))

define core-library
$(B)/$(1)/libcore.a: $(CORE_SOURCES:%.c=$(B)/$(1)/%.o)
	@rm -f $$@
	$$(call quiet,AR)ar rcs $$@ $$^
endef
$(foreach tree,obj san fuzz,$(eval $(call core-library,$(tree))))

-include agent/agent.mk
-include tools/tools.mk
-include tests/unit/unit.mk
-include tests/fuzz/fuzz.mk
-include tests/bench/bench.mk
-include tests/system/system.mk
-include tests/crash/crash.mk
-include tests/model/model.mk
-include tests/demo/demo.mk

-include $(shell [ ! -d $(B) ] || find $(B)/obj $(B)/san $(B)/fuzz -name '*.d' 2>/dev/null)

# --- the module -----------------------------------------------------------

# The kernel to build for; without it, the newest one with headers installed.
KDIR ?=

module: need-build ## build dm-couche.ko for KDIR (default: the newest headers installed)
	@tests/env/build-module.sh host $(KDIR)

# One copy of the sources per kernel: kbuild writes next to them.
module-6.1 module-6.12: module-%: need-build ## build it for this stock Debian kernel (build/module-<version>)
	@tests/env/build-module.sh $*

module-uml module-uml-kasan module-uml-lockdep: module-%: need-build ## build it for this user-mode Linux kernel
	@tests/env/build-module.sh $*

modules: module-6.1 module-6.12 module-uml ## build it for every kernel of the matrix

# --- userspace ------------------------------------------------------------

agent: need-agent ## build the agent, couchestor
	@$(MAKE) --no-print-directory agent-programs

tools: need-agent ## build the tool, couchectl
	@$(MAKE) --no-print-directory tools-programs

# pkg-config can answer only once the packages are there: a second make.
agent-programs: $(AGENT)
tools-programs: $(TOOLS)
unit-programs: $(UNIT_TESTS)
fuzz-programs: $(FUZZERS)
bench-programs: $(BENCH_PROGRAMS)
system-programs: $(SYSTEM)
control-programs: $(B)/control/couchestor-replay $(B)/control/couchestor-replay-plain
crash-programs: $(SYSTEM) $(CRASH)
demo-programs: $(DEMO_PROGRAMS)

demo: need-agent need-demo ## watch files move to a cold tier, lose two disks and come back
	@$(MAKE) --no-print-directory agent-programs tools-programs module-6.1 demo-programs
	@$(if $(DEMO),$(DEMO),echo 'no demo in this tree'; exit 1)

# --- proof ----------------------------------------------------------------

SOAK_SECONDS ?= 3600
RUN = UNIT_TESTS='$(UNIT_TESTS)' FUZZERS='$(FUZZERS)' tests/run.sh

check: ## style and check-unit, -uml, -crash, -kernels, -control in short, then one line that counts (COUCHE_FULL=1: in full)
	@$(if $(COUCHE_FULL),,COUCHE_QUICK=1) $(RUN) style unit uml crash kernels control

check-unit: ## unit tests under sanitizers, and every fuzzer for FUZZ_SECONDS (60)
	@$(RUN) unit

check-uml: ## the module in user-mode Linux: KUnit and system tests
	@$(RUN) uml

check-crash: ## the power fails at 2000 points of a log of dm-log-writes: is all there?
	@$(RUN) crash

check-model: ## does the model test, whose short form is a unit test, find what is broken on purpose?
	@$(RUN) model

soak: ## the same at 20000 points, five million operations of the model test, fio with verification for SOAK_SECONDS (an hour), 100 power cuts
	@COUCHE_CRASH_POINTS=20000 COUCHE_MODEL_OPERATIONS=5000000 COUCHE_MODEL_PART=100000 \
		COUCHE_SOAK_SECONDS=$(SOAK_SECONDS) COUCHE_BESIDE=1 $(RUN) soak crash powercut model

check-soak: ## only fio: volumes hot, cold and on the move, while legs fail and return
	@COUCHE_SOAK_SECONDS=$(SOAK_SECONDS) $(RUN) soak

check-kernels: ## the module on stock Debian kernels in a virtual machine
	@$(RUN) kernels

check-control: ## the agent against a real Prometheus
	@$(RUN) control

style: ## checkpatch, sparse, cppcheck, includes, budgets and more
	@$(RUN) style

fuzz: need-agent need-unit need-fuzz ## build the fuzzers and run each for FUZZ_SECONDS
	@$(RUN) fuzz

bench: need-agent need-unit need-bench ## measure against libisal, dm-linear, md raid6 and dm-writecache (build/bench.json)
	@$(MAKE) --no-print-directory bench-programs
	@$(if $(strip $(BENCH)),set -e; $(foreach command,$(BENCH),$(command);),\
		echo 'no benchmark in this tree'; exit 1)

docs: need-docs ## render the documentation (build/docs)
	@tests/env/docs.sh $(DOCS)

# --- what a machine needs -------------------------------------------------

need-%:
	@tests/env/packages.sh $*

# --- installing -----------------------------------------------------------

install: ## install programs, manual pages, completion, units and an example policy (PREFIX, DESTDIR)
	@for program in $(AGENT) $(TOOLS); do \
		[ -x $$program ] || { echo "build first: make agent tools"; exit 1; }; \
		install -D -m 755 -t $(SBINDIR) $$program; \
	done
	@for page in $(wildcard Documentation/man/*.[1-9]); do \
		install -D -m 644 -t $(MANDIR)/man$${page##*.} $$page; \
	done
	@for file in $(wildcard tools/completion/*); do \
		install -D -m 644 -t $(COMPLETIONDIR) $$file; \
	done
	@for unit in $(wildcard deploy/systemd/*.service); do \
		install -D -m 644 -t $(UNITDIR) $$unit; \
		sed -i 's|/usr/local/|$(PREFIX)/|' $(UNITDIR)/$${unit##*/}; \
	done
	@install -D -m 644 -t $(EXAMPLEDIR) deploy/policies/example.yaml
	@for rules in $(wildcard deploy/udev/*.rules); do \
		install -D -m 644 -t $(DESTDIR)$(PREFIX)/lib/udev/rules.d $$rules; \
	done

install-dkms: ## register the module's source with DKMS, which builds it for each kernel
	@deploy/dkms/install.sh $(VERSION) "$(DESTDIR)"

clean: ## remove what was built here (the cache outside the tree stays)
	rm -rf $(B)
	@find Kbuild kernel -name '*.o' -o -name '*.ko' -o -name '*.mod' -o \
		-name '*.mod.c' -o -name '.*.cmd' -o -name '*.o.d' 2>/dev/null | xargs -r rm -f
	@rm -f Module.symvers modules.order *.ko *.mod *.mod.c *.o .*.cmd

help: ## this list
	@awk -F':.*## ' '/^[a-z][a-z0-9 .-]*:.*## / { n = $$1; sub(/:.*/, "", n); \
		printf "  %-44s %s\n", n, $$2 }' Makefile
	@echo; echo "  V=1 shows the commands that compile and link."

FORCE:
.PHONY: FORCE all module modules module-6.1 module-6.12 module-uml \
	module-uml-kasan module-uml-lockdep agent tools agent-programs \
	tools-programs unit-programs fuzz-programs bench-programs \
	system-programs control-programs crash-programs demo-programs demo check check-unit \
	check-uml check-crash check-model check-soak soak check-kernels check-control style fuzz bench \
	docs install install-dkms clean help
