# SPDX-License-Identifier: GPL-2.0-only
#
# couchectl. It links kernel/core, so that it judges superblocks and layouts
# by the rules of the kernel; CORE_TOOLS are the files that see it.

include agent/lib/lib.mk
LIBAGENT_SRCS += agent/lib/duration.c

TOOLS += $(B)/couchectl

COUCHECTL_PKGS := devmapper blkid uuid libcjson libnl-genl-3.0 libnl-3.0
COUCHECTL_SRCS := $(sort $(wildcard tools/*.c))
COUCHECTL_OBJS := $(COUCHECTL_SRCS:%.c=$(B)/obj/%.o)

# Tables of options and columns leave out what is zero.
$(B)/obj/tools/%.o $(B)/san/tools/%.o: CPPFLAGS += -Wno-missing-field-initializers \
	 $(call pkg-cflags,$(COUCHECTL_PKGS))
CORE_TOOLS := scan plan leg_room health cmd_check cmd_rescue \
	$(patsubst tools/%.c,%,$(wildcard tools/offline*.c tools/rescue*.c))
$(foreach tree,obj san fuzz,$(CORE_TOOLS:%=$(B)/$(tree)/tools/%.o)): CPPFLAGS += $(CORE_CPPFLAGS)

$(B)/couchectl: $(COUCHECTL_OBJS) $(LIBAGENT) $(B)/obj/libcore.a
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg-libs,$(COUCHECTL_PKGS))

# --- what it reads and writes as text ----------------------------------------

UNIT_TESTS += $(B)/unit/test_couchectl_text

COUCHECTL_TEXT := size options doc memory print progress plan setting names report show session \
	dm device
$(B)/san/tests/unit/test_couchectl_text.o: CPPFLAGS += -Wno-missing-field-initializers \
	$(call pkg-cflags,$(COUCHECTL_PKGS))

$(B)/unit/test_couchectl_text: $(B)/san/tests/unit/test_couchectl_text.o \
		$(COUCHECTL_TEXT:%=$(B)/san/tools/%.o) $(LIBAGENT_SAN) $(B)/san/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ $(call pkg-libs,$(COUCHECTL_PKGS)) -lcmocka

# --- what ails a pool --------------------------------------------------------

UNIT_TESTS += $(B)/unit/test_health

$(B)/san/tests/unit/test_health.o: CPPFLAGS += -Wno-missing-field-initializers

$(B)/unit/test_health: $(B)/san/tests/unit/test_health.o $(B)/san/tools/health.o \
		$(COUCHECTL_TEXT:%=$(B)/san/tools/%.o) $(LIBAGENT_SAN) $(B)/san/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ $(call pkg-libs,$(COUCHECTL_PKGS)) -lcmocka

# --- the map of a stopped pool -------------------------------------------------

UNIT_TESTS += $(B)/unit/test_offline

OFFLINE_TEXT := finding memory offline offline_map offline_pages offline_journal offline_stage \
	offline_check offline_repair offline_super offline_write names report scan
$(B)/san/tests/unit/test_offline.o: CPPFLAGS += $(CORE_CPPFLAGS) \
	-Wno-missing-field-initializers $(call pkg-cflags,$(COUCHECTL_PKGS))

$(B)/unit/test_offline: $(B)/san/tests/unit/test_offline.o $(B)/san/tests/unit/sample.o \
		$(OFFLINE_TEXT:%=$(B)/san/tools/%.o) $(LIBAGENT_SAN) $(B)/san/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ $(call pkg-libs,$(COUCHECTL_PKGS)) -lcmocka

# --- the tool under sanitizers, for what enemies make ----------------------------

$(B)/san/couchectl: $(COUCHECTL_SRCS:%.c=$(B)/san/%.o) $(LIBAGENT_SAN) $(B)/san/libcore.a
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ $(call pkg-libs,$(COUCHECTL_PKGS))
