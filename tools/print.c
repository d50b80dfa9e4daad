// SPDX-License-Identifier: GPL-2.0-only
/* How a document looks: JSON, YAML, a table, names. */
#include "doc.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "size.h"

#define MAX_COLUMNS	24
#define CELL_SIZE	160

/* cJSON indents with tabs; two spaces are what other tools print. */
static void print_indented(const cJSON *item, int depth);

static void print_members(const cJSON *item, int depth)
{
	const cJSON *child;

	cJSON_ArrayForEach(child, item) {
		printf("%*s", 2 * (depth + 1), "");
		if (cJSON_IsObject(item)) {
			cJSON *name = cJSON_CreateString(child->string);
			char *text = cJSON_PrintUnformatted(name);

			printf("%s: ", text);
			free(text);
			cJSON_Delete(name);
		}
		print_indented(child, depth + 1);
		fputs(child->next ? ",\n" : "\n", stdout);
	}
}

static void print_scalar(const cJSON *item)
{
	char *text = cJSON_PrintUnformatted(item);

	fputs(text, stdout);
	free(text);
}

static void print_indented(const cJSON *item, int depth)
{
	bool object = cJSON_IsObject(item);

	if ((!object && !cJSON_IsArray(item)) || !item->child) {
		print_scalar(item);
		return;
	}
	puts(object ? "{" : "[");
	print_members(item, depth);
	printf("%*s%c", 2 * depth, "", object ? '}' : ']');
}

/**
 * couche_doc_print_json() - print a document as JSON, indented
 * @doc: the document
 */
void couche_doc_print_json(const cJSON *doc)
{
	print_indented(doc, 0);
	putchar('\n');
}

/**
 * couche_doc_print_json_line() - print a document as JSON on one line
 * @doc: the document
 */
void couche_doc_print_json_line(const cJSON *doc)
{
	print_scalar(doc);
	putchar('\n');
}

/* May stand without quotes in YAML and is still a string then. */
static bool yaml_plain(const char *text)
{
	static const char * const words[] = {
		"null", "true", "false", "yes", "no", "on", "off", "y", "n", NULL
	};
	static const char allowed[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_/.-+ ";
	const char * const *word;

	if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/", text[0]) ||
	    text[strspn(text, allowed)] || text[strlen(text) - 1] == ' ')
		return false;
	for (word = words; *word; word++) {
		if (!strcasecmp(*word, text))
			return false;
	}
	return true;
}

static void print_yaml_scalar(const cJSON *item)
{
	if (cJSON_IsString(item) && *item->valuestring && yaml_plain(item->valuestring))
		fputs(item->valuestring, stdout);
	else
		print_scalar(item);	/* JSON strings are YAML strings */
	putchar('\n');
}

/* @indent blanks stand before every line but the first, which is begun. */
static void print_yaml(const cJSON *item, int indent)
{
	bool object = cJSON_IsObject(item), first = true;
	const cJSON *child;

	cJSON_ArrayForEach(child, item) {
		bool nested = (cJSON_IsObject(child) || cJSON_IsArray(child)) && child->child;

		if (!first)
			printf("%*s", indent, "");
		first = false;
		if (object)
			printf("%s:%s", child->string, nested ? "" : " ");
		else
			fputs("- ", stdout);
		if (!nested) {
			print_yaml_scalar(child);
		} else if (object) {
			int below = indent + (cJSON_IsArray(child) ? 0 : 2);

			printf("\n%*s", below, "");
			print_yaml(child, below);
		} else {
			print_yaml(child, indent + 2);
		}
	}
}

/**
 * couche_doc_print_yaml() - print a document as YAML
 * @doc: the document
 */
void couche_doc_print_yaml(const cJSON *doc)
{
	print_yaml(doc, 0);
}

/**
 * couche_doc_print_whole() - print the document if the format is one for machines
 * @ctl: the global options
 * @doc: the document
 *
 * Return: false if a format for people was asked for.
 */
bool couche_doc_print_whole(const struct couche_ctl *ctl, const cJSON *doc)
{
	if (ctl->output == COUCHE_OUTPUT_JSON)
		couche_doc_print_json(doc);
	else if (ctl->output == COUCHE_OUTPUT_YAML)
		couche_doc_print_yaml(doc);
	else
		return false;
	return true;
}

static void format_number(const struct couche_ctl *ctl, const struct couche_column *column,
			  uint64_t value, char *cell)
{
	if (ctl->exact || column->kind == COUCHE_COLUMN_NUMBER)
		snprintf(cell, CELL_SIZE, "%" PRIu64, value);
	else if (column->kind == COUCHE_COLUMN_SIZE)
		couche_size_format(value, cell);
	else
		couche_eta_format(value, cell);
}

static void format_cell(const struct couche_ctl *ctl, const struct couche_column *column,
			const cJSON *row, char *cell)
{
	const cJSON *item = couche_doc_get(row, column->path);

	if (cJSON_IsRaw(item))
		format_number(ctl, column, strtoull(item->valuestring, NULL, 10), cell);
	else if (cJSON_IsString(item) && *item->valuestring)
		snprintf(cell, CELL_SIZE, "%s", item->valuestring);
	else if (cJSON_IsBool(item))
		snprintf(cell, CELL_SIZE, "%s", cJSON_IsTrue(item) ? "yes" : "no");
	else
		snprintf(cell, CELL_SIZE, "-");
}

static bool is_shown(const struct couche_ctl *ctl, const struct couche_column *column)
{
	return !column->wide || ctl->output == COUCHE_OUTPUT_WIDE;
}

static void measure(const struct couche_ctl *ctl, const struct couche_column *columns,
		    const cJSON *rows, int *width)
{
	char cell[CELL_SIZE];
	const cJSON *row;
	int i;

	for (i = 0; columns[i].header; i++)
		width[i] = ctl->no_headers ? 0 : (int)strlen(columns[i].header);
	cJSON_ArrayForEach(row, rows) {
		for (i = 0; columns[i].header; i++) {
			format_cell(ctl, &columns[i], row, cell);
			if ((int)strlen(cell) > width[i])
				width[i] = strlen(cell);
		}
	}
}

/* Numbers stand to the right; the last column gets no blanks behind it. */
static void print_cell(const struct couche_column *column, const char *cell, int width,
		       bool last)
{
	if (column->kind != COUCHE_COLUMN_TEXT)
		printf("%*s", width, cell);
	else
		printf("%-*s", last ? 0 : width, cell);
}

/* row NULL: the header line */
static void print_row(const struct couche_ctl *ctl, const struct couche_column *columns,
		      const cJSON *row, const int *width, const char *indent)
{
	char cell[CELL_SIZE];
	int i, last = 0;

	for (i = 0; columns[i].header; i++) {
		if (is_shown(ctl, &columns[i]))
			last = i;
	}
	fputs(indent, stdout);
	for (i = 0; i <= last; i++) {
		if (!is_shown(ctl, &columns[i]))
			continue;
		if (row)
			format_cell(ctl, &columns[i], row, cell);
		else
			snprintf(cell, sizeof(cell), "%s", columns[i].header);
		if (ctl->no_headers)
			printf("%s%s", cell, i == last ? "" : "\t");
		else
			print_cell(&columns[i], cell, width[i], i == last);
		if (!ctl->no_headers && i != last)
			fputs("  ", stdout);
	}
	putchar('\n');
}

/**
 * couche_doc_print_table() - print an array of objects as a table
 * @ctl: the global options
 * @columns: at most 24, the end has no header
 * @rows: the array
 * @indent: stands before every line
 */
void couche_doc_print_table(const struct couche_ctl *ctl, const struct couche_column *columns,
			    const cJSON *rows, const char *indent)
{
	int width[MAX_COLUMNS];
	const cJSON *row;

	measure(ctl, columns, rows, width);
	if (!ctl->no_headers)
		print_row(ctl, columns, NULL, width, indent);
	cJSON_ArrayForEach(row, rows)
		print_row(ctl, columns, row, width, indent);
}

/**
 * couche_doc_print_list() - print a list in the format that was asked for
 * @ctl: the global options
 * @list: which array of the document, and its columns
 * @doc: the document
 */
void couche_doc_print_list(const struct couche_ctl *ctl, const struct couche_list *list,
			   const cJSON *doc)
{
	const cJSON *rows = couche_doc_get(doc, list->key);
	const cJSON *row;

	if (couche_doc_print_whole(ctl, doc))
		return;
	if (ctl->output != COUCHE_OUTPUT_NAME) {
		couche_doc_print_table(ctl, list->columns, rows, "");
		return;
	}
	cJSON_ArrayForEach(row, rows)
		puts(couche_doc_text(row, list->name));
}
