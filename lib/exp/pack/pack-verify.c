/*
 * Who does what: workers take the entries in batches and hash each from first
 * to last byte. An entry that is a large part of all would keep one of them
 * busy long after the others have ended; if it has restart points it goes
 * first, the workers inflating its segments and the calling thread hashing
 * these in their order.
 */
#include "lib/base/compat.h"
#include "lib/exp/pack/pack-verify.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/progress.h"
#include "lib/base/workers.h"
#include "lib/exp/pack/pack-data.h"
#include "lib/exp/pack/pack-hash.h"
#include "lib/wrap/digest.h"

/* A batch is full with either. */
/* Each has buffers of 2 MiB. */
#define VERIFY_WORKERS_MAX 32u

#define BATCH_ENTRIES 64
#define BATCH_BYTES (4u << 20)

/* Segments are held in memory: only small ones, and not too many. */
#define UNIT_LOG2_MAX 23
#define RING_MAX 16

struct verify {
	const struct pack *p;
	bool quick;
	struct workers *workers;
	struct pack_reader **reader;	/* of each worker */
	struct digest **digest;
	unsigned char *digests;		/* by places in by_path */
	char **finding;			/* the same */
	struct progress *progress;	/* or NULL */

	pthread_mutex_t lock;
	uint64_t items, bytes;
	int code;			/* not a finding: reading failed */
	struct strbuf err;
};

struct batch {
	struct work work;
	struct verify *v;
	size_t first, nr;		/* places in by_path */
};

static const struct pack_entry *entry_at(const struct verify *v, size_t pos)
{
	return &v->p->entry[v->p->by_path[pos]];
}

/* ---- what was found ------------------------------------------------------ */

static void count(struct verify *v, uint64_t items, uint64_t bytes)
{
	pthread_mutex_lock(&v->lock);
	v->items += items;
	v->bytes += bytes;
	items = v->items;
	bytes = v->bytes;
	pthread_mutex_unlock(&v->lock);
	if (v->progress) {
		progress_items(v->progress, items);
		progress_bytes(v->progress, bytes);
	}
}

/* Each place has one thread that writes there. */
static void note(struct verify *v, size_t pos, int code, struct strbuf *why)
{
	if (code == ERR_CONTENT) {
		v->finding[pos] = strbuf_detach(why, NULL);
		return;
	}
	pthread_mutex_lock(&v->lock);
	if (!v->code) {
		v->code = code;
		strbuf_addbuf(&v->err, why);
	}
	pthread_mutex_unlock(&v->lock);
	strbuf_reset(why);
}

static bool has_failed(struct verify *v)
{
	bool failed;

	pthread_mutex_lock(&v->lock);
	failed = v->code != 0;
	pthread_mutex_unlock(&v->lock);
	return failed;
}

/* ---- batches ------------------------------------------------------------- */

/* What is counted under a lock comes in larger numbers than what is read. */
#define COUNTED_AT_ONCE (4u << 20)

struct piece_sink {
	struct verify *v;
	struct digest *digest;
	uint64_t bytes;		/* not counted yet */
};

static int hash_piece(const unsigned char *buf, size_t len,
		      uint64_t offset UNUSED, void *data)
{
	struct piece_sink *sink = data;

	digest_add(sink->digest, buf, len);
	sink->bytes += len;
	if (sink->bytes >= COUNTED_AT_ONCE) {
		count(sink->v, 0, sink->bytes);
		sink->bytes = 0;
	}
	return 0;
}

static int check_content(struct verify *v, size_t pos, unsigned worker,
			 struct piece_sink *sink, struct strbuf *why)
{
	const struct pack_entry *e = entry_at(v, pos);
	struct strbuf target = STRBUF_INIT;
	unsigned char *raw = v->digests + pos * DIGEST_RAWSZ;
	int ret;

	if (S_ISLNK(e->mode)) {
		ret = pack_read_link(v->p, e, v->reader[worker], &target, why);
		digest_add(sink->digest, target.buf, target.len);
		strbuf_release(&target);
	} else {
		ret = pack_read_entry(v->p, e, v->reader[worker], hash_piece,
				      sink, why);
	}
	digest_next(sink->digest, raw);
	return ret;
}

static void check_batch(struct work *work, unsigned worker)
{
	struct batch *b = (struct batch *)work;
	struct verify *v = b->v;
	struct piece_sink sink = { .v = v };
	struct strbuf why = STRBUF_INIT;
	size_t pos;
	int ret;

	if (has_failed(v))
		return;
	if (!v->quick && !v->reader[worker])
		v->reader[worker] = pack_reader_new();
	if (!v->quick)
		sink.digest = v->digest[worker];
	for (pos = b->first; pos < b->first + b->nr; pos++) {
		if (v->quick)
			ret = pack_check_local(v->p, entry_at(v, pos), &why);
		else
			ret = check_content(v, pos, worker, &sink, &why);
		if (ret)
			note(v, pos, ret, &why);
	}
	count(v, b->nr, sink.bytes);
	strbuf_release(&why);
}

/* ---- large entries, by segments ------------------------------------------ */

struct segment {
	struct work work;
	struct verify *v;
	const struct pack_entry *e;
	size_t nr;
	unsigned char *buf;
	size_t len;
	uint32_t crc;
	int ret;
	struct strbuf why;
};

static int keep_piece(const unsigned char *buf, size_t len,
		      uint64_t offset UNUSED, void *data)
{
	struct segment *s = data;

	memcpy(s->buf + s->len, buf, len);
	s->len += len;
	return 0;
}

static void inflate_segment(struct work *work, unsigned worker)
{
	struct segment *s = (struct segment *)work;
	struct verify *v = s->v;

	if (!v->reader[worker])
		v->reader[worker] = pack_reader_new();
	s->len = 0;
	s->ret = pack_read_segment(v->p, s->e, s->nr, v->reader[worker],
				   &s->crc, keep_piece, s, &s->why);
}

static void start_segment(struct segment *ring, size_t slots, size_t nr,
			  struct verify *v, const struct pack_entry *e)
{
	struct segment *s = &ring[nr % slots];

	if (nr >= pack_segments(e))
		return;
	if (!s->buf)
		s->buf = xmalloc((size_t)1 << e->unit_log2);
	strbuf_reset(&s->why);
	s->v = v;
	s->e = e;
	s->nr = nr;
	s->work.fn = inflate_segment;
	workers_add(v->workers, &s->work);
}

/* Waits for each in its turn; after one is bad the rest is only waited for. */
static int take_segments(struct verify *v, const struct pack_entry *e,
			 struct segment *ring, size_t slots,
			 struct digest *digest, uint32_t *crc,
			 struct strbuf *why)
{
	size_t nr, all = pack_segments(e), last = MINIMUM(slots, all);
	int ret = 0;

	for (nr = 0; nr < last; nr++)
		start_segment(ring, slots, nr, v, e);
	for (nr = 0; nr < last; nr++) {
		struct segment *s = &ring[nr % slots];

		workers_wait(v->workers, &s->work);
		if (!ret && s->ret) {
			ret = s->ret;
			strbuf_addbuf(why, &s->why);
		}
		if (ret)
			continue;
		digest_add(digest, s->buf, s->len);
		crc[nr] = s->crc;
		count(v, 0, s->len);
		if (last < all)
			start_segment(ring, slots, last++, v, e);
	}
	return ret;
}

static int check_large(struct verify *v, size_t pos, struct strbuf *err)
{
	const struct pack_entry *e = entry_at(v, pos);
	size_t slots = MINIMUM(workers_nr(v->workers) + 1, RING_MAX), i;
	struct segment *ring = xcalloc(slots, sizeof(*ring));
	uint32_t *crc = xcalloc(pack_segments(e), sizeof(*crc));
	struct strbuf why = STRBUF_INIT;
	struct digest *digest = NULL;
	int ret;

	for (i = 0; i < slots; i++)
		strbuf_init(&ring[i].why);
	ret = digest_start(&digest, err);
	if (ret)
		goto cleanup;
	ret = take_segments(v, e, ring, slots, digest, crc, &why);
	digest_finish(&digest, v->digests + pos * DIGEST_RAWSZ);
	if (!ret)
		ret = pack_check_segments(v->p, e, crc, &why);
	if (ret)
		note(v, pos, ret, &why);
	count(v, 1, 0);
	ret = 0;

cleanup:
	for (i = 0; i < slots; i++) {
		free(ring[i].buf);
		strbuf_release(&ring[i].why);
	}
	strbuf_release(&why);
	free(crc);
	free(ring);
	return ret;
}

/* ---- all of them --------------------------------------------------------- */

/* By its size alone: whichever threads there are, the work is shared alike. */
static bool is_large(const struct verify *v, size_t pos)
{
	const struct pack_entry *e = entry_at(v, pos);

	return !v->quick && e->nr_points && e->unit_log2 <= UNIT_LOG2_MAX &&
	       e->size > v->p->size / workers_nr(v->workers);
}

static int check_large_ones(struct verify *v, struct strbuf *err)
{
	size_t pos;
	int ret = 0;

	for (pos = 0; pos < v->p->nr && !ret && !v->code; pos++)
		if (is_large(v, pos))
			ret = check_large(v, pos, err);
	return ret;
}

static size_t fill_batch(struct batch *b, struct verify *v, size_t pos)
{
	uint64_t bytes = 0;

	b->v = v;
	b->first = pos;
	b->work.fn = check_batch;
	for (; pos < v->p->nr && b->nr < BATCH_ENTRIES &&
	       bytes < BATCH_BYTES && !is_large(v, pos); pos++) {
		bytes += v->quick ? 0 : entry_at(v, pos)->size;
		b->nr++;
	}
	return pos;
}

static void check_batches(struct verify *v)
{
	struct batch **list = NULL;
	size_t nr = 0, alloc = 0, pos = 0, i;

	while (pos < v->p->nr) {
		if (is_large(v, pos)) {
			pos++;
			continue;
		}
		ARRAY_GROW(list, nr + 1, alloc);
		list[nr] = xcalloc(1, sizeof(**list));
		pos = fill_batch(list[nr], v, pos);
		workers_add(v->workers, &list[nr++]->work);
	}
	workers_wait_all(v->workers);
	for (i = 0; i < nr; i++)
		free(list[i]);
	free(list);
}

static int start(struct verify *v, unsigned jobs, struct strbuf *err)
{
	unsigned i, nr;
	int ret = 0;

	if (!jobs)
		jobs = workers_default();
	v->workers = workers_start(MINIMUM(jobs, VERIFY_WORKERS_MAX));
	nr = workers_nr(v->workers);
	v->finding = xcalloc(v->p->nr + 1, sizeof(*v->finding));
	if (v->quick)
		return 0;
	v->digests = xcalloc(v->p->nr + 1, DIGEST_RAWSZ);
	v->reader = xcalloc(nr, sizeof(struct pack_reader *));
	v->digest = xcalloc(nr, sizeof(struct digest *));
	for (i = 0; i < nr && !ret; i++)
		ret = digest_start(&v->digest[i], err);
	return ret;
}

static void stop(struct verify *v)
{
	unsigned i, nr = workers_nr(v->workers);
	size_t pos;

	for (i = 0; i < nr && v->reader; i++) {
		pack_reader_free(v->reader[i]);
		digest_drop(&v->digest[i]);
	}
	for (pos = 0; pos < v->p->nr; pos++)
		free(v->finding[pos]);
	workers_stop(&v->workers);
	free(v->reader);
	free(v->digest);
	free(v->digests);
	free(v->finding);
	strbuf_release(&v->err);
	pthread_mutex_destroy(&v->lock);
}

static int tell(const struct verify *v, unsigned char *tree, pack_bad_fn bad,
		void *data, struct strbuf *err)
{
	unsigned char own[DIGEST_RAWSZ];
	size_t pos;
	int ret = 0;

	for (pos = 0; pos < v->p->nr; pos++) {
		if (!v->finding[pos])
			continue;
		bad(v->finding[pos], data);
		ret = ERR_CONTENT;
	}
	if (ret || v->quick)
		return ret;
	return pack_check_hashes(v->p, v->digests, tree ? tree : own, bad,
				 data, err);
}

int pack_verify(const struct pack *p, unsigned jobs, unsigned flags,
		unsigned char *tree, struct progress *progress,
		pack_bad_fn bad, void *data, struct strbuf *err)
{
	struct verify v = {
		.p = p, .quick = flags & PACK_VERIFY_QUICK,
		.progress = progress, .err = STRBUF_INIT
	};
	int ret;

	pthread_mutex_init(&v.lock, NULL);
	ret = start(&v, jobs, err);
	if (!ret)
		ret = check_large_ones(&v, err);
	if (!ret && !v.code)
		check_batches(&v);
	if (!ret && v.code) {
		ret = v.code;
		if (err)
			strbuf_addbuf(err, &v.err);
	}
	if (!ret)
		ret = tell(&v, tree, bad, data, err);
	stop(&v);
	return ret;
}
