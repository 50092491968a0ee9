/*
 * list-remote: prints the names of the experiments that a store holds.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/sheet/rows.h"
#include "lib/sync/remote-list.h"
#include "transport/transport.h"
#include "command.h"
#include "plumbing/remote-fields.h"

#include <pthread.h>

static const char *const usage[] = {
	"list-remote [--remote R] [--long] [--cached] [--timeout SEC] [-z] "
		"[--json | --format FORMAT]",
	NULL
};

/* ---- asking -------------------------------------------------------------- */

struct asking {
	struct remote *remote;
	struct remote_list list;
	bool learn;		/* also what is in the packs */
	int code;
	struct strbuf err;

	pthread_mutex_t lock;	/* of what follows */
	pthread_cond_t changed;
	bool listed, done;
};

static void mark(struct asking *a, bool *what)
{
	pthread_mutex_lock(&a->lock);
	*what = true;
	pthread_cond_signal(&a->changed);
	pthread_mutex_unlock(&a->lock);
}

static void *ask(void *data)
{
	struct asking *a = data;

	a->code = remote_list(a->remote, &a->list, &a->err);
	if (!a->code && a->learn) {
		mark(a, &a->listed);
		a->code = remote_learn(a->remote, a->list.exp, a->list.nr,
				       KNOWN_RECORD, 0, &a->err);
	}
	mark(a, &a->done);
	return NULL;
}

/*
 * A store may keep a thread busy for as long as it likes, so another one asks
 * it, and nobody waits for that one to end. Returns false when it is not done
 * in time; what it still learns is then no longer put into the list.
 */
static bool ask_in_time(struct asking *a, unsigned seconds)
{
	pthread_condattr_t attr;
	struct timespec until;
	pthread_t thread;
	bool done;
	int ret = 0;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&a->changed, &attr);
	pthread_condattr_destroy(&attr);
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += seconds;
	if (pthread_create(&thread, NULL, ask, a))
		die("cannot start a thread to ask the store");
	pthread_mutex_lock(&a->lock);
	while (!a->done && !ret)
		ret = pthread_cond_timedwait(&a->changed, &a->lock, &until);
	done = a->done;
	if (!done && a->listed)
		pthread_mutex_lock(&a->remote->lock);
	pthread_mutex_unlock(&a->lock);
	if (done)
		pthread_join(thread, NULL);
	else
		pthread_detach(thread);
	return done;
}

/* ---- the command --------------------------------------------------------- */

static void print(struct asking *a, struct rows *rows)
{
	size_t i;

	for (i = 0; i < a->list.nr; i++) {
		if (rows->state)
			rows_add(rows, &a->list.exp[i]);
		else
			out_printf("%s%c", a->list.exp[i].name,
				   rows->nul ? '\0' : '\n');
	}
	if (rows->state)
		rows_end(rows);
}

/* Names alone need no more than that. */
static void ask_cache(struct asking *a, bool want_all)
{
	a->code = remote_list_cached(a->remote, &a->list, &a->err);
	if (!a->code && want_all)
		remote_recall(a->remote, a->list.exp, a->list.nr);
}

/* Does not return: another thread still works on what would be freed. */
static void end_early(struct asking *a, struct rows *rows, int timeout)
	NORETURN;
static void end_early(struct asking *a, struct rows *rows, int timeout)
{
	if (!a->listed)
		die_status(EXIT_UNREACHABLE, "'%s' did not answer within %d "
			   "second%s", a->remote->name, timeout,
			   timeout == 1 ? "" : "s");
	print(a, rows);
	remote_save(a->remote);
	out_flush();
	exit(0);
}

int cmd_list_remote(int argc, const char **argv)
{
	struct rows rows = { .fields = remote_fields };
	struct asking a = {
		.list = REMOTE_LIST_INIT, .err = STRBUF_INIT,
		.lock = PTHREAD_MUTEX_INITIALIZER
	};
	const char *name = NULL;
	int with_more = 0, cached = 0, timeout = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &name, "R",
			   "a remote's name, or the URL of a store"),
		OPT_BOOL(0, "long", &with_more,
			 "look into packs that are not known yet"),
		OPT_BOOL(0, "cached", &cached,
			 "as last seen; do not ask the store"),
		OPT_INTEGER(0, "timeout", &timeout, "SEC",
			    "give up after so many seconds"),
		OPT_ROWS(&rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc)
		usage_with_options(usage, options,
				   "'%s' is too much: all are listed", argv[0]);
	if (timeout < 0 || timeout > 86400)
		usage_with_options(usage, options, "--timeout wants 1 to 86400 "
				   "seconds, or 0 for no limit");
	if (with_more && !rows.json && !rows.format) {
		rows.format = "tsv";
		rows.no_header = true;
	}
	rows.data = &a.list;
	if ((rows.json || rows.format) && rows_begin(&rows, &a.err))
		usage_with_options(usage, options, "%s", a.err.buf);
	ret = remote_open(&a.remote, the_project, name,
			  timeout ? 0 : TRANSPORT_PATIENCE_DEFAULT, &a.err);
	if (ret)
		die_code(ret, &a.err);
	a.learn = with_more;
	if (cached)
		ask_cache(&a, rows.state != NULL);
	else if (!timeout)
		ask(&a);
	else if (!ask_in_time(&a, (unsigned)timeout))
		end_early(&a, &rows, timeout);
	if (a.code)
		error("%s", a.err.buf);
	/* Prints nothing when nothing is known, but ends the rows. */
	print(&a, &rows);
	remote_list_release(&a.list);
	remote_close(a.remote);
	strbuf_release(&a.err);
	return exit_status_of(a.code);
}
