/*
 * The program of a run, and what it is given.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-parts.h"
#include "builtin/run-put-back.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"

static int open_log(struct run *r, struct supervise_log *log, const char *name,
		    struct strbuf *err)
{
	int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW;
	struct strbuf path = STRBUF_INIT;

	/* What an earlier start of this run printed stays. */
	if (r->again.kind != RUN_RESUME)
		flags |= O_TRUNC;
	strbuf_addf(&path, "%s/%s", r->rec.dir.buf, name);
	log->fd = sys_open(path.buf, flags, 0666);
	if (log->fd < 0)
		fail_errno(err, "cannot write '%s'", path.buf);
	strbuf_release(&path);
	return log->fd < 0 ? ERR_FAILED : 0;
}

static void push_argument(struct strvec *args, const char *word,
			  const char *dir)
{
	struct strbuf text = STRBUF_INIT;
	const char *hole;

	while ((hole = strstr(word, "{}")) != NULL) {
		strbuf_add(&text, word, (size_t)(hole - word));
		strbuf_addstr(&text, dir);
		word = hole + 2;
	}
	strbuf_addstr(&text, word);
	strvec_push(args, text.buf);
	strbuf_release(&text);
}

static void note_started(pid_t pid, void *data)
{
	struct run *r = data;

	r->started = moment_now();
	/* Only tells a lost run from an unattended one: no reason to stop. */
	live_note_program(r->rec.live, pid, NULL);
	meta_go(r->meta);
	run_beside_start(&r->beside, pid, r->rec.name.buf, r->rec.dir.buf,
			 value_get_text(r->rec.record, "id"), r->rec.debug);
}

static void note_ended(void *data)
{
	struct run *r = data;

	run_beside_stop(&r->beside);
}

static double seconds_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

int run_execute(struct run *r, struct strbuf *err)
{
	struct supervise *s = &r->sup;
	double before;
	int ret, i, held;

	ret = open_log(r, &s->out, "stdout.log", err);
	if (!ret)
		ret = open_log(r, &s->err, "stderr.log", err);
	if (ret)
		goto cleanup;
	s->child.program = r->program.buf;
	for (i = 0; r->argv[i]; i++)
		if (r->subst)
			push_argument(&s->child.args, r->argv[i],
				      r->rec.dir.buf);
		else
			strvec_push(&s->child.args, r->argv[i]);
	strvec_pushf(&s->child.env, "RESUTIL_EX_DIR=%s", r->rec.dir.buf);
	strvec_pushf(&s->child.env, "RESUTIL_EX_NAME=%s", r->rec.name.buf);
	/* results_dir may lie elsewhere */
	strvec_pushf(&s->child.env, "RESUTIL_PROJECT=%s", the_project->root);
	/* a Python function's, whose run this one is not */
	strvec_push(&s->child.env, "RESUTIL_RECORDER");
	/* what git's event was is this run's cause, not that of others */
	strvec_push(&s->child.env, "RESUTIL_GIT_CAUSE");
	strvec_pushf(&s->child.env, "RESUTIL_ID=%s",
		     value_get_text(r->rec.record, "id"));
	/* Unset also where the run that starts this one was resumed. */
	strvec_push(&s->child.env, r->again.kind == RUN_RESUME ?
		    "RESUTIL_RESUME=1" : "RESUTIL_RESUME");
	s->started = note_started;
	s->ended = note_ended;
	s->data = r;

	held = run_hold_dir(r);
	before = seconds_now();
	ret = supervise_run(s, err);
	r->wall = seconds_now() - before;
	if (!ret)
		run_put_back(r, held);
	else if (held >= 0)
		close(held);

cleanup:
	if (s->out.fd >= 0)
		close(s->out.fd);
	if (s->err.fd >= 0)
		close(s->err.fd);
	return ret;
}
