// SPDX-License-Identifier: GPL-2.0-only
/*
 * Threads of the kernel's, as coroutines. Who runs next is drawn whenever one
 * sleeps, and, as often as the life's rate says, where one could be preempted:
 * at locks, atomic operations and barriers outside of spin locks.
 *
 * A coroutine is entered with the C library's setcontext() once, and left and
 * entered again with the compiler's own setjmp, which costs nothing and leaves
 * the sanitizer's view of the stacks alone.
 */
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#include <stdio.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "model.h"

#define TASKS		1024
#define STACK_BYTES	(256UL << 10)
#define TICK_STEPS	48	/* a jiffy passes, though all are busy */
#define NO_ASAN		__attribute__((__no_sanitize__("address"), __noinline__))

struct model_task {
	int nr;
	int cpu;
	int at;				/* in the run queue, or -1 */
	bool used, entered, woken;
	u64 until;			/* jiffies, 0: for ever */
	const char *name;
	const char *where;		/* it sleeps */
	int line;
	void (*fn)(void *arg);
	void *arg;
	wait_queue_head_t *queue;	/* it is on */
	struct model_task *next;	/* there */
	void *jump[5];
	void *fake;
	char *stack;
};

static struct model_task tasks[TASKS];
static struct model_task *run_queue[TASKS];
static unsigned int nr_runnable, nr_tasks;
static struct model_task *current_task;
static void *host_jump[5];
static void *host_fake;
static const void *host_stack;
static size_t host_stack_bytes;
static unsigned int atomic_depth;
static u32 point_rate = 64, io_rate = 500;
static u32 countdown = 1;
static u64 life = 1, steps, kill_at, life_steps;
static u32 awaited_event;
static u64 awaited_nr;
static bool stopped, killed;
u64 model_jiffies = 100000;

void model_set_rates(u32 point, u32 io)
{
	point_rate = point;
	io_rate = io;
}

u64 model_steps(void)
{
	return steps;
}

u64 model_life(void)
{
	return life;
}

void model_stop(void)
{
	stopped = true;
}

void model_kill_in(u64 more)
{
	kill_at = more ? life_steps + more : 0;
}

void model_kill_at_event(u32 event, u64 nr)
{
	awaited_event = event;
	awaited_nr = nr;
}

/* Steps until it dies, as a power of two: how soon what has begun is over. */
static u32 steps_left(u32 event)
{
	switch (event) {
	case MODEL_EVENT_UNSETTLED:
		return 2;
	case MODEL_EVENT_LONG_META:
		return 4;
	case MODEL_EVENT_REUSE:
		return 5;
	case MODEL_EVENT_ORDER:
		return 9;
	default:
		return 6;
	}
}

void model_event(u32 event)
{
	if (!awaited_nr || event != awaited_event || --awaited_nr)
		return;
	model_log("event %u: it is to die", event);
	model_kill_in(1 + model_below(1 << model_below(steps_left(event))));
}

bool model_killed(void)
{
	return killed;
}

/* --- switching ------------------------------------------------------------- */

static NO_ASAN void jump_to(void **where)
{
	__builtin_longjmp(where, 1);
}

static NO_ASAN void leave_task(void)
{
	struct model_task *t = current_task;

	__sanitizer_start_switch_fiber(&t->fake, host_stack, host_stack_bytes);
	if (!__builtin_setjmp(t->jump))
		jump_to(host_jump);
	__sanitizer_finish_switch_fiber(current_task->fake, &host_stack, &host_stack_bytes);
}

static void task_main(void)
{
	__sanitizer_finish_switch_fiber(NULL, &host_stack, &host_stack_bytes);
	for (;;) {
		struct model_task *t = current_task;

		t->fn(t->arg);
		if (atomic_depth)
			model_die(t->name, 0, "ends with a spin lock held");
		t->used = false;
		leave_task();
	}
}

static NO_ASAN void first_entry(struct model_task *t)
{
	static ucontext_t context;

	t->entered = true;
	getcontext(&context);
	context.uc_stack.ss_sp = t->stack;
	context.uc_stack.ss_size = STACK_BYTES;
	context.uc_link = NULL;
	makecontext(&context, task_main, 0);
	setcontext(&context);
}

static NO_ASAN void enter_task(struct model_task *t)
{
	current_task = t;
	__sanitizer_start_switch_fiber(&host_fake, t->stack, STACK_BYTES);
	if (!__builtin_setjmp(host_jump)) {
		if (t->entered)
			jump_to(t->jump);
		first_entry(t);
	}
	__sanitizer_finish_switch_fiber(host_fake, NULL, NULL);
	current_task = NULL;
}

/* --- the run queue ----------------------------------------------------------- */

static void set_runnable(struct model_task *t)
{
	if (t->at >= 0)
		return;
	t->at = nr_runnable;
	run_queue[nr_runnable++] = t;
}

static void unset_runnable(struct model_task *t)
{
	struct model_task *last = run_queue[--nr_runnable];

	run_queue[t->at] = last;
	last->at = t->at;
	t->at = -1;
}

static char *new_stack(void)
{
	char *memory = mmap(NULL, STACK_BYTES + 4096, PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED || mprotect(memory, 4096, PROT_NONE))
		model_fail("harness", "no memory for a stack");
	return memory + 4096;
}

struct model_task *model_spawn(const char *name, void (*fn)(void *arg), void *arg)
{
	struct model_task *t;
	unsigned int i;

	for (i = 0; i < nr_tasks && tasks[i].used; i++)
		;
	if (i == TASKS)
		model_fail("harness", "more than %d threads", TASKS);
	t = &tasks[i];
	if (i == nr_tasks) {
		nr_tasks++;
		t->nr = i;
		t->at = -1;
	}
	if (!t->stack)
		t->stack = new_stack();
	t->used = true;
	t->cpu = model_below(2);
	t->name = name;
	t->fn = fn;
	t->arg = arg;
	t->queue = NULL;
	t->until = 0;
	set_runnable(t);
	return t;
}

int raw_smp_processor_id(void)
{
	return current_task ? current_task->cpu : 0;
}

/* --- points of preemption ------------------------------------------------------ */

void model_relax(void)
{
	if (!current_task)
		return;
	if (atomic_depth)
		model_die(current_task->name, 0, "spins with a spin lock held");
	leave_task();
}

void model_point(void)
{
	if (--countdown)
		return;
	if (atomic_depth || !current_task) {
		countdown = 1;
		return;
	}
	countdown = 1 + model_below(2 * point_rate);
	leave_task();
}

void model_atomic_begin(void)
{
	atomic_depth++;
}

void model_atomic_end(void)
{
	atomic_depth--;
}

bool model_is_atomic(void)
{
	return atomic_depth;
}

/* --- sleeping ------------------------------------------------------------------- */

void init_waitqueue_head(wait_queue_head_t *wq)
{
	wq->life = life;
	wq->first = NULL;
}

static void check_life(wait_queue_head_t *wq)
{
	if (wq->life != life)
		init_waitqueue_head(wq);
}

void shim_wait_prepare(wait_queue_head_t *wq, const char *where, int line)
{
	struct model_task *t = current_task;

	if (!t || (t->queue && t->queue != wq))
		model_die(where, line, "waits for two things");
	check_life(wq);
	t->where = where;
	t->line = line;
	t->woken = false;
	if (t->queue)
		return;
	t->queue = wq;
	t->next = wq->first;
	wq->first = t;
}

void model_wait_finish(void)
{
	struct model_task *t = current_task, **link;

	for (link = &t->queue->first; *link != t; link = &(*link)->next)
		;
	*link = t->next;
	t->queue = NULL;
}

bool model_wait_sleep(u64 until)
{
	struct model_task *t = current_task;

	if (atomic_depth)
		model_die(t->where, t->line, "sleeps with a spin lock held");
	if (t->woken)
		return true;
	t->until = until;
	unset_runnable(t);
	leave_task();
	return t->woken;
}

void wake_up(wait_queue_head_t *wq)
{
	struct model_task *t;

	check_life(wq);
	for (t = wq->first; t; t = t->next) {
		t->woken = true;
		set_runnable(t);
	}
}

void schedule_timeout_uninterruptible(u64 timeout)
{
	wait_queue_head_t nobody;

	init_waitqueue_head(&nobody);
	wait_event_timeout(nobody, false, timeout);
}

wait_queue_head_t shim_var_wait;

static void check_mutex(struct mutex *lock)
{
	if (lock->life == life)
		return;
	lock->life = life;
	lock->owner = NULL;
	init_waitqueue_head(&lock->wait);
}

void mutex_init(struct mutex *lock)
{
	lock->life = 0;
	check_mutex(lock);
}

void mutex_lock(struct mutex *lock)
{
	check_mutex(lock);
	if (lock->owner == current_task)
		model_die(current_task->name, 0, "takes a mutex twice");
	model_point();
	wait_event(lock->wait, !lock->owner);
	lock->owner = current_task;
}

void mutex_unlock(struct mutex *lock)
{
	if (!model_mutex_held(lock))
		model_die(current_task->name, 0, "releases a mutex that it does not hold");
	lock->owner = NULL;
	wake_up(&lock->wait);
	model_point();
}

bool model_mutex_held(const struct mutex *lock)
{
	return lock->life == life && lock->owner == current_task;
}

/* --- time -------------------------------------------------------------------------- */

static u64 next_wake(void)
{
	u64 next = model_timers_next();
	unsigned int i;

	for (i = 0; i < nr_tasks; i++)
		if (tasks[i].used && tasks[i].at < 0 && tasks[i].until)
			next = min(next, tasks[i].until);
	return next;
}

static void pass_time(u64 now)
{
	unsigned int i;

	model_jiffies = now;
	model_timers_run();
	for (i = 0; i < nr_tasks; i++)
		if (tasks[i].used && tasks[i].at < 0 && tasks[i].until &&
		    tasks[i].until <= model_jiffies)
			set_runnable(&tasks[i]);
}

void model_show_tasks(void)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++)
		if (tasks[i].used)
			printf("#   thread %u %s: %s %s:%d\n", i, tasks[i].name,
			       tasks[i].at < 0 ? "sleeps in" : "could run, last slept in",
			       tasks[i].where ?: "-", tasks[i].line);
}

static void idle(void)
{
	u64 next = next_wake();

	if (next == U64_MAX) {
		model_show_tasks();
		model_fail("I7", "nothing can go on: a deadlock");
	}
	pass_time(max(next, model_jiffies + 1));
}

static void step(void)
{
	unsigned int io = model_bios();

	steps++;
	if (++life_steps % TICK_STEPS == 0)
		pass_time(model_jiffies + 1);
	if (io && (!nr_runnable || model_chance(io_rate)) && model_bios_one(nr_runnable))
		return;
	if (nr_runnable) {
		struct model_task *t = run_queue[model_below(nr_runnable)];

		model_hash(t->nr);
		enter_task(t);
		if (!t->used)
			unset_runnable(t);
	} else {
		idle();
	}
}

/**
 * model_run() - Let the threads run
 *
 * Returns after model_stop(), or when the machine is to die.
 */
void model_run(void)
{
	stopped = false;
	killed = false;
	while (!stopped && !killed) {
		step();
		killed = kill_at && life_steps >= kill_at;
	}
}

/**
 * model_tasks_reset() - All threads are gone, wherever they were
 */
void model_tasks_reset(void)
{
	unsigned int i;

	for (i = 0; i < nr_tasks; i++) {
		if (tasks[i].stack)
			__asan_unpoison_memory_region(tasks[i].stack, STACK_BYTES);
		tasks[i].used = false;
		tasks[i].entered = false;
		tasks[i].at = -1;
		tasks[i].where = NULL;
	}
	nr_runnable = 0;
	nr_tasks = 0;
	atomic_depth = 0;
	countdown = 1;
	kill_at = 0;
	awaited_nr = 0;
	life_steps = 0;
	life++;
}
