// SPDX-License-Identifier: GPL-2.0-only
#include <linux/module.h>

#include "control.h"
#include "read_stripe.h"
#include "simd.h"
#include "target.h"

#define CREATE_TRACE_POINTS
#include "trace.h"

static int __init couche_init(void)
{
	int err;

	err = couche_simd_init();
	if (err)
		return err;
	err = couche_read_stripe_init();
	if (err)
		return err;
	err = dm_register_target(&couche_pool_target);
	if (err)
		goto err_read_stripe;
	err = dm_register_target(&couche_volume_target);
	if (err)
		goto err_pool_target;
	err = couche_netlink_init();
	if (err)
		goto err_volume_target;
	return 0;

err_volume_target:
	dm_unregister_target(&couche_volume_target);
err_pool_target:
	dm_unregister_target(&couche_pool_target);
err_read_stripe:
	couche_read_stripe_destroy();
	return err;
}

static void __exit couche_exit(void)
{
	couche_netlink_destroy();
	dm_unregister_target(&couche_volume_target);
	dm_unregister_target(&couche_pool_target);
	couche_read_stripe_destroy();
}

module_init(couche_init);
module_exit(couche_exit);

MODULE_DESCRIPTION("device-mapper tiered storage with erasure coding");
MODULE_AUTHOR("CoucheStor developers");
MODULE_VERSION("0.1.0");
MODULE_LICENSE("GPL");
