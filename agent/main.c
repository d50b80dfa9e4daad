// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>
#include <stdlib.h>

#include <curl/curl.h>

#include "agent/agent.h"

/* Exit statuses; couchestor(8) lists them. */
enum {
	EXIT_USAGE = 2,
};

static const char *variable(const char *name)
{
	return getenv(name);
}

static int start(const struct couche_options *options)
{
	struct couche_agent *agent;
	int r;

	if (options->mode == COUCHE_MODE_CONTROLLER) {
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_KUBERNETES, NULL,
			   "--mode: the controller needs a cluster, and this version cannot reach one; run --mode=agent with --policy-file");
		return EXIT_FAILURE;
	}
	if (options->mode == COUCHE_MODE_ALL)
		couche_log(COUCHE_LOG_DEBUG, COUCHE_KIND_NONE, NULL,
			   "no cluster: only the agent runs");
	if (couche_agent_create(options, &agent))
		return EXIT_FAILURE;
	r = couche_agent_run(agent);
	couche_agent_free(agent);
	return r < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct couche_options options;
	char why[512];
	int status;

	if (couche_options_parse(argc, argv, variable, &options, why, sizeof(why))) {
		fprintf(stderr, "couchestor: %s\n", why);
		return EXIT_USAGE;
	}
	if (options.help) {
		couche_options_help(stdout);
		return EXIT_SUCCESS;
	}
	if (options.version) {
		puts("couchestor " COUCHE_VERSION);
		return EXIT_SUCCESS;
	}
	couche_log_init(options.log_level, options.log_json);
	if (curl_global_init(CURL_GLOBAL_DEFAULT)) {
		couche_log(COUCHE_LOG_ERROR, COUCHE_KIND_IO, NULL, "libcurl cannot start");
		return EXIT_FAILURE;
	}
	status = start(&options);
	curl_global_cleanup();
	return status;
}
