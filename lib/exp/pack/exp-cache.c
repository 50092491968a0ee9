/*
 * The file, all numbers little-endian: the line MAGIC; for each experiment, in
 * byte order of names, ENTRY_LEN bytes as put_entry() writes them, the name
 * and a NUL; the fingerprint of all that. It is rebuilt at any time, so another
 * way of writing it gets another line, and needs no page.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/exp-cache.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/fingerprint.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/base/trace.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"

#define MAGIC "resutil experiments 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define SIGN_AT 0
#define TREE_AT (SIGN_AT + FINGERPRINT_RAWSZ)
#define RECORD_AT (TREE_AT + DIGEST_RAWSZ)
#define ID_AT (RECORD_AT + DIGEST_RAWSZ)
#define REVISION_AT (ID_AT + PACK_ID_LEN)
#define FLAGS_AT (REVISION_AT + 8)
#define ENTRY_LEN (FLAGS_AT + 1)		/* before the name */
#define HAS_RECORD 1
#define IS_FINAL 2
#define CACHE_MAX_BYTES (1u << 30)
#define MARGIN_SEC 2			/* see hash-cache.c */

struct item {
	const unsigned char *at;	/* in text, or owned when fresh */
	bool wanted;
};

struct exp_cache {
	const struct project *project;
	char *path;			/* NULL: there is no place */
	struct moment opened;
	struct strbuf text;
	struct item *item;		/* in byte order of names */
	size_t nr;
	pthread_mutex_t lock;		/* of what follows */
	unsigned char **fresh;
	size_t fresh_nr, fresh_alloc;
};

static const char *name_at(const unsigned char *entry)
{
	return (const char *)entry + ENTRY_LEN;
}

static void sum_up(const struct strbuf *text, size_t len, unsigned char *raw)
{
	struct fingerprint f = FINGERPRINT_INIT;

	fingerprint_add(&f, text->buf, len);
	fingerprint_finish(&f, raw);
}

static bool is_whole(const struct strbuf *text)
{
	size_t len = text->len - FINGERPRINT_RAWSZ;
	unsigned char raw[FINGERPRINT_RAWSZ];

	if (text->len < MAGIC_LEN + FINGERPRINT_RAWSZ ||
	    memcmp(text->buf, MAGIC, MAGIC_LEN))
		return false;
	sum_up(text, len, raw);
	return !memcmp(text->buf + len, raw, sizeof(raw));
}

/* Also what is whole is looked at: whoever wrote it could sum up. */
static bool parse(struct exp_cache *c)
{
	const unsigned char *at, *end, *last = NULL;
	size_t alloc = 0, left, len;

	if (!is_whole(&c->text))
		return false;
	at = (const unsigned char *)c->text.buf + MAGIC_LEN;
	end = (const unsigned char *)c->text.buf + c->text.len -
	      FINGERPRINT_RAWSZ;
	for (; at < end; last = at, at += ENTRY_LEN + len + 1) {
		left = (size_t)(end - at);
		if (left <= ENTRY_LEN)
			return false;
		len = strnlen(name_at(at), left - ENTRY_LEN);
		if (len == left - ENTRY_LEN ||
		    (last && strcmp(name_at(last), name_at(at)) >= 0))
			return false;
		ARRAY_GROW(c->item, c->nr + 1, alloc);
		c->item[c->nr++] = (struct item){ .at = at };
	}
	return true;
}

struct exp_cache *exp_cache_open(const struct project *p)
{
	struct exp_cache *c = xcalloc(1, sizeof(*c));
	struct strbuf path = STRBUF_INIT;

	c->project = p;
	strbuf_init(&c->text);
	pthread_mutex_init(&c->lock, NULL);
	c->opened = moment_now();
	if (!project_cache(p, &path, NULL)) {
		strbuf_complete_slash(&path);
		strbuf_addstr(&path, "experiments");
		c->path = strbuf_detach(&path, NULL);
		if (!read_own_file(&c->text, c->path, CACHE_MAX_BYTES, NULL) &&
		    !parse(c)) {
			trace_printf("ignoring the cache '%s'", c->path);
			c->nr = 0;
		}
	}
	strbuf_release(&path);
	return c;
}

static struct item *find_item(struct exp_cache *c, const char *name)
{
	size_t low = 0, high = c->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(name, name_at(c->item[middle].at));

		if (!order)
			return &c->item[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static void put_entry(unsigned char *out, const struct exp_tree_sign *sign,
		      const struct exp_known *known)
{
	int i;

	memcpy(out + SIGN_AT, sign->raw, FINGERPRINT_RAWSZ);
	memcpy(out + TREE_AT, known->info.tree, DIGEST_RAWSZ);
	memcpy(out + RECORD_AT, known->info.record, DIGEST_RAWSZ);
	memcpy(out + ID_AT, known->info.id, PACK_ID_LEN);
	for (i = 0; i < 8; i++)
		out[REVISION_AT + i] = known->info.revision >> 8 * i & 0xff;
	out[FLAGS_AT] = (known->info.has_record ? HAS_RECORD : 0) |
			(known->final ? IS_FINAL : 0);
}

static void get_entry(const unsigned char *at, struct exp_known *known)
{
	int i;

	memset(known, 0, sizeof(*known));
	known->info.version = PACK_FORMAT;
	memcpy(known->info.tree, at + TREE_AT, DIGEST_RAWSZ);
	memcpy(known->info.record, at + RECORD_AT, DIGEST_RAWSZ);
	memcpy(known->info.id, at + ID_AT, PACK_ID_LEN);
	for (i = 0; i < 8; i++)
		known->info.revision |= (uint64_t)at[REVISION_AT + i] << 8 * i;
	known->info.has_record = (at[FLAGS_AT] & HAS_RECORD) != 0;
	known->final = (at[FLAGS_AT] & IS_FINAL) != 0;
}

bool exp_cache_find(struct exp_cache *c, const char *name,
		    const struct exp_tree_sign *sign, struct exp_known *out)
{
	struct item *item = c ? find_item(c, name) : NULL;

	if (!item)
		return false;
	/* Also one that is out of date: it is here. */
	__atomic_store_n(&item->wanted, true, __ATOMIC_RELAXED);
	if (memcmp(item->at + SIGN_AT, sign->raw, FINGERPRINT_RAWSZ))
		return false;
	get_entry(item->at, out);
	return true;
}

/* Also a time in the future is not. */
static bool is_older(const struct timespec *t, const struct moment *now)
{
	int64_t sec = now->sec - MARGIN_SEC;

	return t->tv_sec < sec ||
	       (t->tv_sec == sec && t->tv_nsec < now->usec * INT64_C(1000));
}

void exp_cache_note(struct exp_cache *c, const char *name,
		    const struct exp_tree_sign *sign,
		    const struct exp_known *known)
{
	size_t len = strlen(name);
	unsigned char *entry;

	if (!c || !c->path || !is_older(&sign->newest, &c->opened))
		return;
	entry = xmalloc(ENTRY_LEN + len + 1);
	put_entry(entry, sign, known);
	memcpy(entry + ENTRY_LEN, name, len + 1);
	pthread_mutex_lock(&c->lock);
	ARRAY_GROW(c->fresh, c->fresh_nr + 1, c->fresh_alloc);
	c->fresh[c->fresh_nr++] = entry;
	pthread_mutex_unlock(&c->lock);
}

struct line {
	const unsigned char *at;
	size_t nr;		/* 0: of the file; else the later the better */
};

static int compare_lines(const void *a, const void *b)
{
	const struct line *x = a, *y = b;
	int order = strcmp(name_at(x->at), name_at(y->at));

	if (order)
		return order;
	return x->nr > y->nr ? -1 : x->nr < y->nr;
}

/* Whether what nobody asked for is looked for: a stat for each. */
static bool is_time_to_clean(const struct exp_cache *c)
{
	size_t wanted = 0, i;

	for (i = 0; i < c->nr; i++)
		wanted += c->item[i].wanted;
	return c->nr - wanted <= wanted + c->fresh_nr;
}

static void gather(struct exp_cache *c, struct strbuf *out)
{
	struct line *line = xrealloc_array(NULL, c->nr + c->fresh_nr,
					   sizeof(*line));
	bool clean = is_time_to_clean(c);
	size_t nr = 0, i;

	for (i = 0; i < c->nr; i++)
		if (c->item[i].wanted || !clean ||
		    exp_is_here(c->project, name_at(c->item[i].at)))
			line[nr++] = (struct line){ c->item[i].at, 0 };
	for (i = 0; i < c->fresh_nr; i++)
		line[nr++] = (struct line){ c->fresh[i], i + 1 };
	qsort(line, nr, sizeof(*line), compare_lines);
	strbuf_add(out, MAGIC, MAGIC_LEN);
	for (i = 0; i < nr; i++)
		if (!i || strcmp(name_at(line[i - 1].at), name_at(line[i].at)))
			strbuf_add(out, line[i].at, ENTRY_LEN +
				   strlen(name_at(line[i].at)) + 1);
	free(line);
}

/* Not synced: a file that a crash leaves torn is not whole, and ignored. */
static void save(struct exp_cache *c)
{
	unsigned char raw[FINGERPRINT_RAWSZ];
	struct strbuf out = STRBUF_INIT;

	gather(c, &out);
	sum_up(&out, out.len, raw);
	strbuf_add(&out, raw, sizeof(raw));
	if (out.len <= CACHE_MAX_BYTES)
		write_file_atomic(c->path, out.buf, out.len, 0600, 0, NULL);
	strbuf_release(&out);
}

void exp_cache_close(struct exp_cache *c)
{
	size_t i;

	if (!c)
		return;
	if (c->fresh_nr)
		save(c);
	for (i = 0; i < c->fresh_nr; i++)
		free(c->fresh[i]);
	free(c->fresh);
	free(c->item);
	free(c->path);
	strbuf_release(&c->text);
	pthread_mutex_destroy(&c->lock);
	free(c);
}
