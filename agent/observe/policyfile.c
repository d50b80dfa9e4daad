// SPDX-License-Identifier: GPL-2.0-only
#include "agent/observe/policyfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/lib/buf.h"
#include "agent/lib/cleanup.h"
#include "agent/observe/yaml.h"

#define API_VERSION "storage.billyronks.io/v1"

#define DEFAULT_WINDOW_MS (3600ULL * 1000)
#define DEFAULT_COOLDOWN_MS (24ULL * 3600 * 1000)
#define DEFAULT_EC_MIN_BYTES 10737418240ULL

/* A document before it is known what it holds. */
struct document {
	char *api_version;
	char *kind;
	char *name;
	yaml_node_t *spec;
};

/* A file while it is read; marks are kept for checks between documents. */
struct reading {
	struct couche_yaml yaml;
	struct couche_config config;
	yaml_mark_t *ref_marks;		/* of ecPolicyRef, one per policy */
	yaml_mark_t ref_mark;
	bool has_ladder;
};

static int read_node(struct couche_yaml *yaml, yaml_node_t *node, const char *path, void *target)
{
	*(yaml_node_t **)target = node;
	return 0;
}

static int read_name(struct couche_yaml *yaml, yaml_node_t *node, const char *path, void *target)
{
	int r = couche_yaml_string(yaml, node, path, target);
	const char *name = *(char **)target;

	if (r)
		return r;
	if (strlen(name) > 253 ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") != strlen(name))
		return couche_yaml_fail(yaml, &node->start_mark, path,
					"is '%.64s', must be lower-case letters, digits, '-' and '.'",
					name);
	return 0;
}

static const struct couche_yaml_field metadata_fields[] = {
	{ "name", read_name, offsetof(struct document, name), true },
	{ "namespace", couche_yaml_ignore, 0, false },
	{ "labels", couche_yaml_ignore, 0, false },
	{ "annotations", couche_yaml_ignore, 0, false },
	{ "finalizers", couche_yaml_ignore, 0, false },
	{ "ownerReferences", couche_yaml_ignore, 0, false },
	{ "creationTimestamp", couche_yaml_ignore, 0, false },
	{ "generation", couche_yaml_ignore, 0, false },
	{ "resourceVersion", couche_yaml_ignore, 0, false },
	{ "uid", couche_yaml_ignore, 0, false },
	{ "managedFields", couche_yaml_ignore, 0, false },
	{ }
};

static int read_metadata(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 void *target)
{
	return couche_yaml_mapping(yaml, node, path, metadata_fields, target);
}

static const struct couche_yaml_field document_fields[] = {
	{ "apiVersion", couche_yaml_string, offsetof(struct document, api_version), true },
	{ "kind", couche_yaml_string, offsetof(struct document, kind), true },
	{ "metadata", read_metadata, 0, true },
	{ "spec", read_node, offsetof(struct document, spec), true },
	{ "status", couche_yaml_ignore, 0, false },
	{ }
};

/* --- StoragePolicy --- */

static int read_pattern(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			void *target)
{
	int r = couche_yaml_string(yaml, node, path, target);

	if (r)
		return r;
	if (!strchr(*(char **)target, '/'))
		return couche_yaml_fail(yaml, &node->start_mark, path,
					"is '%.64s', must be a pattern such as pool/vol*",
					*(char **)target);
	return 0;
}

static int read_patterns(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 void *target)
{
	struct couche_policy *policy = target;
	int r;

	r = couche_yaml_sequence(yaml, node, path, 1024, sizeof(char *), read_pattern,
				 (void **)&policy->volumes, &policy->nr_volumes);
	if (!r && !policy->nr_volumes)
		r = couche_yaml_fail(yaml, &node->start_mark, path,
				     "is empty; leave it out to select every volume");
	return r;
}

static int read_op(struct couche_yaml *yaml, yaml_node_t *node, const char *path, void *target)
{
	static const char *const names[] = { "In", "NotIn", "Exists", "DoesNotExist" };
	_cleanup_free_ char *text = NULL;
	int r = couche_yaml_string(yaml, node, path, &text);

	for (size_t i = 0; !r && i < sizeof(names) / sizeof(names[0]); i++) {
		if (!strcmp(text, names[i])) {
			*(enum couche_selector_op *)target = (enum couche_selector_op)i;
			return 0;
		}
	}
	return r ? r : couche_yaml_fail(yaml, &node->start_mark, path,
					"is '%.64s', must be In, NotIn, Exists or DoesNotExist",
					text);
}

static int read_values(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target)
{
	struct couche_requirement *requirement = target;

	return couche_yaml_sequence(yaml, node, path, 64, sizeof(char *), couche_yaml_string,
				    (void **)&requirement->values, &requirement->nr_values);
}

static const struct couche_yaml_field expression_fields[] = {
	{ "key", couche_yaml_string, offsetof(struct couche_requirement, key), true },
	{ "operator", read_op, offsetof(struct couche_requirement, op), true },
	{ "values", read_values, 0, false },
	{ }
};

static int read_expression(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			   void *target)
{
	const struct couche_requirement *requirement = target;
	bool wants;
	int r;

	r = couche_yaml_mapping(yaml, node, path, expression_fields, target);
	if (r)
		return r;
	wants = requirement->op == COUCHE_SELECTOR_IN || requirement->op == COUCHE_SELECTOR_NOT_IN;
	if (wants != !!requirement->nr_values)
		return couche_yaml_fail(yaml, &node->start_mark, path, wants ?
					"In and NotIn need values" :
					"Exists and DoesNotExist take no values");
	return 0;
}

/* Room for more requirements behind those of a policy. */
static int grow_selector(struct couche_policy *policy, size_t more)
{
	struct couche_requirement *selector;

	selector = reallocarray(policy->selector, policy->nr_selector + more + 1,
				sizeof(*selector));
	if (!selector)
		return -ENOMEM;
	memset(selector + policy->nr_selector, 0, (more + 1) * sizeof(*selector));
	policy->selector = selector;
	return 0;
}

static int read_match_expressions(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
				  void *target)
{
	struct couche_policy *policy = target;
	struct couche_requirement *list = NULL;
	size_t nr = 0;
	int r, grown;

	r = couche_yaml_sequence(yaml, node, path, 64, sizeof(*list), read_expression,
				 (void **)&list, &nr);
	grown = grow_selector(policy, nr);
	/* the policy owns even half-read ones, to free them */
	if (!grown && nr) {
		memcpy(policy->selector + policy->nr_selector, list, nr * sizeof(*list));
		policy->nr_selector += nr;
	}
	free(list);
	return r ? r : grown;
}

static int read_match_labels(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			     void *target)
{
	struct couche_policy *policy = target;
	yaml_node_pair_t *pair;
	int r;

	if (node->type != YAML_MAPPING_NODE)
		return couche_yaml_fail(yaml, &node->start_mark, path, "must be a mapping");
	for (pair = node->data.mapping.pairs.start; pair < node->data.mapping.pairs.top; pair++) {
		yaml_node_t *key = yaml_document_get_node(yaml->document, pair->key);
		yaml_node_t *value = yaml_document_get_node(yaml->document, pair->value);
		struct couche_requirement *requirement;

		if (policy->nr_selector >= 128)
			return couche_yaml_fail(yaml, &key->start_mark, path, "has too many labels");
		r = grow_selector(policy, 1);
		if (r)
			return r;
		requirement = &policy->selector[policy->nr_selector++];
		requirement->values = calloc(1, sizeof(char *));
		if (!requirement->values)
			return -ENOMEM;
		requirement->nr_values = 1;
		r = couche_yaml_string(yaml, key, path, &requirement->key);
		if (!r)
			r = couche_yaml_string(yaml, value, path, &requirement->values[0]);
		if (r)
			return r;
	}
	return 0;
}

static const struct couche_yaml_field selector_fields[] = {
	{ "matchLabels", read_match_labels, 0, false },
	{ "matchExpressions", read_match_expressions, 0, false },
	{ }
};

static int read_selector(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
			 void *target)
{
	return couche_yaml_mapping(yaml, node, path, selector_fields, target);
}

static int read_ec_ref(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		       void *target)
{
	struct reading *reading = (struct reading *)yaml;

	reading->ref_mark = node->start_mark;
	return read_name(yaml, node, path, target);
}

#define POLICY(member) offsetof(struct couche_policy, member)

static const struct couche_yaml_field policy_fields[] = {
	{ "volumes", read_patterns, 0, false },
	{ "volumeSelector", read_selector, 0, false },
	{ "highWatermarkIOPS", couche_yaml_rate, POLICY(marks.high), false },
	{ "warmWatermarkIOPS", couche_yaml_rate, POLICY(marks.warm), false },
	{ "lowWatermarkIOPS", couche_yaml_rate, POLICY(marks.low), false },
	{ "samplingWindow", couche_yaml_duration, POLICY(window_ms), false },
	{ "cooldownPeriod", couche_yaml_duration, POLICY(cooldown_ms), false },
	{ "maxConcurrentMigrations", couche_yaml_count, POLICY(max_concurrent), false },
	{ "migrationTimeout", couche_yaml_duration, POLICY(timeout_ms), false },
	{ "enabled", couche_yaml_bool, POLICY(enabled), false },
	{ "dryRun", couche_yaml_bool, POLICY(dry_run), false },
	{ "preservationMode", couche_yaml_bool, POLICY(preserve), false },
	{ "verifyCopies", couche_yaml_bool, POLICY(verify), false },
	{ "maxBytesPerSecond", couche_yaml_u64, POLICY(rate_bytes), false },
	{ "ecPolicyRef", read_ec_ref, POLICY(ec_policy_ref), false },
	{ "ecMinVolumeSizeBytes", couche_yaml_u64, POLICY(ec_min_bytes), false },
	/* they choose pools of another product; a couche pool holds all its tiers */
	{ "storageClassName", couche_yaml_ignore, 0, false },
	{ "hotPoolSelector", couche_yaml_ignore, 0, false },
	{ "warmPoolSelector", couche_yaml_ignore, 0, false },
	{ "coldPoolSelector", couche_yaml_ignore, 0, false },
	{ }
};

static int check_watermarks(struct couche_yaml *yaml, const yaml_node_t *spec,
			    const struct couche_watermarks *marks)
{
	if (marks->warm > 0 && !(marks->high > marks->warm && marks->warm > marks->low))
		return couche_yaml_fail(yaml, &spec->start_mark, "spec.warmWatermarkIOPS",
					"is %g, must lie between lowWatermarkIOPS (%g) and highWatermarkIOPS (%g), or be 0 for no warm tier",
					marks->warm, marks->low, marks->high);
	if (!(marks->high > marks->low))
		return couche_yaml_fail(yaml, &spec->start_mark, "spec.highWatermarkIOPS",
					"is %g, must be more than lowWatermarkIOPS (%g)",
					marks->high, marks->low);
	return 0;
}

static int read_policy(struct reading *reading, struct document *document)
{
	struct couche_policies *policies = &reading->config.policies;
	struct couche_policy *policy;
	int r;

	for (size_t i = 0; i < policies->nr_policies; i++)
		if (!strcmp(policies->policies[i].name, document->name))
			return couche_yaml_fail(&reading->yaml, &document->spec->start_mark,
						"metadata.name", "a StoragePolicy '%.64s' is there already",
						document->name);
	if (policies->nr_policies == COUCHE_POLICYFILE_MAX_POLICIES)
		return couche_yaml_fail(&reading->yaml, &document->spec->start_mark, "",
					"more than %d policies", COUCHE_POLICYFILE_MAX_POLICIES);
	policy = &policies->policies[policies->nr_policies++];
	*policy = (struct couche_policy){
		.name = document->name,
		.marks = { .high = 5000, .warm = 2000, .low = 500 },
		.window_ms = DEFAULT_WINDOW_MS,
		.cooldown_ms = DEFAULT_COOLDOWN_MS,
		.max_concurrent = 2,
		.enabled = true,
		.ec_min_bytes = DEFAULT_EC_MIN_BYTES,
	};
	document->name = NULL;
	r = couche_yaml_mapping(&reading->yaml, document->spec, "spec", policy_fields, policy);
	if (r)
		return r;
	reading->ref_marks[policies->nr_policies - 1] = reading->ref_mark;
	return check_watermarks(&reading->yaml, document->spec, &policy->marks);
}

/* --- ErasureCodingPolicy --- */

#define EC(member) offsetof(struct couche_ec_policy, member)

static const struct couche_yaml_field ec_fields[] = {
	{ "dataShards", couche_yaml_count, EC(k), false },
	{ "parityShards", couche_yaml_count, EC(m), false },
	{ "stripeSizeBytes", couche_yaml_u64, EC(stripe_bytes), false },
	/* the kernel module has its own journal, and its pool table says the rest */
	{ "algorithm", couche_yaml_ignore, 0, false },
	{ "journalConfig", couche_yaml_ignore, 0, false },
	{ "minHealthyShards", couche_yaml_ignore, 0, false },
	{ "scrubbingEnabled", couche_yaml_ignore, 0, false },
	{ "scrubInterval", couche_yaml_ignore, 0, false },
	{ }
};

static int read_ec(struct reading *reading, struct document *document)
{
	struct couche_policies *policies = &reading->config.policies;
	struct couche_ec_policy *ec;
	int r;

	if (policies->nr_ecs == COUCHE_POLICYFILE_MAX_POLICIES)
		return couche_yaml_fail(&reading->yaml, &document->spec->start_mark, "",
					"more than %d policies", COUCHE_POLICYFILE_MAX_POLICIES);
	ec = &policies->ecs[policies->nr_ecs++];
	*ec = (struct couche_ec_policy){ .name = document->name, .k = 4, .m = 2,
					 .stripe_bytes = 1048576 };
	document->name = NULL;
	r = couche_yaml_mapping(&reading->yaml, document->spec, "spec", ec_fields, ec);
	if (r)
		return r;
	if (ec->k + ec->m > COUCHE_MAX_SHARDS)
		return couche_yaml_fail(&reading->yaml, &document->spec->start_mark,
					"spec.dataShards", "%u + %u shards, at most %d are allowed",
					ec->k, ec->m, COUCHE_MAX_SHARDS);
	if (ec->stripe_bytes < COUCHE_MIN_EXTENT_SECTORS * 512ULL ||
	    ec->stripe_bytes > COUCHE_MAX_EXTENT_SECTORS * 512ULL)
		return couche_yaml_fail(&reading->yaml, &document->spec->start_mark,
					"spec.stripeSizeBytes", "must be from 65536 to 67108864");
	return 0;
}

/* --- MetricLadder --- */

#define RUNG(member) offsetof(struct couche_rung, member)

static const struct couche_yaml_field rung_fields[] = {
	{ "name", couche_yaml_string, RUNG(name), true },
	{ "reads", couche_yaml_string, RUNG(reads), true },
	{ "writes", couche_yaml_string, RUNG(writes), true },
	{ "join", couche_yaml_string, RUNG(join), false },
	{ "poolUUIDLabel", couche_yaml_string, RUNG(pool_uuid_label), false },
	{ "poolLabel", couche_yaml_string, RUNG(pool_label), false },
	{ "volumeLabel", couche_yaml_string, RUNG(volume_label), true },
	{ }
};

static int read_rung(struct couche_yaml *yaml, yaml_node_t *node, const char *path, void *target)
{
	return couche_yaml_mapping(yaml, node, path, rung_fields, target);
}

static int read_rungs(struct couche_yaml *yaml, yaml_node_t *node, const char *path,
		      void *target)
{
	struct couche_ladder *ladder = target;
	int r;

	r = couche_yaml_sequence(yaml, node, path, 8, sizeof(struct couche_rung), read_rung,
				 (void **)&ladder->rungs, &ladder->nr);
	if (!r && !ladder->nr)
		r = couche_yaml_fail(yaml, &node->start_mark, path, "needs at least one rung");
	return r;
}

static const struct couche_yaml_field ladder_fields[] = {
	{ "rungs", read_rungs, 0, true },
	{ }
};

static int read_ladder(struct reading *reading, struct document *document)
{
	if (reading->has_ladder)
		return couche_yaml_fail(&reading->yaml, &document->spec->start_mark, "kind",
					"a second MetricLadder; there can be one");
	reading->has_ladder = true;
	return couche_yaml_mapping(&reading->yaml, document->spec, "spec", ladder_fields,
				   &reading->config.ladder);
}

/* --- the file --- */

static void document_destroy(struct document *document)
{
	free(document->api_version);
	free(document->kind);
	free(document->name);
}

static int read_document(struct reading *reading, yaml_node_t *root)
{
	_cleanup_(document_destroy) struct document document = { 0 };
	int r;

	reading->ref_mark = root->start_mark;
	r = couche_yaml_mapping(&reading->yaml, root, "", document_fields, &document);
	if (r)
		return r;
	if (strcmp(document.api_version, API_VERSION))
		return couche_yaml_fail(&reading->yaml, &root->start_mark, "apiVersion",
					"is '%.64s', must be " API_VERSION, document.api_version);
	if (!strcmp(document.kind, "StoragePolicy"))
		return read_policy(reading, &document);
	if (!strcmp(document.kind, "ErasureCodingPolicy"))
		return read_ec(reading, &document);
	if (!strcmp(document.kind, "MetricLadder"))
		return read_ladder(reading, &document);
	return couche_yaml_fail(&reading->yaml, &root->start_mark, "kind",
				"is '%.64s', must be StoragePolicy, ErasureCodingPolicy or MetricLadder",
				document.kind);
}

static int resolve_refs(struct reading *reading)
{
	struct couche_policies *policies = &reading->config.policies;

	for (size_t i = 0; i < policies->nr_policies; i++) {
		struct couche_policy *policy = &policies->policies[i];

		if (!policy->ec_policy_ref)
			continue;
		for (size_t e = 0; e < policies->nr_ecs; e++)
			if (!strcmp(policies->ecs[e].name, policy->ec_policy_ref))
				policy->ec = &policies->ecs[e];
		if (!policy->ec)
			return couche_yaml_fail(&reading->yaml, &reading->ref_marks[i],
						"spec.ecPolicyRef",
						"no ErasureCodingPolicy '%.64s' in this file",
						policy->ec_policy_ref);
	}
	return 0;
}

static int check_windows(struct reading *reading)
{
	const struct couche_policies *policies = &reading->config.policies;
	size_t nr = 0;

	for (size_t i = 0; i < policies->nr_policies; i++) {
		size_t j = 0;

		while (policies->policies[j].window_ms != policies->policies[i].window_ms)
			j++;
		nr += j == i;
	}
	if (nr > COUCHE_PROM_MAX_WINDOWS)
		return couche_yaml_fail(&reading->yaml, &(yaml_mark_t){ 0 }, "spec.samplingWindow",
					"%zu different windows, at most %d are allowed", nr,
					COUCHE_PROM_MAX_WINDOWS);
	return 0;
}

static int read_stream(struct reading *reading, yaml_parser_t *parser)
{
	for (;;) {
		yaml_document_t document;
		yaml_node_t *root;
		int r;

		if (!yaml_parser_load(parser, &document))
			return parser->error == YAML_MEMORY_ERROR ? -ENOMEM :
			       couche_yaml_fail(&reading->yaml, &parser->problem_mark, "",
						"not YAML: %s", parser->problem ?
						parser->problem : "unreadable");
		root = yaml_document_get_root_node(&document);
		if (!root) {
			yaml_document_delete(&document);
			return 0;
		}
		reading->yaml.document = &document;
		/* "---" without anything after it */
		if (root->type == YAML_SCALAR_NODE && !root->data.scalar.length)
			r = 0;
		else
			r = read_document(reading, root);
		yaml_document_delete(&document);
		if (r)
			return r;
	}
}

static int read_file(struct reading *reading, const char *text, size_t len)
{
	struct couche_policies *policies = &reading->config.policies;
	yaml_parser_t parser;
	int r;

	/* pointers into these arrays are kept, so they never grow */
	policies->policies = calloc(COUCHE_POLICYFILE_MAX_POLICIES, sizeof(struct couche_policy));
	policies->ecs = calloc(COUCHE_POLICYFILE_MAX_POLICIES, sizeof(struct couche_ec_policy));
	reading->ref_marks = calloc(COUCHE_POLICYFILE_MAX_POLICIES, sizeof(yaml_mark_t));
	if (!policies->policies || !policies->ecs || !reading->ref_marks ||
	    !yaml_parser_initialize(&parser))
		return -ENOMEM;
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	r = read_stream(reading, &parser);
	yaml_parser_delete(&parser);
	if (!r && !policies->nr_policies)
		r = couche_yaml_fail(&reading->yaml, &(yaml_mark_t){ 0 }, "",
				     "holds no StoragePolicy");
	if (!r)
		r = resolve_refs(reading);
	if (!r)
		r = check_windows(reading);
	if (!r && !reading->has_ladder)
		r = couche_ladder_default(&reading->config.ladder);
	return r;
}

int couche_policyfile_parse(const char *name, const char *text, size_t len,
			    struct couche_config *ret, char *why, size_t why_size)
{
	struct reading reading = {
		.yaml = { .file = name, .why = why, .why_size = why_size },
	};
	int r;

	snprintf(why, why_size, "%s: out of memory", name);
	r = read_file(&reading, text, len);
	free(reading.ref_marks);
	if (r)
		couche_config_destroy(&reading.config);
	else
		*ret = reading.config;
	return r;
}

static int read_all(int fd, struct couche_buf *buf)
{
	char chunk[4096];
	ssize_t got;

	while ((got = read(fd, chunk, sizeof(chunk))) != 0) {
		if (got < 0)
			return -errno;
		if (buf->len + (size_t)got > COUCHE_POLICYFILE_MAX)
			return -EFBIG;
		couche_buf_append(buf, chunk, (size_t)got);
	}
	return couche_buf_error(buf);
}

int couche_policyfile_load(const char *path, struct couche_config *ret, char *why,
			   size_t why_size)
{
	_cleanup_(couche_buf_destroy) struct couche_buf buf = { 0 };
	int fd, r;

	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		snprintf(why, why_size, "%s: %s", path, strerror(-r));
		return r;
	}
	r = read_all(fd, &buf);
	close(fd);
	if (r) {
		snprintf(why, why_size, "%s: %s", path, r == -EFBIG ? "larger than 1 MiB" :
			 strerror(-r));
		return r;
	}
	return couche_policyfile_parse(path, couche_buf_text(&buf), buf.len, ret, why, why_size);
}
