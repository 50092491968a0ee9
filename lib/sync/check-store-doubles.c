/*
 * Several objects under one key, as stores take them that name things by ids
 * (Drive): two machines whose listings came late, or people who copy files in a
 * browser. One of them counts and hides the others. What is hidden and has the
 * same bytes can go; which of different contents is wanted, nobody can guess.
 */
#include "lib/base/compat.h"
#include "lib/sync/check-store-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/exp/record/name.h"
#include "lib/exp/store/remotes.h"
#include "transport/transport.h"

#define SUFFIX ".zip"

struct double_object {
	char *key, *version;
	uint64_t size;
	int64_t modified;
	size_t nr;		/* as it was told: the oldest folder first */
	bool has_md5;
	unsigned char md5[16];
};

struct doubles {
	struct double_object *v;
	size_t nr, alloc;
};

static void doubles_release(struct doubles *d)
{
	size_t i;

	for (i = 0; i < d->nr; i++) {
		free(d->v[i].key);
		free(d->v[i].version);
	}
	free(d->v);
}

static int take(const struct object *o, void *data)
{
	struct doubles *d = data;
	struct double_object *e;

	ARRAY_GROW(d->v, d->nr + 1, d->alloc);
	e = &d->v[d->nr++];
	memset(e, 0, sizeof(*e));
	e->key = xstrdup(o->key);
	e->version = xstrdup(o->version);
	e->nr = d->nr;
	e->size = o->size;
	e->modified = o->modified;
	e->has_md5 = (o->sums & OBJECT_HAS_MD5) != 0;
	memcpy(e->md5, o->md5, sizeof(e->md5));
	return 0;
}

static int by_key(const void *a, const void *b)
{
	const struct double_object *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	return order ? order : x->nr < y->nr ? -1 : x->nr > y->nr;
}

/* Sorted by keys. */
static int list_doubles(struct store_check *c, const char *prefix,
			struct doubles *d, struct strbuf *err)
{
	int ret = transport_list(c->r->transport, prefix,
				 LIST_ONE_LEVEL | LIST_SHADOWED, take, d,
				 err);

	if (!ret && d->nr)
		qsort(d->v, d->nr, sizeof(*d->v), by_key);
	return ret;
}

static size_t end_of_key(const struct doubles *d, size_t first)
{
	size_t end = first + 1;

	while (end < d->nr && !strcmp(d->v[end].key, d->v[first].key))
		end++;
	return end;
}

/* ---- telling ------------------------------------------------------------- */

/* "the one of 2024-07-04T10:15:55Z (1234 bytes, version V)" */
static void describe(struct strbuf *out, const struct double_object *e)
{
	struct moment m = { e->modified, 0, 0 };

	strbuf_addstr(out, "the one of ");
	moment_format_utc(out, &m);
	strbuf_addf(out, " (%" PRIu64 " bytes, version %s)", e->size,
		    e->version);
}

static bool is_same(const struct double_object *a,
		    const struct double_object *b)
{
	return a->size == b->size && a->has_md5 && b->has_md5 &&
	       !memcmp(a->md5, b->md5, sizeof(a->md5));
}

/* The experiment that a key is of, or NULL. The caller frees. */
static char *name_of(const struct store_check *c, const char *key)
{
	size_t prefix = strlen(c->r->prefix), len = strlen(key);
	char *name;

	if (len <= prefix + strlen(SUFFIX) ||
	    strncmp(key, c->r->prefix, prefix) ||
	    strcmp(key + len - strlen(SUFFIX), SUFFIX))
		return NULL;
	name = xmemdupz(key + prefix, len - prefix - strlen(SUFFIX));
	if (name_is_valid(name))
		return name;
	free(name);
	return NULL;
}

static enum finding_state remove_hidden(struct store_check *c,
					const struct double_object *e,
					struct strbuf *why)
{
	if (c->options->flags & CHECK_DRY_RUN)
		return FINDING_WOULD;
	return transport_remove(c->r->transport, e->key, e->version, why) ?
	       FINDING_OPEN : FINDING_MENDED;
}

static void add_way_out(struct store_check *c, const struct double_object *e,
			bool same, struct strbuf *text)
{
	bool origin = !strcmp(c->r->name, REMOTE_ORIGIN);

	if (same) {
		strbuf_addstr(text, ", which has the same bytes; it is "
			      "removed by ");
		check_add_command(c, text, "fsck", " --repair");
		return;
	}
	strbuf_addf(text, ", which has other bytes; give it another name "
		    "there, or remove it by 'resutil remove-object%s%s "
		    "--version=%s ", origin ? "" : " --remote=",
		    origin ? "" : c->r->name, e->version);
	quote_shell(text, e->key);
	strbuf_addch(text, '\'');
}

static void tell_hidden(struct store_check *c, const struct double_object *e,
			const struct double_object *counts)
{
	bool same = is_same(e, counts);
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	char *name = name_of(c, e->key);
	struct finding f = {
		.level = same ? FINDING_WARNING : FINDING_ERROR,
		.id = "duplicate-object", .where = e->key, .name = name
	};

	strbuf_addf(&text, "'%s' has several files of that name: ",
		    c->r->name);
	describe(&text, counts);
	strbuf_addstr(&text, " counts, and hides ");
	describe(&text, e);
	if (same && (c->options->flags & CHECK_REPAIR))
		f.state = remove_hidden(c, e, &why);
	if (f.state != FINDING_OPEN)
		strbuf_addf(&text, ", which has the same bytes, and %s",
			    f.state == FINDING_WOULD ? "would be removed" :
			    "was removed");
	else if (why.len)
		strbuf_addf(&text, "; not repaired: %s", why.buf);
	else
		add_way_out(c, e, same, &text);
	f.text = text.buf;
	found_add(c, &f);
	free(name);
	strbuf_release(&why);
	strbuf_release(&text);
}

/* All of one key, as they are a moment later: who puts, may have two there for
 * that long. */
static int check_key(struct store_check *c, const char *key,
		     struct strbuf *err)
{
	struct object object = OBJECT_INIT;
	const struct double_object *counts = NULL;
	struct doubles now = { 0 };
	size_t i;
	int ret = list_doubles(c, key, &now, err);

	if (!ret)
		ret = transport_stat(c->r->transport, key, &object, err);
	for (i = 0; i < now.nr && !ret; i++)
		if (!strcmp(now.v[i].key, key) &&
		    !strcmp(now.v[i].version, object.version))
			counts = &now.v[i];
	for (i = 0; i < now.nr && counts; i++)
		if (!strcmp(now.v[i].key, key) && &now.v[i] != counts)
			tell_hidden(c, &now.v[i], counts);
	/* Removed meanwhile, nothing hides anything. */
	if (ret == ERR_NOT_FOUND) {
		strbuf_reset(err);
		ret = 0;
	}
	object_release(&object);
	doubles_release(&now);
	return ret;
}

static bool ends_in_slash(const char *key)
{
	return *key && key[strlen(key) - 1] == '/';
}

static int check_objects(struct store_check *c, struct strbuf *err)
{
	struct doubles all = { 0 };
	size_t first, end;
	int ret = list_doubles(c, c->r->prefix, &all, err);

	for (first = 0; first < all.nr && !ret; first = end) {
		end = end_of_key(&all, first);
		/* Folders are looked at by themselves. */
		if (end - first > 1 && !ends_in_slash(all.v[first].key))
			ret = check_key(c, all.v[first].key, err);
	}
	doubles_release(&all);
	return ret;
}

/* ---- folders ------------------------------------------------------------- */

static void tell_folders(struct store_check *c, const struct doubles *d,
			 size_t first, size_t end)
{
	struct strbuf text = STRBUF_INIT;
	struct finding f = {
		.level = FINDING_WARNING, .id = "duplicate-folder",
		.where = d->v[first].key
	};
	size_t i;

	strbuf_addf(&text, "'%s' has %zu folders of that name (", c->r->name,
		    end - first);
	for (i = first; i < end; i++)
		strbuf_addf(&text, "%s%s", i > first ? ", " : "",
			    d->v[i].version);
	strbuf_addstr(&text, "), which are read as one; move all into one of "
		      "them there, and remove the others");
	f.text = text.buf;
	found_add(c, &f);
	strbuf_release(&text);
}

/* That of the project. */
static int check_folders(struct store_check *c, struct strbuf *err)
{
	size_t len = strlen(c->r->prefix), first, end;
	char *path = xmemdupz(c->r->prefix, len ? len - 1 : 0);
	struct doubles d = { 0 };
	int ret = list_doubles(c, path, &d, err);

	for (first = 0; first < d.nr && !ret; first = end) {
		end = end_of_key(&d, first);
		if (end - first > 1 && !strcmp(d.v[first].key, c->r->prefix))
			tell_folders(c, &d, first, end);
	}
	doubles_release(&d);
	free(path);
	return ret;
}

int check_doubles(struct store_check *c, struct strbuf *err)
{
	int ret;

	if (!(transport_caps(c->r->transport) & TRANSPORT_HAS_SHADOWS))
		return 0;
	ret = check_objects(c, err);
	return ret ? ret : check_folders(c, err);
}
