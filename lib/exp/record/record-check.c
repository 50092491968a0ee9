/*
 * What the known keys of a record may hold.
 * Source: resutilformat-exp(5), "KEYS".
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/exp/record/record.h"

/* Larger integers are not the same in every reader of JSON. */
#define SAFE_INTEGER (INT64_C(1) << 53)

static const char *const states[] = {
	"added", "started", "running", "resumed", "done", "fail",
	"interrupted", "lost", NULL
};

static bool is_text(const struct value *v)
{
	return v->type == VALUE_TEXT || v->type == VALUE_BINARY;
}

static bool is_map(const struct value *v)
{
	return v->type == VALUE_MAP;
}

static bool is_bool(const struct value *v)
{
	return v->type == VALUE_BOOL;
}

static bool is_number(const struct value *v)
{
	return v->type == VALUE_INT || v->type == VALUE_FLOAT;
}

static bool is_whole(const struct value *v)
{
	return v->type == VALUE_INT && v->u.number >= 0 &&
	       v->u.number < SAFE_INTEGER;
}

static bool is_version(const struct value *v)
{
	return is_whole(v) && v->u.number > 0;
}

static bool is_exit_code(const struct value *v)
{
	return v->type == VALUE_INT && v->u.number >= 0 && v->u.number <= 255;
}

static bool is_id(const struct value *v)
{
	return v->type == VALUE_TEXT && v->u.text.len == 36 &&
	       record_is_id(v->u.text.text);
}

static bool is_moment(const struct value *v)
{
	struct moment m;

	return v->type == VALUE_TEXT && moment_parse(&m, v->u.text.text);
}

static bool is_state(const struct value *v)
{
	size_t i;

	if (v->type != VALUE_TEXT)
		return false;
	for (i = 0; states[i]; i++)
		if (!strcmp(v->u.text.text, states[i]))
			return true;
	return false;
}

static bool is_list_of(const struct value *v,
		       bool (*is_good)(const struct value *))
{
	size_t i;

	if (v->type != VALUE_LIST)
		return false;
	for (i = 0; i < v->u.list.nr; i++)
		if (!is_good(v->u.list.item[i]))
			return false;
	return true;
}

static bool is_text_list(const struct value *v)
{
	return is_list_of(v, is_text);
}

static bool is_map_list(const struct value *v)
{
	return is_list_of(v, is_map);
}

static bool is_redaction(const struct value *v)
{
	const struct value *where = value_map_get(v, "where");
	int64_t n;

	return is_map(v) && value_get_int(v, "number", &n) && n > 0 &&
	       (!where || is_text_list(where));
}

static bool is_redaction_list(const struct value *v)
{
	return is_list_of(v, is_redaction);
}

static bool is_id_map(const struct value *v)
{
	size_t i;

	if (v->type != VALUE_MAP)
		return false;
	for (i = 0; i < v->u.map.nr; i++)
		if (!is_id(v->u.map.pair[i].value))
			return false;
	return true;
}

static const struct rule {
	const char *path;
	bool (*is_good)(const struct value *);
	const char *expected;
} rules[] = {
	{ "resutil", is_version, "a positive integer" },
	{ "id", is_id, "a UUID in lower case" },
	{ "revision", is_whole, "an integer that is not negative" },
	{ "tid", is_text, "text" },
	{ "name", is_text, "text" },
	{ "function", is_text, "text" },
	{ "cmd", is_text, "text" },
	{ "args", is_text, "text" },
	{ "argv", is_text_list, "a list of texts" },
	{ "cwd", is_text, "text" },
	{ "params", is_map, "a map" },
	{ "params_file", is_text, "text" },
	{ "dependency", is_text_list, "a list of names" },
	{ "dependency_ids", is_id_map, "a map of UUIDs" },
	{ "inputs", is_map_list, "a list of maps" },
	{ "result_dir", is_text, "text" },
	{ "subst", is_bool, "true or false" },
	{ "git", is_map, "a map" },
	{ "git.commit_hash", is_text, "text" },
	{ "git.branch", is_text, "text" },
	{ "git.describe", is_text, "text" },
	{ "git.remote", is_text, "text" },
	{ "git.treeish", is_text, "text" },
	{ "git.uncommited_files", is_text_list, "a list of paths" },
	{ "git.untracked_files", is_text_list, "a list of paths" },
	{ "git.patch", is_text, "text" },
	{ "git.left_out", is_map_list, "a list of maps" },
	{ "meta", is_map, "a map" },
	{ "at", is_map, "a map" },
	{ "at.created", is_moment, "a time (2024-07-04T19:15:55+09:00)" },
	{ "at.started", is_moment, "a time (2024-07-04T19:15:55+09:00)" },
	{ "at.resumed", is_moment, "a time (2024-07-04T19:15:55+09:00)" },
	{ "at.finished", is_moment, "a time (2024-07-04T19:15:55+09:00)" },
	{ "state", is_state, "one of added, started, running, resumed, done, "
			     "fail, interrupted, lost" },
	{ "resumes", is_whole, "an integer that is not negative" },
	{ "exit_code", is_exit_code, "an integer from 0 to 255" },
	{ "signal", is_text, "the name of a signal" },
	{ "usage", is_map, "a map" },
	{ "usage.wall", is_number, "a number" },
	{ "usage.user", is_number, "a number" },
	{ "usage.sys", is_number, "a number" },
	{ "usage.max_rss", is_whole, "an integer that is not negative" },
	{ "collected", is_map_list, "a list of maps" },
	{ "captured", is_map_list, "a list of maps" },
	{ "imported", is_map, "a map" },
	{ "lost_output", is_map_list, "a list of maps" },
	{ "info", is_map, "a map" },
	{ "error", is_text, "text" },
	{ "traceback", is_text, "text" },
	{ "tags", is_text_list, "a list of texts" },
	{ "redacted", is_redaction_list, "a list of maps with a 'number'" },
	{ "host", is_text, "text" },
	{ "user", is_text, "text" },
	{ "executor", is_text, "text" },
	{ "hook", is_map, "a map" },
	{ "hook.event", is_text, "text" },
	{ "hook.name", is_text, "text" },
	{ "hook.commit", is_text, "text" },
	{ "hook.args", is_text_list, "a list of texts" },
	{ "hook.commits", is_text_list, "a list of texts" },
	{ "hook.events", is_whole, "an integer that is not negative" },
	{ "rerun_of", is_text, "text" },
	{ "rerun_of_id", is_text, "text" },
	{ "renamed_from", is_text_list, "a list of names" },
	{ "sweep", is_map, "a map" },
};

/* A value in a message: short, whatever it is. */
static void add_sample(struct strbuf *out, const struct value *v)
{
	size_t start = out->len;

	value_format(out, v);
	if (out->len - start > 60) {
		strbuf_setlen(out, start + 57);
		/* not in the middle of a character */
		while (out->len > start && (out->buf[out->len - 1] & 0x80))
			strbuf_setlen(out, out->len - 1);
		strbuf_addstr(out, "...");
	}
}

int record_check_change(const struct value *before,
			const struct value *after, struct strbuf *err)
{
	struct strbuf sample = STRBUF_INIT;
	size_t i;
	int ret = 0;

	if (!after || after->type != VALUE_MAP)
		return fail(err, ERR_CONTENT, "a record must be a map");
	for (i = 0; i < ARRAY_SIZE(rules) && !ret; i++) {
		const struct value *v = value_get(after, rules[i].path), *old;

		if (!v || v->type == VALUE_NULL || rules[i].is_good(v))
			continue;
		old = value_get(before, rules[i].path);
		if (old && value_equal(old, v))
			continue;
		add_sample(&sample, v);
		ret = fail(err, ERR_CONTENT, "'%s' of a record must be %s, "
			   "not '%s'", rules[i].path, rules[i].expected,
			   sample.buf);
	}
	strbuf_release(&sample);
	return ret;
}

int record_check(const struct value *record, struct strbuf *err)
{
	return record_check_change(NULL, record, err);
}
