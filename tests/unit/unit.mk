# SPDX-License-Identifier: GPL-2.0-only

# --- formats, allocation, placement, heat, table line -----------------------

CORE_UNIT := super page journal replay footer geometry alloc segmap placement heat tableline
UNIT_TESTS += $(CORE_UNIT:%=$(B)/unit/test_%)

$(B)/san/tests/unit/sample.o $(CORE_UNIT:%=$(B)/san/tests/unit/test_%.o): \
	CPPFLAGS += $(CORE_CPPFLAGS)

$(CORE_UNIT:%=$(B)/unit/test_%): $(B)/unit/test_%: \
		$(B)/san/tests/unit/test_%.o $(B)/san/tests/unit/sample.o $(B)/san/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ -lcmocka -lpthread

# --- codec and checksum ------------------------------------------------------

# The flags of each codec kernel, for every tree.
include kernel/core/codec.kbuild

CODEC_UNIT := gf codec crc32c
UNIT_TESTS += $(CODEC_UNIT:%=$(B)/unit/test_%)

$(CODEC_UNIT:%=$(B)/san/tests/unit/test_%.o): CPPFLAGS += $(CORE_CPPFLAGS)

$(CODEC_UNIT:%=$(B)/unit/test_%): $(B)/unit/test_%: \
		$(B)/san/tests/unit/test_%.o $(B)/san/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ -lcmocka -lpthread -lisal

# --- the agent ----------------------------------------------------------------

AGENT_UNIT := classify policy prometheus duration options policyfile
UNIT_TESTS += $(AGENT_UNIT:%=$(B)/unit/test_%)

$(AGENT_UNIT:%=$(B)/unit/test_%): $(B)/unit/test_%: \
		$(B)/san/tests/unit/test_%.o $(B)/san/libagent-parts.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ -Wl,--as-needed -lcmocka $(AGENT_LIBS)

# --- documentation, and make itself ----------------------------------------------

UNIT_TESTS += tests/unit/check_made_once.sh
UNIT_TESTS += tests/unit/check_design_names.sh
