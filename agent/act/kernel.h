/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The hand that moves volumes of dm-couche: turns a decision into an order of
 * the kernel. An order carries the generation that was decided on, an expiry
 * and a time-out, so that the kernel refuses or ends it by itself when the
 * agent is wrong or gone. Loop's thread only. (A hand for another backend
 * would offer the same two verbs.)
 */
#ifndef COUCHE_ACT_KERNEL_H
#define COUCHE_ACT_KERNEL_H

#include "agent/decide/policy.h"
#include "agent/lib/kind.h"

struct couche_nl;

/* What the agent's own options add to a decision. */
struct couche_act_limits {
	uint64_t timeout_ms;	/* where the policy has none */
	bool preserve;		/* always */
};

/**
 * couche_act_timeout() - how long a move may take
 * @decision: with a policy
 * @limits: of the agent
 *
 * Return: ms, never 0 and never more than an order can carry.
 */
uint32_t couche_act_timeout(const struct couche_decision *decision,
			    const struct couche_act_limits *limits);

/**
 * couche_act_move() - order a move
 * @nl: session
 * @view: that was decided on
 * @volume: place in @view
 * @decision: to carry out
 * @limits: of the agent
 * @ret_id: of the migration
 * @ret_kind: what kind of failure
 *
 * Return: 0, or the kernel's refusal; couche_nl_error() has its sentence.
 */
int couche_act_move(struct couche_nl *nl, const struct couche_view *view, size_t volume,
		    const struct couche_decision *decision,
		    const struct couche_act_limits *limits, uint32_t *ret_id,
		    enum couche_kind *ret_kind);

#endif /* COUCHE_ACT_KERNEL_H */
