/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the offline commands found wrong: a list that tells for each thing the
 * leg, the object ("map page 3, slot B") and the field with what is wrong with
 * it, and one verdict over all of them.
 *
 * One thread. The owner of a list frees it with couche_findings_destroy().
 * More than COUCHE_MAX_FINDINGS are counted but not kept. Memory running out
 * ends the program, as it does in doc.h.
 */
#ifndef COUCHE_TOOLS_FINDING_H
#define COUCHE_TOOLS_FINDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define COUCHE_MAX_FINDINGS	1000
#define COUCHE_NO_LEG		(-1)

enum couche_severity {
	COUCHE_FINDING_NOTE,	/* to be expected, such as after a crash */
	COUCHE_FINDING_DAMAGE,	/* what redundancy makes up for */
	COUCHE_FINDING_LOSS,	/* data or the pool itself is gone */
};

#define COUCHE_NR_SEVERITIES	3

struct couche_finding {
	enum couche_severity severity;
	int leg;		/* index, or COUCHE_NO_LEG */
	char device[256];	/* "": none */
	char object[96];
	char what[160];		/* field: what is wrong */
};

struct couche_findings {
	struct couche_finding *list;
	size_t nr;
	uint64_t count[COUCHE_NR_SEVERITIES];
};

/* Where the next findings belong. */
struct couche_spot {
	struct couche_findings *findings;
	int leg;
	const char *device;	/* NULL: none */
};

void couche_finding_add(const struct couche_spot *spot, enum couche_severity severity,
			const char *what, const char *object, ...)
	__attribute__((format(printf, 4, 5)));
void couche_findings_destroy(struct couche_findings *findings);
const char *couche_severity_name(enum couche_severity severity);
const char *couche_findings_result(const struct couche_findings *findings);
int couche_findings_exit(const struct couche_findings *findings);

#endif
