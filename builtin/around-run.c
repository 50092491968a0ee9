#include "lib/base/compat.h"
#include "command.h"
#include "builtin/around-run.h"

#include "builtin/call-hooks.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/exp/git/git-notes.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"
#include "lib/wrap/json.h"

/* The code as it is now; nothing is copied. */
static int add_code(const struct git_state_options *options,
		    struct value *record, struct strbuf *err)
{
	struct git_state *state = NULL;
	struct value *git = NULL;
	size_t nr = 0;
	int ret = git_state_start(&state, options, err);

	if (!ret)
		ret = git_state_capture(state, NULL, &git, &nr, err);
	if (!ret)
		value_map_set(record, "git", git);
	git_state_free(state);
	return ret;
}

/* What has no name yet, and may never have one. */
static struct value *new_record(const struct run_preview *p)
{
	static const char *const later[] = {
		"id", "revision", "name", "result_dir", NULL
	};
	struct moment now = moment_now();
	struct value *record, *cause = hook_cause_from_env();
	size_t i;

	record = record_new(the_project, "", p->argv, p->cwd, "started", &now);
	for (i = 0; later[i]; i++)
		value_map_remove(record, later[i]);
	if (p->comment)
		value_map_set_str(record, "comment", p->comment);
	if (p->tid)
		value_map_set_str(record, "tid", p->tid);
	if (p->params)
		value_map_set(record, "params", value_copy(p->params));
	if (p->more)
		record_merge(record, p->more);
	if (cause)
		value_map_set(record, "hook", cause);
	return record;
}

int run_preview_add(struct strbuf *in, const struct run_preview *p,
		    struct strbuf *err)
{
	struct value *record = new_record(p);
	int ret = run_deps_add(p->deps, record, err);

	if (!ret)
		ret = add_code(p->git_options, record, err);
	record_redact_new(record);
	if (!ret)
		json_write(in, record);
	strbuf_addch(in, '\n');
	value_free(record);
	return ret;
}

int run_call_pre(const struct own_hooks *h, const struct strbuf *in,
		 struct strbuf *err)
{
	int signo = 0, ret = call_hooks(h, in, NULL, true, &signo, err);

	if (signo)
		raise(signo);	/* nothing is claimed: as if it came now */
	return ret;
}

void run_note_commit(const struct recording *rec, const char *code_dir)
{
	struct strbuf err = STRBUF_INIT;

	if (!rec->debug && git_notes_add_run(the_project, code_dir,
					     rec->dir.buf, rec->name.buf, &err))
		warning(_("the commit has no note of this run: %s"), err.buf);
	strbuf_release(&err);
}

void run_post_hooks(const struct recording *rec)
{
	struct own_hooks h = OWN_HOOKS_INIT;
	struct strvec env = STRVEC_INIT;
	struct strbuf in = STRBUF_INIT, err = STRBUF_INIT;
	struct value *record = NULL;
	int signo = 0, ret = call_hooks_find(&h, "post-run", &err);

	if (!ret && h.nr)
		ret = record_read(&record, rec->dir.buf, &err);
	if (ret)
		warning("%s", err.buf);
	if (ret || !h.nr)
		goto cleanup;
	json_write(&in, record);
	strbuf_addch(&in, '\n');
	strvec_pushf(&env, "RESUTIL_EX_DIR=%s", rec->dir.buf);
	strvec_pushf(&env, "RESUTIL_EX_NAME=%s", rec->name.buf);
	strvec_pushf(&env, "RESUTIL_ID=%s", value_get_text(rec->record, "id"));
	call_hooks(&h, &in, &env, false, &signo, &err);

cleanup:
	value_free(record);
	own_hooks_release(&h);
	strvec_release(&env);
	strbuf_release(&in);
	strbuf_release(&err);
}
