/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Module-wide memory of stripe reads: pools from which a read can always
 * begin, whatever the memory pressure (I10).
 */
#ifndef COUCHE_READ_STRIPE_H
#define COUCHE_READ_STRIPE_H

int couche_read_stripe_init(void);
void couche_read_stripe_destroy(void);

#endif /* COUCHE_READ_STRIPE_H */
