/*
 * The experiment of a bench: what run writes, but for metadata that takes long,
 * which is asked before the calls, since it would disturb them.
 */
#include "lib/base/compat.h"
#include "builtin/bench.h"
#include "command.h"

#include <math.h>
#include <sys/wait.h>

#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/supervise.h"
#include "lib/base/sys.h"
#include "lib/exp/git/git-head.h"
#include "lib/exp/record/record.h"
#include "lib/exp/record/redact-record.h"

static struct value *settings_map(const struct bench *b)
{
	const struct bench_load *load = &b->load;
	struct value *map = value_new_map(), *list;
	size_t i;

	value_map_set_int(map, "concurrency", load->workers);
	if (load->number)
		value_map_set_int(map, "number", (int64_t)load->number);
	if (load->seconds > 0)
		value_map_set(map, "duration",
			      value_new_float(load->seconds));
	if (load->warmup)
		value_map_set_int(map, "warmup", (int64_t)load->warmup);
	if (load->rate > 0)
		value_map_set(map, "rate", value_new_float(load->rate));
	if (load->timeout > 0)
		value_map_set(map, "timeout", value_new_float(load->timeout));
	if (b->nr > 1) {
		list = value_new_list();
		for (i = 0; i < b->nr; i++)
			value_list_add(list, value_new_text(
				b->program[i].shown.buf,
				b->program[i].shown.len));
		value_map_set(map, "compare", list);
	}
	return map;
}

struct value *bench_params(const struct bench *b)
{
	struct value *params = record_params(b->program[0].argv.v);

	value_map_set(params, "bench", settings_map(b));
	return params;
}

static int make_record(struct bench *b, const struct moment *created,
		       struct strbuf *err)
{
	struct recording *rec = &b->rec;

	rec->record = record_new(the_project, rec->name.buf, b->words.v,
				 b->cwd.buf, "running", created);
	value_map_set(rec->record, "params", bench_params(b));
	record_set_moment(rec->record, "at.started", created);
	value_map_set_str(rec->record, "executor", "local");
	return run_deps_add(&b->deps, rec->record, err);
}

static int capture(struct bench *b, struct strbuf *err)
{
	const struct meta_about about = { .project = the_project,
					  .argv = b->program[0].argv.v,
					  .program = b->program[0].path.buf };
	const struct value *git;
	struct value *meta = NULL;
	struct git_head head;
	int ret;

	ret = meta_start(&b->meta, &about, NULL, &meta, err);
	if (ret)
		return ret;
	value_map_set(b->rec.record, "meta", meta);
	ret = recording_add_code(&b->rec, b->git, err);
	if (ret)
		return ret;
	git = value_map_get(b->rec.record, "git");
	if (value_get_text(git, "error"))
		warning(_("the state of the code is not recorded whole: git "
			  "says: %s"), value_get_text(git, "error"));
	git_state_head(b->git, &head);
	meta_add_git(meta, git, head.top);
	record_redact(b->rec.record, NULL, &b->taken);
	record_note_redacted(b->rec.record, &b->taken);
	return 0;
}

int bench_claim(struct bench *b, struct strbuf *err)
{
	struct moment created = moment_now();
	int ret;

	b->rec.project = the_project;
	ret = recording_open(&b->rec, &created, err);
	if (!ret)
		ret = make_record(b, &created, err);
	if (!ret)
		ret = capture(b, err);
	if (!ret)
		ret = recording_lock(&b->rec, err);
	if (ret)
		return ret;
	supervise_begin();
	ret = recording_claim(&b->rec, err);
	if (ret)
		supervise_end();
	return ret;
}

static int open_in(const struct bench *b, const char *name, int flags,
		   struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int fd, moved;

	if (!strcmp(name, "/dev/null"))
		strbuf_addstr(&path, name);
	else
		strbuf_addf(&path, "%s/%s", b->rec.dir.buf, name);
	fd = sys_open(path.buf, O_WRONLY | O_NOCTTY | flags, 0666);
	if (fd >= 0 && fd <= STDERR_FILENO) {
		moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		close(fd);
		fd = moved;
	}
	if (fd < 0)
		fail_errno(err, "cannot write '%s'", path.buf);
	strbuf_release(&path);
	return fd;
}

static int open_logs(struct bench *b, struct strbuf *err)
{
	const int log = O_CREAT | O_APPEND | O_NOFOLLOW;

	b->out_log = open_in(b, b->keeps_output ? "stdout.log" : "/dev/null",
			     b->keeps_output ? log : 0, err);
	if (b->out_log < 0)
		return ERR_FAILED;
	if (!b->keeps_output)
		return 0;
	b->err_log = open_in(b, "stderr.log", log, err);
	return b->err_log < 0 ? ERR_FAILED : 0;
}

/* As a program of run, so that it can add what it measures by itself. */
static void prepare_child(struct bench *b, struct child_process *child,
			  const struct bench_program *p)
{
	strvec_pushv(&child->args, p->argv.v);
	strvec_pushf(&child->env, "RESUTIL_EX_DIR=%s", b->rec.dir.buf);
	strvec_pushf(&child->env, "RESUTIL_EX_NAME=%s", b->rec.name.buf);
	strvec_pushf(&child->env, "RESUTIL_PROJECT=%s", the_project->root);
	strvec_push(&child->env, "RESUTIL_RECORDER");
	strvec_pushf(&child->env, "RESUTIL_ID=%s",
		     value_get_text(b->rec.record, "id"));
	strvec_push(&child->env, "RESUTIL_RESUME");
	child->new_session = 1;
}

int bench_prepare_calls(struct bench *b, struct strbuf *err)
{
	size_t i;
	int ret = open_logs(b, err);

	if (ret)
		return ret;
	for (i = 0; i < b->nr + b->has_empty; i++) {
		struct bench_program *p = i < b->nr ? &b->program[i] :
						      &b->empty;
		struct child_process child = CHILD_PROCESS_INIT;

		prepare_child(b, &child, p);
		p->launch = launch_new(p->path.buf, &child, i < b->nr ?
				       b->input : NULL);
		child_process_release(&child);
	}
	ret = metrics_open(&b->metrics, b->rec.dir.buf, "", METRICS_CSV, err);
	if (ret)
		return ret;
	/* Asked now, and waited for: it would disturb the calls. */
	b->changes = value_new_map();
	meta_go(b->meta);
	meta_finish(&b->meta, b->changes, META_PATIENCE);
	return 0;
}

static void tell_lost(struct bench *b, const struct strbuf *err)
{
	if (!b->rows_lost)
		warning(_("rows of metrics are lost: %s"), err->buf);
	b->rows_lost = true;
}

/* votakvot-ab has the first three columns, and at. */
void bench_add_row(struct bench *b, const struct bench_call *call)
{
	struct value *row = value_new_map();
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	struct bench_outcome o = { .end = call->end };
	bool good = bench_call_is_good(call);
	double at = (double)b->started.sec + b->started.usec / 1e6 +
		    call->begin;
	struct moment when = b->started;

	when.sec = (int64_t)floor(at);
	when.usec = (int32_t)((at - floor(at)) * 1e6);
	value_map_add(row, "duration", 8, good ?
		      value_new_float(round(call->took * 1e9) / 1e9) :
		      value_new_null());
	value_map_add(row, "result", 6,
		      call->end == CALL_ENDED && WIFEXITED(call->status) ?
		      value_new_int(WEXITSTATUS(call->status)) :
		      value_new_null());
	o.number = call->end == CALL_NOT_STARTED ? call->error :
		   call->end != CALL_ENDED ? 0 :
		   WIFSIGNALED(call->status) ? -WTERMSIG(call->status) :
		   WEXITSTATUS(call->status);
	if (!good)
		bench_outcome_format(&text, &o);
	value_map_add(row, "error", 5, good ? value_new_null() :
		      value_new_text(text.buf, text.len));
	value_map_add(row, "spawn", 5,
		      value_new_float(round(call->spawn * 1e9) / 1e9));
	value_map_add(row, "user", 4, value_new_float(call->user));
	value_map_add(row, "sys", 3, value_new_float(call->sys));
	value_map_add(row, "max_rss", 7, value_new_int((int64_t)call->max_rss));
	if (b->load.rate > 0)
		value_map_add(row, "late", 4, value_new_float(
			round(call->late * 1e9) / 1e9));
	if (b->nr > 1)
		value_map_add(row, "program", 7,
			      value_new_int((int64_t)call->program + 1));
	if (metrics_add(b->metrics, &when, row, &err))
		tell_lost(b, &err);
	value_free(row);
	strbuf_release(&text);
	strbuf_release(&err);
}

void bench_flush_rows(struct bench *b)
{
	struct strbuf err = STRBUF_INIT;

	if (metrics_flush(b->metrics, &err))
		tell_lost(b, &err);
	strbuf_release(&err);
}

const char *bench_end_state(const struct bench *b)
{
	size_t i;

	if (b->load.interrupted_by)
		return "interrupted";
	for (i = 0; i < b->nr; i++)
		if (b->program[i].tally.calls > b->program[i].tally.failed)
			return "done";
	return "fail";
}

static struct value *usage_map(const struct bench *b)
{
	struct value *usage = value_new_map();
	double user = 0, sys = 0;
	uint64_t most = 0;
	size_t i;

	for (i = 0; i < b->nr; i++) {
		user += b->program[i].tally.user;
		sys += b->program[i].tally.sys;
		most = MAXIMUM(most, b->program[i].tally.max_rss);
	}
	value_map_set(usage, "wall", value_new_float(
		round(b->load.elapsed * 1e6) / 1e6));
	value_map_set(usage, "user", value_new_float(round(user * 1e6) / 1e6));
	value_map_set(usage, "sys", value_new_float(round(sys * 1e6) / 1e6));
	value_map_set_int(usage, "max_rss", (int64_t)most);
	return usage;
}

static void close_rows(struct bench *b)
{
	struct strbuf err = STRBUF_INIT;

	if (metrics_close(&b->metrics, &err))
		tell_lost(b, &err);
	if (b->load.log_errno)
		warning(_("what the programs wrote to stderr was not kept "
			  "whole: %s"), strerror(b->load.log_errno));
	strbuf_release(&err);
}

void bench_finish(struct bench *b, const struct value *result)
{
	struct value *changes = b->changes;
	const char *state = bench_end_state(b);
	struct moment now = moment_now();
	struct strbuf err = STRBUF_INIT;

	close_rows(b);
	record_set_moment(changes, "at.started", &b->started);
	record_set_moment(changes, "at.finished", &now);
	value_map_set_str(changes, "state", state);
	if (b->load.interrupted_by)
		value_map_set_str(changes, "signal",
				  signal_name(b->load.interrupted_by));
	else
		value_map_set_int(changes, "exit_code",
				  !strcmp(state, "fail") ? EXIT_NO : 0);
	value_map_set(changes, "usage", usage_map(b));
	value_map_set(changes, "result", value_copy(result));
	live_free_reserve(b->rec.live);
	if (record_update(the_project, b->rec.name.buf, changes, &err)) {
		error(_("the end of '%s' is not recorded: %s"),
		      b->rec.name.buf, err.buf);
		b->incomplete = true;
	}
	live_end(&b->rec.live);
	strbuf_release(&err);
}
