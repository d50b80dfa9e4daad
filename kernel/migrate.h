/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Migrations: orders to move a range of extents to a tier.
 *
 * Each is a worker of pool->control_wq that keeps a few relocations going in
 * pool->relocate_wq. It ends when the last commit is durable. Ended ones are
 * kept, a bounded number, for whoever asks what became of them. The list is
 * under pool->config_lock; the fields of a running migration are its
 * worker's, and others read them for information only.
 */
#ifndef COUCHE_MIGRATE_H
#define COUCHE_MIGRATE_H

struct couche_pool;

void couche_migrate_pause(struct couche_pool *pool);
void couche_migrate_unpause(struct couche_pool *pool);
void couche_migrate_forget_all(struct couche_pool *pool);

#endif /* COUCHE_MIGRATE_H */
