// SPDX-License-Identifier: GPL-2.0-only
#include "finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "couchectl.h"
#include "memory.h"

/**
 * couche_finding_add() - note something that is wrong
 * @spot: the list and the leg
 * @severity: how bad it is
 * @what: the field and what is wrong with it
 * @object: what the field belongs to
 */
void couche_finding_add(const struct couche_spot *spot, enum couche_severity severity,
			const char *what, const char *object, ...)
{
	struct couche_findings *findings = spot->findings;
	struct couche_finding *finding;
	va_list args;

	findings->count[severity]++;
	if (findings->nr == COUCHE_MAX_FINDINGS)
		return;
	if (!findings->list)
		findings->list = couche_zalloc(COUCHE_MAX_FINDINGS,
					       sizeof(*findings->list));
	finding = &findings->list[findings->nr++];
	finding->severity = severity;
	finding->leg = spot->leg;
	snprintf(finding->device, sizeof(finding->device), "%s", spot->device ?: "");
	snprintf(finding->what, sizeof(finding->what), "%s", what);
	va_start(args, object);
	vsnprintf(finding->object, sizeof(finding->object), object, args);
	va_end(args);
}

/**
 * couche_findings_destroy() - forget all findings
 * @findings: the list
 */
void couche_findings_destroy(struct couche_findings *findings)
{
	free(findings->list);
	findings->list = NULL;
	findings->nr = 0;
}

/**
 * couche_severity_name() - as documents have it
 * @severity: the severity
 *
 * Return: a constant word.
 */
const char *couche_severity_name(enum couche_severity severity)
{
	static const char * const names[COUCHE_NR_SEVERITIES] = { "note", "damage", "loss" };

	return names[severity];
}

/**
 * couche_findings_result() - the verdict
 * @findings: the list
 *
 * Return: "clean", "damaged" or "lost".
 */
const char *couche_findings_result(const struct couche_findings *findings)
{
	if (findings->count[COUCHE_FINDING_LOSS])
		return "lost";
	return findings->count[COUCHE_FINDING_DAMAGE] ? "damaged" : "clean";
}

/**
 * couche_findings_exit() - the verdict as an exit code
 * @findings: the list
 *
 * Return: enum couche_exit.
 */
int couche_findings_exit(const struct couche_findings *findings)
{
	if (findings->count[COUCHE_FINDING_LOSS])
		return COUCHE_EXIT_LOST;
	return findings->count[COUCHE_FINDING_DAMAGE] ? COUCHE_EXIT_DAMAGED : COUCHE_EXIT_OK;
}
