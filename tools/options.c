// SPDX-License-Identifier: GPL-2.0-only
#include "options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "agent/lib/duration.h"
#include "size.h"

#define MAX_GIVEN 64 /* options with one value, of a command and global */

static const char *output_word;
static struct couche_ctl global;

/* The options with one value that this command line has had. */
static struct {
	unsigned int nr;
	struct {
		const struct couche_option *option;
		const char *text;
	} word[MAX_GIVEN];
} given;

static const struct couche_option global_options[] = {
	{ "output", 'o', COUCHE_OPTION_TEXT, &output_word, "FORMAT",
	  "table, wide, name, json or yaml" },
	{ "no-headers", 'H', COUCHE_OPTION_FLAG, &global.no_headers, NULL,
	  "no header line, tabs between the columns" },
	{ "exact", 'p', COUCHE_OPTION_FLAG, &global.exact, NULL,
	  "exact numbers instead of rounded ones" },
	{ "dry-run", 'n', COUCHE_OPTION_FLAG, &global.dry_run, NULL,
	  "print what would be done, change nothing" },
	{ "yes", 'y', COUCHE_OPTION_FLAG, &global.yes, NULL,
	  "do not ask before something is destroyed" },
	{ "force", 0, COUCHE_OPTION_FLAG, &global.force, NULL,
	  "overwrite what a device holds; import a pool that has lost data" },
	{ "quiet", 'q', COUCHE_OPTION_FLAG, &global.quiet, NULL,
	  "print errors and what was asked for only" },
	{ "no-progress", 0, COUCHE_OPTION_FLAG, &global.no_progress, NULL,
	  "no progress bar" },
	{ NULL }
};

static const struct couche_option *find_name(const struct couche_option *options,
					     const char *name, size_t len)
{
	for (; options && options->name; options++) {
		if (strlen(options->name) == len && !memcmp(options->name, name, len))
			return options;
	}
	return NULL;
}

static const struct couche_option *find_letter(const struct couche_option *options,
					       char letter)
{
	for (; options && options->name; options++) {
		if (options->letter == letter)
			return options;
	}
	return NULL;
}

static int bad_value(const struct couche_option *option, const char *text, int error)
{
	static const char * const allowed[] = {
		[COUCHE_OPTION_SIZE] = "a size such as 64MiB",
		[COUCHE_OPTION_RATE] = "a rate such as 50MiB/s",
		[COUCHE_OPTION_DURATION] = "a duration such as 30s, 10m or 2h",
	};
	char object[64];

	snprintf(object, sizeof(object), "--%s", option->name);
	return couche_fail(COUCHE_EXIT_USAGE, object, "'%s' is %s; give %s", text,
			   error == -ERANGE ? "too large" : "not understood",
			   allowed[option->kind]);
}

static int add_word(struct couche_words *words, char *word, const char *object)
{
	if (words->nr == COUCHE_MAX_WORDS)
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "more than %d words; give fewer", COUCHE_MAX_WORDS);
	words->word[words->nr++] = word;
	words->word[words->nr] = NULL;
	return 0;
}

/* Which of two values is meant? Better to ask than to guess. */
static int take_once(const struct couche_option *option, const char *text)
{
	char object[64];
	unsigned int i;

	snprintf(object, sizeof(object), "--%s", option->name);
	for (i = 0; i < given.nr; i++) {
		if (given.word[i].option == option)
			return couche_fail(COUCHE_EXIT_USAGE, object,
					   "is given twice, as '%s' and as '%s'; give it once",
					   given.word[i].text, text);
	}
	if (given.nr == MAX_GIVEN)
		return couche_fail(COUCHE_EXIT_USAGE, object, "is one option too many; give fewer");
	given.word[given.nr].option = option;
	given.word[given.nr++].text = text;
	return 0;
}

static int store(const struct couche_option *option, char *text)
{
	int r = 0;

	if (option->kind != COUCHE_OPTION_FLAG &&
	    option->kind != COUCHE_OPTION_LIST)
		r = take_once(option, text);
	if (r)
		return r;
	switch (option->kind) {
	case COUCHE_OPTION_FLAG:
		*(bool *)option->value = true;
		return 0;
	case COUCHE_OPTION_TEXT:
		*(const char **)option->value = text;
		return 0;
	case COUCHE_OPTION_LIST:
		return add_word(option->value, text, option->name);
	case COUCHE_OPTION_SIZE:
		r = couche_size_parse(text, option->value);
		break;
	case COUCHE_OPTION_RATE:
		r = couche_rate_parse(text, option->value);
		break;
	case COUCHE_OPTION_DURATION:
		r = couche_duration_parse(text, option->value);
		break;
	}
	return r ? bad_value(option, text, r) : 0;
}

/* Stores the value(s) of @option; *i stands on the last word used. */
static int take(const struct couche_option *option, char *attached, int argc,
		char **argv, int *i)
{
	char object[64];
	int r;

	snprintf(object, sizeof(object), "--%s", option->name);
	if (option->kind == COUCHE_OPTION_FLAG) {
		if (attached)
			return couche_fail(COUCHE_EXIT_USAGE, object,
					   "takes no value; leave out '=%s'", attached);
		return store(option, NULL);
	}
	if (attached)
		return store(option, attached);
	if (*i + 1 >= argc || (argv[*i + 1][0] == '-' && argv[*i + 1][1]))
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "its value is missing; give %s", option->arg);
	do {
		r = store(option, argv[++*i]);
	} while (!r && option->kind == COUCHE_OPTION_LIST && *i + 1 < argc &&
		 argv[*i + 1][0] != '-');
	return r;
}

static int unknown_option(const char *word)
{
	return couche_fail(COUCHE_EXIT_USAGE, word,
			   "no such option here; add --help to see them");
}

static int parse_long(const struct couche_option *options, int argc, char **argv, int *i)
{
	char *word = argv[*i] + 2;
	char *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	const struct couche_option *option = find_name(options, word, len);

	if (!option)
		option = find_name(global_options, word, len);
	if (!option)
		return unknown_option(argv[*i]);
	return take(option, equals ? equals + 1 : NULL, argc, argv, i);
}

/* "-np" is -n and -p, "-ojson" is -o json. */
static int parse_short(const struct couche_option *options, int argc, char **argv, int *i)
{
	char *word = argv[*i];
	int r;

	for (word++; *word; word++) {
		const struct couche_option *option = find_letter(options, *word);

		if (!option)
			option = find_letter(global_options, *word);
		if (!option)
			return unknown_option(argv[*i]);
		if (option->kind != COUCHE_OPTION_FLAG)
			return take(option, word[1] ? word + 1 : NULL, argc, argv, i);
		r = store(option, NULL);
		if (r)
			return r;
	}
	return 0;
}

static int parse_output(struct couche_ctl *ctl)
{
	static const char * const names[] = {
		[COUCHE_OUTPUT_TABLE] = "table",
		[COUCHE_OUTPUT_WIDE] = "wide",
		[COUCHE_OUTPUT_NAME] = "name",
		[COUCHE_OUTPUT_JSON] = "json",
		[COUCHE_OUTPUT_YAML] = "yaml",
	};
	unsigned int i;

	ctl->output = COUCHE_OUTPUT_TABLE;
	if (!output_word)
		return 0;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(names[i], output_word)) {
			ctl->output = i;
			return 0;
		}
	}
	return couche_fail(COUCHE_EXIT_USAGE, "--output",
			   "'%s' is no format; give table, wide, name, json or yaml",
			   output_word);
}

/**
 * couche_options_parse() - read the words behind a command
 * @ctl: gets the global options
 * @options: those of the command, or NULL
 * @argc: number of words
 * @argv: the words
 * @rest: gets the words that are no options
 *
 * Return: 0 or COUCHE_EXIT_USAGE.
 */
int couche_options_parse(struct couche_ctl *ctl, const struct couche_option *options,
			 int argc, char **argv, struct couche_words *rest)
{
	bool only_words = false;
	int i, r = 0;

	given.nr = 0;
	for (i = 0; i < argc && !r; i++) {
		if (only_words || argv[i][0] != '-' || !argv[i][1])
			r = add_word(rest, argv[i], "command line");
		else if (!strcmp(argv[i], "--"))
			only_words = true;
		else if (argv[i][1] == '-')
			r = parse_long(options, argc, argv, &i);
		else
			r = parse_short(options, argc, argv, &i);
	}
	if (r)
		return r;
	*ctl = global;
	return parse_output(ctl);
}

static void print_table(const struct couche_option *options)
{
	char left[48];

	for (; options && options->name; options++) {
		snprintf(left, sizeof(left), "--%s%s%s", options->name,
			 options->arg ? " " : "", options->arg ?: "");
		if (options->letter)
			printf("  -%c, %-26s %s\n", options->letter, left, options->help);
		else
			printf("      %-26s %s\n", left, options->help);
	}
}

/**
 * couche_options_print_help() - the options of a command, then the global ones
 * @options: those of the command, or NULL
 */
void couche_options_print_help(const struct couche_option *options)
{
	if (options && options->name) {
		puts("\nOptions:");
		print_table(options);
	}
	puts("\nGlobal options:");
	print_table(global_options);
	puts("  -h, --help                     this text");
}

static void print_words(const struct couche_option *options)
{
	for (; options && options->name; options++)
		printf("--%s%s\n", options->name, options->arg ? "=" : "");
}

/**
 * couche_options_print_words() - the options for the shell completion
 * @options: those of the command, or NULL
 */
void couche_options_print_words(const struct couche_option *options)
{
	print_words(options);
	print_words(global_options);
	puts("--help");
}
