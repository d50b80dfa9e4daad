/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A policy source that needs no cluster: one YAML file with one or several
 * documents of the kinds StoragePolicy, ErasureCodingPolicy and MetricLadder
 * (the last is ours: the ladder of metrics). The whole file is taken or none
 * of it: the first mistake ends the reading with one sentence that names file,
 * line, column and field. No threads, no state; a configuration is plain data
 * that its owner destroys.
 */
#ifndef COUCHE_OBSERVE_POLICYFILE_H
#define COUCHE_OBSERVE_POLICYFILE_H

#include <stddef.h>

#include "agent/decide/policy.h"
#include "agent/observe/heat.h"

/* Files beyond this are a mistake. */
#define COUCHE_POLICYFILE_MAX (1 << 20)
/* So are more policies. */
#define COUCHE_POLICYFILE_MAX_POLICIES 256

/* What a source of policies delivers. */
struct couche_config {
	struct couche_policies policies;
	struct couche_ladder ladder;	/* never empty */
};

/**
 * couche_policyfile_parse() - read the text of a policy file
 * @name: of the file, for messages
 * @text: bytes
 * @len: how many
 * @ret: for couche_config_destroy(); untouched on failure
 * @why: sentence on failure
 * @why_size: of @why
 *
 * Return: 0; -EINVAL for a mistake in the file; -ENOMEM.
 */
int couche_policyfile_parse(const char *name, const char *text, size_t len,
			    struct couche_config *ret, char *why, size_t why_size);

/**
 * couche_policyfile_load() - read a policy file
 * @path: of the file
 * @ret: for couche_config_destroy(); untouched on failure
 * @why: sentence on failure
 * @why_size: of @why
 *
 * Return: as couche_policyfile_parse(); -EFBIG; what open() and read() return.
 */
int couche_policyfile_load(const char *path, struct couche_config *ret, char *why,
			   size_t why_size);

/**
 * couche_config_init() - a configuration without policies
 * @ret: for couche_config_destroy()
 *
 * Return: 0 or -ENOMEM.
 */
int couche_config_init(struct couche_config *ret);

/**
 * couche_config_destroy() - free what a configuration holds
 * @config: empty afterwards
 */
void couche_config_destroy(struct couche_config *config);

#endif /* COUCHE_OBSERVE_POLICYFILE_H */
