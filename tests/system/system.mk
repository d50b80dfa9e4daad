# SPDX-License-Identifier: GPL-2.0-only
#
# Programs that the system tests run in their machines: $(SYSTEM).

SYSTEM := $(B)/system/couche-stamp

$(B)/system/couche-stamp: $(B)/obj/tests/system/couche-stamp.o $(B)/obj/tests/system/stamp.o \
		$(B)/obj/tests/system/verdict.o
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS) -o $@ $^
