#include "lib/base/compat.h"
#include "command.h"
#include "builtin/call-hooks.h"
#include "builtin/transfer.h"

#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/sys.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/deps.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/partial.h"
#include "lib/exp/store/remotes.h"

#include <sys/mman.h>

#define LIST_MAX_BYTES (256u << 20)	/* a million names */

void transfer_release(struct transfer *t)
{
	strvec_release(&t->moved_names);
	strvec_release(&t->well);
	strvec_release(&t->parts);
}

const char *transfer_remote_name(const struct transfer *t)
{
	return t->remote ? t->remote : REMOTE_ORIGIN;
}

int transfer_check(struct transfer *t, struct strbuf *err)
{
	uint64_t jobs = 0, rate;
	int ret;

	if (t->limit_rate && !size_parse(&rate, t->limit_rate))
		return fail(err, ERR_USAGE, "'%s' is no rate: give bytes a "
			    "second, as in 10MiB, or 0 for no limit",
			    t->limit_rate);
	if (t->jobs)
		return 0;
	ret = settings_get_size("transfer.jobs", 0, &jobs, err);
	if (!ret)
		t->jobs = (int)MINIMUM(jobs, (uint64_t)INT_MAX);
	return ret;
}

const char *transfer_check_forms(struct transfer *t, bool ask)
{
	if (t->nul)
		t->porcelain = 1;	/* as in status */
	if (ask && (t->porcelain || !term_is_interactive()))
		return _("nobody can be asked: name an EXP, or say --all");
	return NULL;
}

/* What asks a program to end, while a child does our work. */
static const int ending[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t ended_by;
static volatile pid_t told_pid;

/* What the terminal sends reaches the child without us; but that it went away
 * is told to the leader of its session alone. */
static void tell_child(int signo, siginfo_t *info, void *context UNUSED)
{
	if (!ended_by)
		ended_by = signo;
	if (told_pid > 0 && (signo == SIGHUP || info->si_code != SI_KERNEL))
		kill(told_pid, signo);
}

struct held_signals {
	sigset_t set, before;
	struct sigaction action[ARRAY_SIZE(ending)];
};

/* Blocked until the child is there to be told. */
static void hold_signals(struct held_signals *h)
{
	struct sigaction action;
	size_t i;

	ended_by = 0;
	told_pid = 0;
	memset(&action, 0, sizeof(action));
	action.sa_sigaction = tell_child;
	action.sa_flags = SA_RESTART | SA_SIGINFO;
	sigemptyset(&action.sa_mask);
	sigemptyset(&h->set);
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaddset(&h->set, ending[i]);
	sigprocmask(SIG_BLOCK, &h->set, &h->before);
	for (i = 0; i < ARRAY_SIZE(ending); i++) {
		sigaction(ending[i], NULL, &h->action[i]);
		/* Ignored (nohup): by us as by the child. */
		if (h->action[i].sa_handler != SIG_IGN)
			sigaction(ending[i], &action, NULL);
	}
}

static void release_signals(struct held_signals *h, int *signo)
{
	size_t i;

	told_pid = 0;
	for (i = 0; i < ARRAY_SIZE(ending); i++)
		sigaction(ending[i], &h->action[i], NULL);
	sigprocmask(SIG_SETMASK, &h->before, NULL);
	if (ended_by && !*signo)
		*signo = ended_by;
}

int transfer_child(struct child_process *child, int *signo,
		   void (*read)(FILE *out, void *data), void *data)
{
	struct strbuf err = STRBUF_INIT;
	struct held_signals held;
	FILE *out = NULL;
	int status = EXIT_FAILED;

	hold_signals(&held);
	if (read)
		child->out = -1;
	if (start_command(child, &err)) {
		error("%s", err.buf);
		goto cleanup;
	}
	told_pid = child->pid;
	sigprocmask(SIG_SETMASK, &held.before, NULL);
	if (read) {
		out = fdopen(child->out, "r");
		if (out)
			read(out, data);
		else
			close(child->out);
		if (out)
			fclose(out);
	}
	/* A child that is gone, and not yet waited for, keeps its number. */
	status = finish_command(child);
	/* It had no last word. A signal that was sent to all of us is told by
	 * how we end. */
	if (status > 128 && status != EXIT_USAGE && !ended_by)
		error("the child that did the work was killed by signal %d",
		      status - 128);

cleanup:
	release_signals(&held, signo);
	strbuf_release(&err);
	return status;
}

/* Names in a file without a name: there may be more than fit into a pipe, and
 * the child is not bound to read them all before it writes. */
static int names_fd(const struct strvec *names, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	size_t i;
	int fd;

	for (i = 0; i < names->nr; i++)
		strbuf_addf(&text, "%s\n", names->v[i]);
	fd = memfd_create("names", MFD_CLOEXEC);
	if (fd < 0 || sys_write_all(fd, text.buf, text.len) ||
	    lseek(fd, 0, SEEK_SET)) {
		fail_errno(err, "cannot pass on the names");
		if (fd >= 0)
			close(fd);
		fd = -1;
	}
	strbuf_release(&text);
	return fd;
}

static bool split_line(struct strbuf *text, struct transfer_line *line)
{
	char *field[4], *at = text->buf;
	int i;

	for (i = 0; i < 4; i++) {
		field[i] = at;
		at = at ? strchr(at, '\t') : NULL;
		if (at)
			*at++ = '\0';
		if (!field[i])
			field[i] = text->buf + text->len;	/* "" */
	}
	line->status = field[0];
	line->name = field[1];
	line->bytes = strtoumax(field[2], NULL, 10);
	line->other = strcmp(field[3], "-") ? field[3] : "";
	return *line->name;
}

static bool is(const struct transfer_line *line, const char *status)
{
	return !strcmp(line->status, status);
}

static bool has_moved(const struct transfer_line *line)
{
	return is(line, "new") || is(line, "grown") || is(line, "renamed");
}

/* The lines of one child. */
struct told {
	struct transfer *t;
	size_t nr, conflicts, missing, failed;
};

static void take_line(struct told *told, const struct transfer_line *line)
{
	struct transfer *t = told->t;

	told->nr++;
	if (is(line, "conflict"))
		told->conflicts++;
	else if (is(line, "missing"))
		told->missing++;
	else if (is(line, "failed"))
		told->failed++;
	else
		items_count(&t->items, 0);
	if (is(line, "same"))
		t->same++;
	if (is(line, "newer"))
		t->newer++;
	if (has_moved(line)) {
		t->moved++;
		t->bytes += line->bytes;
		strvec_push(&t->moved_names, line->name);
	}
	if (has_moved(line) || is(line, "same") || is(line, "newer"))
		strvec_push(&t->well, line->name);
	if (t->told)
		t->told(t, line);
}

static void read_lines(FILE *out, void *data)
{
	struct strbuf text = STRBUF_INIT;
	struct transfer_line line;

	while (strbuf_getdelim(&text, out, '\n') > 0) {
		if (split_line(&text, &line))
			take_line(data, &line);
		strbuf_reset(&text);
	}
	strbuf_release(&text);
}

static void count_many(struct items *items, size_t nr, int code)
{
	while (nr--)
		items_count(items, code);
}

/* The child says which names failed, and by its status, why, if all did so
 * for one reason. */
static void count_failed(struct told *told, size_t nr_names, int status)
{
	struct items *items = &told->t->items;
	int code = status == EXIT_PARTLY ? 0 : error_of_exit_status(status);

	count_many(items, told->conflicts, code ? code : ERR_CONFLICT);
	count_many(items, told->missing, code ? code : ERR_NOT_FOUND);
	count_many(items, told->failed, code ? code : ERR_FAILED);
	if (nr_names > told->nr)
		count_many(items, nr_names - told->nr,
			   code ? code : ERR_FAILED);
	else if (code && !told->conflicts && !told->missing && !told->failed)
		items_count(items, code);	/* all went well, but its end */
}

/* What is given by names needs nothing that is not among them. */
static void add_stores(const struct transfer *t, bool all, struct strvec *args)
{
	if (t->copy_from) {
		strvec_pushf(args, "--from=%s", t->copy_from);
		strvec_pushf(args, "--to=%s", t->remote);
		if (t->no_dependency || !all)
			strvec_push(args, "--no-dependency");
	} else if (t->remote) {
		strvec_pushf(args, "--remote=%s", t->remote);
	}
}

void transfer_add_arguments(const struct transfer *t, bool all,
			    struct strvec *args)
{
	strvec_push(args, t->copy_from ? "copy-pack" :
			  t->fetch ? "fetch-exp" : "send-pack");
	if (!all)
		strvec_push(args, "--stdin");
	else if (!t->words)
		strvec_push(args, "--all");
	add_stores(t, all, args);
	if (t->jobs)
		strvec_pushf(args, "--jobs=%d", t->jobs);
	if (t->limit_rate)
		strvec_pushf(args, "--limit-rate=%s", t->limit_rate);
	if (t->patience)
		strvec_pushf(args, "--patience=%s", t->patience);
	if (t->force)
		strvec_push(args, "--force");
	if (t->rename)
		strvec_push(args, "--rename");
	if (t->dry_run)
		strvec_push(args, "--dry-run");
	if (t->paths || (all && t->words)) {
		strvec_push(args, "--");
		strvec_pushv(args, t->paths ? t->paths : t->words);
	}
}

/* names: NULL: all that the store holds. */
static void run_sorted(struct transfer *t, const struct strvec *names)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	struct told told = { .t = t };
	int status;

	if (names)
		child.in = names_fd(names, &err);
	else
		child.no_stdin = 1;
	if (child.in < 0) {
		error("%s", err.buf);
		count_many(&t->items, names->nr, ERR_FAILED);
		strbuf_release(&err);
		return;
	}
	/* For the child the rest of one is growth; for a person it is not. */
	strvec_clear(&t->parts);
	if (t->fetch)
		partial_list(the_project, &t->parts);
	child.resutil_cmd = 1;
	transfer_add_arguments(t, !names, &child.args);
	status = transfer_child(&child, &t->signo, read_lines, &told);
	count_failed(&told, names ? names->nr : told.nr, status);
	strbuf_release(&err);
}

void transfer_run(struct transfer *t, const struct strvec *names)
{
	struct strvec sorted = STRVEC_INIT;

	if (!names) {
		run_sorted(t, NULL);
		return;
	}
	/* The child tells of each name once, however often it is given. */
	strvec_pushv(&sorted, names->v);
	strvec_sort(&sorted, true);
	if (sorted.nr)
		run_sorted(t, &sorted);
	strvec_release(&sorted);
}

bool transfer_may_send(struct transfer *t, const struct strvec *names)
{
	struct strbuf err = STRBUF_INIT;
	int ret = t->fetch || t->copy_from || t->dry_run ? 0 :
		  call_hooks_about("pre-push", names, true, &t->signo, &err);

	if (ret) {
		error("%s", err.buf);
		count_many(&t->items, names->nr, ret);
	}
	strbuf_release(&err);
	return !ret && !t->signo;
}

void transfer_tell_fetched(struct transfer *t)
{
	struct strbuf err = STRBUF_INIT;

	if (t->fetch && !t->dry_run &&
	    call_hooks_about("post-pull", &t->moved_names, false, &t->signo,
			     &err))
		warning("%s", err.buf);
	strbuf_release(&err);
}

void transfer_send_with_needed(struct transfer *t, const char *name)
{
	struct strvec roots = STRVEC_INIT, names = STRVEC_INIT;
	struct strvec missing = STRVEC_INIT;
	struct strbuf ignored = STRBUF_INIT;

	strvec_push(&roots, name);
	if (deps_closure(&names, &missing, the_project, &roots, &ignored)) {
		strvec_clear(&names);
		strvec_push(&names, name);
	}
	if (transfer_may_send(t, &roots))
		transfer_run(t, &names);
	strbuf_release(&ignored);
	strvec_release(&missing);
	strvec_release(&names);
	strvec_release(&roots);
}

/* What two of them need is told once. */
static void tell_once(struct transfer *t, struct strvec *told, int code,
		      const struct strbuf *why)
{
	if (strvec_find(told, why->buf) < 0) {
		strvec_push(told, why->buf);
		strvec_sort(told, false);
		error("%s", why->buf);
	}
	items_count(&t->items, code);
}

bool transfer_closure(struct transfer *t, const struct strvec *names,
		      bool quiet, struct strvec *out, struct strvec *missing)
{
	struct strvec all = STRVEC_INIT, lost = STRVEC_INIT;
	struct strvec told = STRVEC_INIT;
	struct strbuf err = STRBUF_INIT;
	bool bad = deps_closure(&all, &lost, the_project, names, &err) != 0;
	size_t i;

	if (!bad) {
		strvec_pushv(out, all.v);
		strvec_pushv(missing, lost.v);
	}
	for (i = 0; bad && i < names->nr; i++) {
		struct strvec one = STRVEC_INIT;
		int ret;

		strbuf_reset(&err);
		strvec_push(&one, names->v[i]);
		ret = deps_closure(out, missing, the_project, &one, &err);
		/* It itself is as it was. */
		if (ret)
			strvec_push(out, names->v[i]);
		if (ret && !quiet)
			tell_once(t, &told, ret, &err);
		strvec_release(&one);
	}
	strbuf_release(&err);
	strvec_release(&told);
	strvec_release(&lost);
	strvec_release(&all);
	return bad;
}

/* A run that is renamed here is sent as OTHER; one that is renamed there was
 * OTHER before. */
static void print_renamed(const struct transfer *t, const char *verb,
			  const struct transfer_line *line)
{
	if (t->fetch)
		out_printf(_("%s %s, which was %s here\n"), verb, line->name,
			   line->other);
	else if (t->dry_run)
		out_printf(_("%s %s, with a rename: %s\n"), verb, line->name,
			   line->other);
	else if (exp_is_here(the_project, line->other))
		out_printf(_("%s %s as %s\n"), verb, line->name, line->other);
	else
		out_printf(_("%s %s, which was %s in '%s'\n"), verb, line->name,
			   line->other, transfer_remote_name(t));
}

static const char *verb_of(const struct transfer *t)
{
	if (t->copy_from)
		return t->dry_run ? _("Would copy") : _("Copied");
	if (t->fetch)
		return t->dry_run ? _("Would fetch") : _("Fetched");
	return t->dry_run ? _("Would send") : _("Sent");
}

static void print_newer(const struct transfer *t, const char *name)
{
	if (t->fetch)
		out_printf(_("Not fetched: %s has grown here\n"), name);
	else
		out_printf(t->copy_from ?
			   _("Not copied: %s has grown in '%s'\n") :
			   _("Not sent: %s has grown in '%s'\n"), name,
			   transfer_remote_name(t));
}

/* Of a plan that will be carried out, only what is no part of it. */
static void print_for_program(const struct transfer *t,
			      const struct transfer_line *line)
{
	if (t->plan && has_moved(line))
		return;
	out_printf("%s\t%s\t%" PRIu64 "\t%s", line->status, line->name,
		   line->bytes, *line->other ? line->other : "-");
	out_text(t->nul ? "" : "\n", 1);
	fflush(stdout);
}

void transfer_print_line(const struct transfer *t,
			 const struct transfer_line *line)
{
	const char *verb = verb_of(t);

	if (t->porcelain) {
		print_for_program(t, line);
		return;
	}
	if (verbosity < 0 || is(line, "same"))
		return;
	if (!t->dry_run)
		term_take_line();
	if (is(line, "new"))
		out_printf("%s %s\n", verb, line->name);
	else if (is(line, "grown") && strvec_find(&t->parts, line->name) >= 0)
		out_printf(t->paths ? _("%s more of %s\n") :
				      _("%s the rest of %s\n"),
			   verb, line->name);
	else if (is(line, "grown"))
		out_printf(_("%s %s, which has grown\n"), verb, line->name);
	else if (is(line, "renamed"))
		print_renamed(t, verb, line);
	else if (is(line, "newer"))
		print_newer(t, line->name);
	out_flush();
}

void transfer_print_sum(const struct transfer *t)
{
	struct strbuf text = STRBUF_INIT;

	if (verbosity < 0 || t->porcelain)
		return;
	if (t->copy_from)
		strbuf_addf(&text, t->dry_run ? _("%zu to copy") :
						_("%zu copied"), t->moved);
	else if (t->dry_run)
		strbuf_addf(&text, t->fetch ? _("%zu to fetch") :
					      _("%zu to send"), t->moved);
	else
		strbuf_addf(&text, t->fetch ? _("%zu fetched") : _("%zu sent"),
			    t->moved);
	if (t->moved) {
		strbuf_addstr(&text, " (");
		size_format(&text, t->bytes);
		strbuf_addstr(&text, ")");
	}
	strbuf_addf(&text, t->fetch ? _(", %zu already here") :
				      _(", %zu already there"), t->same);
	if (t->newer)
		strbuf_addf(&text, t->fetch ? _(", %zu newer here") :
					      _(", %zu newer there"),
			    t->newer);
	if (t->items.failed)
		strbuf_addf(&text, _(", %zu not done"), t->items.failed);
	/* After Ctrl-C that line was left as it was. */
	if (!t->dry_run)
		term_take_line();
	out_printf("%s\n", text.buf);
	strbuf_release(&text);
}

static bool confirm(const struct transfer *t)
{
	if (t->copy_from)
		return ask_yes_no(_("Copy them?"), true);
	return ask_yes_no(t->fetch ? _("Fetch them?") : _("Send them?"), true);
}

int transfer_ask_and_run(struct transfer *t, const struct strvec *names,
			 bool yes)
{
	struct transfer work = *t;
	bool only_plan = t->dry_run;

	work.moved_names = work.well = work.parts = (struct strvec)STRVEC_INIT;
	t->dry_run = true;
	t->plan = !only_plan;
	t->told = transfer_print_line;
	transfer_run(t, names);
	transfer_print_sum(t);
	if (only_plan || !t->moved || t->signo)
		return items_status(&t->items);
	if (!yes && !confirm(t)) {
		say(_("Nothing was done."));
		return EXIT_NO;
	}
	/* What cannot be done was told, and counts; what will be is counted
	 * when it is done. */
	work.items = t->items;
	work.items.done = 0;
	work.told = transfer_print_line;
	if (transfer_may_send(&work, &t->moved_names))
		transfer_run(&work, &t->moved_names);
	work.same = t->same;
	work.newer = t->newer;
	transfer_print_sum(&work);
	transfer_tell_fetched(&work);
	t->signo = work.signo;
	transfer_release(&work);
	return items_status(&work.items);
}

int transfer_list_remote(const struct transfer *t, struct strvec *names)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	const char *line, *end;
	int status;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "list-remote");
	if (t->remote)
		strvec_pushf(&child.args, "--remote=%s", t->remote);
	status = pipe_command(&child, NULL, 0, &out, NULL, LIST_MAX_BYTES,
			      &err);
	if (status < 0) {
		error("%s", err.buf);
		status = EXIT_FAILED;
	}
	for (line = out.buf; !status && (end = strchr(line, '\n'));
	     line = end + 1)
		strvec_pushn(names, line, (size_t)(end - line));
	strbuf_release(&err);
	strbuf_release(&out);
	return status;
}
