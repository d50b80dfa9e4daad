/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_LLIST_H
#define SHIM_MODEL_LLIST_H

#include <linux/compiler.h>
#include <linux/container_of.h>

struct llist_node {
	struct llist_node *next;
};

struct llist_head {
	struct llist_node *first;
};

static inline void init_llist_head(struct llist_head *head)
{
	head->first = NULL;
}

static inline bool llist_empty(const struct llist_head *head)
{
	return !READ_ONCE(head->first);
}

/* Whether it was empty. */
static inline bool llist_add(struct llist_node *node, struct llist_head *head)
{
	model_point();
	node->next = head->first;
	head->first = node;
	return !node->next;
}

static inline struct llist_node *llist_del_all(struct llist_head *head)
{
	return xchg(&head->first, NULL);
}

#define llist_entry(p, type, member) container_of(p, type, member)
#define shim_llist_entry(p, type, member) ({ \
	struct llist_node *shim_node = (p); \
	shim_node ? container_of(shim_node, type, member) : NULL; \
})
#define llist_for_each_entry(p, node, member) \
	for ((p) = shim_llist_entry(node, __typeof__(*(p)), member); p; \
	     (p) = shim_llist_entry((p)->member.next, __typeof__(*(p)), member))
#define llist_for_each_entry_safe(p, n, node, member) \
	for ((p) = shim_llist_entry(node, __typeof__(*(p)), member); \
	     (p) && ({ (n) = shim_llist_entry((p)->member.next, __typeof__(*(p)), member); 1; }); \
	     (p) = (n))

#endif
