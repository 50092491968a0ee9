/*
 * The file, all numbers little-endian: the line MAGIC; for each file, in byte
 * order of paths, the length of its path (32 bits), the signature and the
 * hash, the path and a NUL; SHA-256 of all that. It is rebuilt at any time, so
 * another way of writing it gets another line, and needs no page.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/hash-cache.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/trace.h"
#include "lib/exp/conf/project.h"
#include "lib/wrap/digest.h"

#define MAGIC "resutil hash cache 1\n"
#define MAGIC_LEN (sizeof(MAGIC) - 1)
#define SIGNATURE_LEN 48
#define FIXED_LEN (4 + SIGNATURE_LEN + DIGEST_RAWSZ)	/* before the path */
#define CACHE_MAX_BYTES (1u << 30)

/*
 * A change leaves its time in ctime, as exactly as the file system keeps time:
 * to 10 ms where it takes the kernel's clock tick, to 2 s on the coarsest. A
 * file that was changed longer ago than this cannot be changed again and keep
 * its ctime.
 */
#define MARGIN_SEC 2

struct known {
	const unsigned char *at;	/* in text or fresh text */
	bool wanted;			/* found again */
	bool is_new;
};

struct hash_cache {
	char *path;			/* NULL: there is no place */
	struct moment opened;
	struct strbuf text;		/* of the file */
	struct known *known;		/* in byte order of paths */
	size_t nr;
	pthread_mutex_t lock;		/* of what follows */
	struct strbuf fresh;		/* entries as in the file */
	size_t *fresh_at;		/* where each begins */
	size_t fresh_nr, fresh_alloc;
};

static const char *path_at(const unsigned char *entry)
{
	return (const char *)entry + FIXED_LEN;
}

static size_t path_len_at(const unsigned char *entry)
{
	return entry[0] | (size_t)entry[1] << 8 | (size_t)entry[2] << 16 |
	       (size_t)entry[3] << 24;
}

static unsigned char *put_number(unsigned char *at, uint64_t number, int bytes)
{
	while (bytes--) {
		*at++ = number & 0xff;
		number >>= 8;
	}
	return at;
}

static void make_signature(unsigned char *out, const struct stat *st)
{
	out = put_number(out, st->st_dev, 8);
	out = put_number(out, st->st_ino, 8);
	out = put_number(out, (uint64_t)st->st_size, 8);
	out = put_number(out, (uint64_t)st->st_mtim.tv_sec, 8);
	out = put_number(out, (uint64_t)st->st_mtim.tv_nsec, 4);
	out = put_number(out, (uint64_t)st->st_ctim.tv_sec, 8);
	put_number(out, (uint64_t)st->st_ctim.tv_nsec, 4);
}

/* Whether the last bytes are the hash of all others. */
static bool is_whole(const struct strbuf *text)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;

	if (text->len < MAGIC_LEN + DIGEST_RAWSZ ||
	    memcmp(text->buf, MAGIC, MAGIC_LEN) || digest_start(&d, NULL))
		return false;
	digest_add(d, text->buf, text->len - DIGEST_RAWSZ);
	digest_finish(&d, raw);
	return !memcmp(text->buf + text->len - DIGEST_RAWSZ, raw, sizeof(raw));
}

/* Also what is whole is looked at: whoever wrote it could hash. */
static bool parse(struct hash_cache *c)
{
	const unsigned char *at, *end, *last = NULL;
	size_t alloc = 0, left, len;

	if (!is_whole(&c->text))
		return false;
	at = (const unsigned char *)c->text.buf + MAGIC_LEN;
	end = (const unsigned char *)c->text.buf + c->text.len - DIGEST_RAWSZ;
	while (at < end) {
		left = (size_t)(end - at);
		if (left <= FIXED_LEN)
			return false;
		len = path_len_at(at);
		if (len >= left - FIXED_LEN ||
		    strnlen(path_at(at), len + 1) != len ||
		    (last && strcmp(path_at(last), path_at(at)) >= 0))
			return false;
		ARRAY_GROW(c->known, c->nr + 1, alloc);
		c->known[c->nr++] = (struct known){ .at = at };
		last = at;
		at += FIXED_LEN + len + 1;
	}
	return true;
}

static void load(struct hash_cache *c)
{
	if (read_own_file(&c->text, c->path, CACHE_MAX_BYTES, NULL))
		return;
	if (parse(c))
		return;
	trace_printf("hash: ignoring the cache '%s'", c->path);
	c->nr = 0;
}

struct hash_cache *hash_cache_open(const struct project *p, const char *name)
{
	struct hash_cache *c = xcalloc(1, sizeof(*c));
	struct strbuf path = STRBUF_INIT;

	strbuf_init(&c->text);
	strbuf_init(&c->fresh);
	pthread_mutex_init(&c->lock, NULL);
	/* Before any file is looked at, so that nothing can change between its
	 * last fstat(2) and this moment. */
	c->opened = moment_now();
	if (!project_cache(p, &path, NULL)) {
		strbuf_complete_slash(&path);
		strbuf_addf(&path, "hash/%s", name);
		c->path = strbuf_detach(&path, NULL);
		load(c);
	}
	strbuf_release(&path);
	return c;
}

static struct known *find_path(struct hash_cache *c, const char *path)
{
	size_t low = 0, high = c->nr;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, path_at(c->known[middle].at));

		if (!order)
			return &c->known[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool hash_cache_find(struct hash_cache *c, const char *path,
		     const struct stat *st, unsigned char *raw)
{
	unsigned char signature[SIGNATURE_LEN];
	struct known *known;

	if (!c || !c->nr)
		return false;
	known = find_path(c, path);
	if (!known)
		return false;
	make_signature(signature, st);
	if (memcmp(known->at + 4, signature, sizeof(signature)))
		return false;
	memcpy(raw, known->at + 4 + SIGNATURE_LEN, DIGEST_RAWSZ);
	__atomic_store_n(&known->wanted, true, __ATOMIC_RELAXED);
	return true;
}

/* Also a time in the future is not. */
static bool is_older(const struct timespec *t, const struct moment *now)
{
	int64_t sec = now->sec - MARGIN_SEC;

	return t->tv_sec < sec ||
	       (t->tv_sec == sec && t->tv_nsec < now->usec * INT64_C(1000));
}

void hash_cache_note(struct hash_cache *c, const char *path,
		     const struct stat *st, const unsigned char *raw)
{
	unsigned char fixed[FIXED_LEN];
	size_t len = strlen(path);

	if (!c || !c->path || len > UINT32_MAX ||
	    !is_older(&st->st_mtim, &c->opened) ||
	    !is_older(&st->st_ctim, &c->opened))
		return;
	put_number(fixed, len, 4);
	make_signature(fixed + 4, st);
	memcpy(fixed + 4 + SIGNATURE_LEN, raw, DIGEST_RAWSZ);

	pthread_mutex_lock(&c->lock);
	ARRAY_GROW(c->fresh_at, c->fresh_nr + 1, c->fresh_alloc);
	c->fresh_at[c->fresh_nr++] = c->fresh.len;
	strbuf_add(&c->fresh, fixed, sizeof(fixed));
	strbuf_add(&c->fresh, path, len + 1);
	pthread_mutex_unlock(&c->lock);
}

/* Of several for one path the last that was noted is the first. */
static int compare_known(const void *a, const void *b)
{
	const struct known *x = a, *y = b;
	int order = strcmp(path_at(x->at), path_at(y->at));

	if (order)
		return order;
	if (x->is_new != y->is_new)
		return x->is_new ? -1 : 1;
	return x->at > y->at ? -1 : x->at < y->at;
}

/* What was found again and what is new, each path once, in order. */
static void gather(struct hash_cache *c, struct strbuf *out)
{
	struct known *all = xrealloc_array(NULL, c->nr + c->fresh_nr,
					   sizeof(*all));
	const unsigned char *fresh = (const unsigned char *)c->fresh.buf;
	size_t nr = 0, i;

	for (i = 0; i < c->nr; i++)
		if (c->known[i].wanted)
			all[nr++] = c->known[i];
	for (i = 0; i < c->fresh_nr; i++)
		all[nr++] = (struct known){ .at = fresh + c->fresh_at[i],
					    .is_new = true };
	qsort(all, nr, sizeof(*all), compare_known);
	strbuf_grow(out, c->text.len + c->fresh.len + DIGEST_RAWSZ);
	strbuf_add(out, MAGIC, MAGIC_LEN);
	for (i = 0; i < nr; i++)
		if (!i || strcmp(path_at(all[i - 1].at), path_at(all[i].at)))
			strbuf_add(out, all[i].at,
				   FIXED_LEN + path_len_at(all[i].at) + 1);
	free(all);
}

/* Not synced: a file that a crash leaves torn is not whole, and ignored. */
static void save(struct hash_cache *c)
{
	const char *base = path_basename(c->path);
	unsigned char raw[DIGEST_RAWSZ];
	struct strbuf out = STRBUF_INIT;
	struct digest *d;
	char *dir;

	if (digest_start(&d, NULL))
		return;
	gather(c, &out);
	digest_add(d, out.buf, out.len);
	digest_finish(&d, raw);
	strbuf_add(&out, raw, sizeof(raw));
	dir = xmemdupz(c->path, (size_t)(base - c->path));
	if (out.len <= CACHE_MAX_BYTES && !sys_mkdir_all(dir, 0700))
		write_file_atomic(c->path, out.buf, out.len, 0600, 0, NULL);
	free(dir);
	strbuf_release(&out);
}

void hash_cache_close(struct hash_cache *c)
{
	if (c && c->fresh_nr)
		save(c);
	hash_cache_drop(c);
}

void hash_cache_drop(struct hash_cache *c)
{
	if (!c)
		return;
	pthread_mutex_destroy(&c->lock);
	free(c->path);
	free(c->known);
	free(c->fresh_at);
	strbuf_release(&c->text);
	strbuf_release(&c->fresh);
	free(c);
}
