#include "lib/base/compat.h"
#include "command.h"

#include "builtin/checkpoint-worker.h"
#include "builtin/run-store.h"
#include "builtin/transfer.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/sys.h"
#include "lib/base/term.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/store/remotes.h"

#define LOG_MAX_BYTES (1 << 20)
#define LIST_MAX_BYTES (256u << 20)
/* A person waits for the prompt: a store that is away is not waited for as
 * long as by push itself. */
#define PATIENCE "5"

bool run_may_ask_stores(void)
{
	return !env_is_true("RESUTIL_NO_REMOTE");
}

/* Our stdout is the program's. */
static int stderr_for_child(void)
{
	return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
}

void run_pull(const struct strvec *exps)
{
	struct child_process child = CHILD_PROCESS_INIT;
	int signo = 0;

	child.resutil_cmd = 1;
	child.no_stdin = 1;
	child.out = stderr_for_child();
	if (child.out < 0) {
		child.out = 0;
		child.no_stdout = 1;
	}
	if (!isatty(STDERR_FILENO) && verbosity <= 0)
		strvec_push(&child.args, "-q");
	strvec_push(&child.args, "pull");
	strvec_pushv(&child.args, exps->v);
	/* What came of it is seen in results_dir. */
	transfer_child(&child, &signo, NULL, NULL);
	if (signo)
		raise(signo);	/* nothing is claimed yet: as if it came now */
}

/* What is recorded by the program of a rerun: the notes of what was sent would
 * go with its work tree, and the run would be taken for somebody else's. */
static bool is_in_rerun(void)
{
	const char *tree = getenv("RESUTIL_WORK_TREE");

	return tree && path_below(the_project->root, tree);
}

int run_push_choose(enum run_push *out, int option, struct strbuf *err)
{
	const char *text = settings_get_str("push.auto", "yes");
	bool yes;

	if (settings_parse_bool(text, &yes))
		*out = yes ? RUN_PUSH_YES : RUN_PUSH_NO;
	else if (!strcmp(text, "background"))
		*out = RUN_PUSH_BACKGROUND;
	else if (!strcmp(text, "ask"))
		*out = RUN_PUSH_ASK;
	else
		return fail(err, ERR_CONTENT, "the setting 'push.auto' must "
			    "be yes, no, background or ask, not '%s'", text);
	if (option < 0 && (!run_may_ask_stores() || is_in_rerun()))
		option = 0;
	if (!option)
		*out = RUN_PUSH_NO;
	else if (option > 0 && *out != RUN_PUSH_BACKGROUND)
		*out = RUN_PUSH_YES;
	return 0;
}

int run_store_log(const char *file, const char *verb, const char *name)
{
	struct strbuf path = STRBUF_INIT, line = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	struct moment now = moment_now();
	struct stat st;
	int fd = -1;

	if (project_private(the_project, file, &path, &ignored))
		goto cleanup;
	fd = sys_open(path.buf, O_WRONLY | O_CREAT | O_APPEND, 0666);
	if (fd < 0)
		goto cleanup;
	if (!fstat(fd, &st) && st.st_size > LOG_MAX_BYTES)
		sys_ftruncate(fd, 0);
	moment_format(&line, &now);
	strbuf_addf(&line, " resutil %s %s\n", verb, name);
	sys_write_all(fd, line.buf, line.len);

cleanup:
	strbuf_release(&ignored);
	strbuf_release(&line);
	strbuf_release(&path);
	return fd;
}

/* In a session of its own, so that it outlives the terminal. Nobody waits for
 * it: whether it went well is in the log, and in what status tells. */
static bool push_in_background(const char *name)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf err = STRBUF_INIT;
	int log = run_store_log("push.log", "push", name), ret;

	child.resutil_cmd = 1;
	child.new_session = 1;
	child.no_stdin = 1;
	if (log >= 0) {
		child.out = fcntl(log, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
		child.err = log;
	}
	child.no_stdout = child.out <= 0;
	child.no_stderr = log < 0;
	strvec_pushl(&child.args, "--no-interactive", "push", "--", name,
		     NULL);
	ret = start_command(&child, &err);
	if (ret)
		warning(_("'%s' is not pushed: %s"), name, err.buf);
	child_process_release(&child);
	strbuf_release(&err);
	return !ret;
}

/* How many experiments the store does not have, or not as they are; 0 when
 * that cannot be told. */
static size_t count_unpushed(void)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf out = STRBUF_INIT, ignored = STRBUF_INIT;
	size_t nr = 0, i;

	child.resutil_cmd = 1;
	strvec_push(&child.args, "list-unpushed");
	if (!pipe_command(&child, NULL, 0, &out, &ignored, LIST_MAX_BYTES,
			  &ignored))
		for (i = 0; i < out.len; i++)
			nr += out.buf[i] == '\n';
	strbuf_release(&ignored);
	strbuf_release(&out);
	return nr;
}

static bool was_sent(const struct transfer *t, const char *name)
{
	size_t i;

	for (i = 0; i < t->well.nr; i++)
		if (!strcmp(t->well.v[i], name))
			return true;
	return false;
}

static void tell_of_failure(const struct transfer *t, const char *name)
{
	struct strbuf word = STRBUF_INIT;
	bool sent = was_sent(t, name);
	size_t others;

	quote_shell(&word, name);
	if (sent)
		warning(_("not all that '%s' needs is in '%s'; 'resutil push "
			  "%s' tries it again"), name, REMOTE_ORIGIN,
			word.buf);
	else
		warning(_("'%s' is kept here, but not in '%s'; 'resutil push "
			  "%s' sends it"), name, REMOTE_ORIGIN, word.buf);
	strbuf_release(&word);
	if (sent)
		return;
	others = count_unpushed();
	if (others > 1)
		warning(_("%zu other experiment%s not pushed; 'resutil push "
			  "--all' sends them"), others - 1,
			others == 2 ? " is" : "s are");
}

static void tell_line(const struct transfer *t,
		      const struct transfer_line *line)
{
	struct strbuf size = STRBUF_INIT;

	if (verbosity < 0 || (verbosity == 0 && !isatty(STDERR_FILENO)))
		return;
	size_format(&size, line->bytes);
	if (!strcmp(line->status, "new") || !strcmp(line->status, "grown"))
		say(_("Pushed to %s: %s (%s)"), transfer_remote_name(t),
		    line->name, size.buf);
	strbuf_release(&size);
}

bool run_push(const char *name, enum run_push how, bool wait, int *stopped)
{
	struct transfer t = TRANSFER_INIT;
	struct ticket *turn;
	bool done;

	if (how == RUN_PUSH_NO ||
	    (how == RUN_PUSH_ASK && !ask_yes_no(_("Push this experiment?"),
						true)))
		return false;
	/* What it sends is an earlier state of what we send now. */
	turn = checkpoint_stop(name);
	if (how == RUN_PUSH_BACKGROUND && !wait) {
		done = push_in_background(name);
		checkpoint_replaced(turn, name, done);
		return done;
	}
	t.patience = PATIENCE;
	t.told = tell_line;
	transfer_send_with_needed(&t, name);
	*stopped = t.signo;
	done = was_sent(&t, name);
	if (t.items.failed)
		tell_of_failure(&t, name);
	transfer_release(&t);
	checkpoint_replaced(turn, name, done);
	return done;
}
