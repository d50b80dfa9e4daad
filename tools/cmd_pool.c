// SPDX-License-Identifier: GPL-2.0-only
#include "pool.h"

const struct couche_command couche_pool_commands[] = {
	{ "create", "NAME --meta DEV... --hot DEV... [--warm DEV...] [--cold DEV...]",
	  "Make a pool of empty devices.",
	  couche_pool_create_options, couche_pool_create },
	{ "import", "[NAME|UUID]",
	  "Find the legs of a pool and start it with its volumes; without a name, list what is there.",
	  couche_pool_import_options, couche_pool_import },
	{ "export", "NAME|UUID", "Stop a pool and its volumes.", NULL, couche_pool_export },
	{ "list", "", "List the active pools.", NULL, couche_pool_list },
	{ "status", "[NAME|UUID]", "Show the health of pools and what to do about it.",
	  couche_pool_status_options, couche_pool_status },
	{ "flush", "NAME|UUID", "Merge what the data journal holds into stripes, and wait for it.",
	  couche_pool_flush_options, couche_pool_flush },
	{ "scrub", "ORDER NAME|UUID",
	  "Read everything and repair what is wrong: start, pause, resume, stop, rate, status.",
	  couche_pool_sweep_options, couche_pool_scrub },
	{ "rebuild", "ORDER NAME|UUID",
	  "Rebuild what lay on failed legs; it starts by itself. Orders as for scrub.",
	  couche_pool_sweep_options, couche_pool_rebuild },
	{ "set-profile", "NAME|UUID TIER K+M",
	  "Store the extents of the cold tier in another way, and move those that are there.",
	  couche_pool_profile_options, couche_pool_set_profile },
	{ "reshape", "ORDER NAME|UUID",
	  "Go about what set-profile has begun. Orders as for scrub.",
	  couche_pool_sweep_options, couche_pool_reshape },
	{ NULL }
};
