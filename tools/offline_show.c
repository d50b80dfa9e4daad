// SPDX-License-Identifier: GPL-2.0-only
/* What the offline commands have in common in their documents. */
#include <stdio.h>

#include "offline_repair.h"
#include "plan.h"

static void show_leg(cJSON *object, const struct couche_offline *o, u32 i)
{
	couche_doc_add_number(object, "index", i);
	couche_doc_add_uuid(object, "uuid", o->super.leg[i].uuid);
	couche_doc_add_text(object, "role", couche_role_name(o->super.leg[i].role));
	couche_doc_add_text(object, "state", couche_leg_state_name(o->super.leg[i].state));
	couche_doc_add_text(object, "device", o->leg[i].path);
}

/**
 * couche_offline_show_pool() - describe the pool and its legs
 * @doc: gets "pool" and "legs"
 * @o: the legs
 */
void couche_offline_show_pool(cJSON *doc, const struct couche_offline *o)
{
	cJSON *pool = couche_doc_add_object(doc, "pool");
	cJSON *legs = couche_doc_add_array(doc, "legs");
	u32 i;

	couche_doc_add_text(pool, "name", o->super.name);
	couche_doc_add_uuid(pool, "uuid", o->super.pool_uuid);
	couche_doc_add_bool(pool, "clean", o->super.clean);
	couche_doc_add_number(pool, "sequence", o->super.sequence);
	couche_doc_add_number(pool, "checkpoint", o->super.checkpoint);
	for (i = 0; i < o->super.nr_legs; i++) {
		if (o->super.leg[i].state != COUCHE_LEG_NONE)
			show_leg(couche_doc_append_object(legs), o, i);
	}
}

/**
 * couche_offline_show_findings() - describe what was found
 * @doc: gets "result", "counts" and "findings"
 * @o: the legs, with the findings
 * @remedies: and what to do about each
 */
void couche_offline_show_findings(cJSON *doc, const struct couche_offline *o, bool remedies)
{
	const struct couche_findings *findings = &o->findings;
	cJSON *counts, *list;
	size_t i;

	couche_doc_add_text(doc, "result", couche_findings_result(findings));
	counts = couche_doc_add_object(doc, "counts");
	couche_doc_add_number(counts, "notes", findings->count[COUCHE_FINDING_NOTE]);
	couche_doc_add_number(counts, "damages", findings->count[COUCHE_FINDING_DAMAGE]);
	couche_doc_add_number(counts, "losses", findings->count[COUCHE_FINDING_LOSS]);
	list = couche_doc_add_array(doc, "findings");
	for (i = 0; i < findings->nr; i++) {
		const struct couche_finding *f = &findings->list[i];
		cJSON *entry = couche_doc_append_object(list);

		couche_doc_add_text(entry, "severity", couche_severity_name(f->severity));
		if (f->leg >= 0)
			couche_doc_add_number(entry, "leg", f->leg);
		else
			cJSON_AddNullToObject(entry, "leg");
		couche_doc_add_text(entry, "device", *f->device ? f->device : NULL);
		couche_doc_add_text(entry, "object", f->object);
		couche_doc_add_text(entry, "what", f->what);
		if (remedies)
			couche_doc_add_text(entry, "remedy", couche_finding_remedy(o, f));
	}
}

/**
 * couche_offline_print_findings() - print the findings for people
 * @ctl: the global options
 * @doc: what couche_offline_show_findings() filled
 */
void couche_offline_print_findings(const struct couche_ctl *ctl, const cJSON *doc)
{
	static const struct couche_column columns[] = {
		{ "SEVERITY", "severity" }, { "LEG", "leg", COUCHE_COLUMN_NUMBER },
		{ "DEVICE", "device" }, { "OBJECT", "object" }, { "WHAT", "what" },
		{ NULL }
	};
	static const struct couche_column with_remedies[] = {
		{ "SEVERITY", "severity" }, { "LEG", "leg", COUCHE_COLUMN_NUMBER },
		{ "OBJECT", "object" }, { "WHAT", "what" }, { "REMEDY", "remedy" },
		{ NULL }
	};
	const cJSON *list = couche_doc_get(doc, "findings");
	uint64_t all = couche_doc_number(doc, "counts.notes") +
		       couche_doc_number(doc, "counts.damages") +
		       couche_doc_number(doc, "counts.losses");

	if (cJSON_GetArraySize(list)) {
		bool remedies = cJSON_GetObjectItem(cJSON_GetArrayItem(list, 0), "remedy");

		couche_doc_print_table(ctl, remedies ? with_remedies : columns, list, "");
	}
	if (all > COUCHE_MAX_FINDINGS)
		printf("(%llu more are not shown)\n",
		       (unsigned long long)(all - COUCHE_MAX_FINDINGS));
}

/**
 * couche_repairs_show() - describe what was or would be written
 * @doc: gets "repairs"
 * @o: the legs
 * @written: it was
 */
void couche_repairs_show(cJSON *doc, const struct couche_offline *o, bool written)
{
	cJSON *list = couche_doc_add_array(doc, "repairs");
	size_t i;

	for (i = 0; i < o->repairs->nr && i < COUCHE_MAX_FINDINGS; i++) {
		const struct couche_repair *repair = &o->repairs->list[i];
		cJSON *entry = couche_doc_append_object(list);

		couche_doc_add_number(entry, "leg", repair->leg);
		couche_doc_add_text(entry, "device", o->leg[repair->leg].path);
		couche_doc_add_text(entry, "object", repair->object);
		couche_doc_add_bool(entry, "written", written);
	}
	couche_doc_add_number(doc, "repair_count", o->repairs->nr);
}
