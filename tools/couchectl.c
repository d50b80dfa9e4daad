// SPDX-License-Identifier: GPL-2.0-only
#include "couchectl.h"

#include <stdio.h>
#include <string.h>

#include "dm.h"
#include "doc.h"
#include "options.h"

struct noun {
	const char *name;
	const struct couche_command *commands;
	const char *help;
};

static const struct noun nouns[] = {
	{ "pool", couche_pool_commands, "build, find, take down and look at pools" },
	{ "volume", couche_volume_commands, "the block devices that a pool gives" },
	{ "leg", couche_leg_commands, "the devices that a pool is made of" },
	{ "migrate", couche_migrate_commands, "move a volume between hot, warm and cold" },
	{ "events", couche_events_commands, "follow what happens" },
	{ "check", couche_check_commands, "is a stopped pool in order? reads its legs" },
	{ "dump", couche_dump_commands, "the metadata on the legs, as it stands there" },
	{ "verify", couche_verify_commands, "is every shard of a stopped pool what was written?" },
	{ "rescue", couche_rescue_commands, "get cold data back when all metadata is lost" },
	{ "version", couche_version_commands, "versions of the tool and the kernel module" },
};

#define NR_NOUNS (sizeof(nouns) / sizeof(nouns[0]))

static void print_usage(FILE *to)
{
	size_t i;

	fputs("usage: couchectl NOUN [VERB] [ARGUMENTS] [OPTIONS]\n\n", to);
	for (i = 0; i < NR_NOUNS; i++)
		fprintf(to, "  %-9s %s\n", nouns[i].name, nouns[i].help);
	fputs("\n\"couchectl NOUN --help\" lists the verbs, \"couchectl NOUN VERB --help\"\n"
	      "the options. The manual is couchectl(8).\n", to);
}

static void print_synopsis(FILE *to, const struct noun *noun, const struct couche_command *c)
{
	fprintf(to, "couchectl %s%s%s%s%s", noun->name, c->verb ? " " : "",
		c->verb ?: "", *c->args ? " " : "", c->args);
}

static void print_noun(FILE *to, const struct noun *noun)
{
	const struct couche_command *c;

	fprintf(to, "couchectl %s: %s\n\n", noun->name, noun->help);
	for (c = noun->commands; c->run; c++) {
		fputs("  ", to);
		print_synopsis(to, noun, c);
		fprintf(to, "\n      %s\n", c->help);
	}
	fputs("\nAdd --help to a command for its options.\n", to);
}

static void print_command(const struct noun *noun, const struct couche_command *c)
{
	fputs("usage: ", stdout);
	print_synopsis(stdout, noun, c);
	printf(" [OPTIONS]\n\n%s\n", c->help);
	couche_options_print_help(c->options);
}

static const struct noun *find_noun(const char *name)
{
	size_t i;

	for (i = 0; i < NR_NOUNS; i++) {
		if (!strcmp(nouns[i].name, name))
			return &nouns[i];
	}
	return NULL;
}

/* The command with this verb, else the one that needs no verb, else NULL. */
static const struct couche_command *find_command(const struct noun *noun, const char *verb,
						 bool *verb_used)
{
	const struct couche_command *c, *fallback = NULL;

	*verb_used = false;
	for (c = noun->commands; c->run; c++) {
		if (!c->verb) {
			fallback = c;
		} else if (verb && !strcmp(c->verb, verb)) {
			*verb_used = true;
			return c;
		}
	}
	return fallback;
}

static bool wants_help(int argc, char **argv)
{
	int i;

	for (i = 0; i < argc; i++) {
		if (!strcmp(argv[i], "--"))
			return false;
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	}
	return false;
}

/* couchectl __words [NOUN [VERB]]: what may stand next, for the completion. */
static int print_words(int argc, char **argv)
{
	const struct noun *noun = argc > 0 ? find_noun(argv[0]) : NULL;
	const struct couche_command *c;
	bool verb_used;
	size_t i;

	if (argc == 0) {
		for (i = 0; i < NR_NOUNS; i++)
			puts(nouns[i].name);
		return 0;
	}
	if (!noun)
		return COUCHE_EXIT_USAGE;
	c = find_command(noun, argc > 1 ? argv[1] : NULL, &verb_used);
	if (!verb_used) {
		const struct couche_command *v;

		for (v = noun->commands; v->run; v++) {
			if (v->verb)
				puts(v->verb);
		}
	}
	if (c)
		couche_options_print_words(c->options);
	return 0;
}

static int no_such_verb(const struct noun *noun, const char *verb)
{
	return couche_fail(COUCHE_EXIT_USAGE, verb,
			   "%s has no such verb; see couchectl %s --help",
			   noun->name, noun->name);
}

static int run(const struct noun *noun, int argc, char **argv)
{
	static struct couche_words rest;
	struct couche_ctl ctl;
	const struct couche_command *c;
	bool verb_used;
	int r;

	c = find_command(noun, argc > 0 ? argv[0] : NULL, &verb_used);
	if (wants_help(argc, argv)) {
		if (c && (verb_used || !noun->commands[1].run)) {
			print_command(noun, c);
		} else {
			print_noun(stdout, noun);
			if (c)
				couche_options_print_help(c->options);
		}
		return 0;
	}
	if (!c) {
		if (argc > 0 && argv[0][0] != '-')
			return no_such_verb(noun, argv[0]);
		print_noun(stderr, noun);
		return COUCHE_EXIT_USAGE;
	}
	r = couche_options_parse(&ctl, c->options, argc - verb_used, argv + verb_used, &rest);
	if (r)
		return r;
	return c->run(&ctl, rest.nr, rest.word);
}

/* "couchectl -o json pool list": options before the noun go behind the rest. */
static void move_leading_options(int argc, char **argv)
{
	char *first[64];
	int i, nr = 0;

	if (argv[1][0] != '-')
		return;
	while (1 + nr < argc && nr < 64 && !find_noun(argv[1 + nr]))
		nr++;
	if (1 + nr == argc || nr == 64)
		return;
	memcpy(first, argv + 1, nr * sizeof(*argv));
	for (i = 1; i + nr < argc; i++)
		argv[i] = argv[i + nr];
	memcpy(argv + i, first, nr * sizeof(*argv));
}

/* "couchectl help pool create" is "couchectl pool create --help". */
static int print_help(int argc, char **argv)
{
	static char option[] = "--help";
	const struct noun *noun = argc > 0 ? find_noun(argv[0]) : NULL;
	char *words[2] = { argc > 1 ? argv[1] : option, option };
	bool is_verb;

	if (argc == 0) {
		print_usage(stdout);
		return 0;
	}
	if (!noun)
		return couche_fail(COUCHE_EXIT_USAGE, argv[0],
				   "no such command; see couchectl --help");
	find_command(noun, words[0], &is_verb);
	if (words[0][0] != '-' && !is_verb)
		return no_such_verb(noun, words[0]);
	return run(noun, argc > 1 ? 2 : 1, words);
}

int main(int argc, char **argv)
{
	const struct noun *noun;
	int r;

	couche_doc_init();
	couche_dm_init();
	if (argc < 2) {
		print_usage(stderr);
		return COUCHE_EXIT_USAGE;
	}
	move_leading_options(argc, argv);
	if (!strcmp(argv[1], "help"))
		return print_help(argc - 2, argv + 2);
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h"))
		return print_help(0, NULL);
	if (!strcmp(argv[1], "--version"))
		argv[1] = "version";
	if (!strcmp(argv[1], "__words"))
		return print_words(argc - 2, argv + 2);
	noun = find_noun(argv[1]);
	if (!noun)
		return couche_fail(COUCHE_EXIT_USAGE, argv[1],
				   "no such command; see couchectl --help");
	r = run(noun, argc - 2, argv + 2);
	if (fflush(stdout) || ferror(stdout))
		return couche_fail(COUCHE_EXIT_FAILURE, "standard output",
				   "cannot be written; the output is not whole");
	return r;
}
