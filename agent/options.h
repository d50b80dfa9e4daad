/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The agent's command line and environment: names, defaults and allowed
 * values are a contract. Pure but for the environment that the caller passes;
 * logs and exits nowhere.
 */
#ifndef COUCHE_AGENT_OPTIONS_H
#define COUCHE_AGENT_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "agent/lib/log.h"
#include "agent/serve/address.h"

enum couche_mode {
	COUCHE_MODE_AGENT,
	COUCHE_MODE_CONTROLLER,
	COUCHE_MODE_ALL,
};

struct couche_options {
	const char *prometheus_url;
	unsigned int max_concurrent_migrations;
	unsigned int migration_timeout_minutes;
	unsigned int sync_poll_interval_seconds;
	bool dry_run;
	bool preservation_mode;
	const char *mayastor_namespace;
	struct couche_address metrics_addr;
	struct couche_address health_addr;
	enum couche_log_level log_level;
	bool log_json;
	const char *policy_file;	/* NULL: none */
	enum couche_mode mode;

	bool help;
	bool version;
};

/* Looks a variable up, as getenv(). */
typedef const char *(*couche_getenv_fn)(const char *name);

/**
 * couche_options_parse() - defaults, then variables, then flags
 * @argc: as main()
 * @argv: as main(); strings are kept
 * @env: where variables come from; an empty one counts as not set
 * @ret: options; undefined on failure
 * @why: sentence on failure: the flag, the value and what is allowed
 * @why_size: of @why
 *
 * Return: 0, or -EINVAL.
 */
int couche_options_parse(int argc, char *const *argv, couche_getenv_fn env,
			 struct couche_options *ret, char *why, size_t why_size);

/**
 * couche_options_help() - write the text of --help
 * @file: where to
 */
void couche_options_help(FILE *file);

#endif /* COUCHE_AGENT_OPTIONS_H */
