// SPDX-License-Identifier: GPL-2.0-only
#include "model.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SCRATCH_SEED	1000000000ULL	/* its rounds count from here */
#define COMPLAINTS	10

static int add_leg(struct crash_machine *m, const char *role, uint64_t sectors)
{
	static const char * const roles[CRASH_ROLES] = { "meta", "hot", "cold" };
	struct crash_leg *leg = &m->legs[m->nr_legs];
	unsigned int r;

	for (r = 0; r < CRASH_ROLES && strcmp(roles[r], role); r++)
		;
	if (r == CRASH_ROLES || m->nr_legs == CRASH_MAX_LEGS)
		return -EINVAL;
	leg->role = r;
	leg->start = m->sectors;
	leg->sectors = sectors;
	m->sectors += sectors;
	m->nr_legs++;
	return 0;
}

static int add_volume(struct crash_machine *m, uint32_t id, uint64_t sectors)
{
	struct crash_volume *volume = &m->volumes[m->nr_volumes];

	if (m->nr_volumes == CRASH_MAX_VOLUMES)
		return -EINVAL;
	volume->id = id;
	volume->sectors = sectors;
	volume->fd = -1;
	if (posix_memalign((void **)&volume->data, STAMP_BLOCK, sectors * 512) ||
	    posix_memalign((void **)&volume->spare, STAMP_BLOCK, sectors * 512))
		return -ENOMEM;
	m->nr_volumes++;
	return 0;
}

static int volume_index(const struct crash_machine *m, uint32_t id)
{
	unsigned int i;

	for (i = 0; i < m->nr_volumes; i++)
		if (m->volumes[i].id == id)
			return i;
	return -1;
}

static int add_job(struct crash_model *model, const struct crash_machine *m, uint32_t number,
		   uint32_t volume, uint64_t first, uint64_t count, uint32_t extent)
{
	struct crash_job *j = &model->jobs[model->nr_jobs];
	int err;

	if (model->nr_jobs == CRASH_MAX_JOBS || number != model->nr_jobs ||
	    volume_index(m, volume) < 0)
		return -EINVAL;
	err = stamp_job_init(&j->job, model->seed, number, first, count, extent);
	if (err)
		return err;
	j->table = calloc(count, sizeof(*j->table));
	j->volume = volume_index(m, volume);
	j->acked = -1;
	j->begun = -1;
	model->nr_jobs++;
	return j->table ? 0 : -ENOMEM;
}

/* One line of the description that record.sh leaves. */
static int add_line(struct crash_model *model, struct crash_machine *m, const char *line)
{
	uint64_t a, b, c;
	unsigned int n, id;
	char word[16];

	if (sscanf(line, "uuid %36s", m->uuid) == 1 || sscanf(line, "parity %u", &m->parity) == 1)
		return 0;
	if (sscanf(line, "leg %15s %ju", word, &a) == 2)
		return add_leg(m, word, a);
	if (sscanf(line, "volume %u %ju", &id, &a) == 2)
		return add_volume(m, id, a);
	if (sscanf(line, "job %u %u %ju %ju %ju", &n, &id, &a, &b, &c) == 5)
		return add_job(model, m, n, id, a, b, c);
	if (sscanf(line, "scratch %u %ju", &id, &model->scratch_first) != 2)
		return -EINVAL;
	model->scratch = volume_index(m, id);
	return model->scratch < 0 ? -EINVAL : 0;
}

/**
 * crash_model_init() - Read what was recorded
 * @model: filled in
 * @machine: filled in
 * @path: the description
 * @seed: of the run
 *
 * Return: 0, or a negative errno.
 */
int crash_model_init(struct crash_model *model, struct crash_machine *machine, const char *path,
		     uint64_t seed)
{
	FILE *file = fopen(path, "re");
	char line[256];
	int err = 0;

	memset(model, 0, sizeof(*model));
	memset(machine, 0, sizeof(*machine));
	model->seed = seed;
	model->scratch = -1;
	if (!file)
		return -errno;
	while (!err && fgets(line, sizeof(line), file))
		err = add_line(model, machine, line);
	fclose(file);
	return err;
}

/**
 * crash_model_destroy() - Free what crash_model_init() took
 * @model: the model
 */
void crash_model_destroy(struct crash_model *model)
{
	unsigned int i;

	for (i = 0; i < model->nr_jobs; i++) {
		stamp_job_destroy(&model->jobs[i].job);
		free(model->jobs[i].table);
	}
}

/* A job does one operation after the other: it stops at the next that it acknowledges. */
static int acknowledge(struct crash_model *model, unsigned int number, int64_t op)
{
	struct crash_job *j = &model->jobs[number];
	const struct stamp_op *next;

	if (number >= model->nr_jobs || op < j->acked)
		return -EINVAL;
	j->acked = op;
	j->begun = op;
	do {
		next = stamp_job_op(&j->job, ++j->begun);
		if (!next)
			return -ENOMEM;
	} while (!next->sync && next->kind != STAMP_FUA);
	model->acks++;
	return stamp_allowed_build(j->table, &j->job, j->acked, j->begun);
}

static int make_ready(struct crash_model *model)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < model->nr_jobs && !err; i++)
		err = acknowledge(model, i, -1);
	model->ready = true;
	return err;
}

/**
 * crash_model_mark() - A mark was passed
 * @model: the model
 * @mark: its text
 *
 * Return: 0, -EINVAL for a mark that nobody knows, or -ENOMEM.
 */
int crash_model_mark(struct crash_model *model, const char *mark)
{
	unsigned int n;
	int64_t op;

	if (!strcmp(mark, "ready"))
		return make_ready(model);
	if (sscanf(mark, "ack-%u-%jd", &n, &op) == 2)
		return acknowledge(model, n, op);
	if (sscanf(mark, "down-%u", &n) == 1 && n < CRASH_MAX_LEGS) {
		model->down |= 1u << n;
	} else if (sscanf(mark, "up-%u", &n) == 1 && n < CRASH_MAX_LEGS) {
		model->down &= ~(1u << n);
	} else if (sscanf(mark, "fill-%ju", &model->round) == 1 ||
		   sscanf(mark, "discard-%ju", &model->round) == 1) {
		model->filled = false;
	} else if (sscanf(mark, "filled-%ju", &model->round) == 1) {
		model->filled = true;
	} else if (strcmp(mark, "dm-log-writes-end")) {
		return -EINVAL;
	}
	return 0;
}

static bool complain(struct crash_model *model, const struct crash_machine *m,
		     unsigned int volume, uint64_t block, const char *what)
{
	if (model->complaints++ < COMPLAINTS)
		printf("# volume %u block %ju: %s\n", m->volumes[volume].id, (uintmax_t)block,
		       what);
	return false;
}

/* Any round so far, or zeros; only the last once that is filled. */
static bool scratch_allows(const struct crash_model *model, uint64_t block, const void *data)
{
	const uint64_t *word = data;
	uint64_t op, round = word[1] - SCRATCH_SEED;
	enum stamp_verdict verdict = stamp_block_check(data, word[1], 0, block, &op);

	if (verdict == STAMP_ZEROS)
		return !model->filled;
	return verdict == STAMP_GOOD && round <= model->round &&
	       (!model->filled || round == model->round);
}

static struct crash_job *job_of(struct crash_model *model, unsigned int volume, uint64_t block)
{
	unsigned int i;

	for (i = 0; i < model->nr_jobs; i++) {
		struct crash_job *j = &model->jobs[i];

		if (j->volume == volume && block >= j->job.first &&
		    block < j->job.first + j->job.count)
			return j;
	}
	return NULL;
}

/**
 * crash_model_allows() - May a block hold this?
 * @model: the model
 * @volume: index of the volume
 * @block: of 4 KiB
 * @data: what it holds
 *
 * Return: whether it may.
 */
bool crash_model_allows(struct crash_model *model, unsigned int volume, uint64_t block,
			const void *data)
{
	struct crash_job *j = job_of(model, volume, block);
	enum stamp_judgment judgment;
	const char *what;
	int64_t op;

	if ((int)volume == model->scratch && block >= model->scratch_first)
		return scratch_allows(model, block, data);
	if (!j)
		return true;
	judgment = stamp_judge(&j->job, &j->table[block - j->job.first], data, block, &op, &what);
	if (judgment > STAMP_OK_ZEROS && model->complaints < COMPLAINTS)
		printf("# job %u: %s (operation %jd, acknowledged %jd, up to %jd begun)\n",
		       j->job.job, what, (intmax_t)op,
		       (intmax_t)j->table[block - j->job.first].written, (intmax_t)j->begun);
	return judgment <= STAMP_OK_ZEROS;
}

/**
 * crash_model_check() - Compare all that was read
 * @model: the model
 * @machine: its volumes' data is read
 *
 * Return: how many blocks hold what they must not hold; the first are printed.
 */
uint64_t crash_model_check(struct crash_model *model, const struct crash_machine *machine)
{
	uint64_t bad = 0, block;
	unsigned int i;

	for (i = 0; i < machine->nr_volumes; i++) {
		const struct crash_volume *volume = &machine->volumes[i];

		for (block = 0; block < volume->sectors / 8; block++) {
			if (crash_model_allows(model, i, block,
					       volume->data + block * STAMP_BLOCK))
				continue;
			complain(model, machine, i, block, "must not hold this");
			bad++;
		}
	}
	return bad;
}
