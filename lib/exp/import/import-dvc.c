/*
 * DVCLive's directories: metrics.json, params.yaml and plots/metrics/NAME.tsv,
 * which have a column "step", others by name, and perhaps "timestamp".
 * Source: "DVCLive outputs" in the documentation of DVCLive.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/import/importing.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"
#include "lib/wrap/yaml.h"

#define DEPTH 8
#define TEXT_MAX (16u << 20)
#define METRICS "plots/metrics"

/* ---- finding ------------------------------------------------------------ */

static bool has(const char *dir, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool found;

	strbuf_addf(&path, "%s/%s", dir, name);
	found = path_exists(path.buf);
	strbuf_release(&path);
	return found;
}

static int read_text(struct strbuf *out, const char *dir, const char *name,
		     size_t max, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "%s/%s", dir, name);
	ret = read_own_file(out, path.buf, max, err);
	strbuf_release(&path);
	return ret;
}

/* The next run writes into the same directory. What stays the same while one
 * goes on are its params and the first rows of its series. */
static int add_id(struct strbuf *out, const char *dir, struct strbuf *err)
{
	struct fingerprint f = FINGERPRINT_INIT;
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t i, lines;
	int ret = 0;

	if (has(dir, "params.yaml"))
		ret = read_text(&text, dir, "params.yaml", TEXT_MAX, err);
	fingerprint_add(&f, dir, strlen(dir));
	fingerprint_add(&f, text.buf, text.len);
	strbuf_addf(&path, "%s/" METRICS, dir);
	if (!ret && path_is_dir(path.buf))
		ret = exp_tree_read(&tree, path.buf, err);
	for (i = 0; i < tree.nr && !ret; i++) {
		const char *at;

		if (!S_ISREG(tree.entry[i].mode))
			continue;
		strbuf_reset(&text);
		ret = read_text(&text, path.buf, tree.entry[i].path,
				IMPORT_MAX_FILE, err);
		at = text.buf;
		for (lines = 0; lines < 2 && at; lines++) {
			at = strchr(at, '\n');
			at = at ? at + 1 : NULL;
		}
		if (!ret && at)
			fingerprint_add(&f, text.buf, (size_t)(at - text.buf));
	}
	fingerprint_finish(&f, raw);
	digest_hex_of(out, raw, sizeof(raw));
	exp_tree_release(&tree);
	strbuf_release(&text);
	strbuf_release(&path);
	return ret;
}

static int look_at(struct strbuf *id, const char *path, struct strbuf *err)
{
	int ret;

	if (!has(path, METRICS) &&
	    !(has(path, "metrics.json") && has(path, "plots")))
		return 0;
	ret = add_id(id, path, err);
	return ret ? ret : IMPORT_IS_RUN;
}

static int find(struct import_entries *out, const char *dir,
		const char *without, struct strvec *problems,
		struct strbuf *err)
{
	return import_find(out, dir, without, DEPTH, look_at, problems, err);
}

/* ---- reading ------------------------------------------------------------ */

/* One field up to a TAB or the end; false: there is none. */
static bool next_field(char **at, char **field)
{
	if (!*at)
		return false;
	*field = *at;
	*at = strchr(*at, '\t');
	if (*at)
		*(*at)++ = 0;
	return true;
}

struct tsv {
	struct import_sink *sink;
	struct strvec columns;
	size_t step, time;	/* numbers of columns; SIZE_MAX: none */
	const char *name;	/* of a column that is called like its file */
};

static void read_header(struct tsv *t, char *line)
{
	char *field;

	t->step = t->time = SIZE_MAX;
	while (next_field(&line, &field)) {
		if (!strcmp(field, "step"))
			t->step = t->columns.nr;
		else if (!strcmp(field, "timestamp"))
			t->time = t->columns.nr;
		strvec_push(&t->columns, field);
	}
}

static bool read_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end != text && !*end;
}

static bool read_row(struct tsv *t, char *line)
{
	struct strvec fields = STRVEC_INIT;
	int64_t step = IMPORT_NO_STEP, at = INT64_MIN;
	double number;
	char *field;
	bool ok;
	size_t i;

	while (next_field(&line, &field))
		strvec_push(&fields, field);
	ok = fields.nr == t->columns.nr;
	if (ok && t->step != SIZE_MAX) {
		ok = read_number(fields.v[t->step], &number) &&
		     number > -9e15 && number < 9e15;
		step = ok ? (int64_t)number : step;
	}
	if (ok && t->time != SIZE_MAX &&
	    read_number(fields.v[t->time], &number) && number > 0)
		/* milliseconds, or (older versions) seconds */
		at = number < 1e11 ? (int64_t)(number * 1e6) :
		     number < 2.5e14 ? (int64_t)(number * 1e3) : at;
	for (i = 0; i < fields.nr && ok; i++) {
		const char *column = t->columns.nr <= 3 && t->name ? t->name :
				     t->columns.v[i];

		if (i == t->step || i == t->time || !*fields.v[i])
			continue;
		if (read_number(fields.v[i], &number))
			import_point(t->sink, "", column, step, at, number);
		else
			import_text_point(t->sink, "", column, step, at,
					  fields.v[i], strlen(fields.v[i]));
	}
	strvec_release(&fields);
	return ok;
}

/* name: "train/loss", the path of the file without its ending. */
static void read_tsv(struct import_sink *sink, char *text, const char *name,
		     const char *path)
{
	struct tsv t = { .sink = sink, .columns = STRVEC_INIT, .name = name };
	char *line = text, *end;
	size_t bad = 0;

	for (; (end = strchr(line, '\n')); line = end + 1) {
		*end = 0;
		if (end > line && end[-1] == '\r')
			end[-1] = 0;
		if (!t.columns.nr)
			read_header(&t, line);
		else if (*line && !read_row(&t, line))
			bad++;
	}
	if (bad)
		import_problem(sink, "%zu lines of '%s' are no rows", bad,
			       path);
	strvec_release(&t.columns);
}

static void read_series(struct import_sink *sink, const char *dir)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT, err = STRBUF_INIT;
	struct exp_tree tree = EXP_TREE_INIT;
	size_t i, len;

	strbuf_addf(&path, "%s/" METRICS, dir);
	if (path_is_dir(path.buf) && exp_tree_read(&tree, path.buf, &err))
		import_problem(sink, "%s", err.buf);
	for (i = 0; i < tree.nr; i++) {
		char *name = xstrdup(tree.entry[i].path);

		len = strlen(name);
		strbuf_reset(&text);
		strbuf_reset(&err);
		if (S_ISREG(tree.entry[i].mode) && len > 4 &&
		    !strcmp(name + len - 4, ".tsv")) {
			if (read_text(&text, path.buf, name, IMPORT_MAX_FILE,
				      &err)) {
				import_problem(sink, "%s", err.buf);
			} else {
				name[len - 4] = 0;
				read_tsv(sink, text.buf, name,
					 tree.entry[i].path);
			}
		}
		free(name);
	}
	exp_tree_release(&tree);
	strbuf_release(&err);
	strbuf_release(&text);
	strbuf_release(&path);
}

static void set_map(struct import_sink *sink, const char *map,
		    const struct value *from)
{
	size_t i;

	for (i = 0; from && from->type == VALUE_MAP && i < from->u.map.nr; i++)
		import_set_key(sink, map, from->u.map.pair[i].key,
			       from->u.map.pair[i].key_len,
			       value_copy(from->u.map.pair[i].value));
}

static void read_params(struct import_sink *sink, const char *dir)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL;

	if (has(dir, "params.yaml")) {
		if (read_text(&text, dir, "params.yaml", TEXT_MAX, &err) ||
		    yaml_parse(&value, text.buf, text.len, "params.yaml", &err))
			import_problem(sink, "%s", err.buf);
		else
			set_map(sink, "params", value);
	}
	value_free(value);
	strbuf_release(&err);
	strbuf_release(&text);
}

static void read_metrics(struct import_sink *sink, const char *dir)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct value *value = NULL;

	if (has(dir, "metrics.json")) {
		if (read_text(&text, dir, "metrics.json", TEXT_MAX, &err) ||
		    json_parse(&value, text.buf, text.len, "metrics.json",
			       &err))
			import_problem(sink, "%s", err.buf);
		else
			set_map(sink, "info", value);
	}
	value_free(value);
	strbuf_release(&err);
	strbuf_release(&text);
}

static void set_times(struct import_sink *sink, const char *dir)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;

	/* made once, before all else; and what is written last */
	strbuf_addf(&path, "%s/params.yaml", dir);
	if (!stat(path.buf, &st) || !stat(dir, &st))
		import_set_time(sink, "created",
				(double)st.st_mtim.tv_sec * 1e3);
	strbuf_release(&path);
}

static int read_run(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err)
{
	static const char *const files[] = {
		"plots/images", "plots/sklearn", "plots/custom", "artifacts",
		"report.html", "report.md", NULL
	};
	struct strbuf path = STRBUF_INIT;
	size_t i;

	(void)err;
	read_params(sink, entry->dir);
	read_metrics(sink, entry->dir);
	read_series(sink, entry->dir);
	set_times(sink, entry->dir);
	for (i = 0; files[i]; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", entry->dir, files[i]);
		if (path_exists(path.buf))
			import_file(sink, path.buf, files[i]);
	}
	strbuf_release(&path);
	return 0;
}

const struct import_format import_dvc = {
	.name = "dvc",
	.help = "DVCLive (plots/metrics/)",
	.find = find,
	.read = read_run,
};
