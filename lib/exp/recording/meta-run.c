/*
 * The process beside a run is `resutil collect-meta --beside`: so what hangs,
 * prints without end or forks daemons is never a child of the recorder, whose
 * only child is the program. It gets one line of JSON (`names`, `python`,
 * `flags`), and ends when the pipe that brought it is closed, also by the death
 * of the recorder. It answers one object, null for what has nothing to say.
 */
#include "lib/base/compat.h"
#include "lib/exp/recording/meta-run.h"

#include <poll.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/sys.h"
#include "lib/base/trace.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/recording/meta-commands.h"
#include "lib/exp/recording/meta-plan.h"
#include "lib/exp/recording/meta-slow.h"
#include "lib/exp/recording/python-find.h"
#include "lib/exp/recording/python-freeze.h"
#include "lib/wrap/json.h"

#define MAX_ANSWER (16u << 20)
#define USUAL_PATIENCE 1000	/* milliseconds */
#define PIPE_ROOM (1 << 20)
#define LAST_WORDS_MSEC 500	/* of the process, once it is told to end */
#define DEATH_MSEC 200
#define STEP_MSEC 1

struct meta_run {
	struct strbuf notice;
	struct strbuf dir;	/* the project's; "": none */
	struct value *names;	/* of what is still to be asked */
	struct strbuf python;	/* path; "": none */
	struct strbuf flags;
	struct child_process child;
	bool running;
	unsigned patience;	/* milliseconds: run.meta-wait */
	int in, out;		/* our ends; -1: closed */
	struct strbuf answer;
};

static int64_t msec_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

const char *meta_notice(const struct meta_run *m)
{
	return m ? m->notice.buf : "";
}

/* ---- at once ------------------------------------------------------------ */

static void ask_for(struct meta_run *m, const char *name)
{
	value_list_add(m->names, value_new_str(name));
}

static void take_python(struct meta_run *m, const struct meta_about *about,
			const struct meta_plan *plan, struct value *meta)
{
	struct python py = PYTHON_INIT;
	struct value *packages = NULL;
	bool wanted = meta_plan_has(plan, "python"), known;

	if ((!wanted && !plan->packages) ||
	    !python_find(&py, about->argv, about->program)) {
		value_map_remove(meta, "python");
		goto cleanup;
	}
	known = (py.version.len && !plan->packages) ||
		python_freeze_cached(about->project, &py, &packages);
	if (wanted)
		value_map_set(meta, "python", python_value(&py));
	if (plan->packages && packages)
		value_map_set(meta, "packages", value_copy(packages));
	/* a name that tells no series tells no directories either */
	if (!known && py.series.len) {
		if (wanted && !py.version.len)
			ask_for(m, "python");
		if (plan->packages)
			ask_for(m, "packages");
		strbuf_addbuf(&m->python, &py.path);
		python_flags(&py, &m->flags);
	}

cleanup:
	value_free(packages);
	python_release(&py);
}

static void take_commands(struct meta_run *m, const struct meta_plan *plan,
			  struct value *meta)
{
	size_t i;

	for (i = 0; i < plan->nr; i++)
		if (plan->command[i].bad)
			value_map_set(meta, plan->command[i].name,
				      meta_error(plan->command[i].bad));
		else
			ask_for(m, plan->command[i].name);
	for (i = 0; i < plan->untrusted.nr; i++) {
		const char *name = plan->untrusted.v[i] + strlen("meta.");

		if (!meta_is_provider(name) && !meta_plan_has(plan, name))
			value_map_set(meta, name,
				      meta_error("not asked, the project is "
						 "not trusted here"));
	}
}

static int get_patience(unsigned *msec, struct strbuf *err)
{
	const struct value *value = settings_get("run.meta-wait");
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	*msec = USUAL_PATIENCE;
	if (value && !meta_parse_time(value, msec)) {
		value_format(&text, value);
		ret = fail(err, ERR_CONTENT, "the setting 'run.meta-wait' must "
			   "be seconds, at most 3600, not '%s'", text.buf);
	}
	strbuf_release(&text);
	return ret;
}

int meta_start(struct meta_run **out, const struct meta_about *about,
	       const struct strvec *names, struct value **meta,
	       struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct meta_plan plan = META_PLAN_INIT;
	struct meta_run *m;
	unsigned patience;
	int ret;

	ret = get_patience(&patience, err);
	if (!ret)
		ret = meta_plan_make(&plan, about->project, names, err);
	if (ret)
		goto cleanup;
	m = xcalloc(1, sizeof(*m));
	m->patience = patience;
	strbuf_init(&m->notice);
	strbuf_init(&m->dir);
	strbuf_init(&m->python);
	strbuf_init(&m->flags);
	strbuf_init(&m->answer);
	m->names = value_new_list();
	m->child = child;
	m->in = m->out = -1;
	if (about->project)
		strbuf_addstr(&m->dir, about->project->root);
	meta_plan_notice(&plan, about->project, &m->notice);
	*meta = value_new_map();
	meta_fill(*meta, &plan);
	take_python(m, about, &plan, *meta);
	take_commands(m, &plan, *meta);
	*out = m;

cleanup:
	meta_plan_release(&plan);
	return ret;
}

/* ---- beside ------------------------------------------------------------- */

static struct value *make_request(const struct meta_run *m)
{
	struct value *request = value_new_map();

	value_map_set(request, "names", value_copy(m->names));
	if (m->python.len) {
		value_map_set(request, "python",
			      value_new_text(m->python.buf, m->python.len));
		value_map_set_str(request, "flags", m->flags.buf);
	}
	return request;
}

void meta_go(struct meta_run *m)
{
	struct strbuf line = STRBUF_INIT, err = STRBUF_INIT;
	struct value *request;

	if (!m || !m->names->u.list.nr)
		return;
	request = make_request(m);
	json_write(&line, request);
	strbuf_addch(&line, '\n');

	m->child.resutil_cmd = 1;
	strvec_pushl(&m->child.args, "collect-meta", "--beside", NULL);
	m->child.dir = m->dir.len ? m->dir.buf : NULL;
	m->child.in = m->child.out = -1;
	/* the terminal, or a pipe of ours, must not wait for its end */
	m->child.no_stderr = 1;
	m->child.new_session = 1;
	if (start_command(&m->child, &err)) {
		trace_printf("meta: %s", err.buf);
		goto cleanup;
	}
	m->running = true;
	m->in = m->child.in;
	m->out = m->child.out;
	fcntl(m->out, F_SETPIPE_SZ, PIPE_ROOM);	/* helps, need not succeed */
	fcntl(m->out, F_SETFL, O_NONBLOCK);
	/* a pipe holds more than paths and names are long */
	sys_write_all(m->in, line.buf, line.len);

cleanup:
	value_free(request);
	strbuf_release(&line);
	strbuf_release(&err);
}

int meta_answer(const struct value *request, const struct project *p,
		int stop_fd, struct value **answer, struct strbuf *err)
{
	const struct value *list = value_map_get(request, "names");
	const char *path = value_get_text(request, "python");
	const char *flags = value_get_text(request, "flags");
	struct meta_plan plan = META_PLAN_INIT;
	struct python py = PYTHON_INIT;
	struct strvec names = STRVEC_INIT;
	bool found;
	size_t i;
	int ret;

	for (i = 0; list && list->type == VALUE_LIST && i < list->u.list.nr;
	     i++)
		if (value_text(list->u.list.item[i]))
			strvec_push(&names, value_text(list->u.list.item[i]));
	ret = meta_plan_make(&plan, p, &names, err);
	if (ret)
		goto cleanup;
	found = path && python_look_at(&py, path, flags ? flags : "");
	*answer = value_new_map();
	meta_ask_slow(&plan, p, found ? &py : NULL, stop_fd, *answer);

cleanup:
	meta_plan_release(&plan);
	python_release(&py);
	strvec_release(&names);
	return ret;
}

/* ---- the end ------------------------------------------------------------ */

static void close_in(struct meta_run *m)
{
	if (m->in >= 0)
		close(m->in);
	m->in = -1;
}

/* Until the process has said all; false: not within msec. */
static bool read_answer(struct meta_run *m, unsigned msec)
{
	int64_t end = msec_now() + msec, left;
	char buf[16384];
	ssize_t got;

	for (;;) {
		struct pollfd fd = { .fd = m->out, .events = POLLIN };

		got = read(m->out, buf, sizeof(buf));
		if (got > 0 && m->answer.len <= MAX_ANSWER) {
			strbuf_add(&m->answer, buf, (size_t)got);
			continue;
		}
		if (got >= 0 || (errno != EINTR && errno != EAGAIN))
			return true;
		left = end - msec_now();
		if (left <= 0)
			return false;
		poll(&fd, 1, (int)left);
	}
}

/* It has ended, or is made to; what hangs in the kernel is left to init. */
static void bury(struct meta_run *m, unsigned msec)
{
	unsigned waited;
	int status;

	for (waited = 0; !waitpid(m->child.pid, &status, WNOHANG);
	     waited += STEP_MSEC) {
		if (waited >= msec + DEATH_MSEC)
			break;
		if (waited >= msec)
			kill(m->child.pid, SIGKILL);
		poll(NULL, 0, STEP_MSEC);
	}
	trace_printf("meta: %ld is waited for", (long)m->child.pid);
}

static void take_answers(const struct meta_run *m, const struct value *answer,
			 struct value *changes)
{
	struct value *meta = value_new_map();
	size_t i;

	for (i = 0; i < m->names->u.list.nr; i++) {
		const char *name = value_text(m->names->u.list.item[i]);
		const struct value *value = value_map_get(answer, name);

		if (!value && strcmp(name, "python"))
			value_map_set(meta, name, meta_error("did not answer "
						"before the run ended"));
		else if (value && value->type != VALUE_NULL)
			value_map_set(meta, name, value_copy(value));
	}
	if (meta->u.map.nr)
		value_map_set(changes, "meta", meta);
	else
		value_free(meta);
}

static void meta_run_free(struct meta_run *m)
{
	strbuf_release(&m->notice);
	strbuf_release(&m->dir);
	strbuf_release(&m->python);
	strbuf_release(&m->flags);
	strbuf_release(&m->answer);
	value_free(m->names);
	child_process_release(&m->child);
	close_in(m);
	if (m->out >= 0)
		close(m->out);
	free(m);
}

void meta_finish(struct meta_run **mp, struct value *changes, unsigned msec)
{
	struct meta_run *m = *mp;
	struct value *answer = NULL;
	bool said = true;

	*mp = NULL;
	if (!m)
		return;
	if (m->running) {
		if (msec == META_PATIENCE)
			msec = m->patience;
		said = changes && read_answer(m, msec);
		close_in(m);
		if (!said)
			said = read_answer(m, LAST_WORDS_MSEC);
		bury(m, said ? DEATH_MSEC : 0);
	}
	if (m->answer.len)
		json_parse(&answer, m->answer.buf, m->answer.len, "answer",
			   NULL);
	if (changes)
		take_answers(m, answer, changes);
	value_free(answer);
	meta_run_free(m);
}

void meta_finish_here(struct meta_run **mp, const struct project *p,
		      struct value *changes)
{
	struct meta_run *m = *mp;
	struct value *request = make_request(m), *answer = NULL;

	*mp = NULL;
	if (m->names->u.list.nr &&
	    !meta_answer(request, p, -1, &answer, NULL))
		take_answers(m, answer, changes);
	value_free(request);
	value_free(answer);
	meta_run_free(m);
}
