/*
 * url: prints URLs that read packs in a store, for whoever has them.
 */
#include "lib/base/compat.h"
#include "lib/base/age.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/sync/remote-list.h"
#include "lib/wrap/json.h"
#include "transport/transport.h"
#include "command.h"
#include "plumbing/remote-words.h"

#define EXPIRES_DEFAULT "1h"
/* A URL of S3 holds no longer. */
#define EXPIRES_MAX (7u * 86400)

static const char *const usage[] = {
	"url [--remote R] [--expires DURATION] [--stdin] [-z] [--json] EXP...",
	NULL
};

struct asking {
	struct remote_words words;
	unsigned seconds;
	int json, nul;
};

static int parse_expires(unsigned *seconds, const char *text,
			 struct strbuf *err)
{
	if (!age_parse(seconds, text, NULL) && *seconds &&
	    *seconds <= EXPIRES_MAX)
		return 0;
	return fail(err, ERR_USAGE, "'%s' is no time that a URL can hold for, "
		    "1 second to 7 days; it is a number and s, m, h or d, as "
		    "in '12h'", text);
}

/* Before it is signed, so that nobody is promised more than there is. */
static struct moment end_of(const struct asking *a)
{
	struct moment m = moment_now();

	m.sec += a->seconds;
	return m;
}

static void print_json(struct strbuf *out, const char *name, const char *url,
		       const struct moment *expires)
{
	struct value *object = value_new_map();
	struct strbuf when = STRBUF_INIT;

	/* what is not signed, everybody may read for ever */
	if (strchr(url, '?'))
		moment_format_utc(&when, expires);
	value_map_set_str(object, "name", name);
	value_map_set_str(object, "url", url);
	value_map_set_str(object, "expires", when.len ? when.buf : NULL);
	json_write(out, object);
	value_free(object);
	strbuf_release(&when);
}

static int print_one(const struct asking *a, const char *name,
		     struct strbuf *err)
{
	struct remote *remote = a->words.remote;
	struct strbuf key = STRBUF_INIT, url = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;
	struct moment expires = end_of(a);
	int ret;

	remote_key(remote, name, &key);
	ret = transport_presign(remote->transport, key.buf, a->seconds, &url,
				err);
	if (!ret) {
		if (a->json)
			print_json(&line, name, url.buf, &expires);
		else
			strbuf_addbuf(&line, &url);
		strbuf_addch(&line, a->nul ? '\0' : '\n');
		out_text(line.buf, line.len);
	}
	strbuf_release(&key);
	strbuf_release(&url);
	strbuf_release(&line);
	return ret;
}

/* A URL of nothing would only be found out by who gets it. */
static int print_all(struct asking *a, struct strbuf *err)
{
	const struct strvec *names = &a->words.names;
	struct remote_list list = REMOTE_LIST_INIT;
	struct strvec sorted = STRVEC_INIT;
	size_t i;
	int ret;

	strvec_pushv(&sorted, names->v);
	strvec_sort(&sorted, true);
	ret = remote_look(a->words.remote, &sorted, 0, &list, err);
	for (i = 0; i < names->nr && !ret; i++) {
		if (!remote_list_find(&list, names->v[i])) {
			remote_words_missing(&a->words, names->v[i]);
			continue;
		}
		ret = print_one(a, names->v[i], err);
		if (!ret)
			items_count(&a->words.items, 0);
	}
	remote_list_release(&list);
	strvec_release(&sorted);
	return ret;
}

/* Said at once, whatever the words mean. */
static int check_store(const struct asking *a, struct strbuf *err)
{
	struct strbuf url = STRBUF_INIT;
	struct transport *t = a->words.remote->transport;
	int ret = 0;

	if (!(transport_caps(t) & TRANSPORT_CAN_PRESIGN))
		ret = transport_presign(t, "NAME.zip", a->seconds, &url, err);
	strbuf_release(&url);
	return ret;
}

int cmd_url(int argc, const char **argv)
{
	struct asking a = { .words = REMOTE_WORDS_INIT };
	struct strbuf err = STRBUF_INIT;
	const char *name = NULL, *expires = EXPIRES_DEFAULT;
	int from_stdin = 0, ret;
	const struct option options[] = {
		OPT_STRING(0, "remote", &name, "R",
			   "a remote's name, or the URL of a store"),
		OPT_STRING(0, "expires", &expires, "DURATION",
			   "how long it holds: 30s, 10m, 1h (default), 7d"),
		OPT_BOOL(0, "stdin", &from_stdin,
			 "read more words, one a line"),
		OPT_JSON_LINES(&a.json),
		OPT_BOOL('z', NULL, &a.nul, "end records with NUL"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (!argc && !from_stdin)
		usage_with_options(usage, options, "which experiment?");
	ret = parse_expires(&a.seconds, expires, &err);
	if (!ret)
		ret = remote_open(&a.words.remote, the_project, name,
				  TRANSPORT_PATIENCE_DEFAULT, &err);
	if (!ret)
		ret = check_store(&a, &err);
	if (!ret)
		ret = remote_words_read(&a.words, argv, from_stdin,
					a.nul ? '\0' : '\n', &err);
	if (!ret)
		ret = print_all(&a, &err);
	if (ret)
		error("%s", err.buf);
	remote_close(a.words.remote);
	remote_words_release(&a.words);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&a.words.items);
}
