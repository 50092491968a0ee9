#include "lib/base/compat.h"
#include "lib/exp/recording/meta-commands.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/kill-tree.h"
#include "lib/base/quote.h"
#include "lib/base/run-command.h"
#include "lib/base/signals.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/json.h"

#define MAX_DEPTH 32		/* of a record, 64, two are gone already */
#define MAX_NODES 10000		/* of 2,000,000, for 64 commands */
#define MAX_COMPLAINT 200	/* bytes of a program's last words */
#define READ_ROOM 16384

enum end { END_NOT, END_DONE, END_LATE, END_LONG, END_STOPPED, END_FAILED };

struct asked {
	const struct meta_command *command;
	struct child_process child;
	pid_t pid;
	int fd[2];		/* its stdout and stderr; -1: at their end */
	struct strbuf text[2];
	struct strbuf mark;	/* in the environment of what it starts */
	struct strbuf error;	/* why it could not be started */
	int64_t until;		/* msec_now() */
	int status;		/* of waitpid(2) */
	bool gone;		/* waited for */
	enum end end;
};

static int64_t msec_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- what it said ------------------------------------------------------- */

struct value *meta_error(const char *text)
{
	struct value *map = value_new_map();
	struct strbuf safe = STRBUF_INIT;

	/* all of it is text, whatever a program complained in */
	quote_terminal(&safe, text, strlen(text));
	value_map_set(map, "error", value_new_text(safe.buf, safe.len));
	strbuf_release(&safe);
	return map;
}

/* What could not be read back as part of a record stays text. */
static bool is_small(const struct value *value, unsigned depth, size_t *nodes)
{
	size_t i;

	if (depth > MAX_DEPTH || ++*nodes > MAX_NODES)
		return false;
	if (value->type == VALUE_LIST)
		for (i = 0; i < value->u.list.nr; i++)
			if (!is_small(value->u.list.item[i], depth + 1, nodes))
				return false;
	if (value->type == VALUE_MAP)
		for (i = 0; i < value->u.map.nr; i++)
			if (!is_small(value->u.map.pair[i].value, depth + 1,
				      nodes))
				return false;
	return true;
}

struct value *meta_output_value(const char *text, size_t len)
{
	struct value *value = NULL;
	size_t start = 0, nodes = 0;

	while (len && strchr("\r\n", text[len - 1]) && text[len - 1])
		len--;
	while (start < len && isspace((unsigned char)text[start]))
		start++;
	if (start == len)
		return NULL;
	if (strchr("{[", text[start]) &&
	    !json_parse(&value, text, len, "json", NULL) &&
	    is_small(value, 0, &nodes))
		return value;
	value_free(value);
	return value_new_text(text, len);
}

/* The last line of what it complained of, if any. */
static void add_complaint(struct strbuf *out, struct strbuf *text)
{
	const char *line;

	strbuf_trim(text);
	line = strrchr(text->buf, '\n');
	line = line ? line + 1 : text->buf;
	if (!*line)
		return;
	strbuf_addstr(out, ": ");
	strbuf_add(out, line, MINIMUM(strlen(line), (size_t)MAX_COMPLAINT));
}

static struct value *failure_of(struct asked *a)
{
	struct strbuf text = STRBUF_INIT;
	struct value *ret;

	switch (a->end) {
	case END_LATE:
		strbuf_addf(&text, "did not end within %u.%03u s",
			    a->command->limit / 1000, a->command->limit % 1000);
		break;
	case END_LONG:
		strbuf_addf(&text, "wrote more than %d bytes",
			    META_MAX_OUTPUT);
		break;
	case END_STOPPED:
		strbuf_addstr(&text, "did not end before the run did");
		break;
	case END_FAILED:
		strbuf_addbuf(&text, &a->error);
		break;
	default:
		if (WIFSIGNALED(a->status))
			strbuf_addf(&text, "ended by %s",
				    signal_name(WTERMSIG(a->status)));
		else
			strbuf_addf(&text, "exit status %d",
				    WEXITSTATUS(a->status));
		add_complaint(&text, &a->text[1]);
	}
	ret = meta_error(text.buf);
	strbuf_release(&text);
	return ret;
}

static struct value *answer_of(struct asked *a)
{
	struct value *value;

	if (a->end != END_DONE || a->status)
		return failure_of(a);
	value = a->command->parse ? a->command->parse(&a->text[0]) :
		meta_output_value(a->text[0].buf, a->text[0].len);
	return value ? value : value_new_null();
}

/* ---- running ------------------------------------------------------------ */

static void start_one(struct asked *a, const struct meta_command *c,
		      const char *dir)
{
	struct child_process child = CHILD_PROCESS_INIT;
	struct strbuf id = STRBUF_INIT;
	int i;

	memset(a, 0, sizeof(*a));
	a->command = c;
	a->fd[0] = a->fd[1] = -1;
	strbuf_init(&a->text[0]);
	strbuf_init(&a->text[1]);
	strbuf_init(&a->mark);
	strbuf_init(&a->error);
	a->child = child;
	if (c->bad) {
		strbuf_addstr(&a->error, c->bad);
		a->end = END_FAILED;
		return;
	}
	record_new_id(&id);
	strbuf_addf(&a->mark, "RESUTIL_META_ID=%s", id.buf);
	strvec_pushv(&a->child.args, c->argv.v);
	strvec_pushf(&a->child.env, "RESUTIL_META=%s", c->name);
	strvec_push(&a->child.env, a->mark.buf);
	a->child.dir = dir;
	a->child.no_stdin = a->child.new_session = 1;
	a->child.out = a->child.err = -1;
	if (start_command(&a->child, &a->error)) {
		a->end = END_FAILED;
	} else {
		a->pid = a->child.pid;
		a->fd[0] = a->child.out;
		a->fd[1] = a->child.err;
		a->until = msec_now() + c->limit;
		for (i = 0; i < 2; i++)
			fcntl(a->fd[i], F_SETFL, O_NONBLOCK);
	}
	strbuf_release(&id);
}

static void close_end(struct asked *a, int i)
{
	if (a->fd[i] >= 0)
		close(a->fd[i]);
	a->fd[i] = -1;
}

/* What is there now. Of complaints only the first bytes are kept. */
static void take_output(struct asked *a, int i)
{
	char buf[READ_ROOM];
	ssize_t got;

	while (a->fd[i] >= 0 && a->end == END_NOT) {
		got = read(a->fd[i], buf, sizeof(buf));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 && errno == EAGAIN)
			return;
		if (got <= 0) {
			close_end(a, i);
			return;
		}
		if (a->text[i].len + (size_t)got <= META_MAX_OUTPUT)
			strbuf_add(&a->text[i], buf, (size_t)got);
		else if (!i)
			a->end = END_LONG;
	}
}

struct asking {
	struct asked *list;
	size_t nr;
	int signal_fd;
};

static void end_one(struct asking *all, struct asked *a, enum end why)
{
	pid_t *keep = xcalloc(all->nr + 1, sizeof(*keep));
	size_t i, nr = 0;

	for (i = 0; i < all->nr; i++)
		if (&all->list[i] != a && !all->list[i].gone &&
		    all->list[i].pid)
			keep[nr++] = all->list[i].pid;
	a->end = why;
	if (why != END_DONE)
		kill_tree(a->gone ? -1 : a->pid, a->mark.buf, keep, nr);
	for (i = 0; i < 2; i++)
		close_end(a, (int)i);
	free(keep);
}

/* A program has ended: what it wrote is there, whoever else holds the pipes. */
static void reap(struct asking *all)
{
	struct signalfd_siginfo si;
	size_t i;

	while (read(all->signal_fd, &si, sizeof(si)) == sizeof(si))
		;
	for (i = 0; i < all->nr; i++) {
		struct asked *a = &all->list[i];

		if (!a->pid || a->gone ||
		    waitpid(a->pid, &a->status, WNOHANG) != a->pid)
			continue;
		a->gone = true;
		take_output(a, 0);
		take_output(a, 1);
		if (a->end == END_NOT || a->end == END_LONG)
			end_one(all, a, a->end ? a->end : END_DONE);
	}
}

/* One round of waiting; false: all have ended. */
static bool wait_once(struct asking *all, struct pollfd *fds, int stop_fd)
{
	int64_t now = msec_now(), until = INT64_MAX;
	size_t i, k, going = 0;
	int ready;

	for (i = 0; i < all->nr; i++) {
		struct asked *a = &all->list[i];

		if (a->end == END_NOT && a->until <= now)
			end_one(all, a, END_LATE);
		for (k = 0; k < 2; k++) {
			fds[2 + 2 * i + k].fd = a->end ? -1 : a->fd[k];
			fds[2 + 2 * i + k].events = POLLIN;
		}
		if (a->end != END_NOT)
			continue;
		going++;
		until = MINIMUM(until, a->until);
	}
	if (!going)
		return false;
	fds[0].fd = all->signal_fd;
	fds[1].fd = stop_fd;
	fds[0].events = fds[1].events = POLLIN;
	ready = poll(fds, 2 + 2 * all->nr,
		     (int)MINIMUM(until - now, (int64_t)INT_MAX));
	if (ready <= 0)
		return true;
	for (i = 0; i < all->nr; i++)
		for (k = 0; k < 2; k++)
			if (fds[2 + 2 * i + k].fd >= 0 &&
			    fds[2 + 2 * i + k].revents)
				take_output(&all->list[i], (int)k);
	for (i = 0; i < all->nr; i++)
		if (all->list[i].end == END_LONG && !all->list[i].gone &&
		    all->list[i].fd[0] >= 0)
			end_one(all, &all->list[i], END_LONG);
	if (fds[0].revents)
		reap(all);
	for (i = 0; fds[1].fd >= 0 && fds[1].revents && i < all->nr; i++)
		if (all->list[i].end == END_NOT)
			end_one(all, &all->list[i], END_STOPPED);
	return true;
}

static void release(struct asking *all)
{
	size_t i;

	for (i = 0; i < all->nr; i++) {
		struct asked *a = &all->list[i];

		if (a->pid && !a->gone)	/* killed; it may hang in the kernel */
			waitpid(a->pid, NULL, WNOHANG);
		child_process_release(&a->child);
		strbuf_release(&a->text[0]);
		strbuf_release(&a->text[1]);
		strbuf_release(&a->mark);
		strbuf_release(&a->error);
	}
	free(all->list);
}

void meta_commands_run(const struct meta_plan *plan, const char *dir,
		       int stop_fd, struct value *meta)
{
	struct asking all = { .nr = plan->nr };
	struct pollfd *fds;
	sigset_t child;
	size_t i;

	if (!plan->nr)
		return;
	/* Who started us may have it ignored, and then nobody is waited for. */
	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, &child, NULL);
	kill_tree_adopt();
	all.signal_fd = signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
	all.list = xcalloc(all.nr, sizeof(*all.list));
	fds = xcalloc(2 + 2 * all.nr, sizeof(*fds));
	for (i = 0; i < all.nr; i++)
		start_one(&all.list[i], &plan->command[i], dir);
	while (wait_once(&all, fds, stop_fd))
		;
	for (i = 0; i < all.nr; i++)
		value_map_set(meta, plan->command[i].name,
			      answer_of(&all.list[i]));
	free(fds);
	release(&all);
	if (all.signal_fd >= 0)
		close(all.signal_fd);
}
