/*
 * Does one thing after the other with one handle of a store, so that tests see
 * what a handle remembers.
 *
 *	store-steps URL STEP...
 *
 *	list:PREFIX	level:PREFIX	all:PREFIX (also what is hidden)
 *	stat:KEY	get:KEY		again:KEY (the version of the last stat)
 *	put:KEY=TEXT	(where nothing is)	replace:KEY=TEXT
 *	remove:KEY	sh:COMMAND
 *
 * Each prints what it was, and what came out; a failure its code and sentence.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/run-command.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/conf/store-url.h"
#include "transport/transport.h"

static struct transport *store;
static struct strbuf version = STRBUF_INIT;	/* of the last stat */
static struct strbuf err = STRBUF_INIT;

static int show(const struct object *o, void *data UNUSED)
{
	printf("  %s %" PRIu64 "\n", o->key, o->size);
	return 0;
}

static int list(const char *prefix, unsigned flags)
{
	return transport_list(store, prefix, flags, show, NULL, &err);
}

static int list_all(const char *prefix)
{
	return list(prefix, LIST_SHADOWED);
}

static int list_level(const char *prefix)
{
	return list(prefix, LIST_ONE_LEVEL);
}

static int list_plain(const char *prefix)
{
	return list(prefix, 0);
}

static int stat_it(const char *key)
{
	struct object o = OBJECT_INIT;
	int ret = transport_stat(store, key, &o, &err);

	if (!ret) {
		strbuf_reset(&version);
		strbuf_addstr(&version, o.version);
		show(&o, NULL);
	}
	object_release(&o);
	return ret;
}

static int keep(void *data, const void *buf, size_t len,
		struct strbuf *why UNUSED)
{
	strbuf_add(data, buf, len);
	return 0;
}

static int get(const char *key, const char *of)
{
	struct object_range range = { 0, RANGE_TO_END, of };
	struct strbuf text = STRBUF_INIT;
	struct object_sink sink = { keep, &text };
	int ret = transport_get(store, key, &range, &sink, NULL, &err);

	if (!ret)
		printf("  %s\n", text.buf);
	strbuf_release(&text);
	return ret;
}

static int get_any(const char *key)
{
	return get(key, NULL);
}

static int get_version(const char *key)
{
	return get(key, version.buf);
}

static int put(const char *text, enum put_expect expect)
{
	struct put_request r = { .expect = expect };
	struct put_memory m;
	size_t len = strcspn(text, "=");
	char key[OBJECT_KEY_MAX];

	snprintf(key, sizeof(key), "%.*s", (int)len, text);
	text += len + (text[len] == '=');
	put_memory_init(&m, text, strlen(text));
	r.key = key;
	r.source = &m.source;
	return transport_put(store, &r, NULL, &err);
}

static int put_new(const char *text)
{
	return put(text, EXPECT_ABSENT);
}

static int put_any(const char *text)
{
	return put(text, EXPECT_ANY);
}

static int remove_it(const char *key)
{
	return transport_remove(store, key, NULL, &err);
}

static int run(const char *command)
{
	struct child_process child = CHILD_PROCESS_INIT;

	strvec_pushl(&child.args, "sh", "-c", command, NULL);
	return run_command(&child) ? ERR_FAILED : 0;
}

static const struct {
	const char *word;
	int (*fn)(const char *text);
} steps[] = {
	{ "list:", list_plain }, { "level:", list_level },
	{ "all:", list_all }, { "stat:", stat_it }, { "get:", get_any },
	{ "again:", get_version }, { "put:", put_new },
	{ "replace:", put_any }, { "remove:", remove_it }, { "sh:", run },
};

static int step(const char *text)
{
	size_t i, len;
	int ret;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		len = strlen(steps[i].word);
		if (strncmp(text, steps[i].word, len))
			continue;
		printf("%s\n", text);
		fflush(stdout);
		strbuf_reset(&err);
		ret = steps[i].fn(text + len);
		if (ret)
			printf("  failed %d: %s\n", exit_status_of(ret),
			       err.buf);
		fflush(stdout);
		return 0;
	}
	return error("no step '%s'", text);
}

int main(int argc, const char **argv)
{
	struct transport_config c = { .patience = 10 };
	struct strbuf base = STRBUF_INIT, ca_file = STRBUF_INIT;
	struct strvec hosts = STRVEC_INIT;
	struct value *config = NULL;
	char *type = NULL;
	int ret, i;

	if (argc < 2)
		die("usage: store-steps URL STEP...");
	ret = settings_load(NULL, &err);
	if (!ret)
		ret = path_cwd(&base, &err);
	if (!ret)
		ret = store_url_parse(argv[1], &type, &config, NULL, &err);
	if (!ret)
		ret = http_conf_fill(&c.http, NULL, &ca_file, &err);
	if (!ret)
		ret = http_conf_google_hosts(&hosts, &err);
	c.base_dir = base.buf;
	c.type = type;
	c.config = config;
	c.google_hosts = &hosts;
	if (!ret)
		ret = transport_open(&store, &c, &err);
	if (ret)
		die_code(ret, &err);
	for (i = 2; i < argc && !ret; i++)
		ret = step(argv[i]);
	transport_close(store);
	value_free(config);
	free(type);
	strvec_release(&hosts);
	strbuf_release(&ca_file);
	strbuf_release(&base);
	strbuf_release(&version);
	strbuf_release(&err);
	return ret ? 1 : 0;
}
