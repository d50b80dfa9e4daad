# SPDX-License-Identifier: GPL-2.0-only
#
# The agent. Tests of the whole link AGENT_SRCS and AGENT_BASE_SRCS with a
# netlink library of their own.

include agent/lib/lib.mk

AGENT_BASE_SRCS := $(addprefix agent/lib/,buf.c duration.c json.c kind.c log.c uuid.c)
LIBAGENT_SRCS += $(AGENT_BASE_SRCS)

AGENT_SRCS := $(wildcard agent/*.c agent/decide/*.c agent/observe/*.c agent/act/*.c \
	agent/serve/*.c)
AGENT_PKGS := libsystemd libcurl libcjson libmicrohttpd yaml-0.1
AGENT_LIBS = $(call pkg-libs,$(AGENT_PKGS)) -lm

AGENT += $(B)/couchestor

$(B)/couchestor: $(AGENT_SRCS:%.c=$(B)/obj/%.o) $(LIBAGENT)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(AGENT_LIBS) $(LIBAGENT_LIBS)

# The agent on a recorded kernel, for tests/control: with sanitizers, and as it
# is installed to measure its memory.
$(B)/control/couchestor-replay: $(AGENT_SRCS:%.c=$(B)/san/%.o) \
		$(AGENT_BASE_SRCS:%.c=$(B)/san/%.o) $(B)/san/tests/control/fake_kernel.o
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^ $(AGENT_LIBS)

$(B)/control/couchestor-replay-plain: $(AGENT_SRCS:%.c=$(B)/obj/%.o) \
		$(AGENT_BASE_SRCS:%.c=$(B)/obj/%.o) $(B)/obj/tests/control/fake_kernel.o
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(AGENT_LIBS)

# Its parts as a library, for unit tests and fuzzers.
AGENT_PART_SRCS := $(filter-out agent/main.c,$(AGENT_SRCS)) $(AGENT_BASE_SRCS)

$(B)/san/libagent-parts.a: $(AGENT_PART_SRCS:%.c=$(B)/san/%.o)
$(B)/fuzz/libagent-parts.a: $(AGENT_PART_SRCS:%.c=$(B)/fuzz/%.o)
$(B)/san/libagent-parts.a $(B)/fuzz/libagent-parts.a:
	@rm -f $@
	$(call quiet,AR)ar rcs $@ $^
