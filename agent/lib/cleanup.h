/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scope-bound release of resources. A variable declared with one of these is
 * released when it leaves its scope, whatever the way out; to hand the
 * resource to the caller, take it out with couche_take_ptr() or
 * couche_take_fd().
 *
 *	_cleanup_free_ char *text = NULL;
 *	_cleanup_close_ int fd = -1;
 *	_cleanup_(thing_freep) struct thing *thing = NULL;
 *
 * COUCHE_DEFINE_CLEANUP(struct thing *, thing_free) makes thing_freep.
 * Every such variable is initialised where it is declared.
 */
#ifndef COUCHE_AGENT_LIB_CLEANUP_H
#define COUCHE_AGENT_LIB_CLEANUP_H

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn) __attribute__((__cleanup__(fn)))

#define COUCHE_DEFINE_CLEANUP(type, fn)				\
	static inline void fn##p(type *p)			\
	{							\
		if (*p)						\
			fn(*p);					\
	}							\
	struct couche_cleanup_needs_a_semicolon

static inline void couche_freep(void *p)
{
	free(*(void **)p);
}

/* errno is what the caller is about to return: keep it. */
static inline void couche_closep(const int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	errno = saved;
}

static inline void couche_fclosep(FILE **file)
{
	int saved = errno;

	if (*file)
		fclose(*file);
	errno = saved;
}

static inline void couche_closedirp(DIR **dir)
{
	int saved = errno;

	if (*dir)
		closedir(*dir);
	errno = saved;
}

#define _cleanup_free_ _cleanup_(couche_freep)
#define _cleanup_close_ _cleanup_(couche_closep)
#define _cleanup_fclose_ _cleanup_(couche_fclosep)
#define _cleanup_closedir_ _cleanup_(couche_closedirp)

#define couche_take_ptr(p)					\
	({							\
		__auto_type taken_ = (p);			\
		(p) = NULL;					\
		taken_;						\
	})

static inline int couche_take_fd(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

#endif /* COUCHE_AGENT_LIB_CLEANUP_H */
