// SPDX-License-Identifier: GPL-2.0-only
#include <stdio.h>

#include "couche_format.h"
#include "couche_netlink.h"
#include "doc.h"
#include "dm.h"
#include "options.h"

static void read_version(char *out, int size)
{
	FILE *file = fopen("/sys/module/dm_couche/version", "re");

	out[0] = '\0';
	if (!file)
		return;
	if (!fgets(out, size, file))
		out[0] = '\0';
	for (; *out; out++) {
		if (*out == '\n')
			*out = '\0';
	}
	fclose(file);
}

static int run_version(struct couche_ctl *ctl, int nr_args, char **args)
{
	cJSON *doc;
	char module[64];

	if (nr_args)
		return couche_fail(COUCHE_EXIT_USAGE, args[0], "version takes no arguments; leave it out");
	doc = couche_doc_create("version");
	read_version(module, sizeof(module));
	couche_doc_add_text(doc, "couchectl", COUCHE_VERSION);
	couche_doc_add_text(doc, "module", *module ? module : NULL);
	couche_doc_add_number(doc, "netlink", COUCHE_FAMILY_VERSION);
	couche_doc_add_number(doc, "format", COUCHE_FORMAT_VERSION);
	if (!couche_doc_print_whole(ctl, doc))
		printf("couchectl %s, netlink version %d, disk format %d, module %s\n",
		       COUCHE_VERSION, COUCHE_FAMILY_VERSION, COUCHE_FORMAT_VERSION,
		       *module ? module : "not loaded");
	cJSON_Delete(doc);
	return 0;
}

const struct couche_command couche_version_commands[] = {
	{ NULL, "", "Versions of the tool, its interfaces and the loaded module.", NULL,
	  run_version },
	{ NULL }
};
