/*
 * send-pack: puts experiments into a store.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/pack/pack-level.h"
#include "lib/sync/remote-list.h"
#include "lib/sync/send.h"
#include "lib/wrap/zstream.h"
#include "plumbing/store-options.h"
#include "plumbing/sync-print.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"send-pack [--remote REMOTE] [-j N] [--limit-rate RATE] [--level N] "
		"[--force] [--rename] [-n] [-z] [--json] EXP...",
	"send-pack [--remote REMOTE] [-j N] [--limit-rate RATE] [--level N] "
		"[--force] [--rename] [-n] [-z] [--json] --stdin",
	NULL
};

struct send_pack {
	struct send_options options;
	const char *remote, *limit_rate;
	int level, jobs, patience;
	int force, rename, dry_run, from_stdin, nul, json;
	struct strvec names;
	struct items items;
};

/* For sync_send(), and for what never comes to it. */
static void print(const struct sync_result *result, void *data)
{
	struct send_pack *s = data;

	sync_print(result, s->json, s->nul, &s->items);
	sync_print_resumed(result, "sent");
}

static void print_failure(struct send_pack *s, const char *arg, int code,
			  const struct strbuf *err)
{
	struct sync_result result = {
		.name = arg, .other = "", .code = code, .message = err->buf
	};

	result.status = code == ERR_NOT_FOUND ? "missing" : "failed";
	print(&result, s);
}

/* For items_each(): names on standard input are exact. */
static int add_name(const char *name, void *data)
{
	struct send_pack *s = data;

	strvec_push(&s->names, name);
	return 0;
}

static void add_args(struct send_pack *s, const char **argv)
{
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	for (; *argv; argv++) {
		strbuf_reset(&name);
		strbuf_reset(&err);
		ret = exp_find(the_project, *argv, &name, &err);
		if (ret)
			print_failure(s, *argv, ret, &err);
		else
			strvec_push(&s->names, name.buf);
	}
	strbuf_release(&err);
	strbuf_release(&name);
}

static int send_names(struct send_pack *s, struct strbuf *err)
{
	struct remote *r = NULL;
	int ret;

	if (!s->names.nr)
		return 0;
	ret = remote_open(&r, the_project, s->remote, (unsigned)s->patience,
			  err);
	if (!ret)
		ret = sync_send(r, &s->names, &s->options, print, s, err);
	remote_close(r);
	return ret;
}

static int send_all(struct send_pack *s, const char **argv,
		    struct strbuf *err)
{
	struct items read = { 0 };
	int ret = pack_level_read(s->level, &s->options.level, err);

	if (!ret && s->from_stdin)
		ret = items_each(&read, argv, stdin, s->nul ? '\0' : '\n',
				 add_name, s, err);
	else if (!ret)
		add_args(s, argv);
	strvec_sort(&s->names, true);
	if (!ret)
		ret = send_names(s, err);
	return ret;
}

static void check(const struct send_pack *s, const struct option *options,
		  int argc)
{
	if (!argc == !s->from_stdin)
		usage_with_options(usage, options, argc ?
				   "--stdin takes no arguments" :
				   N_("which experiment?"));
	if (s->level != PACK_LEVEL_NOT_GIVEN &&
	    (s->level < 0 || s->level > ZSTREAM_LEVEL_MAX))
		usage_with_options(usage, options,
				   "--level is a number from 0 to %d",
				   ZSTREAM_LEVEL_MAX);
}

int cmd_send_pack(int argc, const char **argv)
{
	struct send_pack s = {
		.level = PACK_LEVEL_NOT_GIVEN, .names = STRVEC_INIT,
		.patience = TRANSPORT_PATIENCE_DEFAULT
	};
	const struct option options[] = {
		OPT_REMOTE(&s.remote),
		OPT_NUMBER('j', "jobs", &s.jobs, "N", "transfers at once"),
		OPT_LIMIT_RATE(&s.limit_rate),
		OPT_INTEGER(0, "level", &s.level, "N",
			    "0 (store) to 9 (smallest)"),
		OPT_BOOL(0, "force", &s.force,
			 "replace what is there, whatever it is"),
		OPT_BOOL(0, "rename", &s.rename,
			 "rename where another name ends a conflict"),
		OPT_BOOL('n', "dry-run", &s.dry_run,
			 "only tell what would be done"),
		OPT_NAMES_STDIN(&s.from_stdin),
		OPT_NUL(&s.nul),
		OPT_JSON_LINES(&s.json),
		OPT_PATIENCE(&s.patience),
		OPT_END_OF_TABLE
	};
	struct strbuf err = STRBUF_INIT;
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	check(&s, options, argc);
	/* A pack takes some megabytes, and there may be thousands. */
	alloc_keep_freed();
	s.options.jobs = (unsigned)s.jobs;
	s.options.force = s.force;
	s.options.rename = s.rename;
	s.options.dry_run = s.dry_run;
	ret = http_conf_limit_rate(s.limit_rate, &err);
	if (!ret)
		ret = send_all(&s, argv, &err);
	if (ret)
		error("%s", err.buf);
	strvec_release(&s.names);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&s.items);
}
