#include "lib/base/compat.h"
#include "lib/exp/recording/run-place.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/live.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

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

/* The project that RESUTIL_PROJECT names, lent; or NULL. */
static const char *project_env(void)
{
	const char *dir = getenv("RESUTIL_PROJECT");

	return dir && *dir == '/' ? dir : NULL;
}

/*
 * The project is the one around the directory, wherever the program has gone
 * since. Where results_dir lies elsewhere, it is the one that the environment
 * names, or that the program is in.
 */
static int find_by_dir(struct run_place *place, const char *dir,
		       struct strbuf *err)
{
	const char *const starts[] = { dir, project_env(), NULL };
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
		ret = settings_load(place->project, err);
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

/* A trial is recorded in its own directory, whatever project is around it. */
static const struct project *owner(const struct run_place *place)
{
	return place->name ? place->project : NULL;
}

int run_place_update(const struct run_place *place,
		     const struct value *changes, struct strbuf *err)
{
	const struct record_change change = { .merge = changes };

	return record_update_at(place->dir.buf, owner(place), &change,
				changes ? RECORD_SYNC_FILE : RECORD_SYNC_ALL,
				NULL, err);
}

static void trial_live_path(const struct run_place *place,
			    struct strbuf *path)
{
	strbuf_addf(path, "%s/" TRIAL_LIVE_FILE, place->dir.buf);
}

int run_place_lock(const struct run_place *place, struct live **lock,
		   struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct value *record = NULL;
	const char *id;
	int ret;

	if (!place->name) {
		trial_live_path(place, &path);
		ret = live_lock_writer_at(lock, path.buf, err);
	} else {
		ret = run_place_read(place, &record, err);
		id = ret ? NULL : value_get_text(record, "id");
		if (!ret)
			ret = live_lock_writer(lock, place->project,
					       id && record_is_id(id) ? id :
					       place->name, err);
	}
	value_free(record);
	strbuf_release(&path);
	return ret;
}

/* The live file of the run that `id` is, in the project around `dir`. */
static bool find_live_file(struct strbuf *path, const char *dir,
			   const char *id)
{
	size_t len;

	strbuf_addf(path, "%s/" TRIAL_LIVE_FILE, dir);
	if (path_exists(path->buf))
		return true;
	for (len = strlen(dir); len; len--) {
		if (dir[len - 1] != '/')
			continue;
		strbuf_reset(path);
		strbuf_add(path, dir, len);
		strbuf_addstr(path, CONF_FILE);
		if (path_exists(path->buf)) {
			strbuf_setlen(path, len);
			strbuf_addf(path, ".resutil/live/%s", id);
			return true;
		}
	}
	if (!project_env())
		return false;
	strbuf_reset(path);
	strbuf_addf(path, "%s/.resutil/live/%s", project_env(), id);
	return true;
}

const char *run_place_lock_live(struct live **lock)
{
	const char *dir = run_place_env(), *id = getenv("RESUTIL_ID");
	const char *name = getenv("RESUTIL_EX_NAME");
	struct strbuf path = STRBUF_INIT;
	bool locked;

	/* Whoever sets the directory alone means another run. */
	locked = dir && id && name && record_is_id(id) &&
		 !strcmp(path_basename(dir), name) &&
		 find_live_file(&path, dir, id) &&
		 live_lock_running_at(lock, path.buf);
	strbuf_release(&path);
	return locked ? dir : NULL;
}

static enum live_state state_of(const struct run_place *place,
				const struct value *record)
{
	struct strbuf path = STRBUF_INIT;
	enum live_state state;

	if (place->name) {
		state = live_state_of(place->project, record);
	} else {
		trial_live_path(place, &path);
		state = live_state_at(path.buf, record);
	}
	strbuf_release(&path);
	return state;
}

int run_place_before_adding(const struct run_place *place, struct strbuf *err)
{
	struct value *record;
	enum live_state state;
	int ret;

	ret = run_place_read(place, &record, err);
	if (ret)
		return ret;
	state = state_of(place, record);
	value_free(record);
	if (state == LIVE_RUNNING || state == LIVE_UNATTENDED)
		return 0;
	return run_place_update(place, NULL, err);
}
