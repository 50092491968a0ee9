/*
 * A program that cleans up with `rm -rf "$RESUTIL_EX_DIR"` has not said that
 * nobody shall know it ran. What we still have is put back: the record, and
 * the output, whose files are open here though they have no name any more.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/run-put-back.h"

#include "builtin/run-parts.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/recording/held-dir.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"

int run_hold_dir(const struct run *r)
{
	return held_dir_open(r->rec.dir.buf);
}

static bool has_file(const char *dir, const char *name)
{
	struct strbuf path = STRBUF_INIT;
	bool there;

	strbuf_addf(&path, "%s/%s", dir, name);
	there = path_exists(path.buf);
	strbuf_release(&path);
	return there;
}

/* ---- moved --------------------------------------------------------------- */

/* Under another name here it is an experiment as before; elsewhere it is none
 * any more. */
static void follow(struct run *r, const char *path)
{
	const char *name = path_below(path, the_project->results_path);
	bool here = name && name_is_valid(name);

	if (here)
		warning(_("'%s' was moved while the program ran, and is "
			  "called '%s' now"), r->rec.name.buf, name);
	else
		warning(_("'%s' was moved to '%s' while the program ran; its "
			  "end is recorded there, and it is not pushed"),
			r->rec.name.buf, path);
	if (here) {
		strbuf_reset(&r->rec.name);
		strbuf_addstr(&r->rec.name, name);
	} else {
		r->how = RUN_PUSH_NO;
		r->moved = true;
	}
	strbuf_reset(&r->rec.dir);
	strbuf_addstr(&r->rec.dir, path);
}

/* ---- removed ------------------------------------------------------------- */

/* What the log holds, though its name may be gone, in a new file. */
static int copy_log(const struct supervise_log *log, const char *dir,
		    const char *name, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	char link[64];
	int in, out, ret = 0;

	strbuf_addf(&path, "%s/%s", dir, name);
	snprintf(link, sizeof(link), "/proc/self/fd/%d", log->fd);
	in = open(link, O_RDONLY | O_CLOEXEC);
	out = in < 0 ? -1 : sys_open(path.buf, O_WRONLY | O_CREAT | O_EXCL,
				     0666);
	if (out < 0 || sys_copy(in, out, -1) < 0)
		ret = fail_errno(err, "cannot write '%s'", path.buf);
	if (out >= 0)
		close(out);
	if (in >= 0)
		close(in);
	strbuf_release(&path);
	return ret;
}

static int copy_logs(const struct run *r, const char *dir, struct strbuf *err)
{
	int ret = 0;

	if (!has_file(dir, "stdout.log"))
		ret = copy_log(&r->sup.out, dir, "stdout.log", err);
	if (!ret && !has_file(dir, "stderr.log"))
		ret = copy_log(&r->sup.err, dir, "stderr.log", err);
	return ret;
}

/* As a birth: hidden until it is whole. */
static int make_dir(const struct run *r, const struct value *record,
		    struct strbuf *err)
{
	struct strbuf hidden = STRBUF_INIT;
	struct tempfile *temp = NULL;
	const char *dir = r->rec.dir.buf, *base = path_basename(dir);
	int ret;

	ret = project_need_results(the_project, err);
	strbuf_add(&hidden, dir, (size_t)(base - dir));
	strbuf_addf(&hidden, ".%s.%ld.tmp", base, (long)getpid());
	if (!ret)
		ret = tempfile_create_dir(&temp, hidden.buf, err);
	if (!ret)
		ret = copy_logs(r, hidden.buf, err);
	if (!ret)
		ret = record_write(record, hidden.buf, true, err);
	if (!ret)
		ret = tempfile_commit(&temp, dir, TEMPFILE_NOREPLACE, err);
	if (!ret && sys_fsync_dir(the_project->results_path))
		ret = fail_errno(err, "cannot sync '%s'",
				 the_project->results_path);
	tempfile_delete(&temp);
	strbuf_release(&hidden);
	return ret;
}

static void put_back(struct run *r)
{
	bool gone = !path_exists(r->rec.dir.buf);
	struct value *record = value_copy(r->rec.record);
	struct strbuf err = STRBUF_INIT;
	int ret;

	held_dir_raise_revision(record);
	if (gone) {
		ret = make_dir(r, record, &err);
	} else {
		ret = copy_logs(r, r->rec.dir.buf, &err);
		if (!ret)
			ret = record_write_new(record, r->rec.dir.buf, &err);
	}
	if (ret)
		warning(_("what was recorded in '%s' was removed while the "
			  "program ran, and cannot be put back: %s"),
			r->rec.name.buf, err.buf);
	else
		warning(_("what was recorded in '%s' was removed while the "
			  "program ran; its record and output are put back, "
			  "other files that were there are lost"),
			r->rec.name.buf);
	strbuf_release(&err);
	value_free(record);
}

/* Through a link we would write to where the program wants us to. */
static bool is_own_dir(const char *path)
{
	struct stat st;

	return !lstat(path, &st) && S_ISDIR(st.st_mode);
}

void run_put_back(struct run *r, int held)
{
	const char *dir = r->rec.dir.buf;
	struct strbuf path = STRBUF_INIT;
	bool gone = !path_exists(dir), found;

	if (!gone && (!is_own_dir(dir) || has_file(dir, RECORD_FILE)))
		goto cleanup;
	found = held_dir_path(held, &path);
	/* That the end cannot be recorded is told then. */
	if (found && held_dir_is_being_removed(path.buf))
		goto cleanup;
	if (found && gone && held_dir_is_at(held, path.buf))
		follow(r, path.buf);
	else
		put_back(r);

cleanup:
	if (held >= 0)
		close(held);
	strbuf_release(&path);
}
