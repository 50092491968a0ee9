#include "lib/base/compat.h"
#include "command.h"
#include "builtin/checkpoint-worker.h"

#include "builtin/run-store.h"
#include "builtin/transfer.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/value.h"
#include "lib/exp/record/record.h"

void checkpoint_release(struct checkpoint *c)
{
	strbuf_release(&c->name);
	strbuf_release(&c->key);
}

int checkpoint_open(struct checkpoint *c, const char *name,
		    const char *remote, struct strbuf *err)
{
	struct strbuf dir = STRBUF_INIT;
	struct value *record = NULL;
	int ret;

	project_exp_path(the_project, name, &dir);
	ret = record_read_raw(&record, dir.buf, err);
	if (!ret) {
		strbuf_addstr(&c->name, name);
		strbuf_addstr(&c->key, ticket_key(record, name));
		c->place.project = the_project;
		c->place.key = c->key.buf;
		c->place.remote = remote;
	}
	value_free(record);
	strbuf_release(&dir);
	return ret;
}

/* ---- asking -------------------------------------------------------------- */

int checkpoint_start_worker(const struct checkpoint *c, struct strbuf *err)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int log = run_store_log("checkpoint.log", "checkpoint", c->name.buf);
	int ret;

	child.resutil_cmd = 1;
	child.new_session = 1;
	child.no_stdin = 1;
	child.dir = the_project->root;
	if (log >= 0) {
		child.out = fcntl(log, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		child.err = log;
	}
	child.no_stdout = child.out <= 0;
	child.no_stderr = log < 0;
	/* What sends a run is no part of it. */
	strvec_push(&child.env, "RESUTIL_EX_DIR");
	strvec_push(&child.env, "RESUTIL_EX_NAME");
	strvec_push(&child.env, "RESUTIL_ID");
	strvec_pushl(&child.args, "--no-interactive", TICKET_COMMAND,
		     TICKET_OPTION, NULL);
	strvec_pushf(&child.args, "--exp=%s", c->name.buf);
	if (c->place.remote)
		strvec_pushf(&child.args, "--remote=%s", c->place.remote);
	ret = start_command(&child, err);
	child_process_release(&child);
	return ret;
}

/* Nobody is there to send it, unless somebody has come since. */
static void take_back(struct ticket *t)
{
	struct strbuf ignored = STRBUF_INIT;
	enum ticket_turn turn;

	if (!ticket_take(t, 0, &turn, &ignored) && turn == TICKET_OURS)
		ticket_finish(t, false);
	strbuf_release(&ignored);
}

int checkpoint_note(const struct checkpoint *c, struct strbuf *err)
{
	struct ticket *t = NULL;
	bool idle = false;
	int ret = ticket_ask(&t, &c->place, &idle, err);

	if (!ret && idle) {
		ret = checkpoint_start_worker(c, err);
		if (ret)
			take_back(t);
	}
	ticket_free(t);
	return ret;
}

/* ---- sending ------------------------------------------------------------- */

/* So that what is sent is seen to have grown. record_update() is what
 * update-exp does, but that refuses to change nothing. */
static int raise_revision(const char *name, struct strbuf *err)
{
	struct value *nothing = value_new_map();
	int ret = record_update(the_project, name, nothing, err);

	value_free(nothing);
	return ret;
}

int checkpoint_send(const struct checkpoint *c, int *signo)
{
	struct transfer t = TRANSFER_INIT;
	struct strbuf err = STRBUF_INIT;
	int ret = raise_revision(c->name.buf, &err), status;

	if (ret) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	} else {
		t.remote = c->place.remote;
		t.told = transfer_print_line;
		transfer_send_with_needed(&t, c->name.buf);
		status = items_status(&t.items);
		if (t.signo)
			*signo = t.signo;
	}
	transfer_release(&t);
	strbuf_release(&err);
	return status;
}

/* One upload after the other, each of all that was asked for when it began. */
static int work_off(const struct checkpoint *c, struct ticket *t, int *signo)
{
	struct strbuf err = STRBUF_INIT;
	enum ticket_turn turn;
	bool more = true;
	int status = 0;

	while (more && !*signo) {
		if (ticket_take(t, TICKET_STOPPABLE, &turn, &err)) {
			error("%s", err.buf);
			status = EXIT_FAILED;
			break;
		}
		if (turn != TICKET_OURS)
			break;
		status = checkpoint_send(c, signo);
		/* Who stops us takes the requests over. */
		more = !*signo && ticket_finish(t, !status);
	}
	strbuf_release(&err);
	return status;
}

int checkpoint_work(const struct checkpoint *c)
{
	struct strbuf err = STRBUF_INIT;
	struct ticket *t = NULL;
	int ret, status = 0, signo = 0;

	ret = ticket_open(&t, &c->place, &err);
	if (!ret) {
		status = work_off(c, t, &signo);
	} else if (ret != ERR_NOT_FOUND) {
		error("%s", err.buf);
		status = exit_status_of(ret);
	}
	ticket_free(t);
	strbuf_release(&err);
	if (signo)
		signal_die_of(signo);
	return status;
}

/* ---- the end of a run ---------------------------------------------------- */

struct ticket *checkpoint_stop(const char *name)
{
	struct checkpoint c = CHECKPOINT_INIT;
	struct strbuf ignored = STRBUF_INIT;
	struct ticket *t = NULL;

	/* Most runs have none, and nothing is read for them. */
	if (ticket_any(the_project) &&
	    !checkpoint_open(&c, name, NULL, &ignored))
		ticket_stop(&t, &c.place);
	checkpoint_release(&c);
	strbuf_release(&ignored);
	return t;
}

void checkpoint_replaced(struct ticket *t, const char *name, bool sent)
{
	struct checkpoint c = CHECKPOINT_INIT;
	struct strbuf err = STRBUF_INIT;
	bool more;

	if (!t)
		return;
	more = ticket_finish(t, sent);
	ticket_free(t);
	/* A process that outlives the run may ask for more. */
	if (more && !checkpoint_open(&c, name, NULL, &err) &&
	    checkpoint_start_worker(&c, &err))
		warning("%s", err.buf);
	checkpoint_release(&c);
	strbuf_release(&err);
}
