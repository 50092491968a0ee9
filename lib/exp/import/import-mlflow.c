/*
 * MLflow's file store: EXPERIMENT/RUN/ with meta.yaml, params/KEY,
 * metrics/KEY (a line a point: milliseconds, value, step), tags/KEY and
 * artifacts/. A key with slashes is a path.
 * Source: MLflow's documentation of its tracking file store, and what version 2
 * writes (mlflow/store/tracking/file_store.py names the files).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/yaml.h"

#define META "meta.yaml"
#define META_MAX (1u << 20)
#define KEY_FILE_MAX (16u << 20)	/* of a param or tag */
#define DEPTH 8				/* DIR may lie well above mlruns/ */

/* ---- finding ------------------------------------------------------------- */

static int read_meta(struct value **out, const char *dir, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "%s/" META, dir);
	ret = read_own_file(&text, path.buf, META_MAX, err);
	if (!ret)
		ret = yaml_parse(out, text.buf, text.len, path.buf, err);
	if (!ret && (*out)->type != VALUE_MAP) {
		value_free(*out);
		*out = NULL;
		ret = fail(err, ERR_CONTENT, "'%s' is no map", path.buf);
	}
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

/* One that YAML takes for a number is the name of the directory, too. */
static const char *run_id(const struct value *meta, const char *dir)
{
	const struct value *id = value_map_get(meta, "run_id");

	if (!id || id->type == VALUE_NULL)
		id = value_map_get(meta, "run_uuid");
	if (id && (id->type == VALUE_INT || id->type == VALUE_FLOAT))
		return path_basename(dir);
	return id ? value_text(id) : NULL;
}

static bool has_dir(const char *dir, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool has;

	strbuf_addf(&path, "%s/%s", dir, name);
	has = path_is_dir(path.buf);
	strbuf_release(&path);
	return has;
}

/* An experiment has neither, and a model that was logged has an id of its own.
 * meta: NULL when it cannot be read. */
static bool is_run(const struct value *meta, const char *dir)
{
	if (meta && value_map_get(meta, "model_id"))
		return false;
	return has_dir(dir, "metrics") || has_dir(dir, "params") ||
	       (meta && value_map_get(meta, "artifact_uri"));
}

static bool is_deleted(const struct value *meta)
{
	const char *stage = value_get_text(meta, "lifecycle_stage");

	return stage && !strcmp(stage, "deleted");
}

static int look_at(struct strbuf *id, const char *path, struct strbuf *err)
{
	struct strbuf file = STRBUF_INIT;
	struct value *meta = NULL;
	const char *known;
	int ret = 0;

	strbuf_addf(&file, "%s/" META, path);
	if (!path_exists(file.buf))
		goto cleanup;
	if (read_meta(&meta, path, err)) {
		ret = is_run(NULL, path) ? ERR_CONTENT : 0;
		goto cleanup;
	}
	known = run_id(meta, path);
	if (is_deleted(meta)) {
		ret = IMPORT_WALK_SKIP;
	} else if (known && *known) {
		strbuf_addstr(id, known);
		ret = IMPORT_IS_RUN;
	} else if (is_run(meta, path)) {
		ret = fail(err, ERR_CONTENT, "'%s' has no run_id, so that run "
			   "is left out", file.buf);
	}

cleanup:
	value_free(meta);
	strbuf_release(&file);
	return ret;
}

static int find(struct import_entries *out, const char *dir,
		const char *without, struct strvec *problems,
		struct strbuf *err)
{
	return import_find(out, dir, without, DEPTH, look_at, problems, err);
}

/* ---- reading ------------------------------------------------------------- */

struct reading {
	struct import_sink *sink;
	const char *dir;
};

/* Each file below dir/SUB: its key and its text. */
typedef void (*key_fn)(struct reading *r, const char *key, size_t len,
		       const struct strbuf *text, const char *path);

static void each_key(struct reading *r, const char *sub, size_t max, key_fn fn)
{
	struct strbuf dir = STRBUF_INIT, path = STRBUF_INIT, err = STRBUF_INIT;
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	strbuf_addf(&dir, "%s/%s", r->dir, sub);
	if (path_is_dir(dir.buf) && exp_tree_read(&tree, dir.buf, &err))
		import_problem(r->sink, "%s", err.buf);
	for (i = 0; i < tree.nr; i++) {
		const struct exp_entry *e = &tree.entry[i];

		if (!S_ISREG(e->mode))
			continue;
		strbuf_reset(&path);
		strbuf_reset(&text);
		strbuf_reset(&err);
		strbuf_addf(&path, "%s/%s", dir.buf, e->path);
		if (read_own_file(&text, path.buf, max, &err))
			import_problem(r->sink, "%s", err.buf);
		else
			fn(r, e->path, e->path_len, &text, path.buf);
	}
	exp_tree_release(&tree);
	strbuf_release(&text);
	strbuf_release(&err);
	strbuf_release(&path);
	strbuf_release(&dir);
}

/* An editor leaves an end of line. */
static size_t text_len(const struct strbuf *text)
{
	return text->len - (text->len && text->buf[text->len - 1] == '\n');
}

/* Params are texts there, whatever they were. */
static void add_param(struct reading *r, const char *key, size_t len,
		      const struct strbuf *text, const char *path)
{
	(void)path;
	import_set_key(r->sink, "params", key, len,
		       value_from_parameter(text->buf, text_len(text)));
}

static void add_tag(struct reading *r, const char *key, size_t len,
		    const struct strbuf *text, const char *path)
{
	static const struct { const char *tag, *to; } known[] = {
		{ "mlflow.user", "user" },
		{ "mlflow.source.name", "cmd" },
		{ "mlflow.source.git.commit", "git.commit_hash" },
		{ "mlflow.source.git.branch", "git.branch" },
		{ "mlflow.source.git.repoURL", "git.remote" },
	};
	struct value *value = value_new_text(text->buf, text_len(text));
	size_t i;

	(void)path;
	for (i = 0; i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].tag, key) && value_text(value))
			import_set(r->sink, known[i].to, value_copy(value));
	import_set_key(r->sink, "info", key, len, value);
}

/* TIME VALUE [STEP [more, which newer versions write]] */
static bool read_point(const char *line, int64_t *at, double *real,
		       int64_t *step)
{
	char *end;

	*at = strtoll(line, &end, 10);
	if (end == line || *end != ' ')
		return false;
	line = end + 1;
	*real = strtod(line, &end);
	if (end == line || (*end && *end != ' '))
		return false;
	*step = IMPORT_NO_STEP;
	if (*end) {
		line = end + 1;
		*step = strtoll(line, &end, 10);
		if (end == line || (*end && *end != ' '))
			return false;
	}
	*at = *at > INT64_MAX / 1000 || *at < 0 ? INT64_MIN : *at * 1000;
	return true;
}

static void add_metric(struct reading *r, const char *key, size_t len,
		       const struct strbuf *text, const char *path)
{
	static const char system[] = "system/";
	bool of_system = len > strlen(system) &&
			 !strncmp(key, system, strlen(system));
	const char *column = of_system ? key + strlen(system) : key;
	char *line = text->buf, *end;
	size_t bad = 0;
	int64_t at, step;
	double real;

	/* a last line without its end is still being written */
	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (end > line && end[-1] == '\r')
			end[-1] = 0;
		if (read_point(line, &at, &real, &step))
			import_point(r->sink, of_system ? "system" : "",
				     column, step, at, real);
		else
			bad++;
	}
	if (bad)
		import_problem(r->sink, "%zu lines of '%s' are no points of a "
			       "metric", bad, path);
}

static bool is_going_on(const char *word)
{
	return !strcmp(word, "RUNNING") || !strcmp(word, "SCHEDULED");
}

static void set_state(struct import_sink *sink, const struct value *meta)
{
	static const char *const states[] = {
		[3] = "done", [4] = "fail", [5] = "interrupted"
	};
	static const char *const words[] = {
		[3] = "FINISHED", [4] = "FAILED", [5] = "KILLED"
	};
	const char *word = value_get_text(meta, "status");
	int64_t status = 0;
	size_t i;

	if (!value_get_int(meta, "status", &status))
		for (i = 3; word && i < ARRAY_SIZE(words); i++)
			if (!strcmp(word, words[i]))
				status = (int64_t)i;
	if (status >= 3 && status < (int64_t)ARRAY_SIZE(states))
		import_set(sink, "state", value_new_str(states[status]));
	else if (status != 1 && status != 2 && !(word && is_going_on(word)))
		import_problem(sink, "its status is none that MLflow has");
}

/* As both `name` and `also`, which may be NULL. */
static void set_time(struct import_sink *sink, const struct value *meta,
		     const char *key, const char *name, const char *also)
{
	const struct value *value = value_map_get(meta, key);
	double time;

	if (!value || value->type == VALUE_NULL)
		return;
	if (!value_get_float(meta, key, &time) ||
	    !import_set_time(sink, name, time))
		import_problem(sink, "its %s is no time", key);
	else if (also)
		import_set_time(sink, also, time);
}

static void set_meta(struct import_sink *sink, const struct value *meta)
{
	const char *name = value_get_text(meta, "run_name");
	const char *user = value_get_text(meta, "user_id");

	set_state(sink, meta);
	set_time(sink, meta, "start_time", "created", "started");
	set_time(sink, meta, "end_time", "finished", NULL);
	if (user && *user)
		import_set(sink, "user", value_new_str(user));
	if (name && *name) {
		import_comment(sink, name);
		import_set_key(sink, "info", "mlflow.runName", 14,
			       value_new_str(name));
	}
}

/* The name that the experiment of the run has there. */
static void set_experiment(struct import_sink *sink, const char *dir)
{
	struct strbuf above = STRBUF_INIT;
	struct value *meta = NULL;
	const char *name;

	strbuf_add(&above, dir, (size_t)(path_basename(dir) - dir));
	if (!read_meta(&meta, above.buf, NULL)) {
		name = value_get_text(meta, "name");
		if (name)
			import_set_key(sink, "info", "mlflow.experiment", 17,
				       value_new_str(name));
	}
	value_free(meta);
	strbuf_release(&above);
}

static int read_run(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err)
{
	struct reading r = { .sink = sink, .dir = entry->dir };
	struct strbuf artifacts = STRBUF_INIT;
	struct value *meta = NULL;
	int ret = read_meta(&meta, entry->dir, err);

	if (ret)
		return ret;
	set_experiment(sink, entry->dir);
	each_key(&r, "params", KEY_FILE_MAX, add_param);
	each_key(&r, "tags", KEY_FILE_MAX, add_tag);
	each_key(&r, "metrics", IMPORT_MAX_FILE, add_metric);
	set_meta(sink, meta);
	strbuf_addf(&artifacts, "%s/artifacts", entry->dir);
	if (path_is_dir(artifacts.buf))
		import_file(sink, artifacts.buf, "artifacts");
	strbuf_release(&artifacts);
	value_free(meta);
	return 0;
}

const struct import_format import_mlflow = {
	.name = "mlflow",
	.help = "MLflow's file store (mlruns/)",
	.find = find,
	.read = read_run,
};
