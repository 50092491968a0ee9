/*
 * The begin of a run: what is recorded before its program starts, and the
 * claim of its name. The order of writes is that of "A birth" in
 * Documentation/technical/durability.adoc.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-parts.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/config.h"
#include "lib/exp/exp-list.h"
#include "lib/exp/meta.h"
#include "lib/exp/name.h"
#include "lib/exp/record.h"
#include "lib/exp/redact-record.h"

int run_start_collecting(struct run *r, struct strbuf *err)
{
	struct strvec globs = STRVEC_INIT;
	int ret = 0;

	config_get_list("run.collect", &globs);
	if (r->globs.nr)
		ret = collect_start(&r->collect, the_project, r->cwd.buf,
				    &r->globs, err);
	if (!ret && globs.nr)
		ret = collect_start(&r->collect_conf, the_project,
				    the_project->root, &globs, err);
	strvec_release(&globs);
	return ret;
}

static int make_record(struct run *r, const struct moment *created,
		       struct strbuf *err)
{
	r->record = record_new(the_project, r->birth ? birth_name(r->birth)
						     : NAME_DEBUG,
			       r->argv, r->cwd.buf, "running", created);
	record_set_moment(r->record, "at.started", created);
	value_map_set_str(r->record, "executor", "local");
	if (r->subst)
		value_map_set(r->record, "subst", value_new_bool(true));
	return run_deps_add(&r->deps, r->record, err);
}

/* Code state into the directory; the rest of the record from it. */
static int capture(struct run *r, size_t *nr_files, struct strbuf *err)
{
	struct value *git = NULL, *meta = NULL;
	int ret;

	ret = git_state_capture(r->git, r->dir.buf, &git, nr_files, err);
	if (ret)
		return ret;
	/* Something is lost, so this is said also where nothing is told. */
	if (value_get_text(git, "error"))
		warning(_("the state of the code is not recorded whole: git "
			  "says: %s"), value_get_text(git, "error"));
	ret = meta_collect(&meta, NULL, git, err);
	value_map_set(r->record, "git", git);
	if (ret)
		return ret;
	value_map_set(r->record, "meta", meta);
	record_redact_new(r->record);
	return 0;
}

/* --debug: one directory, used again, never an experiment. */
static int open_debug(struct run *r, struct strbuf *err)
{
	static const char *const old[] = {
		"uncommited_files", "uncommited.patch", "stdout.log",
		"stderr.log", "traceback.txt"
	};
	struct strbuf path = STRBUF_INIT;
	size_t i;
	int ret;

	strbuf_addstr(&r->name, NAME_DEBUG);
	project_exp_path(the_project, NAME_DEBUG, &r->dir);
	ret = project_need_results(the_project, err);
	if (ret)
		return ret;
	ret = live_start(&r->live, the_project, NAME_DEBUG, err);
	if (ret == ERR_CONFLICT)
		return fail(err, ret, "another debug run uses '%s'",
			    r->dir.buf);
	if (ret)
		return ret;
	/* A link would lead what we write out of the project. */
	if (path_exists(r->dir.buf) && !exp_is_here(the_project, NAME_DEBUG))
		return fail(err, ERR_CONFLICT, "'%s' is no directory",
			    r->dir.buf);
	if (sys_mkdir_all(r->dir.buf, 0777))
		return fail_errno(err, "cannot make directory '%s'",
				  r->dir.buf);
	for (i = 0; i < ARRAY_SIZE(old) && !ret; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "%s/%s", r->dir.buf, old[i]);
		if (sys_remove_tree(path.buf))
			ret = fail_errno(err, "cannot remove '%s'", path.buf);
	}
	strbuf_release(&path);
	return ret;
}

static int claim_debug(struct run *r, const struct moment *created,
		       struct strbuf *err)
{
	size_t nr_files = 0;
	int ret;

	ret = open_debug(r, err);
	if (!ret)
		ret = make_record(r, created, err);
	if (!ret)
		ret = capture(r, &nr_files, err);
	if (ret)
		return ret;
	supervise_begin();
	ret = record_write(r->record, r->dir.buf, true, err);
	if (ret)
		supervise_end();
	return ret;
}

int run_claim(struct run *r, struct strbuf *err)
{
	struct moment created = moment_now();
	size_t nr_files = 0;
	int ret;

	if (r->debug)
		return claim_debug(r, &created, err);
	ret = birth_start(&r->birth, the_project, &created, r->comment, err);
	if (ret)
		return ret;
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	ret = make_record(r, &created, err);
	if (!ret)
		ret = capture(r, &nr_files, err);
	if (!ret)
		ret = live_start(&r->live, the_project,
				 value_get_text(r->record, "id"), err);
	if (ret)
		return ret;
	supervise_begin();
	ret = birth_claim(r->birth, r->record, nr_files, err);
	if (ret) {
		supervise_end();
		return ret;
	}
	strbuf_addstr(&r->name, birth_name(r->birth));
	strbuf_reset(&r->dir);
	strbuf_addstr(&r->dir, birth_dir(r->birth));
	return 0;
}
