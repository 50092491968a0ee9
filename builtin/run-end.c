/*
 * The end of a run: one update of its record, then the store, then the
 * person.
 */
#include "lib/base/compat.h"
#include "command.h"

#include "builtin/run-parts.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/base/term.h"
#include "lib/exp/record/record.h"

static void take_collected(struct run *r, struct collect *c,
			   struct value *changes)
{
	struct strvec left = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	struct value *taken = NULL, *all;
	size_t i;

	if (!c)
		return;
	if (collect_finish(c, r->rec.dir.buf, &taken, &left, &err)) {
		error("%s", err.buf);
		r->incomplete = true;
	}
	for (i = 0; i < left.nr; i++)
		warning(_("not collected: %s"), left.v[i]);
	if (taken && taken->u.list.nr) {
		all = value_map_get(changes, "collected");
		if (!all) {
			/* A run that was resumed may have some already. */
			all = value_map_get(r->rec.record, "collected");
			all = all && all->type == VALUE_LIST ?
			      value_copy(all) : value_new_list();
			value_map_set(changes, "collected", all);
		}
		for (i = 0; i < taken->u.list.nr; i++)
			value_list_add(all, value_copy(taken->u.list.item[i]));
	}
	value_free(taken);
	strvec_release(&left);
	strbuf_release(&err);
}

static void note_lost(struct value *changes, const struct supervise_log *log,
		      const char *name)
{
	struct value *lost, *entry;

	if (!log->lost)
		return;
	warning(_("the last %" PRIu64 " bytes of '%s' were not kept: %s"),
		log->lost, name, strerror(log->lost_errno));
	lost = value_map_get(changes, "lost_output");
	if (!lost)
		value_map_set(changes, "lost_output", lost = value_new_list());
	entry = value_new_map();
	value_map_set_str(entry, "path", name);
	value_map_set_int(entry, "bytes", (int64_t)log->lost);
	value_map_set_str(entry, "error", strerror(log->lost_errno));
	value_list_add(lost, entry);
}

/* A reader that had enough (EPIPE) is no loss; a full disk is. */
static void tell_cut(const struct supervise_log *log, const char *stream,
		     const char *name)
{
	if (log->stream_errno && log->stream_errno != EPIPE)
		warning(_("cannot write to %s: %s; what reached us is in "
			  "'%s'"), stream, strerror(log->stream_errno), name);
}

/* A clock says no more than this, and the record shall be readable. */
static double whole_microseconds(double seconds)
{
	return (double)(int64_t)(seconds * 1e6 + 0.5) / 1e6;
}

static struct value *usage_map(const struct run *r)
{
	struct value *usage = value_new_map();

	value_map_set(usage, "wall",
		      value_new_float(whole_microseconds(r->wall)));
	value_map_set(usage, "user", value_new_float(r->sup.user));
	value_map_set(usage, "sys", value_new_float(r->sup.sys));
	value_map_set_int(usage, "max_rss", (int64_t)r->sup.max_rss);
	return usage;
}

const char *run_end_state(const struct run *r)
{
	if (r->sup.interrupted_by)
		return "interrupted";
	return r->sup.exit_code == 0 ? "done" : "fail";
}

static int write_end(struct run *r, const struct value *changes,
		     struct strbuf *err)
{
	const struct record_change change = { .merge = changes };

	if (!r->moved)
		return record_update(the_project, r->rec.name.buf, changes,
				     err);
	return record_update_at(r->rec.dir.buf, the_project, &change,
				RECORD_SYNC_ALL, NULL, err);
}

void run_finish(struct run *r)
{
	struct value *changes = value_new_map();
	struct strbuf err = STRBUF_INIT;
	struct moment now = moment_now();

	take_collected(r, r->collect, changes);
	take_collected(r, r->collect_conf, changes);
	if (!run_capture_end(&r->capture, r->cwd.buf, r->rec.name.buf))
		r->incomplete = true;
	record_set_moment(changes, "at.started", &r->started);
	record_set_moment(changes, "at.finished", &now);
	value_map_set_str(changes, "state", run_end_state(r));
	if (r->sup.signo)
		value_map_set_str(changes, "signal", signal_name(r->sup.signo));
	else
		value_map_set_int(changes, "exit_code", r->sup.exit_code);
	value_map_set(changes, "usage", usage_map(r));
	note_lost(changes, &r->sup.out, "stdout.log");
	note_lost(changes, &r->sup.err, "stderr.log");
	tell_cut(&r->sup.out, _("standard output"), "stdout.log");
	tell_cut(&r->sup.err, _("standard error"), "stderr.log");
	run_beside_tell(&r->beside);
	meta_finish(&r->meta, changes, META_PATIENCE);
	live_free_reserve(r->rec.live);
	if (write_end(r, changes, &err)) {
		error(_("the end of '%s' is not recorded: %s"),
		      r->rec.name.buf, err.buf);
		r->incomplete = true;
	}
	live_end(&r->rec.live);
	value_free(changes);
	strbuf_release(&err);
}

void run_tell_end(const struct run *r)
{
	struct strbuf took = STRBUF_INIT;

	/* The program's last line is no part of what we say. */
	if (r->sup.mid_line && run_is_telling() && isatty(STDERR_FILENO))
		fputc('\n', stderr);
	duration_format(&took, r->wall);
	if (r->sup.interrupted_by)
		run_tell(_("Interrupted by %s after %s: %s"),
			 signal_name(r->sup.interrupted_by), took.buf,
			 r->rec.name.buf);
	else if (r->sup.signo)
		run_tell(_("Killed by %s after %s: %s"),
			 signal_name(r->sup.signo), took.buf,
			 r->rec.name.buf);
	else if (r->sup.exit_code)
		run_tell(_("Failed with exit status %d after %s: %s"),
			 r->sup.exit_code, took.buf, r->rec.name.buf);
	else
		run_tell(_("Done in %s: %s"), took.buf, r->rec.name.buf);
	strbuf_release(&took);
}

/* Recorded and pushed first, asked last; the default keeps it. */
void run_push_and_ask(struct run *r)
{
	struct child_process child = CHILD_PROCESS_INIT;
	bool ask, pushed;
	int stopped = 0;

	if (r->rec.debug)
		return;
	ask = strcmp(run_end_state(r), "done") && !r->stays &&
	      term_is_interactive();
	/* What a person may remove next is not left to the background. */
	pushed = run_push(r->rec.name.buf, r->how, ask, &stopped);
	if (!ask || stopped ||
	    !ask_yes_no(pushed ? _("Delete this experiment, here and in the "
				   "store?") : _("Delete this experiment?"),
			false))
		return;
	child.resutil_cmd = 1;
	strvec_pushl(&child.args, "rm", "-y", NULL);
	if (!pushed)
		strvec_push(&child.args, "-l");
	strvec_pushl(&child.args, "--", r->rec.name.buf, NULL);
	run_command(&child);
}

int run_status(const struct run *r)
{
	if (!r->sup.signo)
		return !r->sup.exit_code && r->incomplete ?
			       EXIT_FAILED : r->sup.exit_code;
	return 128 + r->sup.signo;
}
