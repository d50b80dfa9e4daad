/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_BVEC_H
#define SHIM_MODEL_BVEC_H

#include <linux/blk_types.h>
#include <linux/string.h>

#define bvec_kmap_local(bv) (page_address((bv)->bv_page) + (bv)->bv_offset)
#define kunmap_local(addr) ((void)(addr))
#define memcpy_to_page(page, off, from, len) \
	((void)memcpy((char *)page_address(page) + (off), from, len))
#define memcpy_from_page(to, page, off, len) \
	((void)memcpy(to, (char *)page_address(page) + (off), len))
#define memcpy_from_bvec(to, bv) memcpy_from_page(to, (bv)->bv_page, (bv)->bv_offset, (bv)->bv_len)
#define memcpy_to_bvec(bv, from) memcpy_to_page((bv)->bv_page, (bv)->bv_offset, from, (bv)->bv_len)

#endif
