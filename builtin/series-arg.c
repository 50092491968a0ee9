#include "lib/base/compat.h"
#include "command.h"
#include "builtin/exp-arg.h"
#include "builtin/series-arg.h"
#include "builtin/store-exp.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strmap.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/series/series.h"
#include "lib/exp/series/series-files.h"
#include "lib/exp/runs/where.h"

void series_split(struct strvec *out, const char *text)
{
	size_t len;

	for (; *text; text += len + (text[len] == ',')) {
		len = strcspn(text, ",");
		if (len)
			strvec_pushn(out, text, len);
	}
}

static struct series_run *add_run(struct series_runs *runs, const char *name,
				  const char *dir)
{
	struct series_run *run;

	ARRAY_GROW(runs->run, runs->nr + 1, runs->alloc);
	run = &runs->run[runs->nr++];
	memset(run, 0, sizeof(*run));
	run->name = xstrdup(name);
	run->dir = xstrdup(dir);
	return run;
}

/* ---- in a store ---------------------------------------------------------- */

/* One file of a pack, to be read like those that are here. */
static int get_file(const struct exp_arg *arg, const char *path,
		    const char *dir, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf to = STRBUF_INIT;
	char *room = xmalloc(1 << 16);
	ssize_t got = 0;
	int ret, in = -1, out = -1;

	strbuf_addf(&to, "%s/%s", dir, path);
	out = sys_open(to.buf, O_WRONLY | O_CREAT | O_EXCL, 0600);
	ret = out < 0 ? fail_errno(err, "cannot make '%s'", to.buf) :
	      store_exp_cat(&child, arg->remote.buf, arg->name.buf, path, &in,
			    err);
	if (ret)
		goto cleanup;
	while ((got = read(in, room, 1 << 16)) > 0 ||
	       (got < 0 && errno == EINTR))
		if (got > 0 && sys_write_all(out, room, (size_t)got) < 0)
			break;
	if (got)
		ret = fail_errno(err, "cannot write '%s'", to.buf);
	close(in);
	if (finish_command(&child) && !ret)
		ret = fail(err, ERR_FAILED, "cannot read '%s' of '%s' in the "
			   "store", path, arg->name.buf);

cleanup:
	if (out >= 0)
		close(out);
	strbuf_release(&to);
	free(room);
	return ret;
}

static int get_series(const struct exp_arg *arg, const char *dir,
		      struct strbuf *err)
{
	struct strbuf listing = STRBUF_INIT;
	const char *at, *end, *path;
	struct series_file file;
	const char *series;
	unsigned mode;
	uint64_t size;
	size_t len;
	int ret = store_exp_listing(&listing, arg->remote.buf, arg->name.buf,
				    err);

	at = listing.buf;
	end = at + listing.len;
	while (!ret && (at = store_exp_next(at, end, &mode, &size, &path)))
		if (S_ISREG(mode) &&
		    series_file_parse(path, &file, &series, &len))
			ret = get_file(arg, path, dir, err);
	strbuf_release(&listing);
	return ret;
}

static int add_stored(struct series_runs *runs, const struct exp_arg *arg,
		      struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	int ret = runs->scratch ? 0 : tempfile_scratch_dir(&runs->scratch,
							   err);

	if (ret)
		return ret;
	strbuf_addf(&dir, "%s/%zu", tempfile_path(runs->scratch),
		    runs->scratch_nr++);
	if (sys_mkdir(dir.buf, 0700))
		ret = fail_errno(err, "cannot make '%s'", dir.buf);
	if (!ret)
		ret = get_series(arg, dir.buf, err);
	if (!ret)
		add_run(runs, arg->name.buf, dir.buf);
	strbuf_release(&dir);
	return ret;
}

/* ---- which --------------------------------------------------------------- */

/* Without a project, any directory that holds series is a run. */
static int add_directory(struct series_runs *runs, const char *arg,
			 struct strbuf *err)
{
	if (!path_is_dir(arg))
		return fail(err, ERR_NOT_FOUND, "'%s' is no directory, and "
			    "there is no project here", arg);
	add_run(runs, arg, arg);
	return 0;
}

static int add_word(const char *word, void *data)
{
	struct series_runs *runs = data;
	struct exp_arg arg = EXP_ARG_INIT;
	struct strbuf err = STRBUF_INIT, dir = STRBUF_INIT;
	int ret;

	if (!the_project) {
		ret = add_directory(runs, word, &err);
	} else {
		ret = exp_arg_find(&arg, word, runs->remote, &err);
		/* what another program left */
		if (ret && strchr(word, '/') && path_is_dir(word)) {
			strbuf_addstr(&dir, word);
			strbuf_addstr(&arg.name, word);
			ret = 0;
		} else if (!ret && arg.remote.len) {
			ret = add_stored(runs, &arg, &err);
		} else if (!ret) {
			exp_arg_dir(&dir, &arg);
		}
		if (!ret && dir.len)
			add_run(runs, arg.name.buf, dir.buf);
	}
	if (ret)
		error("%s", err.buf);
	exp_arg_release(&arg);
	strbuf_release(&dir);
	strbuf_release(&err);
	return ret;
}

struct runs *series_open_runs(void)
{
	struct strbuf err = STRBUF_INIT;
	struct runs *all = NULL;
	int ret;

	if (!the_project)
		die("there is no project here; 'resutil init' makes one");
	ret = runs_open(&all, the_project, NULL, 0, &err);
	if (ret)
		die_code(ret, &err);
	strbuf_release(&err);
	return all;
}

/* One that nobody named, if it has measurements. */
static void add_found(struct series_runs *runs, const char *name)
{
	struct series_files files = SERIES_FILES_INIT;
	struct strbuf dir = STRBUF_INIT;

	project_exp_path(the_project, name, &dir);
	if (runs->unmeasured ||
	    (!series_files_find(&files, dir.buf, runs->series, NULL) &&
	     files.nr))
		add_run(runs, name, dir.buf);
	series_files_release(&files);
	strbuf_release(&dir);
}

struct matching {
	const struct where *where;
	unsigned *id;		/* of each slot of it */
	bool *known;
	bool *chosen;		/* by place */
};

struct matched_row {
	const struct matching *m;
	const struct run_row *row;
};

static void get_field(struct cell *out, size_t slot, void *data)
{
	const struct matched_row *r = data;

	if (r->m->known[slot])
		run_row_get(r->row, r->m->id[slot], out);
}

static int match_row(const struct run_row *row, size_t nr,
		     unsigned worker UNUSED, void *data)
{
	struct matching *m = data;
	struct matched_row r = { m, row };

	m->chosen[nr] = where_match(m->where, get_field, &r);
	return 0;
}

static void find_fields(struct matching *m, const struct runs *all)
{
	const struct field_names *names = runs_names(all);
	size_t i, nr = where_fields_nr(m->where);

	m->id = xcalloc(nr + 1, sizeof(*m->id));
	m->known = xcalloc(nr + 1, sizeof(*m->known));
	for (i = 0; i < nr; i++) {
		struct strbuf path = STRBUF_INIT;

		m->known[i] = field_resolve(names, where_field(m->where, i),
					    &path) &&
			      field_names_find(names, path.buf, &m->id[i]);
		strbuf_release(&path);
	}
}

static void add_chosen(struct series_runs *runs)
{
	struct strbuf err = STRBUF_INIT;
	const struct moment now = moment_now();
	struct where *where = NULL;
	struct matching m = { 0 };
	struct runs *all;
	size_t i;
	int ret = where_parse(&where, runs->where, &now, &err);

	if (ret)
		die_code(ret, &err);
	all = series_open_runs();
	m.where = where;
	m.chosen = xcalloc(runs_nr(all) + 1, sizeof(*m.chosen));
	find_fields(&m, all);
	ret = runs_each(all, match_row, &m, &err);
	if (ret)
		die_code(ret, &err);
	for (i = 0; i < runs_nr(all); i++)
		if (m.chosen[i] && exp_is_here(the_project,
					       runs_name(all, i)))
			add_found(runs, runs_name(all, i));
	free(m.chosen);
	free(m.id);
	free(m.known);
	where_free(where);
	runs_close(all);
	strbuf_release(&err);
}

static void add_all(struct series_runs *runs)
{
	struct strbuf err = STRBUF_INIT;
	struct strvec names = STRVEC_INIT;
	size_t i;
	int ret;

	if (!the_project)
		die("there is no project here, so there is no --all");
	ret = exp_list_names(the_project, &names, &err);
	if (ret)
		die_code(ret, &err);
	for (i = 0; i < names.nr; i++)
		add_found(runs, names.v[i]);
	strvec_release(&names);
	strbuf_release(&err);
}

/* ---- what they are called ------------------------------------------------ */

static const char *short_name(const char *name)
{
	const char *slash = strrchr(name, '/');
	struct name_parts parts;

	if (name_parse(&parts, name) && parts.comment)
		return parts.comment;
	return slash && slash[1] ? slash + 1 : name;
}

/* A field of the record, "lr=0.1". */
static char *field_label(const struct series_run *run, const char *field)
{
	struct strbuf text = STRBUF_INIT;
	struct value *record = NULL;
	const struct value *value = NULL;
	const char *last = strrchr(field, '.');

	if (!record_read(&record, run->dir, NULL))
		value = value_get(record, field);
	if (value) {
		strbuf_addf(&text, "%s=", last ? last + 1 : field);
		value_format(&text, value);
	} else {
		strbuf_addstr(&text, short_name(run->name));
	}
	value_free(record);
	return strbuf_detach(&text, NULL);
}

static char *make_label(const struct series_runs *runs, size_t nr,
			unsigned level)
{
	const struct series_run *run = &runs->run[nr];

	if (level >= 2)
		return xstrfmt("%s (%zu)", run->name, nr + 1);
	if (!runs->label)
		return xstrdup(level ? run->name : short_name(run->name));
	return level ? xstrfmt("%s %s", run->label, run->name) :
		       field_label(run, runs->label);
}

/* Those that are alike get the whole name, or else a number. */
static void make_labels(struct series_runs *runs)
{
	bool *same = xcalloc(runs->nr + 1, sizeof(*same));
	unsigned level;
	size_t i;

	memset(same, true, runs->nr);
	for (level = 0; level < 3; level++) {
		struct strmap seen = STRMAP_INIT;

		for (i = 0; i < runs->nr; i++) {
			char *label = same[i] ? make_label(runs, i, level) :
						NULL;

			if (label) {
				free(runs->run[i].label);
				runs->run[i].label = label;
			}
			same[i] = false;
		}
		for (i = 0; i < runs->nr; i++) {
			struct series_run *other;

			other = strmap_put(&seen, runs->run[i].label,
					   &runs->run[i]);
			if (other)
				same[i] = same[other - runs->run] = true;
		}
		strmap_release(&seen);
	}
	free(same);
}

int series_runs_choose(struct series_runs *runs, const char **argv,
		       bool labels)
{
	struct items counted = { 0 };
	struct strbuf err = STRBUF_INIT;

	if (items_each(&counted, argv, NULL, '\n', add_word, runs, &err))
		die("%s", err.buf);
	if (runs->where)
		add_chosen(runs);
	else if (runs->all)
		add_all(runs);
	if (!runs->nr && (runs->where || runs->all))
		say("no experiment here %s", runs->where ?
		    "for which the expression holds" :
		    "with measurements");
	if (labels)
		make_labels(runs);
	strbuf_release(&err);
	return items_status(&counted);
}

void series_runs_release(struct series_runs *runs)
{
	size_t i;

	for (i = 0; i < runs->nr; i++) {
		free(runs->run[i].name);
		free(runs->run[i].label);
		free(runs->run[i].dir);
	}
	free(runs->run);
	tempfile_delete(&runs->scratch);
}

/* ---- which series, which column ------------------------------------------ */

int series_choose(struct strbuf *out, const struct series_run *run,
		  const char *wish, struct strbuf *err)
{
	struct strvec names = STRVEC_INIT;
	const char *only = NULL;
	size_t i, nr = 0;
	int ret = series_list(&names, run->dir, err);

	if (ret)
		goto cleanup;
	for (i = 0; i < names.nr; i++)
		if (strcmp(names.v[i], "system")) {
			only = names.v[i];
			nr++;
		}
	if (wish ? strvec_find(&names, wish) >= 0 :
	    strvec_find(&names, "") >= 0) {
		strbuf_addstr(out, wish ? wish : "");
	} else if (!wish && (nr == 1 || names.nr == 1)) {
		strbuf_addstr(out, nr ? only : names.v[0]);
	} else if (!names.nr) {
		ret = fail(err, ERR_NOT_FOUND, "'%s' has no measurements",
			   run->name);
	} else {
		struct strbuf list = STRBUF_INIT;

		for (i = 0; i < names.nr; i++)
			strbuf_addf(&list, "%s%s", i ? ", " : "",
				    *names.v[i] ? names.v[i] : "\"\"");
		if (wish)
			fail(err, 0, "'%s' has no series '%s', but %s",
			     run->name, wish, list.buf);
		else
			fail(err, 0, "'%s' has several series, choose by "
			     "--series: %s", run->name, list.buf);
		strbuf_release(&list);
		ret = ERR_NOT_FOUND;
	}

cleanup:
	strvec_release(&names);
	return ret;
}

static const char *const steps[] = {
	"step", "global_step", "iteration", "iter", "epoch", "batch", NULL
};

const char *series_step_column(const struct series_runs *runs,
			       const char *series)
{
	bool has[ARRAY_SIZE(steps)];
	size_t i, j;

	memset(has, runs->nr > 0, sizeof(has));
	for (i = 0; i < runs->nr; i++) {
		struct strvec columns = STRVEC_INIT;
		struct strbuf name = STRBUF_INIT;
		struct series *s = NULL;

		if (!series_choose(&name, &runs->run[i], series, NULL) &&
		    !series_open(&s, runs->run[i].dir, name.buf, NULL, NULL)) {
			strvec_pushv(&columns, series_columns(s)->v);
			strvec_sort(&columns, true);
			for (j = 0; steps[j]; j++)
				has[j] &= strvec_find(&columns, steps[j]) >= 0;
		}
		series_close(s);
		strbuf_release(&name);
		strvec_release(&columns);
	}
	for (j = 0; steps[j]; j++)
		if (has[j])
			return steps[j];
	return NULL;
}
