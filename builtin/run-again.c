/*
 * A run that has an id (--id) is one experiment, however often it is started.
 * Source: resutil-run(1), "RUNS THAT CAN BE STARTED AGAIN".
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-again.h"
#include "builtin/run-parts.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/path.h"
#include "lib/base/proc-env.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/sys.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/record/record-resume.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

/* A sentence with more helps nobody. */
#define MAX_SHOWN 20

void run_again_release(struct run_again *again)
{
	strbuf_release(&again->name);
	value_free(again->record);
	tid_unlock(&again->lock);
}

/* ---- the same command? --------------------------------------------------- */

/* As a record would have them: without secrets. */
static struct value *words_and_params(const struct run *r)
{
	struct redaction taken = REDACTION_INIT;
	struct value *map = value_new_map(), *argv = value_new_list();
	size_t i;

	for (i = 0; r->argv[i]; i++)
		value_list_add(argv, value_new_text(r->argv[i],
						    strlen(r->argv[i])));
	value_map_set(map, "argv", argv);
	value_map_set(map, "params", run_params(r));
	record_redact(map, NULL, &taken);
	redaction_release(&taken);
	return map;
}

static void show_value(struct strbuf *out, const struct value *v)
{
	struct strbuf text = STRBUF_INIT;

	if (!v) {
		strbuf_addstr(out, "none");
		return;
	}
	value_format(&text, v);
	quote_terminal(out, text.buf, text.len);
	strbuf_release(&text);
}

static size_t show_difference(struct strbuf *err, const char *key,
			      const struct value *then,
			      const struct value *now)
{
	if (value_equal(then, now))
		return 0;
	strbuf_addstr(err, "\n  ");
	quote_terminal(err, key, strlen(key));
	strbuf_addstr(err, ": ");
	show_value(err, then);
	strbuf_addstr(err, " then, ");
	show_value(err, now);
	strbuf_addstr(err, " now");
	return 1;
}

/* Each parameter that differs, by name; false when none does. */
static bool show_params(struct strbuf *err, const struct value *then,
			const struct value *now)
{
	size_t i, shown = 0;

	for (i = 0; then && then->type == VALUE_MAP && i < then->u.map.nr &&
	     shown < MAX_SHOWN; i++) {
		const struct value_pair *pair = &then->u.map.pair[i];

		shown += show_difference(err, pair->key, pair->value,
					 value_map_get(now, pair->key));
	}
	for (i = 0; i < now->u.map.nr && shown < MAX_SHOWN; i++) {
		const struct value_pair *pair = &now->u.map.pair[i];

		if (!value_map_get(then, pair->key))
			shown += show_difference(err, pair->key, NULL,
						 pair->value);
	}
	return shown;
}

static void show_words(struct strbuf *err, const char *when,
		       const struct value *argv)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf line = STRBUF_INIT;
	size_t i;

	for (i = 0; i < argv->u.list.nr; i++) {
		const char *word = value_text(argv->u.list.item[i]);

		strvec_push(&words, word ? word : "");
	}
	quote_shell_argv(&line, words.v);
	strbuf_addf(err, "\n  %s: ", when);
	quote_terminal(err, line.buf, line.len);
	strbuf_release(&line);
	strvec_release(&words);
}

/* A record that says less (votakvot's has no words) is compared in what it
 * says. */
static int check_same_command(const struct run *r, struct strbuf *err)
{
	const struct value *record = r->again.record;
	const struct value *argv = value_map_get(record, "argv");
	const struct value *params = value_map_get(record, "params");
	struct value *now = words_and_params(r), *now_argv, *now_params;
	int ret = 0;

	now_argv = value_map_get(now, "argv");
	now_params = value_map_get(now, "params");
	if (argv && argv->type != VALUE_LIST)
		argv = NULL;
	if ((!argv || value_equal(argv, now_argv)) &&
	    (!params || value_equal(params, now_params)))
		goto cleanup;
	ret = EXIT_CONFLICT;
	fail(err, ret, "the run '%s' ('%s') was begun with %s; take another "
	     "--id for another run", r->again.tid, r->again.name.buf,
	     params && !value_equal(params, now_params) ?
	     "other parameters" : "another command");
	if (!show_params(err, params, now_params) && argv) {
		show_words(err, "then", argv);
		show_words(err, "now", now_argv);
	}

cleanup:
	value_free(now);
	return ret;
}

/* ---- what the start will be ---------------------------------------------- */

static int refuse_alive(const struct run *r, struct strbuf *err)
{
	const struct run_again *a = &r->again;
	struct strbuf state = STRBUF_INIT;
	enum live_state live = live_state_of(the_project, a->record);

	live_state_text(the_project, a->record, &state);
	if (live == LIVE_ELSEWHERE)
		fail(err, 0, "the run '%s' is %s ('%s'); if it is not any "
		     "more, 'resutil update-exp --set state=lost %s' says so",
		     a->tid, state.buf, a->name.buf, a->name.buf);
	else
		fail(err, 0, "the run '%s' is %s ('%s')", a->tid, state.buf,
		     a->name.buf);
	strbuf_release(&state);
	return EXIT_CONFLICT;
}

/* The lock's name, as record_update() takes it. */
static const char *lock_name(const struct run_again *a)
{
	const char *id = value_get_text(a->record, "id");

	return id && record_is_id(id) ? id : a->name.buf;
}

/*
 * The recorder may have died when its program had just begun, and before it
 * had noted which process that is. (Until the program's own code runs, that
 * process holds the lock of the run with us.)
 */
static int check_really_lost(const struct run *r, struct strbuf *err)
{
	const struct run_again *a = &r->again;
	struct strbuf assignment = STRBUF_INIT;
	pid_t pid;

	strbuf_addf(&assignment, "RESUTIL_ID=%s", lock_name(a));
	pid = proc_env_find(assignment.buf);
	strbuf_release(&assignment);
	if (!pid)
		return 0;
	return fail(err, EXIT_CONFLICT, "the run '%s' ('%s') has lost its "
		    "recorder, but its process %ld lives; wait for its end, "
		    "or end it", a->tid, a->name.buf, (long)pid);
}

static int decide(struct run *r, struct strbuf *err)
{
	struct run_again *a = &r->again;
	const char *state = value_get_text(a->record, "state");
	enum live_state live = live_state_of(the_project, a->record);
	int ret = 0;

	if (live != LIVE_FINAL && live != LIVE_LOST)
		return refuse_alive(r, err);
	if (live == LIVE_LOST)
		ret = check_really_lost(r, err);
	if (!ret)
		ret = check_same_command(r, err);
	if (ret)
		return ret;
	if (partial_is(the_project, a->name.buf))
		return fail(err, EXIT_CONFLICT, "of the run '%s' only some "
			    "files are here; 'resutil pull %s' fetches the "
			    "rest", a->tid, a->name.buf);
	if (state && !strcmp(state, "added"))
		return fail(err, EXIT_CONFLICT, "'%s', which has the id '%s', "
			    "was added and not run", a->name.buf, a->tid);
	a->kind = state && !strcmp(state, "done") ? RUN_STORED : RUN_RESUME;
	return 0;
}

int run_again_look(struct run *r, struct strbuf *err)
{
	struct run_again *a = &r->again;
	int ret;

	if (!a->tid)
		return 0;
	if (tid_check(a->tid, err))
		return EXIT_USAGE;
	a->kind = RUN_FIRST;
	strbuf_reset(&a->name);
	value_free(a->record);
	a->record = NULL;
	ret = tid_find(the_project, a->tid, &a->name, &a->record, err);
	if (!ret)
		return decide(r, err);
	if (ret == ERR_NOT_FOUND)
		return 0;
	return ret == ERR_CONFLICT ? EXIT_CONFLICT : ret;
}

int run_again_claim(struct run *r, struct strbuf *err)
{
	int ret;

	if (!r->again.tid)
		return 0;
	ret = tid_lock(&r->again.lock, the_project, r->again.tid, err);
	return ret ? ret : run_again_look(r, err);
}

void run_again_settled(struct run_again *again, const char *name)
{
	if (again->lock && name)
		tid_note(again->lock, name);
	tid_unlock(&again->lock);
}

/* ---- going on ------------------------------------------------------------ */

static int note_machine(struct run *r, const struct moment *now,
			struct value *changes, struct strbuf *err)
{
	struct value *git = NULL, *meta = NULL;
	struct git_head head;
	size_t ignored = 0;
	int ret;

	ret = run_start_meta(r, &meta, err);
	if (!ret)
		ret = git_state_capture(r->git, NULL, &git, &ignored, err);
	if (ret) {
		value_free(meta);
		return ret;
	}
	if (record_note_code(r->again.record, git, now, changes))
		run_tell(_("The code is not what '%s' began with"),
			 r->again.name.buf);
	git_state_head(r->git, &head);
	meta_add_git(meta, git, head.top);
	value_free(git);
	record_replace_map(meta, value_map_get(r->again.record, "meta"));
	value_map_set(changes, "meta", meta);
	return 0;
}

/* What -d named this time comes to what the run needs. */
static int note_deps(struct run *r, struct value *changes, struct strbuf *err)
{
	static const char *const keys[] = { "dependency", "dependency_ids",
					    "inputs" };
	struct value *copy = value_copy(r->again.record);
	size_t i;
	int ret = run_deps_add(&r->deps, copy, err);

	for (i = 0; !ret && i < ARRAY_SIZE(keys); i++)
		if (value_map_get(copy, keys[i]))
			value_map_set(changes, keys[i],
				      value_copy(value_map_get(copy,
							       keys[i])));
	value_free(copy);
	return ret;
}

static int make_changes(struct run *r, struct value *changes,
			struct strbuf *err)
{
	/* How it ended the last time is no end any more. */
	static const char *const gone[] = { "exit_code", "signal", "usage",
					    "error", "traceback" };
	struct moment now = moment_now();
	int64_t count = 0;
	size_t i;
	int ret;

	value_map_set_str(changes, "state", "resumed");
	value_get_int(r->again.record, "resumes", &count);
	value_map_set_int(changes, "resumes",
			  count < 0 || count == INT64_MAX ? 1 : count + 1);
	record_set_moment(changes, "at.resumed", &now);
	record_set_moment(changes, "at.started", &now);
	value_set(changes, "at.finished", value_new_null());
	for (i = 0; i < ARRAY_SIZE(gone); i++)
		value_map_set(changes, gone[i], value_new_null());
	value_map_set_str(changes, "host", record_host());
	value_map_set_str(changes, "user", record_user());
	value_map_set(changes, "cwd", value_new_text(r->cwd.buf, r->cwd.len));
	ret = note_deps(r, changes, err);
	return ret ? ret : note_machine(r, &now, changes, err);
}

/* It was looked at before its lock was ours: a pull may have brought a later
 * one since. */
static int check_unchanged(const struct run *r, struct strbuf *err)
{
	const struct run_again *a = &r->again;
	const char *id = value_get_text(a->record, "id"), *id_now;
	int64_t then = 0, now = 0;
	struct value *record;
	int ret = 0;

	if (record_read(&record, r->rec.dir.buf, NULL))
		record = NULL;
	id_now = value_get_text(record, "id");
	value_get_int(a->record, "revision", &then);
	value_get_int(record, "revision", &now);
	if (!record || then != now || !id != !id_now ||
	    (id && strcmp(id, id_now)))
		ret = fail(err, EXIT_CONFLICT, "the run '%s' ('%s') was "
			   "changed in this moment; try it again", a->tid,
			   a->name.buf);
	value_free(record);
	return ret;
}

int run_resume(struct run *r, struct strbuf *err)
{
	struct run_again *a = &r->again;
	struct value *changes = value_new_map();
	struct strbuf path = STRBUF_INIT;
	int ret;

	r->rec.project = the_project;
	project_exp_path(the_project, a->name.buf, &r->rec.dir);
	strbuf_addbuf(&r->rec.name, &a->name);
	ret = live_start(&r->rec.live, the_project, lock_name(a), err);
	if (ret == ERR_CONFLICT)	/* by whoever began it without its id */
		ret = EXIT_CONFLICT;
	if (!ret)
		ret = check_unchanged(r, err);
	if (!ret)
		ret = make_changes(r, changes, err);
	if (ret)
		goto cleanup;
	supervise_begin();
	ret = record_update(the_project, a->name.buf, changes, err);
	if (ret) {
		supervise_end();
		goto cleanup;
	}
	r->rec.record = value_copy(a->record);
	record_merge(r->rec.record, changes);
	/* Of an end that is none any more. Nothing is lost when it stays. */
	strbuf_addf(&path, "%s/traceback.txt", r->rec.dir.buf);
	sys_unlink(path.buf);

cleanup:
	strbuf_release(&path);
	value_free(changes);
	return ret;
}

void run_resume_failed(struct run *r, const char *why)
{
	struct value *changes = value_new_map();
	struct moment now = moment_now();
	struct strbuf err = STRBUF_INIT;

	value_map_set_str(changes, "state", "fail");
	value_map_set_str(changes, "error", why);
	record_set_moment(changes, "at.finished", &now);
	live_free_reserve(r->rec.live);
	if (record_update(the_project, r->rec.name.buf, changes, &err))
		error(_("the end of '%s' is not recorded: %s"), r->rec.name.buf,
		      err.buf);
	live_end(&r->rec.live);
	value_free(changes);
	strbuf_release(&err);
}

/* ---- what it had --------------------------------------------------------- */

int run_again_print(const struct run *r)
{
	const struct run_again *a = &r->again;
	struct strbuf path = STRBUF_INIT;
	char buf[65536];
	int64_t status = 0;
	ssize_t n = 0;
	int fd;

	value_get_int(a->record, "exit_code", &status);
	project_exp_path(the_project, a->name.buf, &path);
	strbuf_addstr(&path, "/stdout.log");
	fd = open(path.buf, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && errno == ENOENT)
		goto cleanup;	/* somebody took it away: it is no result */
	/* It may have come from a store: a terminal gets it quoted. */
	while (fd >= 0 && (n = read(fd, buf, sizeof(buf))) > 0)
		out_text(buf, (size_t)n);
	if (fd < 0 || n < 0) {
		error(_("cannot read '%s': %s"), path.buf, strerror(errno));
		status = EXIT_FAILED;
	}

cleanup:
	if (fd >= 0)
		close(fd);
	strbuf_release(&path);
	return (int)status;
}
