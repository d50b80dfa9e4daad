# SPDX-License-Identifier: GPL-2.0-only

# --- on-disk formats and the table line --------------------------------------

CORE_FUZZ := super page journal footer table
FUZZERS += $(CORE_FUZZ:%=$(B)/fuzz/fuzz_%)

$(B)/obj/tests/fuzz/seeds.o $(B)/fuzz/tests/fuzz/fuzz.o $(CORE_FUZZ:%=$(B)/fuzz/tests/fuzz/fuzz_%.o): \
	CPPFLAGS += $(CORE_CPPFLAGS)

$(CORE_FUZZ:%=$(B)/fuzz/fuzz_%): $(B)/fuzz/fuzz_%: \
		$(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/tests/fuzz/fuzz.o $(B)/fuzz/libcore.a | $(B)/fuzz/seeded
	$(call quiet,LINK)$(CLANG) $(FUZZ_LDFLAGS) -o $@ $^ -lpthread

# What the runner starts from, made anew whenever a format changes.
$(B)/fuzz/seeds: $(B)/obj/tests/fuzz/seeds.o $(B)/obj/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS) -o $@ $^ -lpthread

$(B)/fuzz/seeded: $(B)/fuzz/seeds
	@mkdir -p $(B)/fuzz/corpus
	$< $(B)/fuzz/corpus
	@touch $@

# --- what the agent reads -----------------------------------------------------

AGENT_FUZZ := prometheus policyfile
FUZZERS += $(AGENT_FUZZ:%=$(B)/fuzz/fuzz_%)

$(AGENT_FUZZ:%=$(B)/fuzz/fuzz_%): $(B)/fuzz/fuzz_%: \
		$(B)/fuzz/tests/fuzz/fuzz_%.o $(B)/fuzz/libagent-parts.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CLANG) $(FUZZ_LDFLAGS) -o $@ $^ -Wl,--as-needed $(AGENT_LIBS)
