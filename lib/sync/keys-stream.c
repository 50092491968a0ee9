/*
 * The store's side is listed first, as far as the pattern's beginning goes, and
 * sorted; then the walk here is what drives the merge.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-glob.h"
#include "lib/base/key-sort.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"

/* An object while it waits; its version and a NUL are behind it. */
struct listed {
	uint64_t size;
	int64_t modified;
	unsigned sums;
	uint32_t crc32c;
	unsigned char md5[16], sha256[32];
};

/* Sorted keys, one ahead. */
struct stream {
	struct key_sort *sort;
	struct key_record now;
	bool has;
	struct strbuf last;	/* the key before: each comes once */
};

struct merge {
	struct keys_run *run;
	keys_see_fn see;
	struct stream there, only;
	/*
	 * Lengths of keys in the store with which the latest one begins, each
	 * with which the next one does: one before a '/' is a file where this
	 * one needs a directory.
	 */
	size_t *above;
	size_t above_nr, above_alloc;
	struct strbuf err;	/* of the streams */
};

/* ---- the store ----------------------------------------------------------- */

struct listing {
	struct keys_run *run;
	struct key_sort *sort;
	struct strbuf data, *err;
};

static int keep(const struct object *o, void *data)
{
	struct listing *l = data;
	struct listed e = {
		.size = o->size, .modified = o->modified, .sums = o->sums,
		.crc32c = o->crc32c
	};
	size_t len = strlen(o->key);

	if (!key_scope_has(l->run->scope, o->key, len))
		return 0;
	/* What other tools take for an empty directory. */
	if (o->key[len - 1] == '/' && !o->size)
		return 0;
	if (o->sums & OBJECT_HAS_MD5)
		memcpy(e.md5, o->md5, sizeof(e.md5));
	if (o->sums & OBJECT_HAS_SHA256)
		memcpy(e.sha256, o->sha256, sizeof(e.sha256));
	strbuf_reset(&l->data);
	strbuf_add(&l->data, &e, sizeof(e));
	strbuf_add(&l->data, o->version, strlen(o->version) + 1);
	return key_sort_add(l->sort, o->key, len, l->data.buf, l->data.len,
			    l->err);
}

/* A key without wildcards is asked for by itself: what begins like it may be
 * very much. */
static int look_at_one(struct listing *l, const char *key)
{
	struct object o = OBJECT_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = object_key_check(key, NULL);

	/* No store has one that is no key. */
	if (!ret) {
		ret = transport_stat(l->run->t, key, &o, &why);
		if (!ret)
			ret = keep(&o, l);
		else if (ret != ERR_NOT_FOUND)
			fail(l->err, ret, "%s", why.buf);
	}
	object_release(&o);
	strbuf_release(&why);
	return ret == ERR_NOT_FOUND || ret == ERR_USAGE ? 0 : ret;
}

static int read_store(struct keys_run *run, struct key_sort *sort,
		      struct strbuf *err)
{
	const struct key_glob *glob = run->scope->glob;
	const char *prefix = key_glob_prefix(glob);
	struct listing l = { run, sort, STRBUF_INIT, err };
	int ret = 0;

	if (key_glob_is_key(glob))
		ret = look_at_one(&l, prefix);
	else if (!object_prefix_check(prefix, NULL))
		ret = transport_list(run->t, prefix, LIST_ODD, keep, &l, err);
	strbuf_release(&l.data);
	return ret;
}

/* ---- streams ------------------------------------------------------------- */

static int stream_next(struct stream *s, struct strbuf *err)
{
	int ret;

	do {
		if (s->has) {
			strbuf_reset(&s->last);
			strbuf_add(&s->last, s->now.key, s->now.key_len);
		}
		ret = key_sort_next(s->sort, &s->now, err);
		/* Which of two is meant nobody can tell: the first. */
	} while (ret == 1 && s->has && !strcmp(s->last.buf, s->now.key));
	s->has = ret == 1;
	return ret < 0 ? ret : 0;
}

static int stream_begin(struct stream *s, struct key_sort *sort,
			struct strbuf *err)
{
	s->sort = sort;
	s->has = false;
	strbuf_init(&s->last);
	return sort ? stream_next(s, err) : 0;
}

/* Whether the key is one of those that were named; all are where none was. */
static int is_named(struct merge *m, const char *key, bool *named)
{
	int ret = 0;

	while (!ret && m->only.has && strcmp(m->only.now.key, key) < 0)
		ret = stream_next(&m->only, &m->err);
	*named = !m->run->o->only ||
		 (m->only.has && !strcmp(m->only.now.key, key));
	return ret;
}

/* ---- the merge ----------------------------------------------------------- */

/* A file of the store in whose place this key needs a directory; its length, or
 * 0. Called for each key of the store, in order. */
static size_t find_above(struct merge *m, const char *key)
{
	const char *last = m->there.last.buf;
	size_t i, same = 0, found = 0;

	while (last[same] && last[same] == key[same])
		same++;
	while (m->above_nr && m->above[m->above_nr - 1] > same)
		m->above_nr--;
	for (i = 0; i < m->above_nr && !found; i++)
		if (key[m->above[i]] == '/')
			found = m->above[i];
	return found;
}

static void add_above(struct merge *m, size_t len)
{
	ARRAY_GROW(m->above, m->above_nr + 1, m->above_alloc);
	m->above[m->above_nr++] = len;
}

static void set_there(struct keys_item *item, const struct key_record *r)
{
	struct object *o = &item->object;
	struct listed e;

	memcpy(&e, r->data, sizeof(e));
	item->there = true;
	o->size = e.size;
	o->modified = e.modified;
	o->sums = e.sums;
	o->crc32c = e.crc32c;
	memcpy(o->md5, e.md5, sizeof(e.md5));
	memcpy(o->sha256, e.sha256, sizeof(e.sha256));
	o->version = xstrdup((const char *)r->data + sizeof(e));
}

static bool wants_store(const struct keys_run *run)
{
	return run->o->action != SYNC_KEYS_DELETE;
}

static bool wants_here(const struct keys_run *run)
{
	return run->o->action != SYNC_KEYS_REMOVE;
}

/* No call takes such a key; who wants it is told so. */
static void set_odd(struct keys_item *item)
{
	const struct sync_keys_options *o = item->run->o;

	object_key_check(item->key, &item->why);
	item->status = "odd";
	if (!o->dry_run && (o->action == SYNC_KEYS_DOWNLOAD ||
			    o->action == SYNC_KEYS_REMOVE))
		item->code = ERR_FAILED;
}

static bool is_without(const struct strvec *without, const char *key)
{
	size_t i, len;

	for (i = 0; without && i < without->nr; i++) {
		len = strlen(without->v[i]);
		if (!strncmp(key, without->v[i], len) &&
		    (!key[len] || key[len] == '/'))
			return true;
	}
	return false;
}

/* What makes a download of the key wrong before it begins. above: as of
 * find_above(). */
static void check_download(struct keys_item *item, size_t above)
{
	const struct sync_keys_options *o = item->run->o;
	const char *key = item->key;

	if (o->action != SYNC_KEYS_DOWNLOAD || item->here)
		return;
	if (is_without(o->without, key))
		strbuf_addf(&item->why, _("cannot download '%s': it would "
					  "be written into a store here"), key);
	else if (above)
		strbuf_addf(&item->why, _("cannot download '%s': '%.*s' is "
					  "in the store, too, and cannot be "
					  "a file and a directory here"),
			    key, (int)above, key);
	if (item->why.len)
		keys_fail(item, ERR_CONFLICT, NULL);
}

/* st: of what is here, or NULL; there: the stream stands at the key. */
static int see_key(struct merge *m, const char *key, const struct stat *st,
		   bool there)
{
	struct keys_run *run = m->run;
	struct keys_item *item;
	size_t above = 0;
	bool named;
	int ret;

	if (there)
		above = find_above(m, key);
	ret = is_named(m, key, &named);
	if (ret || !named)
		return ret;
	if (there)
		add_above(m, m->there.now.key_len);
	item = keys_item_new(run, key);
	if (st) {
		item->here = true;
		item->st = *st;
	}
	if (there)
		set_there(item, &m->there.now);
	if (there && object_key_check(key, NULL))
		set_odd(item);
	else if (there)
		check_download(item, above);
	m->see(run, item);
	return keys_stopped(run) ? ERR_NO : 0;
}

/* Those of the store that come before `key`; NULL: all. */
static int see_before(struct merge *m, const char *key)
{
	int ret = 0;

	while (!ret && m->there.has &&
	       (!key || strcmp(m->there.now.key, key) < 0)) {
		ret = see_key(m, m->there.now.key, NULL, true);
		if (!ret)
			ret = stream_next(&m->there, &m->err);
	}
	return ret;
}

static int see_local(const char *key, const struct stat *st, void *data)
{
	struct merge *m = data;
	bool there;
	int ret;

	if (is_without(m->run->o->without, key))
		return 0;
	ret = see_before(m, key);
	if (ret)
		return ret;
	there = m->there.has && !strcmp(m->there.now.key, key);
	ret = see_key(m, key, st, there);
	if (!ret && there)
		ret = stream_next(&m->there, &m->err);
	return ret;
}

static int merge_all(struct merge *m, struct key_sort *sort,
		     struct strbuf *err)
{
	struct keys_run *run = m->run;
	int ret;

	ret = stream_begin(&m->there, sort, &m->err);
	if (!ret)
		ret = stream_begin(&m->only, run->o->only, &m->err);
	if (!ret && wants_here(run))
		ret = local_keys(run->root, run->scope, see_local, m,
				 run->o->left, &m->err);
	if (!ret)
		ret = see_before(m, NULL);
	/* Who stopped the run says why. */
	if (ret == ERR_NO)
		ret = 0;
	return ret ? fail(err, ret, "%s", m->err.buf) : 0;
}

int keys_merge(struct keys_run *run, keys_see_fn see, struct strbuf *err)
{
	struct merge m = {
		.run = run, .see = see, .err = STRBUF_INIT,
		.there.last = STRBUF_INIT, .only.last = STRBUF_INIT
	};
	struct key_sort *sort = NULL;
	int ret = 0;

	if (wants_store(run)) {
		sort = key_sort_new(0);
		ret = read_store(run, sort, err);
	}
	if (!ret)
		ret = merge_all(&m, sort, err);
	key_sort_free(sort);
	strbuf_release(&m.there.last);
	strbuf_release(&m.only.last);
	strbuf_release(&m.err);
	free(m.above);
	return ret;
}
