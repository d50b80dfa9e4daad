/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_LIST_H
#define SHIM_MODEL_LIST_H

#include <linux/container_of.h>
#include <linux/types.h>

#define LIST_HEAD_INIT(name) { &(name), &(name) }
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline bool list_empty(const struct list_head *head)
{
	return head->next == head;
}

static inline void shim_list_link(struct list_head *entry, struct list_head *prev,
				  struct list_head *next)
{
	next->prev = entry;
	entry->next = next;
	entry->prev = prev;
	prev->next = entry;
}

static inline void list_add(struct list_head *entry, struct list_head *head)
{
	shim_list_link(entry, head, head->next);
}

static inline void list_add_tail(struct list_head *entry, struct list_head *head)
{
	shim_list_link(entry, head->prev, head);
}

static inline void shim_list_unlink(struct list_head *entry)
{
	entry->prev->next = entry->next;
	entry->next->prev = entry->prev;
}

static inline void list_del(struct list_head *entry)
{
	shim_list_unlink(entry);
	entry->next = NULL;
	entry->prev = NULL;
}

static inline void list_del_init(struct list_head *entry)
{
	shim_list_unlink(entry);
	INIT_LIST_HEAD(entry);
}

static inline void list_move_tail(struct list_head *entry, struct list_head *head)
{
	shim_list_unlink(entry);
	list_add_tail(entry, head);
}

static inline void shim_list_insert(struct list_head *list, struct list_head *prev,
				    struct list_head *next)
{
	if (list_empty(list))
		return;
	list->next->prev = prev;
	prev->next = list->next;
	list->prev->next = next;
	next->prev = list->prev;
}

static inline void list_splice(struct list_head *list, struct list_head *head)
{
	shim_list_insert(list, head, head->next);
}

static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	shim_list_insert(list, head, head->next);
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	shim_list_insert(list, head->prev, head);
	INIT_LIST_HEAD(list);
}

#define list_entry(p, type, member) container_of(p, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_first_entry_or_null(head, type, member) \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(p, member) list_entry((p)->member.next, __typeof__(*(p)), member)
#define list_for_each_entry(p, head, member) \
	for ((p) = list_first_entry(head, __typeof__(*(p)), member); &(p)->member != (head); \
	     (p) = list_next_entry(p, member))
#define list_for_each_entry_safe(p, n, head, member) \
	for ((p) = list_first_entry(head, __typeof__(*(p)), member), \
	     (n) = list_next_entry(p, member); &(p)->member != (head); \
	     (p) = (n), (n) = list_next_entry(n, member))

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (head->first)
		head->first->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (!node->pprev)
		return;
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	node->next = NULL;
	node->pprev = NULL;
}

#define shim_hlist_entry(p, type, member) ({ \
	struct hlist_node *shim_node = (p); \
	shim_node ? container_of(shim_node, type, member) : NULL; \
})
#define hlist_for_each_entry(p, head, member) \
	for ((p) = shim_hlist_entry((head)->first, __typeof__(*(p)), member); p; \
	     (p) = shim_hlist_entry((p)->member.next, __typeof__(*(p)), member))
#define hlist_for_each_entry_safe(p, n, head, member) \
	for ((p) = shim_hlist_entry((head)->first, __typeof__(*(p)), member); \
	     (p) && ({ (n) = (p)->member.next; 1; }); \
	     (p) = shim_hlist_entry(n, __typeof__(*(p)), member))

#endif
