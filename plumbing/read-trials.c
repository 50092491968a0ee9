/*
 * read-trials: the records of all trials below paths, or what patterns match,
 * or of a project.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/workers.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/trial-find.h"
#include "lib/exp/record/trial-roots.h"
#include "lib/wrap/json-typed.h"
#include "command.h"

static const char *const usage[] = {
	"read-trials [--json] [--[no-]attached] [-z] PATH|GLOB...",
	"read-trials [--json] [--[no-]attached] [-z] --stdin",
	"read-trials [--json] [--[no-]attached] [-z]",
	NULL
};

/* So many lines are in memory at once. */
#define BATCH 256
/* Below that a thread costs more than it saves. */
#define TRIALS_PER_WORKER 16

struct settings {
	int json, nul, attached, from_stdin;
	struct items items;
};

struct reading {
	struct work work;
	const struct settings *settings;
	const struct found_trial *trial;
	struct strbuf line, err;
	int code;
};

/* An experiment's lock lies in its project, so its state is told as it is
 * written; a trial's lies in its own directory. */
static void add_state(struct strbuf *out, const char *dir,
		      const struct value *record)
{
	const char *state = value_get_text(record, "state");
	struct strbuf live = STRBUF_INIT;

	strbuf_addf(&live, "%s/" TRIAL_LIVE_FILE, dir);
	if (!value_map_get(record, "name"))
		live_state_text_at(live.buf, record, out);
	else
		strbuf_addstr(out, state ? state : "-");
	strbuf_release(&live);
}

static void add_field(struct strbuf *out, const char *text, bool nul)
{
	if (nul)
		strbuf_addstr(out, text);
	else
		quote_c(out, text, strlen(text));
}

static void format_line(struct reading *r, const struct value *record)
{
	struct strbuf state = STRBUF_INIT;
	const char *tid = value_get_text(record, "tid");
	bool nul = r->settings->nul;

	add_state(&state, r->trial->dir, record);
	add_field(&r->line, r->trial->dir, nul);
	strbuf_addch(&r->line, '\t');
	add_field(&r->line, tid ? tid : "-", nul);
	strbuf_addch(&r->line, '\t');
	add_field(&r->line, state.buf, nul);
	strbuf_release(&state);
}

static void format_json(struct reading *r, struct value **record)
{
	const struct found_trial *trial = r->trial;
	struct value *all = value_new_map(), *list = value_new_list();
	const struct value *tid = value_map_get(*record, "tid");
	struct strbuf state = STRBUF_INIT;
	size_t i;

	add_state(&state, trial->dir, *record);
	value_map_set_str(all, "path", trial->dir);
	value_map_set(all, "tid", tid ? value_copy(tid) : value_new_null());
	value_map_set_str(all, "state", state.buf);
	for (i = 0; i < trial->attached.nr; i++)
		value_list_add(list, value_new_str(trial->attached.v[i]));
	if (r->settings->attached)
		value_map_set(all, "attached", list);
	else
		value_free(list);
	value_map_set(all, "record", *record);
	*record = NULL;
	json_typed_write(&r->line, all);
	value_free(all);
	strbuf_release(&state);
}

static void read_one(struct work *work, unsigned worker UNUSED)
{
	struct reading *r = (struct reading *)work;
	struct value *record = NULL;

	r->code = record_read(&record, r->trial->dir, &r->err);
	if (r->code)
		return;
	if (r->settings->json)
		format_json(r, &record);
	else
		format_line(r, record);
	strbuf_addch(&r->line, r->settings->nul ? '\0' : '\n');
	value_free(record);
}

static void print_one(struct reading *r, struct items *items)
{
	if (r->code)
		error("%s", r->err.buf);
	else
		out_text(r->line.buf, r->line.len);
	items_count(items, r->code);
	strbuf_release(&r->line);
	strbuf_release(&r->err);
}

static void read_all(const struct found_trials *found, struct settings *s)
{
	struct reading *batch = xcalloc(BATCH, sizeof(*batch));
	unsigned nr_workers = workers_default();
	struct workers *workers;
	size_t at, i, nr;

	if (found->nr / TRIALS_PER_WORKER < nr_workers)
		nr_workers = found->nr / TRIALS_PER_WORKER + 1;
	workers = workers_start(nr_workers);
	for (at = 0; at < found->nr; at += nr) {
		nr = MINIMUM(found->nr - at, BATCH);
		for (i = 0; i < nr; i++) {
			struct reading *r = &batch[i];

			memset(r, 0, sizeof(*r));
			strbuf_init(&r->line);
			strbuf_init(&r->err);
			r->settings = s;
			r->trial = &found->trial[at + i];
			r->work.fn = read_one;
			workers_add(workers, &r->work);
		}
		for (i = 0; i < nr; i++) {
			workers_wait(workers, &batch[i].work);
			print_one(&batch[i], &s->items);
		}
	}
	workers_stop(&workers);
	free(batch);
}

/* The trials are counted, not the paths: nothing found is no failure. */
static void find(struct found_trials *found, const char *path,
		 struct settings *s)
{
	struct strvec problems = STRVEC_INIT;
	size_t i;

	trials_find(found, path, s->json && s->attached, &problems);
	for (i = 0; i < problems.nr; i++) {
		error("%s", problems.v[i]);
		items_count(&s->items, ERR_FAILED);
	}
	strvec_release(&problems);
}

static int read_path(const char *path, void *data)
{
	struct settings *s = data;
	struct found_trials found = FOUND_TRIALS_INIT;

	find(&found, path, s);
	read_all(&found, s);
	found_trials_release(&found);
	return 0;
}

/* ---- of the project ---- */

static void drop_trial(struct found_trial *trial)
{
	free(trial->dir);
	strvec_release(&trial->attached);
}

/* Paths as somebody who stands here would give them. What lies in results_dir
 * is the project's experiments, which others list. */
static void make_relative(struct found_trials *found, const struct project *p,
			  const char *cwd)
{
	struct strbuf path = STRBUF_INIT;
	size_t i, nr = 0;

	for (i = 0; i < found->nr; i++) {
		struct found_trial *trial = &found->trial[i];
		const char *name = path_below(trial->dir, p->results_path);

		if (name && *name && !strchr(name, '/')) {
			drop_trial(trial);
			continue;
		}
		path_relative(&path, cwd, trial->dir);
		free(trial->dir);
		trial->dir = strbuf_detach(&path, NULL);
		found->trial[nr++] = *trial;
	}
	found->nr = nr;
	strbuf_release(&path);
}

static int compare_trials(const void *a, const void *b)
{
	return strcmp(((const struct found_trial *)a)->dir,
		      ((const struct found_trial *)b)->dir);
}

/* Those of a root in a root are found twice. */
static void sort_trials(struct found_trials *found)
{
	size_t i, nr = 0;

	if (found->nr)
		qsort(found->trial, found->nr, sizeof(*found->trial),
		      compare_trials);
	for (i = 0; i < found->nr; i++) {
		struct found_trial *trial = &found->trial[i];

		if (nr && !strcmp(found->trial[nr - 1].dir, trial->dir))
			drop_trial(trial);
		else
			found->trial[nr++] = *trial;
	}
	found->nr = nr;
}

/* ERR_NOT_FOUND: this is no project. */
static int read_project(struct settings *s, struct strbuf *err)
{
	struct found_trials found = FOUND_TRIALS_INIT;
	struct project p = PROJECT_INIT;
	struct strvec roots = STRVEC_INIT;
	struct strbuf cwd = STRBUF_INIT;
	size_t i;
	int ret;

	ret = path_cwd(&cwd, err);
	if (!ret)
		ret = project_open(&p, NULL, err);
	if (ret)
		goto cleanup;
	trial_roots_list(&p, &roots);
	for (i = 0; i < roots.nr; i++)
		find(&found, roots.v[i], s);
	make_relative(&found, &p, cwd.buf);
	sort_trials(&found);
	read_all(&found, s);

cleanup:
	strvec_release(&roots);
	project_release(&p);
	strbuf_release(&cwd);
	found_trials_release(&found);
	return ret;
}

int cmd_read_trials(int argc, const char **argv)
{
	struct settings s = { .attached = 1 };
	const struct option options[] = {
		OPT_JSON_LINES(&s.json),
		OPT_BOOL(0, "attached", &s.attached,
			 "with --json: name the files of each trial, too"),
		OPT_BOOL(0, "stdin", &s.from_stdin,
			 "read paths from the standard input, one a line"),
		OPT_NUL(&s.nul),
		OPT_END_OF_TABLE
	};
	struct items paths = { 0 };
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc && s.from_stdin)
		usage_with_options(usage, options,
				   "--stdin takes no arguments");
	if (argc || s.from_stdin)
		ret = items_each(&paths, argv, s.from_stdin ? stdin : NULL,
				 s.nul ? '\0' : '\n', read_path, &s, &err);
	else
		ret = read_project(&s, &err);
	if (ret == ERR_NOT_FOUND && !argc && !s.from_stdin)
		usage_with_options(usage, options, "which trials? (outside of "
				   "a project a path is needed)");
	if (ret)
		error("%s", err.buf);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&s.items);
}
