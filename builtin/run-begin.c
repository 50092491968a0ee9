/*
 * The begin of a run: what is recorded before its program starts, and the
 * claim of its name. The order of writes is that of "A birth" in
 * Documentation/technical/durability.adoc.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/params-file.h"
#include "builtin/run-parts.h"
#include "lib/base/error.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/exp/recording/meta-run.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

int run_start_collecting(struct run *r, struct strbuf *err)
{
	struct strvec globs = STRVEC_INIT;
	int ret = 0;

	settings_get_list("run.collect", &globs);
	if (r->globs.nr)
		ret = collect_start(&r->collect, the_project, r->cwd.buf,
				    &r->globs, err);
	if (!ret && globs.nr)
		ret = collect_start(&r->collect_conf, the_project,
				    the_project->root, &globs, err);
	strvec_release(&globs);
	return ret;
}

struct value *run_params(const struct run *r)
{
	struct value *own = record_params(r->argv), *all;

	if (!r->file_params)
		return own;
	all = params_file_under(r->file_params, own);
	value_free(own);
	return all;
}

static int make_record(struct run *r, const struct moment *created,
		       struct strbuf *err)
{
	struct value *cause = hook_cause_from_env();
	size_t i;

	r->rec.record = record_new(the_project, r->rec.name.buf, r->argv,
				   r->cwd.buf, "running", created);
	if (r->again.tid)
		value_map_set_str(r->rec.record, "tid", r->again.tid);
	if (r->file_params) {
		value_map_set(r->rec.record, "params", run_params(r));
		value_map_set_str(r->rec.record, "params_file",
				  r->params_file);
	}
	record_set_moment(r->rec.record, "at.started", created);
	value_map_set_str(r->rec.record, "executor", "local");
	if (r->subst)
		value_map_set(r->rec.record, "subst", value_new_bool(true));
	if (cause)
		value_map_set(r->rec.record, "hook", cause);
	for (i = 0; r->more && i < r->more->u.map.nr; i++)
		value_map_put(r->rec.record, &r->more->u.map.pair[i],
			      value_copy(r->more->u.map.pair[i].value));
	return run_deps_add(&r->deps, r->rec.record, err);
}

int run_start_meta(struct run *r, struct value **meta, struct strbuf *err)
{
	const struct meta_about about = { .project = the_project,
					  .argv = r->argv,
					  .program = r->program.buf };

	return meta_start(&r->meta, &about, NULL, meta, err);
}

/* Code state into the directory; the rest of the record from it. */
static int capture(struct run *r, struct strbuf *err)
{
	const struct value *git;
	struct value *meta = NULL;
	struct git_head head;
	int ret;

	/* git is still looking, so this costs no time of its own */
	ret = run_start_meta(r, &meta, err);
	if (ret)
		return ret;
	value_map_set(r->rec.record, "meta", meta);
	ret = recording_add_code(&r->rec, r->git, err);
	if (ret)
		return ret;
	git = value_map_get(r->rec.record, "git");
	/* Something is lost, so this is said also where nothing is told. */
	if (value_get_text(git, "error"))
		warning(_("the state of the code is not recorded whole: git "
			  "says: %s"), value_get_text(git, "error"));
	git_state_head(r->git, &head);
	meta_add_git(meta, git, head.top);
	record_redact_new(r->rec.record);
	return 0;
}

int run_claim(struct run *r, struct strbuf *err)
{
	struct moment created = moment_now();
	int ret;

	r->rec.project = the_project;
	ret = recording_open(&r->rec, &created, err);
	if (!ret)
		ret = make_record(r, &created, err);
	if (!ret)
		ret = capture(r, err);
	if (!ret)
		ret = recording_lock(&r->rec, err);
	if (ret)
		return ret;
	supervise_begin();
	ret = recording_claim(&r->rec, err);
	if (ret)
		supervise_end();
	return ret;
}
