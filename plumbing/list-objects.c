/*
 * list-objects: prints what lies in a store, whatever it is.
 */
#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/key-glob.h"
#include "lib/base/key-sort.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/sheet/rows.h"
#include "plumbing/key-options.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"list-objects [--remote=REMOTE] [--one-level] "
		"[--json | --format FORMAT] [-z] [PREFIX]",
	"list-objects [--remote=REMOTE] --match=PATTERN [--packs] "
		"[--json | --format FORMAT] [-z]",
	NULL
};

/* A store promises no order, so all is known, and sorted in bounded memory,
 * before the first line. */
struct listing {
	const struct key_scope *scope;	/* or NULL: all */
	struct key_sort *keys;
	struct strbuf *err;
};

/* What is kept beside a key. */
struct kept {
	uint64_t size;
	int64_t modified;
	char version[OBJECT_VERSION_MAX + 1];
};

struct listed {
	const char *key;
	size_t key_len;
	const struct kept *kept;
	bool is_level;		/* keys that begin so, given once */
};

static int keep(const struct object *o, void *data)
{
	size_t key_len = strlen(o->key), len = strlen(o->version);
	struct listing *l = data;
	struct kept kept;

	if (l->scope && !key_scope_has(l->scope, o->key, key_len))
		return 0;
	if (len > OBJECT_VERSION_MAX)
		return fail(l->err, ERR_CONTENT, "the version of '%s' is "
			    "longer than %d bytes", o->key,
			    OBJECT_VERSION_MAX);
	kept.size = o->size;
	kept.modified = o->modified;
	memcpy(kept.version, o->version, len + 1);
	return key_sort_add(l->keys, o->key, key_len, &kept,
			    offsetof(struct kept, version) + len + 1, l->err);
}

/* A pattern that is a key is asked for, and what begins so is not listed. */
static int keep_one(struct transport *t, const char *key, struct listing *l,
		    struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret = 0;

	if (key_scope_has(l->scope, key, strlen(key)))
		ret = transport_stat(t, key, &o, err);
	if (ret == ERR_NOT_FOUND) {
		strbuf_reset(err);
		ret = 0;
	} else if (!ret && o.key) {
		ret = keep(&o, l);
	}
	object_release(&o);
	return ret;
}

static int ask(struct transport *t, const char *prefix, unsigned flags,
	       struct listing *l, struct strbuf *err)
{
	l->keys = key_sort_new(0);
	l->err = err;
	if (l->scope && key_glob_is_key(l->scope->glob))
		return keep_one(t, prefix, l, err);
	return transport_list(t, prefix, flags, keep, l, err);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return item->is_level ? NULL :
		value_new_int((int64_t)item->kept->size);
}

static struct value *get_version(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return item->is_level ? NULL : value_new_str(item->kept->version);
}

static struct value *get_key(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return value_new_text(item->key, item->key_len);
}

static struct value *get_modified(const void *row, void *data UNUSED)
{
	const struct listed *item = row;
	struct moment m = { .sec = item->kept->modified };
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	if (!item->kept->modified)
		return NULL;
	moment_format_utc(&text, &m);
	value = value_new_str(text.buf);
	strbuf_release(&text);
	return value;
}

static const struct row_field fields[] = {
	{ .name = "size", .help = "bytes", .right = true, .get = get_size },
	{ .name = "version", .help = "says which bytes", .get = get_version },
	{ .name = "modified", .help = "when it was put",
	  .get = get_modified },
	{ .name = "key", .help = "the name in the store", .get = get_key },
	ROW_FIELD_END
};

static void print_line(const struct listed *item, bool nul)
{
	struct strbuf line = STRBUF_INIT;

	if (item->is_level)
		strbuf_addstr(&line, "-\t-\t");
	else
		strbuf_addf(&line, "%" PRIu64 "\t%s\t", item->kept->size,
			    item->kept->version);
	if (nul)
		strbuf_add(&line, item->key, item->key_len);
	else
		quote_c(&line, item->key, item->key_len);
	strbuf_addch(&line, nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

static int print_all(struct rows *rows, struct key_sort *keys,
		     struct strbuf *err)
{
	struct key_record r;
	struct listed item;
	int ret;

	while ((ret = key_sort_next(keys, &r, err)) == 1) {
		item.key = r.key;
		item.key_len = r.key_len;
		item.kept = r.data;
		item.is_level = r.key[r.key_len - 1] == '/';
		if (rows->state)
			rows_add(rows, &item);
		else
			print_line(&item, rows->nul);
	}
	if (rows->state)
		rows_end(rows);
	return ret;
}

int cmd_list_objects(int argc, const char **argv)
{
	struct rows rows = { .fields = fields };
	struct key_options keys = KEY_OPTIONS_INIT;
	struct listing listing = { 0 };
	struct strbuf err = STRBUF_INIT;
	const char *remote = NULL, *match = NULL, *prefix;
	struct transport *t;
	int one_level = 0, ret;
	const struct option options[] = {
		OPT_STORE(&remote),
		OPT_BOOL(0, "one-level", &one_level,
			 "print what follows up to the next '/', once each"),
		OPT_STRING(0, "match", &match, "PATTERN",
			   "only keys that resutil-glob(7) says it means"),
		OPT_PACKS(&keys.packs),
		OPT_ROWS(&rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc > 1)
		usage_with_options(usage, options, "one prefix at a time");
	if (match && (argc || one_level))
		usage_with_options(usage, options, "--match is about whole "
				   "keys: leave out %s", argc ? "the prefix" :
				   "--one-level");
	if (match && key_options_begin(&keys, match, NULL, &err))
		usage_with_options(usage, options, "%s", err.buf);
	if ((rows.json || rows.format) && rows_begin(&rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	listing.scope = match ? &keys.scope : NULL;
	prefix = match ? key_glob_prefix(keys.glob) : argc ? argv[0] : "";
	t = object_store_need(remote);
	ret = ask(t, prefix, one_level ? LIST_ONE_LEVEL : 0, &listing, &err);
	transport_close(t);
	if (!ret)
		ret = print_all(&rows, listing.keys, &err);
	if (ret)
		die_code(ret, &err);
	key_sort_free(listing.keys);
	key_options_release(&keys);
	strbuf_release(&err);
	return 0;
}
