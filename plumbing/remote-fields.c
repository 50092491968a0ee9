/*
 * What list-remote and stat-remote tell of an experiment in a store.
 */
#include "lib/base/compat.h"
#include "plumbing/remote-fields.h"

#include "lib/base/date.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/sheet/rows.h"
#include "lib/sync/remote-list.h"
#include "lib/wrap/digest.h"

static const struct remote_exp *exp_of(const void *row)
{
	return row;
}

static struct value *time_value(int64_t sec)
{
	struct moment m = { .sec = sec };
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	if (!sec)
		return NULL;
	moment_format_utc(&text, &m);
	value = value_new_str(text.buf);
	strbuf_release(&text);
	return value;
}

static struct value *hash_value(const unsigned char *raw, bool there)
{
	struct strbuf hex = STRBUF_INIT;
	struct value *value;

	if (!there)
		return NULL;
	digest_hex(&hex, raw);
	value = value_new_str(hex.buf);
	strbuf_release(&hex);
	return value;
}

static struct value *summary_value(const void *row, const char *key)
{
	const struct value *v = value_map_get(exp_of(row)->summary, key);

	return v ? value_copy(v) : NULL;
}

static struct value *get_name(const void *row, void *data UNUSED)
{
	return value_new_str(exp_of(row)->name);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	return value_new_int((int64_t)exp_of(row)->size);
}

static struct value *get_version(const void *row, void *data UNUSED)
{
	return value_new_str(exp_of(row)->version);
}

static struct value *get_modified(const void *row, void *data UNUSED)
{
	return time_value(exp_of(row)->modified);
}

static struct value *get_id(const void *row, void *data UNUSED)
{
	const char *id = exp_of(row)->info.id;

	return *id ? value_new_str(id) : NULL;
}

static struct value *get_revision(const void *row, void *data UNUSED)
{
	uint64_t revision = exp_of(row)->info.revision;

	return revision ? value_new_int((int64_t)revision) : NULL;
}

static struct value *get_tree(const void *row, void *data UNUSED)
{
	const struct pack_info *info = &exp_of(row)->info;

	return hash_value(info->tree, info->version > 0);
}

static struct value *get_record(const void *row, void *data UNUSED)
{
	const struct pack_info *info = &exp_of(row)->info;

	return hash_value(info->record, info->has_record);
}

#define SUMMARY_FIELD(key) \
	static struct value *get_##key(const void *row, void *data UNUSED) \
	{ \
		return summary_value(row, #key); \
	}

SUMMARY_FIELD(state)
SUMMARY_FIELD(created)
SUMMARY_FIELD(started)
SUMMARY_FIELD(finished)
SUMMARY_FIELD(user)
SUMMARY_FIELD(host)
SUMMARY_FIELD(executor)
SUMMARY_FIELD(tags)
SUMMARY_FIELD(dependency)
SUMMARY_FIELD(dependency_ids)

static struct value *get_seen(const void *row UNUSED, void *data)
{
	return time_value(((const struct remote_list *)data)->seen);
}

static struct value *get_problem(const void *row, void *data UNUSED)
{
	const char *problem = exp_of(row)->problem;

	return problem ? value_new_text(problem, strlen(problem)) : NULL;
}

const struct row_field remote_fields[] = {
	{ .name = "name", .help = "of the experiment", .get = get_name },
	{ .name = "size", .help = "bytes of its pack", .right = true,
	  .get = get_size },
	{ .name = "version", .help = "of the object, as the store gives it",
	  .get = get_version, .hidden = true },
	{ .name = "modified", .help = "last change of the object",
	  .get = get_modified },
	{ .name = "id", .help = "of the run", .get = get_id, .hidden = true },
	{ .name = "revision", .help = "of its record", .right = true,
	  .get = get_revision, .hidden = true },
	{ .name = "tree", .help = "tree hash", .get = get_tree,
	  .hidden = true },
	{ .name = "record", .help = "hash of the record", .get = get_record,
	  .hidden = true },
	{ .name = "state", .help = "done, fail ...", .get = get_state },
	{ .name = "created", .help = "at.created", .get = get_created },
	{ .name = "started", .help = "at.started", .get = get_started,
	  .hidden = true },
	{ .name = "finished", .help = "at.finished", .get = get_finished,
	  .hidden = true },
	{ .name = "user", .help = "who ran it", .get = get_user },
	{ .name = "host", .help = "where it ran", .get = get_host,
	  .hidden = true },
	{ .name = "executor", .help = "what ran it", .get = get_executor,
	  .hidden = true },
	{ .name = "tags", .help = "its tags", .get = get_tags,
	  .hidden = true },
	{ .name = "dependency", .help = "names of what it used",
	  .get = get_dependency, .hidden = true },
	{ .name = "dependency_ids", .help = "their ids",
	  .get = get_dependency_ids, .hidden = true },
	{ .name = "seen", .help = "when the store said so", .get = get_seen,
	  .hidden = true },
	{ .name = "problem", .help = "why no more is known",
	  .get = get_problem, .hidden = true },
	ROW_FIELD_END
};

const struct row_field remote_stat_fields[] = {
	{ .name = "name", .help = "of the experiment", .get = get_name },
	{ .name = "size", .help = "bytes of its pack", .get = get_size },
	{ .name = "version", .help = "of the object", .get = get_version },
	{ .name = "id", .help = "of the run", .get = get_id },
	{ .name = "revision", .help = "of its record", .get = get_revision },
	{ .name = "tree", .help = "tree hash", .get = get_tree },
	{ .name = "record", .help = "hash of the record", .get = get_record },
	{ .name = "modified", .help = "last change of the object",
	  .get = get_modified },
	{ .name = "problem", .help = "why no more is known",
	  .get = get_problem },
	{ .name = "dependency", .help = "names of what it used",
	  .get = get_dependency },
	{ .name = "dependency_ids", .help = "their ids",
	  .get = get_dependency_ids },
	ROW_FIELD_END
};
