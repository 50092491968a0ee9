/*
 * list-objects: prints what lies in a store, whatever it is.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/rows.h"
#include "plumbing/object-store.h"
#include "transport/transport.h"
#include "command.h"

static const char *const usage[] = {
	"list-objects [--remote=REMOTE] [--one-level] "
		"[--json | --format FORMAT] [-z] [PREFIX]",
	NULL
};

/* A store promises no order, so all is known before the first line. */
struct listed {
	char *key, *version;
	uint64_t size;
	int64_t modified;
	bool is_level;		/* keys that begin so, given once */
};

struct listing {
	struct listed *item;
	size_t nr, alloc;
};

static int keep(const struct object *o, void *data)
{
	struct listing *l = data;
	struct listed *item;

	ARRAY_GROW(l->item, l->nr + 1, l->alloc);
	item = &l->item[l->nr++];
	item->key = xstrdup(o->key);
	item->version = xstrdup(o->version);
	item->size = o->size;
	item->modified = o->modified;
	item->is_level = o->key[strlen(o->key) - 1] == '/';
	return 0;
}

static int by_key(const void *a, const void *b)
{
	return strcmp(((const struct listed *)a)->key,
		      ((const struct listed *)b)->key);
}

static void listing_release(struct listing *l)
{
	size_t i;

	for (i = 0; i < l->nr; i++) {
		free(l->item[i].key);
		free(l->item[i].version);
	}
	free(l->item);
}

static struct value *get_size(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return item->is_level ? NULL : value_new_int((int64_t)item->size);
}

static struct value *get_version(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return item->is_level ? NULL : value_new_str(item->version);
}

static struct value *get_key(const void *row, void *data UNUSED)
{
	const struct listed *item = row;

	return value_new_text(item->key, strlen(item->key));
}

static struct value *get_modified(const void *row, void *data UNUSED)
{
	const struct listed *item = row;
	struct moment m = { .sec = item->modified };
	struct strbuf text = STRBUF_INIT;
	struct value *value;

	if (!item->modified)
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
		strbuf_addf(&line, "%" PRIu64 "\t%s\t", item->size,
			    item->version);
	if (nul)
		strbuf_addstr(&line, item->key);
	else
		quote_c(&line, item->key, strlen(item->key));
	strbuf_addch(&line, nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

int cmd_list_objects(int argc, const char **argv)
{
	struct rows rows = { .fields = fields };
	struct listing listing = { 0 };
	struct strbuf err = STRBUF_INIT;
	const char *remote = NULL;
	struct transport *t;
	int one_level = 0, ret;
	size_t i;
	const struct option options[] = {
		OPT_STORE(&remote),
		OPT_BOOL(0, "one-level", &one_level,
			 "print what follows up to the next '/', once each"),
		OPT_ROWS(&rows),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc > 1)
		usage_with_options(usage, options, "one prefix at a time");
	if ((rows.json || rows.format) && rows_begin(&rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	t = object_store_need(remote);
	ret = transport_list(t, argc ? argv[0] : "",
			     one_level ? LIST_ONE_LEVEL : 0, keep, &listing,
			     &err);
	transport_close(t);
	if (ret)
		die_code(ret, &err);
	if (listing.nr)
		qsort(listing.item, listing.nr, sizeof(*listing.item), by_key);
	for (i = 0; i < listing.nr; i++)
		if (rows.state)
			rows_add(&rows, &listing.item[i]);
		else
			print_line(&listing.item[i], rows.nul);
	if (rows.state)
		rows_end(&rows);
	listing_release(&listing);
	strbuf_release(&err);
	return 0;
}
