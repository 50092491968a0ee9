#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record-changes.h"
#include "lib/exp/record/record.h"

#define TRACEBACK_FILE "traceback.txt"

struct recorded *recorded_new(void)
{
	static const struct recorded empty = {
		.project = PROJECT_INIT, .rec = RECORDING_INIT,
		.trial = TRIAL_INIT, .id = STRBUF_INIT, .held = -1
	};
	struct recorded *run = xcalloc(1, sizeof(*run));

	*run = empty;
	clock_gettime(CLOCK_MONOTONIC, &run->begun);
	return run;
}

void recorded_free(struct recorded *run)
{
	if (!run)
		return;
	meta_finish(&run->meta, NULL, 0);
	if (run->held >= 0)
		close(run->held);
	value_free(run->kept);
	value_free(run->late);
	trial_release(&run->trial);
	recording_release(&run->rec);
	project_release(&run->project);
	strbuf_release(&run->id);
	free(run);
}

void recorded_keep(struct recorder *r, struct recorded *run)
{
	run->nr = ++r->last_nr;
	ARRAY_GROW(r->run, r->nr + 1, r->alloc);
	r->run[r->nr++] = run;
}

const char *recorded_dir(const struct recorded *run)
{
	return run->is_trial ? run->trial.dir.buf : run->rec.dir.buf;
}

const struct project *recorded_project(const struct recorded *run)
{
	return run->is_trial ? NULL : &run->project;
}

static struct live **live_of(struct recorded *run)
{
	return run->is_trial ? &run->trial.live : &run->rec.live;
}

static void forget(struct recorder *r, struct recorded *run)
{
	size_t i;

	for (i = 0; r->run[i] != run; i++)
		;
	r->run[i] = r->run[--r->nr];
	recorded_free(run);
}

/* The run that the request names, with the settings of its project. */
static int find_run(struct exchange *x, struct recorded **out)
{
	int64_t nr;
	size_t i;

	*out = NULL;
	if (!value_get_int(x->request, "run", &nr))
		return fail(&x->err, ERR_USAGE, "'run' of a request must be "
			    "there, and an integer");
	for (i = 0; i < x->r->nr; i++) {
		if (x->r->run[i]->nr != nr)
			continue;
		*out = x->r->run[i];
		return about_use(x->r, recorded_project(*out), &x->err);
	}
	return fail(&x->err, ERR_NOT_FOUND, "there is no run %" PRId64 ", or "
		    "it has ended", nr);
}

/* ---- runs that others began ---- */

/* The project whose results_dir holds `dir` directly; false: a trial. */
static bool is_experiment(struct recorded *run, const char *dir)
{
	const char *below;

	if (project_open(&run->project, dir, NULL))
		return false;
	below = path_below(dir, run->project.results_path);
	if (below && (name_is_valid(below) || !strcmp(below, NAME_DEBUG))) {
		strbuf_addstr(&run->rec.name, below);
		strbuf_addstr(&run->rec.dir, dir);
		return true;
	}
	project_release(&run->project);
	return false;
}

static int find_dir(struct exchange *x, struct recorded **out,
		    struct value **record)
{
	struct strbuf cwd = STRBUF_INIT, dir = STRBUF_INIT;
	struct recorded *run = recorded_new();
	const char *path;
	int ret;

	*record = NULL;
	ret = get_text(x, "dir", true, &path);
	/* it may be gone, and is of no use to an absolute path */
	if (!ret && *path != '/')
		ret = get_cwd(x, &cwd);
	if (ret)
		goto cleanup;
	path_absolute(&dir, cwd.len ? cwd.buf : NULL, path);
	run->is_trial = !is_experiment(run, dir.buf);
	if (run->is_trial)
		strbuf_addbuf(&run->trial.dir, &dir);
	ret = record_read(record, dir.buf, &x->err);
	if (!ret && value_get_text(*record, "id"))
		strbuf_addstr(&run->id, value_get_text(*record, "id"));

cleanup:
	if (ret)
		recorded_free(run);
	else
		*out = run;
	strbuf_release(&cwd);
	strbuf_release(&dir);
	return ret;
}

static void say_run(struct exchange *x, const struct recorded *run,
		    const struct value *record)
{
	const char *tid = value_get_text(record, "tid");

	value_map_set_int(x->answer, "run", run->nr);
	value_map_set_str(x->answer, "id", run->id.buf);
	value_map_set_str(x->answer, "dir", recorded_dir(run));
	if (!run->is_trial)
		value_map_set_str(x->answer, "name", run->rec.name.buf);
	if (tid)
		value_map_set_str(x->answer, "tid", tid);
}

int answer_join(struct exchange *x)
{
	struct value *record;
	struct recorded *run;
	int ret = find_dir(x, &run, &record);

	if (ret)
		return ret;
	run->joined = true;
	recorded_keep(x->r, run);
	say_run(x, run, record);
	value_free(record);
	return 0;
}

/* Its recorder saw the end of a pipe, which need not be that of the program:
 * some close all that is open. */
static int take_back_loss(struct exchange *x, const struct recorded *run)
{
	struct record_change change = { 0 };
	struct value *changes = value_new_map(), *at = value_new_map();
	int ret;

	change.merge = changes;
	value_map_set_str(changes, "state", "running");
	value_map_set(at, "finished", value_new_null());
	value_map_set(changes, "at", at);
	about_use(x->r, recorded_project(run), NULL);
	ret = record_update_at(recorded_dir(run), recorded_project(run),
			       &change, RECORD_SYNC_FILE, NULL, &x->err);
	value_free(changes);
	return ret;
}

/* The lock of a run that has ended is of no use to anybody. */
static int adopt(struct exchange *x, struct recorded *run,
		 const struct value *record)
{
	const char *state = value_get_text(record, "state");
	bool lost = state && !strcmp(state, "lost");
	int ret;

	if (!state || (record_state_is_final(state) && !lost))
		return fail(&x->err, ERR_CONFLICT, "the run in '%s' has ended "
			    "(state '%s')", recorded_dir(run),
			    state ? state : "-");
	if (run->is_trial)
		ret = trial_lock(&run->trial, recorded_dir(run),
				 x->r->program, &x->err);
	else
		ret = live_start(&run->rec.live, &run->project,
				 strcmp(run->rec.name.buf, NAME_DEBUG) ?
					 run->id.buf : NAME_DEBUG, &x->err);
	return ret || !lost ? ret : take_back_loss(x, run);
}

int answer_adopt(struct exchange *x)
{
	struct value *record;
	struct recorded *run;
	int ret = find_dir(x, &run, &record);

	if (ret)
		return ret;
	ret = adopt(x, run, record);
	if (!ret) {
		live_note_program(*live_of(run), x->r->program, NULL);
		recorded_hold(run);
		run->kept = value_copy(record);
		recorded_keep(x->r, run);
		say_run(x, run, record);
	} else {
		recorded_free(run);
	}
	value_free(record);
	return ret;
}

/* ---- changes ---- */

/* What says which run it is does not change. */
static int check_changes(struct exchange *x, const struct value *changes)
{
	static const char *const fixed[] = {
		"resutil", "id", "revision", "tid", "name", "result_dir"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(fixed); i++)
		if (value_map_get(changes, fixed[i]))
			return fail(&x->err, ERR_USAGE, "'%s' of a record "
				    "cannot be changed", fixed[i]);
	return 0;
}

static int get_changes(struct exchange *x, struct record_change *change)
{
	int ret;

	memset(change, 0, sizeof(*change));
	ret = get_map(x, "changes", &change->merge);
	if (!ret)
		ret = check_changes(x, change->merge);
	if (!ret)
		ret = get_map(x, "info", &change->info);
	return ret;
}

static int get_sync(struct exchange *x, enum record_sync *sync)
{
	const char *text;
	int ret = get_text(x, "sync", false, &text);

	*sync = RECORD_SYNC_FILE;
	if (ret || !text || !strcmp(text, "file"))
		return ret;
	if (strcmp(text, "none") && strcmp(text, "full"))
		return fail(&x->err, ERR_USAGE, "'sync' of a request must be "
			    "none, file or full");
	*sync = *text == 'n' ? RECORD_SYNC_NONE : RECORD_SYNC_ALL;
	return 0;
}

/* Which run it must be; and of one that is recorded here, the record. */
static void know(struct recorded *run, struct record_change *change)
{
	change->id = run->id.len ? run->id.buf : NULL;
	change->after = run->joined ? NULL : &run->kept;
}

int answer_update(struct exchange *x)
{
	struct record_change change;
	struct recorded *run;
	enum record_sync sync;
	int64_t revision = 0;
	int ret;

	ret = find_run(x, &run);
	if (!ret)
		ret = get_changes(x, &change);
	if (!ret)
		ret = get_sync(x, &sync);
	if (!ret) {
		recorded_find(x, run, false);
		know(run, &change);
		ret = record_update_at(recorded_dir(run),
				       recorded_project(run), &change, sync,
				       &revision, &x->err);
	}
	if (!ret)
		value_map_set_int(x->answer, "revision", revision);
	return ret;
}

/* ---- the end ---- */

static double seconds_since(const struct timespec *begun)
{
	struct timespec now;
	int64_t usec;

	clock_gettime(CLOCK_MONOTONIC, &now);
	usec = (int64_t)(now.tv_sec - begun->tv_sec) * 1000000 +
	       (now.tv_nsec - begun->tv_nsec) / 1000;
	/* no more than a clock says, so that it is short to read */
	return (double)usec / 1e6;
}

static const char *const end_keys[] = {
	"error", "traceback", "exit_code", "signal", "usage"
};

/* What a run that somebody else records may say of its end. */
static bool is_for_joined(const char *key)
{
	return !strcmp(key, "error") || !strcmp(key, "traceback");
}

static int add_end(struct exchange *x, const struct recorded *run,
		   struct value *changes)
{
	struct moment now = moment_now();
	const char *state;
	size_t i;
	int ret;

	ret = get_text(x, "state", !run->joined, &state);
	if (ret)
		return ret;
	for (i = 0; i < ARRAY_SIZE(end_keys); i++) {
		const struct value *v = value_map_get(x->request, end_keys[i]);

		if (v && v->type != VALUE_NULL &&
		    (!run->joined || is_for_joined(end_keys[i])))
			value_map_set(changes, end_keys[i], value_copy(v));
	}
	if (run->joined)
		return 0;
	if (strcmp(state, "done") && strcmp(state, "fail") &&
	    strcmp(state, "interrupted"))
		return fail(&x->err, ERR_USAGE, "'state' of the end must be "
			    "done, fail or interrupted");
	value_map_set_str(changes, "state", state);
	record_set_moment(changes, "at.finished", &now);
	if (!value_get(changes, "usage.wall"))
		value_set(changes, "usage.wall",
			  value_new_float(seconds_since(&run->begun)));
	return 0;
}

/* A traceback shows lines of code and what the exception says: the file has
 * no more secrets than the record. Until it has its name it is called like a
 * record that is being written, which readers and packs pass over, and gc
 * removes. */
static int write_traceback(struct exchange *x, const struct recorded *run,
			   const struct record_change *change)
{
	struct strbuf path = STRBUF_INIT, temp = STRBUF_INIT;
	struct value *record = NULL;
	struct tempfile *t = NULL;
	const char *text;
	int ret = get_text(x, "traceback", false, &text);

	if (ret || !text)
		return ret;
	ret = record_preview_at(&record, recorded_dir(run), change, &x->err);
	if (ret)
		return ret;
	text = value_get_text(record, "traceback");
	text = text ? text : "";
	strbuf_addf(&path, "%s/" TRACEBACK_FILE, recorded_dir(run));
	strbuf_addf(&temp, "%s/" RECORD_FILE, recorded_dir(run));
	ret = tempfile_create(&t, temp.buf, 0666, &x->err);
	if (!ret && sys_write_all(tempfile_fd(t), text, strlen(text)))
		ret = fail_errno(&x->err, "cannot write '%s'", path.buf);
	if (!ret)
		ret = tempfile_commit(&t, path.buf, TEMPFILE_SYNC_FILE,
				      &x->err);
	tempfile_delete(&t);
	value_free(record);
	strbuf_release(&temp);
	strbuf_release(&path);
	return ret;
}

/* The record is there, whole; what is not durable is told. */
static void sync_trial(struct exchange *x, const struct recorded *run)
{
	struct strbuf why = STRBUF_INIT;

	if (run->is_trial && trial_sync(&run->trial, &why))
		warn(x, "%s", why.buf);
	strbuf_release(&why);
}

/* Metadata that was still asked for when the record was written. It is kept,
 * for the end may have to be written again. */
static struct value *late_changes(struct recorder *r, struct recorded *run)
{
	if (!run->late) {
		run->late = value_new_map();
		if (run->meta)
			meta_finish(&run->meta, run->late, META_PATIENCE);
		else if (run->lacks_late && !run->joined)
			about_late(r, run->late);
	}
	return value_copy(run->late);
}

static int finish(struct exchange *x, struct recorded *run)
{
	struct value *changes;
	struct record_change change;
	int64_t revision = 0;
	int ret;

	ret = get_changes(x, &change);
	if (ret)
		return ret;
	changes = late_changes(x->r, run);
	if (change.merge)
		changes_add(changes, change.merge);
	change.merge = changes;
	change.result = value_map_get(x->request, "result");
	ret = add_end(x, run, changes);
	if (!ret)
		recorded_find(x, run, true);
	if (!ret)
		ret = write_traceback(x, run, &change);
	know(run, &change);
	if (!ret && !run->joined)
		live_free_reserve(*live_of(run));
	if (!ret)
		ret = record_update_at(recorded_dir(run),
				       recorded_project(run), &change,
				       RECORD_SYNC_ALL, &revision, &x->err);
	if (!ret) {
		value_map_set_int(x->answer, "revision", revision);
		sync_trial(x, run);
	}
	value_free(changes);
	return ret;
}

/* By the settings of its project, whatever runs began since. */
static void note_commit(struct exchange *x, struct recorded *run)
{
	const struct project *p = recorded_project(run);
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!p || run->joined || run->rec.debug)
		return;
	ret = about_use(x->r, p, &why);
	if (!ret)
		ret = git_notes_add_run(p, NULL, recorded_dir(run),
					run->rec.name.buf, &why);
	if (ret)
		warn(x, "the commit has no note of this run: %s", why.buf);
	strbuf_release(&why);
}

/* A run whose record is gone cannot be finished by asking again. */
static bool is_worth_retry(int code)
{
	return code != ERR_NOT_FOUND;
}

int answer_finish(struct exchange *x)
{
	struct recorded *run;
	int ret = find_run(x, &run);

	if (ret)
		return ret;
	ret = finish(x, run);
	if (!ret)
		note_commit(x, run);
	if (ret && is_worth_retry(ret))
		value_map_set(x->answer, "retry", value_new_bool(true));
	else
		forget(x->r, run);
	return ret;
}

int recorded_lose(struct recorder *r, struct recorded *run,
		  struct strbuf *err)
{
	struct record_change change = { 0 };
	struct moment now = moment_now();
	struct value *changes;
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (run->joined)
		return 0;
	changes = value_new_map();
	change.merge = changes;
	value_map_set_str(changes, "state", "lost");
	record_set_moment(changes, "at.finished", &now);
	about_use(r, recorded_project(run), NULL);
	recorded_find(NULL, run, true);
	know(run, &change);
	live_free_reserve(*live_of(run));
	ret = record_update_at(recorded_dir(run), recorded_project(run),
			       &change, RECORD_SYNC_ALL, NULL, &why);
	if (ret)
		fail(err, ret, "the end of '%s' is not recorded: %s",
		     recorded_dir(run), why.buf);
	else if (run->is_trial)
		trial_sync(&run->trial, NULL);
	strbuf_release(&why);
	value_free(changes);
	return ret;
}

/* Only what was made for it: the directory may have been there. */
static int drop_trial(struct recorded *run, struct strbuf *err)
{
	const struct strvec *made = &run->trial.made;
	const char *dir = run->trial.dir.buf;
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addstr(&path, dir);
	if (!made->nr || strcmp(made->v[made->nr - 1], dir))
		strbuf_addstr(&path, "/" RECORD_FILE);
	if (sys_remove_tree(path.buf))
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	live_end(&run->trial.live);
	if (!ret)
		trial_undo(&run->trial);
	strbuf_release(&path);
	return ret;
}

int answer_drop(struct exchange *x)
{
	struct recorded *run;
	int ret = find_run(x, &run);

	if (ret)
		return ret;
	if (!run->fresh || run->rec.debug)
		return fail(&x->err, ERR_CONFLICT, "the run in '%s' was not "
			    "begun here", recorded_dir(run));
	if (run->is_trial)
		ret = drop_trial(run, &x->err);
	else
		ret = birth_undo(run->rec.birth, &x->err);
	if (!ret)
		forget(x->r, run);
	return ret;
}
