/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_MM_H
#define SHIM_MODEL_MM_H

/* A page is where its data is; struct page has no members. */
#include <linux/slab.h>
#include <linux/types.h>

#define PAGE_SHIFT 12
#define PAGE_SIZE 4096UL
#define PAGE_SECTORS 8

struct page;

struct page *alloc_page(gfp_t flags);
void get_page(struct page *page);
void put_page(struct page *page);
int page_count(const struct page *page);

extern unsigned char shim_zero_page[4096];

#define __free_page(page) put_page(page)
#define ZERO_PAGE(addr) ((struct page *)shim_zero_page)
#define PageSlab(page) false
#define offset_in_page(addr) ((unsigned long)(addr) & (PAGE_SIZE - 1))
#define virt_to_page(addr) ((struct page *)((unsigned long)(addr) & ~(PAGE_SIZE - 1)))
#define vmalloc_to_page(addr) virt_to_page(addr)
#define is_vmalloc_addr(addr) ((void)(addr), false)
#define page_address(page) ((void *)(page))

#endif
