#include "lib/base/compat.h"
#include "lib/exp/recording/recorder-internal.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/record/name.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

/* ---- what both kinds have ---- */

static int add_text(struct exchange *x, struct value *record, const char *key)
{
	const char *text;
	int ret = get_text(x, key, false, &text);

	if (text)
		value_map_set_str(record, key, text);
	return ret;
}

/* Of a function that is called with some of them, in a program with options. */
static void add_params(struct value *record, const struct value *params,
		       bool to_those_of_argv)
{
	struct value *all = value_map_get(record, "params");
	size_t i;

	if (!to_those_of_argv || !all || all->type != VALUE_MAP) {
		value_map_set(record, "params", value_copy(params));
		return;
	}
	for (i = 0; i < params->u.map.nr; i++)
		value_map_set(all, params->u.map.pair[i].key,
			      value_copy(params->u.map.pair[i].value));
}

int add_request(struct exchange *x, struct value *record,
		const struct moment *created)
{
	const struct value *params;
	const char *state = NULL;
	bool argv_params = false;
	int ret;

	record_set_moment(record, "at.started", created);
	value_map_set_str(record, "executor", "local");
	ret = get_map(x, "params", &params);
	if (!ret)
		ret = get_bool(x, "argv_params", &argv_params);
	if (!ret && params)
		add_params(record, params, argv_params);
	if (!ret)
		ret = add_text(x, record, "function");
	if (!ret)
		ret = add_text(x, record, "executor");
	if (!ret)
		ret = get_text(x, "state", false, &state);
	if (ret || !state)
		return ret;
	if (strcmp(state, "running") && strcmp(state, "started"))
		return fail(&x->err, ERR_USAGE, "'state' of a run that begins "
			    "must be running or started");
	value_map_set_str(record, "state", state);
	return 0;
}

/* ---- an experiment ---- */

struct begin {
	struct recorded *run;
	struct strbuf cwd;
	struct strvec argv, dependency;
	const char *comment;
	struct git_state_options git_options;
	struct git_state *git;
};

static int read_request(struct exchange *x, struct begin *b)
{
	bool debug;
	int ret;

	ret = get_cwd(x, &b->cwd);
	if (!ret)
		ret = get_words(x, "argv", &b->argv, NULL);
	if (!ret)
		ret = get_words(x, "dependency", &b->dependency, NULL);
	if (!ret)
		ret = get_text(x, "comment", false, &b->comment);
	if (!ret)
		ret = get_bool(x, "debug", &debug);
	if (!ret)
		ret = get_bool(x, "treeish", &b->git_options.treeish);
	if (ret)
		return ret;
	b->run->rec.debug = debug;
	b->run->rec.comment = debug ? NULL : b->comment;
	return b->run->rec.comment ?
	       record_check_public(b->run->rec.comment, &x->err) : 0;
}

/* git answers while we go on. */
static int ask_git(struct exchange *x, struct begin *b)
{
	bool treeish = b->git_options.treeish;
	int ret;

	ret = git_state_options_init(&b->git_options, &b->run->project,
				     &x->err);
	b->git_options.treeish |= treeish;
	if (!ret)
		ret = git_state_start(&b->git, &b->git_options, &x->err);
	return ret;
}

/* What is not here is noted by its name, which the caller knows best. */
static int add_dependency(struct exchange *x, struct begin *b,
			  const char *exp)
{
	const struct project *p = &b->run->project;
	struct value *record = b->run->rec.record;
	struct strbuf name = STRBUF_INIT, why = STRBUF_INIT;
	int ret = deps_find(&name, p, exp, &why);

	if (!ret) {
		deps_note(record, p, name.buf);
	} else if (ret == ERR_NOT_FOUND && name_is_valid(exp)) {
		record_add_dependency(record, exp, NULL);
		warn(x, "the dependency '%s' is not here", exp);
		ret = 0;
	} else {
		fail(&x->err, ret, "%s", why.buf);
	}
	strbuf_release(&why);
	strbuf_release(&name);
	return ret;
}

static int add_dependencies(struct exchange *x, struct begin *b)
{
	const struct project *p = &b->run->project;
	struct dep_scan scan = DEP_SCAN_INIT;
	struct value *inputs = NULL;
	bool hash = false;
	size_t i;
	int ret = 0;

	if (b->argv.nr)
		deps_scan(&scan, p, b->cwd.buf, b->argv.v, NULL);
	for (i = 0; i < scan.names.nr; i++)
		if (exp_is_here(p, scan.names.v[i]))
			deps_note(b->run->rec.record, p, scan.names.v[i]);
	for (i = 0; i < b->dependency.nr && !ret; i++)
		ret = add_dependency(x, b, b->dependency.v[i]);
	if (!ret && scan.nr) {
		ret = settings_get_bool("run.hash-inputs", false, &hash,
					&x->err);
		if (!ret)
			ret = deps_inputs(&inputs, p, &scan, hash, &x->err);
		if (!ret)
			value_map_set(b->run->rec.record, "inputs", inputs);
	}
	dep_scan_release(&scan);
	return ret;
}

static int make_record(struct exchange *x, struct begin *b,
		       const struct moment *created)
{
	struct recording *rec = &b->run->rec;
	int ret;

	rec->record = record_new(rec->project, rec->name.buf,
				 b->argv.nr ? b->argv.v : NULL, b->cwd.buf,
				 "running", created);
	ret = add_request(x, rec->record, created);
	if (!ret)
		ret = add_dependencies(x, b);
	return ret;
}

static int capture(struct exchange *x, struct begin *b)
{
	struct recording *rec = &b->run->rec;
	const struct value *git;
	struct git_head head;
	struct value *meta = NULL;
	int ret;

	/* git is still looking, so this costs no time of its own */
	ret = about_experiment(x, rec->project, b->cwd.buf, &b->run->meta,
			       &meta);
	if (meta)
		value_map_set(rec->record, "meta", meta);
	if (!ret)
		ret = recording_add_code(rec, b->git, &x->err);
	if (ret)
		return ret;
	git = value_map_get(rec->record, "git");
	if (value_get_text(git, "error"))
		warn(x, "the state of the code is not recorded whole: git "
		     "says: %s", value_get_text(git, "error"));
	git_state_head(b->git, &head);
	about_add_git(x, meta, git, head.top);
	record_redact_new(rec->record);
	return record_check(rec->record, &x->err);
}

/* From the claim on the run can be seen, and is alive. */
static int claim(struct exchange *x, struct begin *b)
{
	struct recording *rec = &b->run->rec;
	struct moment created = moment_now();
	int ret;

	ret = recording_open(rec, &created, &x->err);
	if (!ret)
		ret = make_record(x, b, &created);
	if (!ret)
		ret = capture(x, b);
	if (!ret)
		ret = recording_lock(rec, &x->err);
	if (!ret)
		live_note_program(rec->live, x->r->program, NULL);
	if (!ret)
		ret = recording_claim(rec, &x->err);
	return ret;
}

static void say_changes(struct exchange *x, struct git_state *git)
{
	struct value *all = value_new_list();
	const struct git_change *list;
	size_t nr, i;

	if (git_state_changes(git, &list, &nr, NULL))
		nr = 0;
	for (i = 0; i < nr; i++) {
		struct value *one;

		if (list[i].deleted)
			continue;
		one = value_new_map();
		value_map_set_str(one, "path", list[i].path);
		if (list[i].left_out)
			value_map_set_str(one, "left_out", list[i].left_out);
		value_list_add(all, one);
	}
	value_map_set(x->answer, "changes", all);
}

static void say_experiment(struct exchange *x, const struct begin *b)
{
	const struct recorded *run = b->run;
	struct strbuf redacted = STRBUF_INIT;

	record_format_redacted(&redacted, run->rec.record);
	value_map_set_int(x->answer, "run", run->nr);
	value_map_set_str(x->answer, "id", run->id.buf);
	value_map_set_str(x->answer, "name", run->rec.name.buf);
	value_map_set_str(x->answer, "dir", run->rec.dir.buf);
	say_changes(x, b->git);
	value_map_set(x->answer, "redacted",
		      value_new_text(redacted.buf, redacted.len));
	strbuf_release(&redacted);
}

static int begin_experiment(struct exchange *x)
{
	struct begin b = { .run = recorded_new(), .cwd = STRBUF_INIT,
			   .argv = STRVEC_INIT, .dependency = STRVEC_INIT };
	int ret;

	ret = read_request(x, &b);
	if (!ret)
		ret = project_open(&b.run->project, b.cwd.buf, &x->err);
	if (!ret)
		ret = about_use(x->r, &b.run->project, &x->err);
	if (!ret)
		ret = ask_git(x, &b);
	b.run->rec.project = &b.run->project;
	b.run->fresh = true;
	if (!ret)
		ret = claim(x, &b);
	if (!ret) {
		meta_go(b.run->meta);
		strbuf_addstr(&b.run->id,
			      value_get_text(b.run->rec.record, "id"));
		recorded_keep(x->r, b.run);
		say_experiment(x, &b);
		b.run->kept = b.run->rec.record;
		b.run->rec.record = NULL;
		recorded_hold(b.run);
	} else {
		recorded_free(b.run);
	}
	git_state_free(b.git);
	strvec_release(&b.dependency);
	strvec_release(&b.argv);
	strbuf_release(&b.cwd);
	return ret;
}

int answer_begin(struct exchange *x)
{
	const char *kind;
	int ret = get_text(x, "kind", true, &kind);

	if (ret)
		return ret;
	if (!strcmp(kind, "experiment"))
		return begin_experiment(x);
	if (!strcmp(kind, "trial"))
		return begin_trial(x);
	return fail(&x->err, ERR_USAGE, "'kind' of a run must be experiment "
		    "or trial");
}
