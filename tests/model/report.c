// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the run says: a log of the last lines, and on a failure how to see it
 * again. Events, which the module sends to userspace, end here.
 */
#include <sanitizer/common_interface_defs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "model.h"

#define LINES	40

bool model_verbose;
u64 model_operations;
static char lines[LINES][200];
static unsigned int next_line;
static char command[200];

static void add_line(const char *text)
{
	snprintf(lines[next_line++ % LINES], sizeof(lines[0]), "life %llu step %llu %s",
		 model_life(), model_steps(), text);
	if (model_verbose)
		printf("#   %s\n", lines[(next_line - 1) % LINES]);
}

void model_log(const char *format, ...)
{
	char text[160];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	text[strcspn(text, "\n")] = '\0';
	add_line(text);
}

void model_trace(const char *name)
{
	u64 hash = 0;

	if (!strcmp(name, "couche_relocate"))
		model_event(MODEL_EVENT_MOVE);
	if (model_verbose)
		model_log("trace %s", name);
	while (*name)
		hash = hash * 31 + *name++;
	model_hash(hash);
}

static void say_where(void)
{
	unsigned int i = next_line > LINES ? next_line - LINES : 0;

	for (; i < next_line; i++)
		printf("#   %s\n", lines[i % LINES]);
	printf("# operation %llu, life %llu, step %llu; to see it again:\n#   %s\n",
	       model_operations, model_life(), model_steps(), command);
	fflush(stdout);
}

/* The sanitizers end the process by themselves. */
static void on_death(void)
{
	printf("not ok 1 - memory: the sanitizer's report is above\n1..1\n");
	say_where();
}

void model_report_init(u64 seed, u64 operations, const char *program)
{
	snprintf(command, sizeof(command), "%s -s %llu -n %llu", program, seed, operations);
	__sanitizer_set_death_callback(on_death);
}

/**
 * model_fail() - An invariant does not hold
 * @rule: which of DESIGN's, or "harness"
 * @format: what was seen
 */
void model_fail(const char *rule, const char *format, ...)
{
	va_list args;

	printf("not ok 1 - %s: ", rule);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n1..1\n");
	say_where();
	_Exit(1);
}

void model_die(const char *file, int line, const char *what)
{
	model_fail("kernel", "%s:%d: %s", file, line, what);
}

/* What was freed is soon used again: a life is short. */
const char *__asan_default_options(void);

const char *__asan_default_options(void)
{
	return "quarantine_size_mb=16";
}

void couche_event_migration(struct couche_pool *pool, const struct couche_migration_info *info)
{
	model_trace(__func__);
}

void couche_event_leg(struct couche_pool *pool, u32 index)
{
	model_trace(__func__);
}

void couche_event_degraded(struct couche_pool *pool, u32 volume, u64 extent, u32 leg)
{
	model_trace(__func__);
}

void couche_event_space(struct couche_pool *pool, u8 tier, u64 free_sectors, u64 sectors)
{
	model_trace(__func__);
}

void couche_event_sweep(struct couche_pool *pool, const struct couche_sweep_info *info)
{
	model_trace(__func__);
}

void couche_event_repair(struct couche_pool *pool, u32 volume, u64 extent, u32 leg, int error)
{
	model_trace(__func__);
}
