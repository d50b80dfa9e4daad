/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef SHIM_MODEL_TRACEPOINT_H
#define SHIM_MODEL_TRACEPOINT_H

/* A tracepoint tells its name: for the hash of a run, and for the log. */
#include <linux/model.h>

#define TP_PROTO(...) __VA_ARGS__
#define TP_ARGS(...)
#define DECLARE_EVENT_CLASS(...)
#define SHIM_EVENT(name, proto) \
	static inline void __maybe_unused trace_##name(proto) \
	{ \
		model_trace(#name); \
	} \
	struct shim_event_##name
#define DEFINE_EVENT(class, name, proto, args) SHIM_EVENT(name, PARAMS(proto))
#define TRACE_EVENT(name, proto, ...) SHIM_EVENT(name, PARAMS(proto))
#define PARAMS(...) __VA_ARGS__

#endif
