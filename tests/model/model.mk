# SPDX-License-Identifier: GPL-2.0-only
#
# The model test: the module's own sources in a process of ours. Objects stand
# in a tree of their own, for they see tests/model/shim as the kernel.

MODEL_SKIP := kernel/main.c kernel/registry.c $(wildcard kernel/netlink*.c)
MODEL_KERNEL := $(filter-out $(MODEL_SKIP),$(sort $(wildcard kernel/*.c)))
MODEL_CORE := $(sort $(wildcard kernel/core/*.c))
MODEL_OWN := $(sort $(wildcard tests/model/*.c))
MODEL_OBJS := $(patsubst %.c,$(B)/model/%.o,$(MODEL_KERNEL) $(MODEL_CORE) $(MODEL_OWN))

MODEL_CPPFLAGS := -Itests/model/shim -Itests/shim -Ikernel -Ikernel/core -Itests/model
# What the kernel does without: warnings of the C library's kind.
MODEL_CFLAGS := -std=gnu11 -O1 -g -Wall -Wno-unused-function -Werror \
	-fno-strict-aliasing -fno-omit-frame-pointer --param asan-use-after-return=0 \
	-fsanitize=address,undefined -fno-sanitize-recover=all

# Vector code takes minutes to build instrumented; unit tests have it so.
$(B)/model/kernel/core/codec_%.o: MODEL_CFLAGS := -std=gnu11 -O1 -g -Wall

$(B)/model/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(CPPFLAGS) $(MODEL_CPPFLAGS) $(MODEL_CFLAGS) $(CFLAGS_$<) -MMD -MP -c -o $@ $<

MODEL := $(B)/model/couche-model
UNIT_TESTS += tests/model/model.sh

unit-programs: $(MODEL)

$(MODEL): $(MODEL_OBJS)
	$(call quiet,LINK)$(CC) $(SAN_LDFLAGS) -o $@ $^

-include $(MODEL_OBJS:.o=.d)
