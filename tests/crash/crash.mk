# SPDX-License-Identifier: GPL-2.0-only
#
# What replays crashes: $(CRASH), with couche-stamp of tests/system.

CRASH := $(B)/crash/couche-replay

CRASH_OBJS := $(patsubst %.c,$(B)/obj/%.o,$(sort $(wildcard tests/crash/*.c)))

$(B)/crash/couche-replay: $(CRASH_OBJS) $(B)/obj/tests/system/stamp.o \
		$(B)/obj/tests/system/verdict.o
	@mkdir -p $(@D)
	$(CC) $(LDFLAGS) -o $@ $^ $(call pkg-libs,devmapper)
