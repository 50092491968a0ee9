/*
 * Making, changing and writing records. Reading them is in record-read.c.
 * Source: resutilformat-exp(5).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/wrap/yaml.h"

/* Keys in the order of the format page, in which a new record is written. */
static const char *const key_order[] = {
	"resutil", "id", "revision", "tid", "name", "function", "cmd", "args",
	"argv", "cwd", "params", "params_file", "dependency", "dependency_ids",
	"inputs", "result_dir", "subst", "git", "meta", "at", "state",
	"resumes", "exit_code", "signal", "usage", "collected",
	"lost_output", "info", "result", "error", "traceback", "tags",
	"redacted", "host", "user", "executor", "hook", "rerun_of",
	"rerun_of_id", "renamed_from", "sweep",
};

static int rank_of(const char *key)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(key_order); i++)
		if (!strcmp(key, key_order[i]))
			return (int)i;
	return -1;
}

static void set_argv(struct value *record, const char *const *argv)
{
	struct value *list = value_new_list();
	struct strbuf text = STRBUF_INIT;
	size_t i;

	quote_shell_argv(&text, argv);
	value_map_set(record, "cmd", value_new_text(text.buf, text.len));
	strbuf_reset(&text);
	for (i = 0; argv[i]; i++) {
		if (i)
			strbuf_addch(&text, ' ');
		strbuf_addstr(&text, argv[i]);
		value_list_add(list, value_new_text(argv[i], strlen(argv[i])));
	}
	value_map_set(record, "args", value_new_text(text.buf, text.len));
	value_map_set(record, "argv", list);
	strbuf_release(&text);
}

struct value *record_new(const struct project *p, const char *name,
			 const char *const *argv, const char *cwd,
			 const char *state, const struct moment *created)
{
	struct value *record = value_new_map();
	struct strbuf text = STRBUF_INIT;

	value_map_set_int(record, "resutil", RECORD_FORMAT);
	record_new_id(&text);
	value_map_set_str(record, "id", text.buf);
	value_map_set_int(record, "revision", 1);
	value_map_set_str(record, "name", name);
	if (argv)
		set_argv(record, argv);
	strbuf_reset(&text);
	if (cwd)
		strbuf_addstr(&text, cwd);
	if (cwd || !path_cwd(&text, NULL))
		value_map_set(record, "cwd",
			      value_new_text(text.buf, text.len));
	if (argv)
		value_map_set(record, "params", record_params(argv));
	value_map_set(record, "dependency", value_new_list());
	record_set_name(record, p, name);
	record_set_moment(record, "at.created", created);
	value_map_set_str(record, "state", state);
	value_map_set_str(record, "host", record_host());
	value_map_set_str(record, "user", record_user());
	strbuf_release(&text);
	return record;
}

void record_set_name(struct value *record, const struct project *p,
		     const char *name)
{
	struct strbuf dir = STRBUF_INIT;

	value_map_set_str(record, "name", name);
	if (p) {
		strbuf_addf(&dir, "%s/%s", p->results_dir, name);
		value_map_set(record, "result_dir",
			      value_new_text(dir.buf, dir.len));
	}
	strbuf_release(&dir);
}

void record_add_dependency(struct value *record, const char *name,
			   const char *id)
{
	struct value *list = value_map_get(record, "dependency"), *ids;
	size_t i;

	if (!list || list->type != VALUE_LIST) {
		list = value_new_list();
		value_map_set(record, "dependency", list);
	}
	for (i = 0; i < list->u.list.nr; i++) {
		const char *have = value_text(list->u.list.item[i]);

		if (have && !strcmp(have, name))
			break;
	}
	if (i == list->u.list.nr)
		value_list_add(list, value_new_str(name));
	if (!id || !record_is_id(id))
		return;
	ids = value_map_get(record, "dependency_ids");
	if (!ids || ids->type != VALUE_MAP) {
		ids = value_new_map();
		value_map_set(record, "dependency_ids", ids);
	}
	value_map_set_str(ids, name, id);
}

void record_set_moment(struct value *record, const char *path,
		       const struct moment *m)
{
	struct strbuf text = STRBUF_INIT;

	moment_format(&text, m);
	value_set(record, path, value_new_str(text.buf));
	strbuf_release(&text);
}

/*
 * The pairs of a first revision in the order of the page; a key that is not
 * on it stays behind the one that it follows. A later revision keeps the order
 * it has, which may be a person's.
 */
static struct value_pair *in_order(const struct value *record)
{
	size_t nr = record->u.map.nr, i, at;
	struct value_pair *pair = xcalloc(nr + 1, sizeof(*pair));
	int *rank = xcalloc(nr + 1, sizeof(*rank));
	int last = -1;

	for (i = 0; i < nr; i++) {
		int own = rank_of(record->u.map.pair[i].key);

		if (own >= 0)
			last = own;
		for (at = i; at && rank[at - 1] > last; at--)
			;
		memmove(pair + at + 1, pair + at, (i - at) * sizeof(*pair));
		memmove(rank + at + 1, rank + at, (i - at) * sizeof(*rank));
		pair[at] = record->u.map.pair[i];
		rank[at] = last;
	}
	free(rank);
	return pair;
}

static int write_record(const struct value *record, const char *dir,
			unsigned flags, struct strbuf *err)
{
	struct value ordered = *record;
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;
	int64_t revision;
	int ret;

	if (value_map_get(record, "resutil") &&
	    value_get_int(record, "revision", &revision) && revision == 1) {
		ordered.u.map.pair = in_order(record);
		yaml_write(&text, &ordered);
		free(ordered.u.map.pair);
	} else {
		yaml_write(&text, record);
	}
	if (text.len > RECORD_MAX_BYTES) {
		ret = fail(err, ERR_CONTENT, "the record of '%s' would be "
			   "larger than %u MiB, put the data into a file of "
			   "the experiment", dir, RECORD_MAX_BYTES >> 20);
		goto cleanup;
	}
	strbuf_addf(&path, "%s/" RECORD_FILE, dir);
	ret = write_file_atomic(path.buf, text.buf, text.len, 0666, flags, err);

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

static unsigned sync_flags(enum record_sync sync)
{
	switch (sync) {
	case RECORD_SYNC_FILE:
		return TEMPFILE_SYNC_FILE;
	case RECORD_SYNC_ALL:
		return TEMPFILE_SYNC;
	default:
		return 0;
	}
}

int record_write(const struct value *record, const char *dir, bool sync,
		 struct strbuf *err)
{
	return write_record(record, dir, sync ? TEMPFILE_SYNC : 0, err);
}

int record_write_sync(const struct value *record, const char *dir,
		      enum record_sync sync, struct strbuf *err)
{
	return write_record(record, dir, sync_flags(sync), err);
}

int record_write_new(const struct value *record, const char *dir,
		     struct strbuf *err)
{
	return write_record(record, dir, TEMPFILE_SYNC | TEMPFILE_NOREPLACE,
			    err);
}

/* Sets a key of the record itself; a new one goes behind the last of those
 * that the page lists before it, and what is there stays where it is. */
static void set_top(struct value *record, const char *key, struct value *item)
{
	int rank = rank_of(key), other;
	bool is_new = !value_map_get(record, key);
	size_t i, at = 0, nr;
	struct value_pair added;

	value_map_set(record, key, item);
	if (!is_new || rank < 0)
		return;
	nr = record->u.map.nr;
	for (i = 0; i + 1 < nr; i++) {
		other = rank_of(record->u.map.pair[i].key);
		if (other >= 0 && other < rank)
			at = i + 1;
	}
	added = record->u.map.pair[nr - 1];
	memmove(record->u.map.pair + at + 1, record->u.map.pair + at,
		(nr - 1 - at) * sizeof(added));
	record->u.map.pair[at] = added;
}

/* Depth is bounded by the parsers' limit on nesting. */
static void merge_map(struct value *map, const struct value *changes, bool top)
{
	size_t i;

	for (i = 0; i < changes->u.map.nr; i++) {
		const char *key = changes->u.map.pair[i].key;
		const struct value *change = changes->u.map.pair[i].value;
		struct value *old = value_map_get(map, key);

		if (top && (!strcmp(key, "resutil") ||
			    !strcmp(key, "revision")))
			continue;
		if (change->type == VALUE_NULL)
			value_map_remove(map, key);
		/* A set (tagged) is one value, not a map to be added to. */
		else if (change->type == VALUE_MAP && !change->tag && old &&
			 old->type == VALUE_MAP && !old->tag)
			merge_map(old, change, false);
		else if (top)
			set_top(map, key, value_copy(change));
		else
			value_map_put(map, &changes->u.map.pair[i],
				      value_copy(change));
	}
}

void record_merge(struct value *record, const struct value *changes)
{
	int64_t revision = 0;

	merge_map(record, changes, true);
	value_get_int(record, "revision", &revision);
	if (revision < 0 || revision == INT64_MAX)
		revision = 0;
	set_top(record, "revision", value_new_int(revision + 1));
}

/*
 * The lock bears the run's id. A predecessor's record has none, so its name
 * stands in; and an id from a file becomes a path only when it is one.
 */
static const char *lock_name(const struct value *record, const char *name)
{
	const char *id = value_get_text(record, "id");

	return id && record_is_id(id) ? id : name;
}

/* votakvot.yaml is brought to our shape: resutil-exp.yaml is going to be
 * written beside it. */
static int read_for_update(struct value **record, const char *dir,
			   struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = record_read_raw(record, dir, err);

	strbuf_addf(&path, "%s/" RECORD_FILE, dir);
	if (!ret && !path_exists(path.buf))
		record_normalize(*record);
	strbuf_release(&path);
	return ret;
}

/* Locks the writer's lock of the record that is in `dir` now and reads it. */
static int lock_and_read(struct live **lock, struct value **record,
			 const struct project *p, const char *dir,
			 struct strbuf *err)
{
	const char *name = path_basename(dir);
	struct strbuf live = STRBUF_INIT;
	struct value *before;
	bool same;
	int ret;

	strbuf_addf(&live, "%s/" TRIAL_LIVE_FILE, dir);
	do {
		ret = record_read_raw(&before, dir, err);
		if (ret)
			break;
		ret = p ? live_lock_writer(lock, p, lock_name(before, name),
					   err) :
			  live_lock_writer_at(lock, live.buf, err);
		if (!ret)
			ret = read_for_update(record, dir, err);
		/* Another experiment may have taken the name meanwhile. */
		same = !ret && !strcmp(lock_name(before, name),
				       lock_name(*record, name));
		value_free(before);
		if (!ret && !same) {
			value_free(*record);
			*record = NULL;
			live_unlock_writer(lock);
		}
	} while (!ret && !same);
	strbuf_release(&live);
	return ret;
}

/* Keys of no record: of one tree with what is laid over it, so that secrets
 * are sought, and numbered, once in all that is new. */
#define NEW_INFO "new info"
#define NEW_RESULT "new result"

static struct value *gather_change(const struct record_change *change)
{
	struct value *all = change->merge ? value_copy(change->merge) :
					    value_new_map();

	if (change->info)
		value_map_set(all, NEW_INFO, value_copy(change->info));
	if (change->result)
		value_map_set(all, NEW_RESULT, value_copy(change->result));
	return all;
}

static struct value *take_from(struct value *all, const char *key)
{
	struct value *item = value_map_get(all, key);

	item = item ? value_copy(item) : NULL;
	value_map_remove(all, key);
	return item;
}

static void put_info(struct value *record, const struct value *info)
{
	struct value *old = value_map_get(record, "info");
	size_t i;

	if (!old || old->type != VALUE_MAP) {
		old = value_new_map();
		set_top(record, "info", old);
	}
	for (i = 0; i < info->u.map.nr; i++) {
		const struct value_pair *pair = &info->u.map.pair[i];

		value_map_put(old, pair, value_copy(pair->value));
	}
}

static void lay_down(struct value *record, const struct record_change *change)
{
	struct redaction taken = REDACTION_INIT;
	struct value *all = gather_change(change), *info, *result;

	record_redact(all, record, &taken);
	info = take_from(all, NEW_INFO);
	result = take_from(all, NEW_RESULT);
	record_merge(record, all);
	if (info && info->type == VALUE_MAP)
		put_info(record, info);
	if (result)
		set_top(record, "result", result);
	record_note_redacted(record, &taken);
	redaction_release(&taken);
	value_free(info);
	value_free(all);
}

int record_update_at(const char *dir, const struct project *p,
		     const struct record_change *change, enum record_sync sync,
		     int64_t *revision, struct strbuf *err)
{
	struct value *record = NULL, *before = NULL;
	struct live *lock = NULL;
	int ret;

	ret = lock_and_read(&lock, &record, p, dir, err);
	if (ret)
		goto cleanup;
	if (change->id && (!value_get_text(record, "id") ||
			   strcmp(value_get_text(record, "id"), change->id))) {
		ret = fail(err, ERR_NOT_FOUND, "'%s' holds another run by now",
			   dir);
		goto cleanup;
	}
	before = value_copy(record);
	lay_down(record, change);
	ret = record_check_change(before, record, err);
	if (!ret)
		ret = write_record(record, dir, sync_flags(sync), err);
	if (!ret && revision)
		value_get_int(record, "revision", revision);
	if (!ret && change->after) {
		value_free(*change->after);
		*change->after = record;
		record = NULL;
	}

cleanup:
	if (lock)
		live_unlock_writer(&lock);
	value_free(before);
	value_free(record);
	return ret;
}

int record_preview_at(struct value **out, const char *dir,
		      const struct record_change *change, struct strbuf *err)
{
	int ret = read_for_update(out, dir, err);

	if (!ret)
		lay_down(*out, change);
	return ret;
}

int record_update(const struct project *p, const char *name,
		  const struct value *changes, struct strbuf *err)
{
	const struct record_change change = { .merge = changes };
	struct strbuf dir = STRBUF_INIT;
	int ret;

	project_exp_path(p, name, &dir);
	if (path_exists(dir.buf) && !exp_is_here(p, name))
		ret = fail(err, ERR_CONTENT, "'%s' is no directory of its own, "
			   "and so no experiment", dir.buf);
	else
		ret = record_update_at(dir.buf, p, &change, RECORD_SYNC_ALL,
				       NULL, err);
	strbuf_release(&dir);
	return ret;
}
