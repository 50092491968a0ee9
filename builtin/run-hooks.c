#include "lib/base/compat.h"
#include "command.h"
#include "builtin/run-hooks.h"

#include "builtin/call-hooks.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/exp/git-notes.h"
#include "lib/exp/hook-queue.h"
#include "lib/exp/record.h"
#include "lib/exp/redact-record.h"
#include "lib/wrap/json.h"

/* The code as it is now; nothing is copied. */
static int add_code(const struct run *r, struct value *record,
		    struct strbuf *err)
{
	struct git_state *state = NULL;
	struct value *git = NULL;
	size_t nr = 0;
	int ret = git_state_start(&state, &r->git_options, err);

	if (!ret)
		ret = git_state_capture(state, NULL, &git, &nr, err);
	if (!ret)
		value_map_set(record, "git", git);
	git_state_free(state);
	return ret;
}

/* What has no name yet, and may never have one. */
static int preview(struct run *r, struct value **out, struct strbuf *err)
{
	static const char *const later[] = {
		"id", "revision", "name", "result_dir", NULL
	};
	struct moment now = moment_now();
	struct value *record, *cause = hook_cause_from_env();
	size_t i;
	int ret;

	*out = record = record_new(the_project, "", r->argv, r->cwd.buf,
				   "started", &now);
	for (i = 0; later[i]; i++)
		value_map_remove(record, later[i]);
	if (r->rec.comment)
		value_map_set_str(record, "comment", r->rec.comment);
	if (r->again.tid)
		value_map_set_str(record, "tid", r->again.tid);
	if (r->file_params)
		value_map_set(record, "params", run_params(r));
	if (cause)
		value_map_set(record, "hook", cause);
	ret = run_deps_add(&r->deps, record, err);
	if (!ret)
		ret = add_code(r, record, err);
	record_redact_new(record);
	return ret;
}

int run_pre_hooks(struct run *r, const struct own_hooks *h,
		  struct strbuf *err)
{
	struct strbuf in = STRBUF_INIT;
	struct value *record = NULL;
	int ret = 0, signo = 0;

	if (r->again.kind == RUN_RESUME) {
		call_hooks_add_record(&in, r->again.name.buf);
	} else {
		ret = preview(r, &record, err);
		if (!ret)
			json_write(&in, record);
		strbuf_addch(&in, '\n');
	}
	if (!ret)
		ret = call_hooks(h, &in, NULL, true, &signo, err);
	value_free(record);
	strbuf_release(&in);
	if (signo)
		raise(signo);	/* nothing is claimed: as if it came now */
	return ret;
}

void run_note_commit(const struct run *r)
{
	struct strbuf err = STRBUF_INIT;
	struct value *record = NULL;
	bool wanted = false;
	int ret = r->rec.debug ? 0 : git_notes_wanted(&wanted, &err);

	if (!ret && wanted)
		ret = record_read(&record, r->rec.dir.buf, &err);
	if (!ret && wanted)
		ret = git_notes_add(the_project, r->code_dir, record,
				    r->rec.name.buf, &err);
	if (ret)
		warning(_("the commit has no note of this run: %s"), err.buf);
	value_free(record);
	strbuf_release(&err);
}

void run_post_hooks(const struct run *r)
{
	struct own_hooks h = OWN_HOOKS_INIT;
	struct strvec env = STRVEC_INIT;
	struct strbuf in = STRBUF_INIT, err = STRBUF_INIT;
	struct value *record = NULL;
	int signo = 0, ret = call_hooks_find(&h, "post-run", &err);

	if (!ret && h.nr)
		ret = record_read(&record, r->rec.dir.buf, &err);
	if (ret)
		warning("%s", err.buf);
	if (ret || !h.nr)
		goto cleanup;
	json_write(&in, record);
	strbuf_addch(&in, '\n');
	strvec_pushf(&env, "RESUTIL_EX_DIR=%s", r->rec.dir.buf);
	strvec_pushf(&env, "RESUTIL_EX_NAME=%s", r->rec.name.buf);
	strvec_pushf(&env, "RESUTIL_ID=%s",
		     value_get_text(r->rec.record, "id"));
	call_hooks(&h, &in, &env, false, &signo, &err);

cleanup:
	value_free(record);
	own_hooks_release(&h);
	strvec_release(&env);
	strbuf_release(&in);
	strbuf_release(&err);
}
