# SPDX-License-Identifier: GPL-2.0-only
#
# What the agent and the tools share: $(LIBAGENT), and $(LIBAGENT_SAN) under
# ASan and UBSan for unit tests. Link either with $(LIBAGENT_LIBS). Any
# fragment may include this file, once or twice, and further sources join
# with LIBAGENT_SRCS += agent/lib/thing.c, before or after it.

ifndef LIBAGENT
LIBAGENT := $(B)/libcouche-agent.a
LIBAGENT_SAN := $(B)/san/libcouche-agent.a
LIBAGENT_LIBS = $(call pkg-libs,libnl-genl-3.0 libnl-3.0)

LIBAGENT_SRCS += agent/lib/netlink.c agent/lib/netlink_decode.c

$(foreach tree,obj san fuzz,$(B)/$(tree)/agent/lib/%.o) \
$(B)/san/tests/unit/test_netlink.o $(B)/fuzz/tests/fuzz/fuzz_netlink.o: \
	CPPFLAGS += $(call pkg-cflags,libnl-genl-3.0 libnl-3.0)

# Prerequisites are expanded late, so that sources added further down count.
libagent-objs = $(sort $(LIBAGENT_SRCS:%.c=$(B)/$(1)/%.o))
.SECONDEXPANSION:
$(LIBAGENT): $$(call libagent-objs,obj)
$(LIBAGENT_SAN): $$(call libagent-objs,san)
$(LIBAGENT) $(LIBAGENT_SAN):
	@rm -f $@
	$(call quiet,AR)ar rcs $@ $^

UNIT_TESTS += $(B)/unit/test_netlink tests/unit/check_netlink_spec.py

$(B)/unit/test_netlink: $(B)/san/tests/unit/test_netlink.o $(B)/san/agent/lib/netlink_decode.o
	@mkdir -p $(@D)
	$(CC) $(SAN_LDFLAGS) -o $@ $^ -lcmocka $(LIBAGENT_LIBS)

FUZZERS += $(B)/fuzz/fuzz_netlink

$(B)/fuzz/fuzz_netlink: $(B)/fuzz/tests/fuzz/fuzz_netlink.o \
		$(B)/fuzz/agent/lib/netlink_decode.o
	@mkdir -p $(@D)
	$(CLANG) $(FUZZ_LDFLAGS) -o $@ $^ $(LIBAGENT_LIBS)
endif
