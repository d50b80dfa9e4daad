// SPDX-License-Identifier: GPL-2.0-only
#include "agent/serve/exposition.h"

#include <math.h>

#include "agent/lib/buf.h"

void couche_exposition_family(struct couche_buf *body, const char *name, const char *type,
			      const char *help)
{
	couche_buf_printf(body, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void append_escaped(struct couche_buf *body, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"')
			couche_buf_printf(body, "\\%c", *text);
		else if (*text == '\n')
			couche_buf_puts(body, "\\n");
		else
			couche_buf_append(body, text, 1);
	}
}

static void append_series(struct couche_buf *body, const char *name,
			  const struct couche_label *labels)
{
	const char *separator = "{";

	couche_buf_puts(body, name);
	if (!labels || !labels->name)
		return;
	for (; labels->name; labels++) {
		couche_buf_printf(body, "%s%s=\"", separator, labels->name);
		append_escaped(body, labels->value);
		couche_buf_puts(body, "\"");
		separator = ",";
	}
	couche_buf_puts(body, "}");
}

void couche_exposition_u64(struct couche_buf *body, const char *name,
			   const struct couche_label *labels, uint64_t value)
{
	append_series(body, name, labels);
	couche_buf_printf(body, " %llu\n", (unsigned long long)value);
}

void couche_exposition_double(struct couche_buf *body, const char *name,
			      const struct couche_label *labels, double value)
{
	append_series(body, name, labels);
	if (isnan(value))
		couche_buf_puts(body, " NaN\n");
	else if (isinf(value))
		couche_buf_puts(body, value > 0 ? " +Inf\n" : " -Inf\n");
	else
		couche_buf_printf(body, " %.17g\n", value);
}
