/*
 * Trees of votakvot's trials: directories with votakvot.yaml, metrics and
 * whatever was attached.
 * Source: resutilformat-exp(5), "votakvot.yaml"; resutilformat-metrics(5).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/import/importing.h"
#include "lib/exp/series/metrics-file.h"
#include "lib/exp/record/record.h"
#include "lib/exp/series/series.h"
#include "lib/exp/record/trial-find.h"

#define BAD_LINES_MAX 100	/* of a series */

/* One that was copied is the same trial. */
static char *id_of(const struct value *record, const char *dir)
{
	const char *uid = value_get_text(record, "uid");
	const char *id = uid ? uid : value_get_text(record, "id");

	if (!id)
		id = value_get_text(record, "tid");
	return xstrdup(id && *id ? id : path_basename(dir));
}

static bool add_trial(struct import_entries *out, const char *dir,
		      struct strvec *problems)
{
	struct strbuf err = STRBUF_INIT, sign = STRBUF_INIT;
	struct value *record = NULL;
	bool good;
	char *id;

	good = !record_read(&record, dir, &err) &&
	       !import_sign(&sign, dir, &err);
	if (!good) {
		strvec_push(problems, err.buf);
	} else {
		id = id_of(record, dir);
		import_found(out, id, dir, sign.buf);
		free(id);
	}
	value_free(record);
	strbuf_release(&sign);
	strbuf_release(&err);
	return good;
}

static int find(struct import_entries *out, const char *dir,
		const char *without, struct strvec *problems,
		struct strbuf *err)
{
	struct found_trials found = FOUND_TRIALS_INIT;
	bool all = true;
	size_t i;
	int ret;

	if (!path_is_dir(dir))
		return fail(err, ERR_NOT_FOUND, "there is no directory '%s'",
			    dir);
	ret = trials_find(&found, dir, false, problems);
	for (i = 0; i < found.nr; i++)
		if (!without || !path_below(found.trial[i].dir, without))
			all &= add_trial(out, found.trial[i].dir, problems);
	found_trials_release(&found);
	if (ret && ret != ERR_PARTLY)
		return ret;
	if (!all)
		return fail(err, ERR_PARTLY, "some runs below '%s' cannot be "
			    "imported", dir);
	return ret ? fail(err, ERR_PARTLY, "some directories below '%s' cannot "
			  "be read", dir) : 0;
}

/* ---- reading ------------------------------------------------------------ */

static void set_record(struct import_sink *sink, const struct value *record)
{
	static const char *const same[] = {
		"params", "info", "result", "meta", "git", "at", "state",
		"error", "tags", "host", "user", "cmd", "argv", NULL
	};
	const struct value *value;
	const char *tid = value_get_text(record, "tid");
	size_t i;

	for (i = 0; same[i]; i++) {
		value = value_map_get(record, same[i]);
		if (value)
			import_set(sink, same[i], value_copy(value));
	}
	if (tid)
		import_comment(sink, tid);
	if (!value_get_text(record, "at.created") &&
	    value_get_text(record, "at.started"))
		import_set(sink, "at.created",
			   value_copy(value_get(record, "at.started")));
}

static void add_cell(struct import_sink *sink, const char *series,
		     const char *column, int64_t at, const struct cell *cell)
{
	struct strbuf text = STRBUF_INIT;
	double number;

	if (cell_number(cell, &number)) {
		import_point(sink, series, column, IMPORT_NO_STEP, at, number);
	} else if (cell->type != CELL_NONE && cell->type != CELL_NULL) {
		cell_format(&text, cell);
		import_text_point(sink, series, column, IMPORT_NO_STEP, at,
				  text.buf, text.len);
	}
	strbuf_release(&text);
}

static int64_t time_of(const struct cell *cell)
{
	double seconds;

	if (!cell_number(cell, &seconds) || !(seconds > 0) ||
	    !(seconds < 253402300800.0))
		return INT64_MIN;
	return (int64_t)(seconds * 1e6);
}

static void read_series(struct import_sink *sink, const char *dir,
			const char *name)
{
	const struct strvec *columns;
	struct strbuf err = STRBUF_INIT;
	struct series *s = NULL;
	const struct cell *cells;
	size_t i, bad = 0;
	int got;

	if (series_open(&s, dir, name, NULL, &err)) {
		import_problem(sink, "%s", err.buf);
		goto cleanup;
	}
	columns = series_columns(s);
	while ((got = series_next(s, &cells, &err)) != 0 &&
	       bad < BAD_LINES_MAX) {
		if (got < 0) {
			if (!bad++)
				import_problem(sink, "%s", err.buf);
			strbuf_reset(&err);
			continue;
		}
		for (i = 1; i < columns->nr; i++)
			add_cell(sink, name, columns->v[i], time_of(&cells[0]),
				 &cells[i]);
	}

cleanup:
	series_close(s);
	strbuf_release(&err);
}

/* What was attached, but for the measurements. */
static void add_files(struct import_sink *sink, const char *dir)
{
	struct found_trials found = FOUND_TRIALS_INIT;
	struct strvec problems = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT;
	enum metrics_format format;
	const char *series;
	uint64_t number;
	size_t i, j, len;

	trials_find(&found, dir, true, &problems);
	for (i = 0; i < found.nr; i++) {
		const struct strvec *files = &found.trial[i].attached;

		if (strcmp(found.trial[i].dir, dir))
			continue;
		for (j = 0; j < files->nr; j++) {
			if (metrics_parse_name(files->v[j], &format, &number,
					       &series, &len))
				continue;
			strbuf_reset(&path);
			strbuf_addf(&path, "%s/%s", dir, files->v[j]);
			import_file(sink, path.buf, files->v[j]);
		}
	}
	for (i = 0; i < problems.nr; i++)
		import_problem(sink, "%s", problems.v[i]);
	strbuf_release(&path);
	strvec_release(&problems);
	found_trials_release(&found);
}

static int read_run(struct import_sink *sink, const struct import_entry *entry,
		    struct strbuf *err)
{
	struct strvec series = STRVEC_INIT;
	struct value *record = NULL;
	size_t i;
	int ret;

	ret = record_read(&record, entry->dir, err);
	if (!ret)
		ret = series_list(&series, entry->dir, err);
	if (!ret) {
		set_record(sink, record);
		for (i = 0; i < series.nr; i++)
			read_series(sink, entry->dir, series.v[i]);
		add_files(sink, entry->dir);
	}
	strvec_release(&series);
	value_free(record);
	return ret;
}

const struct import_format import_votakvot = {
	.name = "votakvot",
	.help = "votakvot (votakvot.yaml)",
	.find = find,
	.read = read_run,
};
