/*
 * Where a run is by now. A program may move or remove what it was given as
 * its own; its record is not lost by that. A directory that was moved is
 * followed, by a descriptor of it; when it was removed, the end of the run is
 * recorded in a new one, with what was last known here.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/recording/held-dir.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

void recorded_hold(struct recorded *run)
{
	run->held = held_dir_open(recorded_dir(run));
}

static bool has_record(const char *dir)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	strbuf_addf(&path, "%s/" RECORD_FILE, dir);
	ret = path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

/* An experiment that has another name here is one as before. */
static void follow(struct exchange *x, struct recorded *run, const char *path)
{
	struct strbuf *dir = run->is_trial ? &run->trial.dir : &run->rec.dir;
	const char *name = NULL;

	if (x)
		warn(x, "'%s' was moved to '%s'", dir->buf, path);
	if (!run->is_trial)
		name = path_below(path, run->project.results_path);
	if (name && name_is_valid(name)) {
		strbuf_reset(&run->rec.name);
		strbuf_addstr(&run->rec.name, name);
	}
	strbuf_reset(dir);
	strbuf_addstr(dir, path);
	if (run->is_trial && run->trial.live) {
		struct strbuf file = STRBUF_INIT;

		strbuf_addf(&file, "%s/" TRIAL_LIVE_FILE, path);
		live_follow(run->trial.live, file.buf);
		strbuf_release(&file);
	}
}

/* A visible name of an experiment always has its record. */
static int make_experiment(struct recorded *run, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, hidden = STRBUF_INIT;
	struct tempfile *temp = NULL;
	int ret;

	strbuf_addf(&name, ".%s.%ld.tmp", run->rec.name.buf, (long)getpid());
	project_exp_path(&run->project, name.buf, &hidden);
	ret = tempfile_create_dir(&temp, hidden.buf, err);
	if (!ret)
		ret = record_write_sync(run->kept, hidden.buf, RECORD_SYNC_ALL,
					err);
	if (!ret)
		ret = tempfile_commit(&temp, run->rec.dir.buf,
				      TEMPFILE_NOREPLACE, err);
	if (!ret && sys_fsync_dir(run->project.results_path))
		ret = fail_errno(err, "cannot sync '%s'",
				 run->project.results_path);
	tempfile_delete(&temp);
	strbuf_release(&name);
	strbuf_release(&hidden);
	return ret;
}

static int make_again(struct recorded *run, struct strbuf *err)
{
	const char *dir = recorded_dir(run);

	if (!run->is_trial && !path_exists(dir))
		return make_experiment(run, err);
	if (sys_mkdir_all(dir, 0777))
		return fail_errno(err, "cannot make directory '%s'", dir);
	return record_write_new(run->kept, dir, err);
}

static void put_back(struct exchange *x, struct recorded *run)
{
	struct strbuf why = STRBUF_INIT;

	held_dir_raise_revision(run->kept);
	if (make_again(run, &why))
		strbuf_insert(&why, 0, ": ", 2);
	if (x)
		warn(x, "what was recorded in '%s' was removed%s%s",
		     recorded_dir(run), why.len ? ", and cannot be put back" :
		     "; its record is put back, other files are lost",
		     why.buf);
	if (run->held >= 0)
		close(run->held);
	recorded_hold(run);
	strbuf_release(&why);
}

void recorded_find(struct exchange *x, struct recorded *run, bool at_end)
{
	const char *dir = recorded_dir(run);
	struct strbuf path = STRBUF_INIT;

	if (run->held < 0 ||
	    (held_dir_is_at(run->held, dir) && has_record(dir)))
		return;
	if (!held_dir_path(run->held, &path) ||
	    held_dir_is_being_removed(path.buf))
		goto cleanup;
	if (strcmp(path.buf, dir) && held_dir_is_at(run->held, path.buf) &&
	    has_record(path.buf))
		follow(x, run, path.buf);
	else if (at_end && run->kept && !has_record(dir))
		put_back(x, run);

cleanup:
	strbuf_release(&path);
}
