// SPDX-License-Identifier: GPL-2.0-only
#include "couchectl.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/**
 * couche_fail() - say in one line what went wrong
 * @code: the exit code
 * @object: the pool, volume, device or option that it is about
 * @format: what is wrong; what to do
 *
 * Return: @code.
 */
int couche_fail(enum couche_exit code, const char *object, const char *format, ...)
{
	va_list args;

	fflush(stdout);
	fprintf(stderr, "couchectl: %s: ", object);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
	return code;
}

/**
 * couche_note() - tell what was done, unless --quiet
 * @ctl: the global options
 * @format: one line without its end
 *
 * With -o json and -o yaml notes go to standard error: standard output stays
 * one document.
 */
void couche_note(const struct couche_ctl *ctl, const char *format, ...)
{
	bool document = ctl->output == COUCHE_OUTPUT_JSON ||
			ctl->output == COUCHE_OUTPUT_YAML;
	FILE *to = document ? stderr : stdout;
	va_list args;

	if (ctl->quiet)
		return;
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	fputc('\n', to);
	fflush(to);
}

/**
 * couche_exit_of() - exit code for a negative errno
 * @error: negative errno
 *
 * Return: the exit code that scripts can tell apart.
 */
enum couche_exit couche_exit_of(int error)
{
	switch (-error) {
	case 0:
		return COUCHE_EXIT_OK;
	case ENOENT:
	case ENODEV:
	case ENXIO:
		return COUCHE_EXIT_NOT_FOUND;
	case EBUSY:
	case EEXIST:
	case ESTALE:
	case EALREADY:
		return COUCHE_EXIT_CONFLICT;
	case ETIME:
	case ETIMEDOUT:
		return COUCHE_EXIT_TIMEOUT;
	case EINTR:
		return COUCHE_EXIT_INTERRUPTED;
	default:
		return COUCHE_EXIT_FAILURE;
	}
}

/**
 * couche_is_tty() - does a person look at it?
 * @fd: standard output or error
 *
 * Return: true for a terminal that can move its cursor.
 */
bool couche_is_tty(int fd)
{
	const char *term = getenv("TERM");

	return isatty(fd) && term && strcmp(term, "dumb");
}

/**
 * couche_confirm() - ask before something is destroyed
 * @ctl: the global options
 * @object: its name, which the user has to type
 * @what: what happens to it
 *
 * Return: 0 if the user agreed or gave --yes, else an exit code.
 */
int couche_confirm(const struct couche_ctl *ctl, const char *object, const char *what)
{
	char answer[256];

	if (ctl->yes || ctl->dry_run)
		return 0;
	if (!isatty(STDIN_FILENO))
		return couche_fail(COUCHE_EXIT_USAGE, object,
				   "%s; give --yes to agree where nobody can be asked", what);
	fprintf(stderr, "%s: %s. Type its name to go on: ", object, what);
	fflush(stderr);
	if (!fgets(answer, sizeof(answer), stdin))
		answer[0] = '\0';
	answer[strcspn(answer, "\n")] = '\0';
	if (strcmp(answer, object))
		return couche_fail(COUCHE_EXIT_FAILURE, object,
				   "not confirmed; nothing was changed");
	return 0;
}

/**
 * couche_confirm_wipe() - ask before devices are overwritten
 * @ctl: the global options
 * @pool: its name, which the user has to type
 * @nr: devices that hold something
 *
 * Return: 0 if there are none or the user agreed, else an exit code.
 */
int couche_confirm_wipe(const struct couche_ctl *ctl, const char *pool, unsigned int nr)
{
	char what[64];

	snprintf(what, sizeof(what), "what %u device%s will be lost", nr,
		 nr == 1 ? " holds" : "s hold");
	return nr ? couche_confirm(ctl, pool, what) : 0;
}
