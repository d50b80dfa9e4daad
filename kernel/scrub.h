/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Scrub: read everything that is stored, and mend what is wrong.
 *
 * A sweep (sweep.h) of one pass, by order or at an interval. Of a stripe every shard is read,
 * parity and footers included, and compared with its checksums; one with up to
 * m wrong shards is moved within its tier. Copies of hot and warm extents have
 * no checksums: it is seen only whether they can be read. What lies on failed
 * legs is the rebuilder's. Which leg a wrong shard was on is counted there.
 */
#ifndef COUCHE_SCRUB_H
#define COUCHE_SCRUB_H

struct couche_sweep_ops;

extern const struct couche_sweep_ops couche_scrub_ops;

#endif /* COUCHE_SCRUB_H */
