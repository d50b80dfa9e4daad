# SPDX-License-Identifier: GPL-2.0-only

# --- codec --------------------------------------------------------------------

BENCH_PROGRAMS += $(B)/bench/bench_rs

$(B)/obj/tests/bench/bench_rs.o: CPPFLAGS += $(CORE_CPPFLAGS)

$(B)/bench/bench_rs: $(B)/obj/tests/bench/bench_rs.o $(B)/obj/libcore.a
	@mkdir -p $(@D)
	$(call quiet,LINK)$(CC) $(LDFLAGS) -o $@ $^ -ldl -lpthread

# The first benchmark, so this starts a new build/bench.json.
BENCH += tests/bench/codec.sh

# --- block device -------------------------------------------------------------

BENCH += tests/bench/block.sh
