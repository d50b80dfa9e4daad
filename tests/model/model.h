/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model test's machine: one thread of the C library's on which the
 * module's own sources run as if they were the kernel's.
 *
 * Everything that may go one way or the other asks model_random(), and nothing
 * else differs from run to run: a seed names a run. A life is what lies between
 * two starts of the machine; its end takes all memory and all threads with it,
 * and leaves the legs.
 *
 * Nothing here is safe from a second thread of the C library's.
 */
#ifndef MODEL_H
#define MODEL_H

#include <linux/completion.h>
#include <linux/device-mapper.h>
#include <linux/sched.h>
#include <linux/types.h>
#include <linux/workqueue.h>

/* random.c */
void model_seed(u64 seed);
u64 model_random(void);
u32 model_below(u32 n);			/* 0..n-1 */
bool model_chance(u32 per_thousand);
void model_hash(u64 value);		/* into the trace of the run */
u64 model_hash_now(void);

/* What a kill may lie in wait for. */
enum {
	MODEL_EVENT_NONE,
	MODEL_EVENT_META,		/* a write of metadata is sent */
	MODEL_EVENT_LONG_META,		/* one of several blocks */
	MODEL_EVENT_FLUSH,
	MODEL_EVENT_MOVE,		/* an extent moves, or is destaged */
	MODEL_EVENT_DURABLE,		/* a client was told that something is durable */
	MODEL_EVENT_LOSS,		/* so, the first after an extent moved under lost slots */
	MODEL_EVENT_UNSETTLED,		/* so, and all that while a leg's state was being written */
	MODEL_EVENT_REUSE,		/* where an extent was another one is written */
	MODEL_EVENT_REFILL,		/* all metadata is written, for a leg that lacks it */
	MODEL_EVENT_ORDER,		/* legs, or the profile, are about to change */
	MODEL_NR_EVENTS,
};

/* task.c: threads of the kernel's */
struct model_task *model_spawn(const char *name, void (*fn)(void *arg), void *arg);
void model_set_rates(u32 point, u32 io);
void model_run(void);			/* until model_stop() */
void model_stop(void);
void model_kill_in(u64 steps);		/* 0: not at all */
void model_kill_at_event(u32 event, u64 nr);	/* soon after the nth of them */
void model_event(u32 event);
bool model_killed(void);
void model_tasks_reset(void);
u64 model_steps(void);
u64 model_life(void);
void model_show_tasks(void);

/* work.c */
void model_timers_reset(void);
u64 model_timers_next(void);		/* in jiffies; U64_MAX: none */
void model_timers_run(void);

/* memory.c */
size_t model_memory_live(void);		/* pieces */
void model_memory_reset(void);
void model_set_scarcity(u32 per_thousand);	/* of those that may not wait */

/* bio.c */
unsigned int model_bios(void);
bool model_bios_one(bool busy);
void model_bios_reset(void);
void model_bios_check_closed(const struct block_device *bdev);
u64 model_clock(void);			/* orders what devices did */

/* dm.c: a device-mapper of one target a device */
struct mapped_device;
struct mapped_device *model_dm_create(const char *name);
int model_dm_load(struct mapped_device *md, const char *type, u64 sectors, const char *line);
void model_dm_suspend(struct mapped_device *md);
int model_dm_resume(struct mapped_device *md);
int model_dm_message(struct mapped_device *md, const char *text);
void model_dm_remove(struct mapped_device *md);
void model_dm_reset(void);
int model_dm_io(struct mapped_device *md, blk_opf_t opf, u64 sector, u32 sectors,
		struct page **pages);

/* registry.c */
void model_registry_reset(void);

/* report.c */
extern bool model_verbose;
extern u64 model_operations;		/* of the clients, all lives */
void __attribute__((__noreturn__, __format__(printf, 2, 3)))
model_fail(const char *rule, const char *format, ...);
void model_report_init(u64 seed, u64 operations, const char *program);

#endif /* MODEL_H */
