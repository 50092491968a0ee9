/*
 * hook run: what the scripts of git call. It finds the runs of the event,
 * starts those that git waits for, and has the others started by a worker, a
 * process of its own that outlives git and its terminal. Each run is a child,
 * `run`, told by RESUTIL_GIT_CAUSE what it is for.
 *
 * Whatever goes wrong on our side must not stop git: only a run that failed
 * does, and only for an event that asks. That is the status 1.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "builtin/hook-verbs.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/redact.h"
#include "lib/base/run-command.h"
#include "lib/base/sys.h"
#include "lib/base/trace.h"
#include "lib/base/value.h"
#include "lib/exp/git/hook-queue.h"
#include "lib/wrap/json.h"

#include <dirent.h>
#include <poll.h>

#define LOG_FILE "hooks.log"
#define LOG_MAX_ONE 65536	/* bytes of what one run complains of */
#define BORN_MS 20

/* ---- one run ------------------------------------------------------------ */

/* For the program of the run, and so that a commit that it makes starts no
 * other. */
static void add_cause(struct child_process *child, const struct value *cause)
{
	const struct value *list = value_map_get(cause, "args");
	const char *commit = value_get_text(cause, "commit");
	struct strvec args = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	size_t i;

	json_write(&text, cause);
	strvec_pushf(&child->env, "RESUTIL_GIT_CAUSE=%s", text.buf);
	strvec_pushf(&child->env, "RESUTIL_GIT_EVENT=%s",
		     value_get_text(cause, "event"));
	strvec_pushf(&child->env, "RESUTIL_GIT_COMMIT=%s",
		     commit ? commit : "");
	for (i = 0; list && i < list->u.list.nr; i++) {
		const char *word = value_text(list->u.list.item[i]);

		strvec_push(&args, word ? word : "");
	}
	strbuf_reset(&text);
	quote_shell_argv(&text, args.v);
	strvec_pushf(&child->env, "RESUTIL_GIT_ARGS=%s", text.buf);
	strvec_release(&args);
	strbuf_release(&text);
}

/* A commit that is made inside of a run is not that run. */
static void leave_run(struct child_process *child)
{
	static const char *const names[] = {
		"RESUTIL_EX_DIR", "RESUTIL_EX_NAME", "RESUTIL_ID",
		"RESUTIL_PROJECT", "RESUTIL_RECORDER", "RESUTIL_RESUME",
		"RESUTIL_COMMENT", "RESUTIL_DEBUG", NULL
	};
	size_t i;

	for (i = 0; names[i]; i++)
		strvec_push(&child->env, names[i]);
}

static void prepare_run(struct child_process *child, const struct hook *h,
			const char *dir, const struct value *cause,
			const char *name_file)
{
	size_t i;
	bool comment = false;

	child->resutil_cmd = 1;
	child->dir = dir;
	git_event_clean(child);
	leave_run(child);
	add_cause(child, cause);
	strvec_pushl(&child->args, "run", "--resutil_no_interactive", NULL);
	for (i = 0; i < h->options.nr; i++) {
		comment = comment ||
			  !strncmp(h->options.v[i], "--comment=", 10);
		strvec_push(&child->args, h->options.v[i]);
	}
	if (!comment)
		strvec_pushf(&child->args, "--comment=%s", h->name);
	if (name_file)
		strvec_pushf(&child->args, "--name-file=%s", name_file);
	strvec_push(&child->args, "--");
	strvec_pushv(&child->args, h->argv.v);
}

/* Whether git may go on. */
static bool run_now(const struct hook *h, const char *dir,
		    const struct value *cause)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int status;

	prepare_run(&child, h, dir, cause, NULL);
	status = run_command(&child);
	if (!status)
		return true;
	/* It said why; nothing was run, so nothing failed. */
	if (status == EXIT_RUN_FAILED) {
		warning(_("the hook '%s' was not run, and %s goes on"),
			h->name, h->on->name);
		return true;
	}
	if (h->on->flags & HOOK_EVENT_PRE) {
		error("the hook '%s' ended with status %d, so git stops here",
		      h->name, status);
		return false;
	}
	warning(_("the hook '%s' ended with status %d"), h->name, status);
	return true;
}

/* ---- later -------------------------------------------------------------- */

/* What git and the shell left open is theirs: a pipe that the worker held open
 * would have somebody wait for its end. */
static void keep_descriptors_here(void)
{
	DIR *dir = opendir("/proc/self/fd");
	const struct dirent *entry;
	int fd;

	if (!dir) {
		for (fd = STDERR_FILENO + 1; fd < 1024; fd++)
			fcntl(fd, F_SETFD, FD_CLOEXEC);
		return;
	}
	while ((entry = readdir(dir))) {
		fd = (int)strtol(entry->d_name, NULL, 10);
		if (fd > STDERR_FILENO && fd != dirfd(dir))
			fcntl(fd, F_SETFD, FD_CLOEXEC);
	}
	closedir(dir);
}

static int open_log(const struct project *p)
{
	struct strbuf path = STRBUF_INIT;
	struct stat st;
	int fd = -1;

	if (!project_private(p, LOG_FILE, &path, NULL))
		fd = sys_open(path.buf, O_WRONLY | O_CREAT | O_APPEND |
			      O_NOFOLLOW, 0666);
	if (fd >= 0 && !fstat(fd, &st) && st.st_size > (1 << 20))
		sys_ftruncate(fd, 0);
	strbuf_release(&path);
	return fd;
}

static int start_worker(const struct project *p, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int log = open_log(p), ret;

	keep_descriptors_here();
	child.resutil_cmd = 1;
	child.new_session = 1;
	child.no_stdin = 1;
	child.dir = p->root;
	if (log >= 0) {
		child.out = fcntl(log, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		child.err = log;
	}
	child.no_stdout = child.out <= 0;
	child.no_stderr = log < 0;
	git_event_clean(&child);
	leave_run(&child);
	strvec_pushl(&child.args, "hook", "run", "--worker", NULL);
	ret = start_command(&child, err);
	child_process_release(&child);
	return ret;
}

static int run_later(const struct project *p, const struct hook *h,
		     const struct hook_cause *cause, struct strbuf *err)
{
	struct redaction taken = REDACTION_INIT;
	struct hook_cause safe = *cause;
	struct strvec args = STRVEC_INIT;
	struct hook_queue *q = NULL;
	bool idle = false;
	int ret = hook_queue_open(&q, p, err);

	/* It lies in a file: the password in a URL that is pushed to does
	 * not. */
	redact_argv(&taken, cause->args, &args);
	safe.args = args.v;
	if (!ret)
		ret = hook_queue_add(q, &safe, h->each, &idle, err);
	if (!ret && idle)
		ret = start_worker(p, err);
	hook_queue_free(q);
	strvec_release(&args);
	redaction_release(&taken);
	return ret;
}

/* ---- the event ---------------------------------------------------------- */

/* The project of a hook in the work tree where the event is; false: there is
 * none in it, as on a branch from before. */
static bool open_project(struct project *p, const struct git_hooks *g,
			 const struct hook *h)
{
	struct strbuf dir = STRBUF_INIT, err = STRBUF_INIT;
	bool there;

	path_absolute(&dir, g->top.buf, h->project);
	there = !project_open(p, dir.buf, &err) && !strcmp(p->root, dir.buf);
	if (!there && err.len)
		trace_printf("hook %s: %s", h->name, err.buf);
	strbuf_release(&err);
	strbuf_release(&dir);
	return there;
}

static bool one_hook(const struct hook *h, const struct git_hooks *g,
		     const char **args)
{
	const struct hook_cause cause = {
		.event = h->on->name, .name = h->name, .args = args,
		.commit = g->head.len ? g->head.buf : NULL,
	};
	const char *within = h->during ? NULL :
			     git_event_within(g, h->on->name, args);
	struct project p = PROJECT_INIT;
	struct strbuf err = STRBUF_INIT;
	bool go_on = true;

	if (within) {
		trace_printf("hook %s: not during a %s", h->name, within);
	} else if (open_project(&p, g, h)) {
		if (h->async) {
			if (run_later(&p, h, &cause, &err))
				warning(_("the hook '%s' is not run: %s"),
					h->name, err.buf);
		} else {
			struct value *value = hook_cause_value(&cause);

			go_on = run_now(h, p.root, value);
			value_free(value);
		}
	}
	project_release(&p);
	strbuf_release(&err);
	return go_on;
}

static int run_event(const char *event, const char **args)
{
	struct git_hooks g = GIT_HOOKS_INIT;
	struct hook_table table = HOOK_TABLE_INIT;
	struct strbuf err = STRBUF_INIT;
	bool go_on = true;
	size_t i;

	if (git_event_find(&g, &err) ||
	    hook_table_read(&table, g.common.buf, &err)) {
		warning(_("nothing is recorded for %s: %s"), event, err.buf);
		goto cleanup;
	}
	for (i = 0; i < table.nr && go_on; i++)
		if (!strcmp(table.item[i].on->name, event))
			go_on = one_hook(&table.item[i], &g, args);

cleanup:
	hook_table_release(&table);
	git_hooks_release(&g);
	strbuf_release(&err);
	return go_on ? 0 : EXIT_NO;
}

/* ---- the worker --------------------------------------------------------- */

struct work {
	struct project p;
	struct git_hooks g;
	struct hook_queue *q;
	struct strbuf name_file;
};

/* A line in the log, which is our stderr. */
static void note(const char *fmt, ...) PRINTF_LIKE(1, 2);
static void note(const char *fmt, ...)
{
	struct strbuf line = STRBUF_INIT, safe = STRBUF_INIT;
	struct moment now = moment_now();
	va_list ap;

	moment_format(&safe, &now);
	strbuf_addch(&safe, ' ');
	va_start(ap, fmt);
	strbuf_vaddf(&line, fmt, ap);
	va_end(ap);
	quote_terminal(&safe, line.buf, line.len);
	strbuf_addch(&safe, '\n');
	sys_write_all(STDERR_FILENO, safe.buf, safe.len);
	strbuf_release(&safe);
	strbuf_release(&line);
}

static bool is_born(const struct work *w)
{
	struct stat st;

	return !stat(w->name_file.buf, &st) && st.st_size > 0;
}

/*
 * Reads what the run complains of until it has ended, and keeps the beginning;
 * the rest is in its stderr.log. As soon as the run is recorded its events have
 * waited long enough: a worker that dies from then on loses none of them.
 */
static int follow(struct work *w, struct child_process *child,
		  const struct value *cause)
{
	struct pollfd fd = { .fd = child->err, .events = POLLIN };
	struct strbuf err = STRBUF_INIT;
	size_t kept = 0;
	bool born = false;
	char buf[4096];
	int status;

	while (!command_has_ended(child) || fd.fd >= 0) {
		ssize_t n;

		if (!born && is_born(w)) {
			born = true;
			hook_queue_done(w->q, cause, &err);
		}
		if (poll(&fd, 1, born && fd.fd >= 0 ? 1000 : BORN_MS) <= 0) {
			if (command_has_ended(child))
				break;
			continue;
		}
		n = read(fd.fd, buf, sizeof(buf));
		if (n <= 0)
			fd.fd = -1;
		else if (kept < LOG_MAX_ONE)
			sys_write_all(STDERR_FILENO, buf, (size_t)n);
		kept += n > 0 ? (size_t)n : 0;
	}
	close(child->err);
	status = finish_command(child);
	if (!born)
		hook_queue_done(w->q, cause, &err);
	if (err.len)
		note("%s", err.buf);
	strbuf_release(&err);
	return status;
}

static void work_off_one(struct work *w, const struct hook *h,
			 struct value *cause)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct value *told = value_copy(cause);
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	int64_t events;

	value_map_remove(told, "at");
	value_map_remove(told, "begun");
	if (!value_get_int(told, "events", &events))
		events = 1;
	note("hook %s on %s: begins, for %" PRId64 " event%s", h->name,
	     h->on->name, events, events == 1 ? "" : "s");
	sys_unlink(w->name_file.buf);
	prepare_run(&child, h, w->p.root, told, w->name_file.buf);
	child.no_stdin = child.no_stdout = 1;
	child.err = -1;
	if (start_command(&child, &err)) {
		note("hook %s on %s: %s", h->name, h->on->name, err.buf);
		hook_queue_done(w->q, cause, &err);
	} else {
		int status = follow(w, &child, cause);

		read_file(&name, w->name_file.buf, PATH_MAX, NULL);
		strbuf_trim(&name);
		note("hook %s on %s: status %d%s%s", h->name, h->on->name,
		     status, name.len ? ", " : "", name.buf);
	}
	sys_unlink(w->name_file.buf);
	value_free(told);
	strbuf_release(&name);
	strbuf_release(&err);
}

/* The table is read each time: a hook may have been removed while its events
 * waited. */
static int work_off_first(struct work *w, bool *more, struct strbuf *err)
{
	struct hook_table table = HOOK_TABLE_INIT;
	struct value *cause = NULL;
	const struct hook *h;
	int ret = hook_queue_first(w->q, &cause, err);

	*more = cause != NULL;
	if (ret || !cause)
		return ret;
	ret = hook_table_read(&table, w->g.common.buf, err);
	if (ret)
		goto cleanup;
	h = hook_table_find(&table, value_get_text(cause, "event"),
			    value_get_text(cause, "name"));
	if (h) {
		work_off_one(w, h, cause);
	} else {
		note("hook %s on %s was removed: nothing is run",
		     value_get_text(cause, "name"),
		     value_get_text(cause, "event"));
		ret = hook_queue_done(w->q, cause, err);
	}

cleanup:
	hook_table_release(&table);
	value_free(cause);
	return ret;
}

static int work(void)
{
	struct work w = { PROJECT_INIT, GIT_HOOKS_INIT, NULL, STRBUF_INIT };
	struct strbuf err = STRBUF_INIT;
	bool more = true;
	int ret = project_open(&w.p, NULL, &err);

	if (!ret)
		ret = git_hooks_find(&w.g, w.p.root, &err);
	if (!ret)
		ret = hook_queue_open(&w.q, &w.p, &err);
	if (!ret)
		ret = hook_queue_work(w.q, &err);
	if (ret == ERR_CONFLICT) {	/* it will see what has come */
		ret = 0;
		goto cleanup;
	}
	strbuf_addf(&w.name_file, "%s/.resutil/hooks/begun", w.p.root);
	while (!ret && more)
		ret = work_off_first(&w, &more, &err);
	if (ret)
		note("%s", err.buf);

cleanup:
	hook_queue_free(w.q);
	project_release(&w.p);
	git_hooks_release(&w.g);
	strbuf_release(&w.name_file);
	strbuf_release(&err);
	return exit_status_of(ret);
}

int hook_run(const struct hook_options *o, const char **argv)
{
	if (o->worker)
		return work();
	/* What a run or a hook of ours does to the repository starts none. */
	if (getenv("RESUTIL_GIT_EVENT") || getenv("RESUTIL_HOOK"))
		return 0;
	return run_event(o->on.v[0], argv);
}
