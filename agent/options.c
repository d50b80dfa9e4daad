// SPDX-License-Identifier: GPL-2.0-only
#include "agent/options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/observe/fetch.h"

enum type {
	TYPE_TEXT,
	TYPE_URL,
	TYPE_NAMESPACE,
	TYPE_COUNT,
	TYPE_BOOL,
	TYPE_ADDRESS,
	TYPE_LEVEL,
	TYPE_MODE,
};

struct option {
	const char *flag;
	const char *variable;
	const char *standard;		/* NULL: not set */
	enum type type;
	size_t offset;
	unsigned int max;		/* of a count */
	const char *help;
};

#define AT(member) offsetof(struct couche_options, member)

static const struct option options[] = {
	{ "prometheus-url", "PROMETHEUS_URL",
	  "http://prometheus.monitoring.svc.cluster.local:9090", TYPE_URL, AT(prometheus_url), 0,
	  "Prometheus that knows the heat of volumes" },
	{ "max-concurrent-migrations", "MAX_CONCURRENT_MIGRATIONS", "2", TYPE_COUNT,
	  AT(max_concurrent_migrations), 1000, "migrations at a time on this node" },
	{ "migration-timeout-minutes", "MIGRATION_TIMEOUT_MINUTES", "30", TYPE_COUNT,
	  AT(migration_timeout_minutes), 10080, "minutes until a migration is given up" },
	{ "sync-poll-interval-seconds", "SYNC_POLL_INTERVAL_SECONDS", "10", TYPE_COUNT,
	  AT(sync_poll_interval_seconds), 3600, "seconds between looks at the kernel" },
	{ "dry-run", "DRY_RUN", "false", TYPE_BOOL, AT(dry_run), 0,
	  "only log what would move" },
	{ "preservation-mode", "PRESERVATION_MODE", "false", TYPE_BOOL, AT(preservation_mode), 0,
	  "keep source copies until their space is needed" },
	{ "mayastor-namespace", "MAYASTOR_NAMESPACE", "mayastor", TYPE_NAMESPACE,
	  AT(mayastor_namespace), 0, "namespace of Mayastor (used with a cluster only)" },
	{ "metrics-addr", "METRICS_ADDR", "0.0.0.0:8080", TYPE_ADDRESS, AT(metrics_addr), 0,
	  "address and port of /metrics" },
	{ "health-addr", "HEALTH_ADDR", "0.0.0.0:8081", TYPE_ADDRESS, AT(health_addr), 0,
	  "address and port of /healthz and /readyz" },
	{ "log-level", "LOG_LEVEL", "info", TYPE_LEVEL, AT(log_level), 0,
	  "trace, debug, info, warn or error" },
	{ "log-json", "LOG_JSON", "false", TYPE_BOOL, AT(log_json), 0,
	  "log JSON objects instead of text" },
	{ "policy-file", "POLICY_FILE", NULL, TYPE_TEXT, AT(policy_file), 0,
	  "policies from a YAML file; SIGHUP reads it again" },
	{ "mode", "MODE", "all", TYPE_MODE, AT(mode), 0, "agent, controller or all" },
};

#define NR_OPTIONS (sizeof(options) / sizeof(options[0]))

static bool parse_count(const char *text, unsigned int max, unsigned int *ret)
{
	unsigned int value = 0;

	if (!*text || strlen(text) > 9 || strspn(text, "0123456789") != strlen(text))
		return false;
	for (; *text; text++)
		value = value * 10 + (unsigned int)(*text - '0');
	*ret = value;
	return value >= 1 && value <= max;
}

static bool parse_bool(const char *text, bool *ret)
{
	*ret = !strcmp(text, "true") || !strcmp(text, "1");
	return *ret || !strcmp(text, "false") || !strcmp(text, "0");
}

static bool parse_mode(const char *text, enum couche_mode *ret)
{
	static const char *const names[] = { "agent", "controller", "all" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*ret = (enum couche_mode)i;
			return true;
		}
	}
	return false;
}

static bool parse_url(const char *text, const char **ret)
{
	char *url, *shown;

	if (couche_fetch_url(text, &url, &shown))
		return false;
	free(url);
	free(shown);
	*ret = text;
	return true;
}

/* A DNS label, as the names of namespaces are. */
static bool parse_namespace(const char *text, const char **ret)
{
	size_t len = strlen(text);

	*ret = text;
	return len >= 1 && len <= 63 && text[0] != '-' && text[len - 1] != '-' &&
	       strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == len;
}

static bool option_set(const struct option *option, const char *value,
		       struct couche_options *to)
{
	void *target = (char *)to + option->offset;

	switch (option->type) {
	case TYPE_TEXT:
		*(const char **)target = value;
		return *value;
	case TYPE_URL:
		return parse_url(value, target);
	case TYPE_NAMESPACE:
		return parse_namespace(value, target);
	case TYPE_COUNT:
		return parse_count(value, option->max, target);
	case TYPE_BOOL:
		return parse_bool(value, target);
	case TYPE_ADDRESS:
		return !couche_address_parse(value, target);
	case TYPE_LEVEL:
		return !couche_log_level_parse(value, target);
	case TYPE_MODE:
		return parse_mode(value, target);
	}
	return false;
}

static void describe_allowed(const struct option *option, char *text, size_t size)
{
	static const char *const allowed[] = {
		[TYPE_TEXT] = "a path",
		[TYPE_URL] = "http://host[:port][/path] or https://...",
		[TYPE_NAMESPACE] = "1 to 63 lower-case letters, digits and '-'",
		[TYPE_BOOL] = "true or false",
		[TYPE_ADDRESS] = "a numeric address and a port, such as 0.0.0.0:8080 or [::]:8080",
		[TYPE_LEVEL] = "trace, debug, info, warn or error",
		[TYPE_MODE] = "agent, controller or all",
	};

	if (option->type == TYPE_COUNT)
		snprintf(text, size, "a whole number from 1 to %u", option->max);
	else
		snprintf(text, size, "%s", allowed[option->type]);
}

static int apply(const struct option *option, const char *value, bool from_variable,
		 struct couche_options *to, char *why, size_t why_size)
{
	char allowed[128];

	if (option_set(option, value, to))
		return 0;
	describe_allowed(option, allowed, sizeof(allowed));
	snprintf(why, why_size, "--%s%s%s%s: '%.128s' is not allowed, must be %s", option->flag,
		 from_variable ? " (from " : "", from_variable ? option->variable : "",
		 from_variable ? ")" : "", value, allowed);
	return -EINVAL;
}

/* The option that a word "--flag" or "--flag=value" names. */
static const struct option *find_option(const char *word, const char **ret_value)
{
	size_t len = strcspn(word, "=");

	for (size_t i = 0; i < NR_OPTIONS; i++) {
		if (strlen(options[i].flag) == len && !strncmp(options[i].flag, word, len)) {
			*ret_value = word[len] ? word + len + 1 : NULL;
			return &options[i];
		}
	}
	return NULL;
}

/* What the command line says, before any of it is judged. */
struct words {
	const char *values[NR_OPTIONS];		/* NULL: not given; the last one wins */
	bool help;
	bool version;
};

/* One word, and the next one if it is its value: how many were taken, or an errno. */
static int take_word(char *const *argv, struct words *words, char *why, size_t why_size)
{
	const char *word = argv[0], *value = NULL;
	const struct option *option;

	if (!strcmp(word, "--help") || !strcmp(word, "-h")) {
		words->help = true;
		return 1;
	}
	if (!strcmp(word, "--version") || !strcmp(word, "-V")) {
		words->version = true;
		return 1;
	}
	option = strncmp(word, "--", 2) ? NULL : find_option(word + 2, &value);
	if (!option) {
		snprintf(why, why_size, "'%.128s' is not an option; see couchestor --help", word);
		return -EINVAL;
	}
	if (!value)
		value = option->type == TYPE_BOOL ? "true" : argv[1];
	if (!value) {
		snprintf(why, why_size, "--%s: needs a value", option->flag);
		return -EINVAL;
	}
	words->values[option - options] = value;
	return value == argv[1] ? 2 : 1;
}

static int choose(const struct option *option, const char *flag, const char *variable,
		  struct couche_options *to, char *why, size_t why_size)
{
	if (flag)
		return apply(option, flag, false, to, why, why_size);
	if (variable && *variable)
		return apply(option, variable, true, to, why, why_size);
	if (option->standard)
		return apply(option, option->standard, false, to, why, why_size);
	return 0;
}

int couche_options_parse(int argc, char *const *argv, couche_getenv_fn env,
			 struct couche_options *ret, char *why, size_t why_size)
{
	struct words words = { 0 };
	int r;

	*ret = (struct couche_options){ 0 };
	for (int i = 1; i < argc; i += r) {
		r = take_word(argv + i, &words, why, why_size);
		if (r < 0)
			return r;
	}
	ret->help = words.help;
	ret->version = words.version;
	/* a wrong variable must not keep anybody from reading the help */
	if (words.help || words.version)
		return 0;
	for (size_t i = 0; i < NR_OPTIONS; i++) {
		r = choose(&options[i], words.values[i], env(options[i].variable), ret, why,
			   why_size);
		if (r)
			return r;
	}
	return 0;
}

void couche_options_help(FILE *file)
{
	fputs("usage: couchestor [OPTIONS]\n\n"
	      "Watches the heat of dm-couche volumes and moves them between tiers.\n\n", file);
	for (size_t i = 0; i < NR_OPTIONS; i++)
		fprintf(file, "  --%-28s %s\n  %-30s [%s, default: %s]\n", options[i].flag,
			options[i].help, "", options[i].variable,
			options[i].standard ? options[i].standard : "none");
	fputs("  --help, -h                     this text\n"
	      "  --version, -V                  the version\n\n"
	      "A flag beats its variable. See couchestor(8).\n", file);
}
