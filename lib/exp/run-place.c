#include "lib/base/compat.h"
#include "lib/exp/run-place.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/config.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/live.h"
#include "lib/exp/record.h"
#include "lib/exp/redact-record.h"

const char *run_place_env(void)
{
	const char *dir = getenv("RESUTIL_EX_DIR");

	return dir && *dir == '/' ? dir : NULL;
}

static bool has_record(const char *dir)
{
	static const char *const files[] = { RECORD_FILE, "votakvot.yaml" };
	struct strbuf path = STRBUF_INIT;
	bool found = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(files) && !found; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", dir, files[i]);
		found = path_exists(path.buf);
	}
	strbuf_release(&path);
	return found;
}

/*
 * The experiment of the opened project that `dir` is, or lies in. What has a
 * record of its own deeper in it is a trial, and not that experiment.
 */
static bool is_experiment(struct run_place *place, const char *dir)
{
	struct strbuf name = STRBUF_INIT, rest = STRBUF_INIT;
	bool found;

	found = exp_split_path(&place->own, NULL, dir, &name, &rest) &&
		exp_is_here(&place->own, name.buf) &&
		!(rest.len && has_record(dir));
	if (found) {
		place->name = strbuf_detach(&name, NULL);
		project_exp_path(&place->own, place->name, &place->dir);
	}
	strbuf_release(&rest);
	strbuf_release(&name);
	return found;
}

/*
 * The project is the one around the directory, wherever the program has gone
 * since; only where results_dir lies elsewhere it is the one that the program
 * is in.
 */
static int find_by_dir(struct run_place *place, const char *dir,
		       struct strbuf *err)
{
	const char *const starts[] = { dir, NULL };
	bool trial = has_record(dir);
	size_t i;
	int ret;

	if (!path_is_dir(dir))
		return fail(err, ERR_NOT_FOUND, "there is no directory '%s' "
			    "any more, in which this run was recorded", dir);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		ret = project_open(&place->own, starts[i], err);
		if (ret == ERR_NOT_FOUND) {
			if (err)
				strbuf_reset(err);
			continue;
		}
		if (ret)
			return ret;
		if (is_experiment(place, dir) || (!i && trial)) {
			place->project = &place->own;
			break;
		}
		project_release(&place->own);
	}
	if (!place->name && !trial)
		return fail(err, ERR_NOT_FOUND, "'%s' is no experiment: it has "
			    "no record, or no project around it", dir);
	if (!place->name)
		path_real(&place->dir, dir);
	return 0;
}

/* A word that leads to a trial: a directory with a record that is no
 * experiment's own. */
static bool is_trial(struct run_place *place, const char *word)
{
	struct strbuf dir = STRBUF_INIT;
	bool found = false;

	if (path_is_dir(word) && has_record(word)) {
		path_real(&dir, word);
		found = !place->project || !is_experiment(place, dir.buf);
		if (found)
			strbuf_addbuf(&place->dir, &dir);
	}
	strbuf_release(&dir);
	return found;
}

static int find_by_word(struct run_place *place, const char *word,
			struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT;
	int ret;

	ret = project_open(&place->own, NULL, err);
	if (!ret)
		place->project = &place->own;
	else if (ret != ERR_NOT_FOUND)
		return ret;
	if (is_trial(place, word)) {
		if (err)
			strbuf_reset(err);
		return 0;
	}
	if (!place->project) {
		if (err)
			strbuf_reset(err);
		return fail(err, ERR_FAILED, "'--exp' needs a project here; "
			    "use -C DIR");
	}
	if (place->name)
		return 0;
	ret = exp_find(place->project, word, &name, err);
	if (!ret) {
		project_exp_path(place->project, name.buf, &place->dir);
		place->name = strbuf_detach(&name, NULL);
	}
	strbuf_release(&name);
	return ret;
}

int run_place_find(struct run_place *place, const char *exp,
		   struct strbuf *err)
{
	const char *dir = run_place_env();
	int ret;

	if (exp)
		ret = find_by_word(place, exp, err);
	else if (dir)
		ret = find_by_dir(place, dir, err);
	else
		ret = fail(err, ERR_NO, "this is not a run: there is no "
			   "RESUTIL_EX_DIR; name an experiment with --exp");
	if (!ret)
		ret = config_load(place->project, err);
	if (!ret)
		redact_configure();
	return ret;
}

void run_place_release(struct run_place *place)
{
	project_release(&place->own);
	place->project = NULL;
	free(place->name);
	place->name = NULL;
	strbuf_release(&place->dir);
}

int run_place_read(const struct run_place *place, struct value **record,
		   struct strbuf *err)
{
	return record_read(record, place->dir.buf, err);
}

int run_place_update(const struct run_place *place,
		     const struct value *changes, struct strbuf *err)
{
	struct value *nothing = value_new_map();
	int ret;

	if (!place->name)
		ret = fail(err, ERR_FAILED, "'%s' is a trial", place->dir.buf);
	else
		ret = record_update(place->project, place->name,
				    changes ? changes : nothing, err);
	value_free(nothing);
	return ret;
}

int run_place_before_adding(const struct run_place *place, struct strbuf *err)
{
	struct value *record;
	enum live_state state;
	int ret;

	ret = run_place_read(place, &record, err);
	if (ret)
		return ret;
	state = live_state_of(place->project, record);
	value_free(record);
	if (state == LIVE_RUNNING || state == LIVE_UNATTENDED)
		return 0;
	return run_place_update(place, NULL, err);
}
