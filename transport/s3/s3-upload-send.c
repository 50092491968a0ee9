/*
 * Parts: the thread that called reads the source into a buffer for each; a few
 * others hash them, and send what the server does not hold already.
 *
 * Memory: all uploads of the process together have BUFFERS_MAX bytes of
 * buffers. Each waits, in the order in which they came, until it can have its
 * first one, and takes more as long as there is room and nobody waits; so none
 * that holds a buffer ever waits for another's. A part that is larger by itself
 * is had alone.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/gate.h"
#include "lib/base/workers.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/digest.h"
#include "transport/s3/s3-upload.h"

#define AT_ONCE 4
#define BUFFERS_MAX ((uint64_t)40 << 20)
/* Of a source that does not know how long it is: 156 GiB in all, and two of
 * them at once. */
#define PART_UNKNOWN ((uint64_t)16 << 20)
/* The estimate is not held to the last byte. */
#define PARTS_PLANNED 9000
/* A part that was damaged on its way is sent so often. */
#define PART_TRIES 3
#define SAVE_SECONDS 5

struct sending;

struct slot {
	struct work work;		/* first */
	struct sending *sending;
	unsigned char *buf;
	size_t len;
	unsigned number;
	bool busy;			/* under the lock of the upload */
	bool gone;			/* the server knows no such upload */
};

struct sending {
	struct s3_upload *u;
	struct workers *workers;
	struct slot slot[AT_ONCE];
	size_t slots;			/* that have a buffer */
	pthread_cond_t done;		/* of a slot; under the upload's lock */
	int code;			/* the first failure, and why */
	struct strbuf why;
	int64_t saved;			/* seconds */
};

/* ---- sizes and memory ---------------------------------------------------- */

uint64_t s3_part_size(uint64_t bound)
{
	const char *text = getenv("RESUTIL_TEST_S3_PART");
	const uint64_t step = (uint64_t)1 << 20;
	uint64_t size = S3_PART_MIN;

	if (text && strtoull(text, NULL, 10))
		size = strtoull(text, NULL, 10);
	if (!bound)
		return PART_UNKNOWN;
	bound = (bound / PARTS_PLANNED + step) / step * step;
	return MAXIMUM(size, bound);
}

static struct gate buffers = GATE_INIT(buffers, BUFFERS_MAX);

/* ---- one part, in a worker ----------------------------------------------- */

struct sums {
	bool has_md5;		/* FIPS forbids it */
	unsigned char md5[MD5_RAWSZ];
	uint32_t crc32c;
};

static bool is_held(const struct s3_upload *u, const struct s3_part *p,
		    const struct slot *slot, const struct sums *sums)
{
	bool md5 = p->has_md5 && sums->has_md5;
	bool crc32c = u->crc32c && p->has_crc32c;

	return p->etag && p->size == slot->len && (md5 || crc32c) &&
	       (!md5 || !memcmp(p->md5, sums->md5, MD5_RAWSZ)) &&
	       (!crc32c || p->crc32c == sums->crc32c);
}

/* What it says that it got. */
static int check_answer(const struct s3_call *c, const struct slot *slot,
			const struct sums *sums, struct strbuf *etag,
			struct strbuf *err)
{
	const char *text = http_field(&c->answer, "etag");
	unsigned char md5[MD5_RAWSZ];
	int ret;

	if (!text)
		return fail(err, ERR_CONTENT, "the server took part %u of "
			    "'%s' and gave no ETag for it", slot->number,
			    c->key);
	ret = s3_etag(etag, text, err);
	if (ret || !sums->has_md5 ||
	    !s3_etag_md5(md5, etag->buf, &c->answer) ||
	    !memcmp(md5, sums->md5, sizeof(md5)) ||
	    __atomic_load_n(&slot->sending->u->store->odd_etags,
			    __ATOMIC_RELAXED))
		return ret;
	return fail(err, ERR_CONTENT, "the server says that it holds "
		    "something else than what was sent as part %u of '%s'",
		    slot->number, c->key);
}

static int send_once(struct slot *slot, const struct sums *sums,
		     struct strbuf *etag, char *code, size_t room,
		     struct strbuf *err)
{
	const struct s3_upload *u = slot->sending->u;
	struct s3_call c = S3_CALL_INIT("PUT", u->request->key);
	int ret;

	c.flags = HTTP_REPEATABLE;
	c.body = slot->buf;
	c.body_len = slot->len;
	strvec_pushf(&c.query, "partNumber=%u", slot->number);
	strvec_pushf(&c.query, "uploadId=%s", u->id);
	s3_add_sums(&c.headers, sums->has_md5 ? sums->md5 : NULL,
		    u->crc32c ? &sums->crc32c : NULL);
	ret = s3_call(u->store, &c, err);
	snprintf(code, room, "%s", c.code);
	if (!ret)
		ret = check_answer(&c, slot, sums, etag, err);
	s3_call_release(&c);
	return ret;
}

static bool is_damage(int ret, const char *code)
{
	return ret == ERR_CONTENT || !strcmp(code, "BadDigest") ||
	       !strcmp(code, "XAmzContentSHA256Mismatch") ||
	       !strcmp(code, "IncompleteBody");
}

static int send_part(struct slot *slot, const struct sums *sums,
		     struct strbuf *etag, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	char code[64];
	int ret, tries = 0;

	do {
		strbuf_reset(&why);
		strbuf_reset(etag);
		ret = send_once(slot, sums, etag, code, sizeof(code), &why);
	} while (ret && is_damage(ret, code) && ++tries < PART_TRIES);
	if (ret && !strcmp(code, "NoSuchUpload")) {
		/* Somebody withdrew it: there is nothing to go on with. */
		slot->gone = true;
		ret = fail(err, ERR_TRANSIENT, "the server has forgotten the "
			   "upload of '%s'",
			   slot->sending->u->request->key);
	} else if (ret) {
		ret = fail(err, is_damage(ret, code) ? ERR_CONTENT : ret,
			   "%s", why.buf);
	}
	strbuf_release(&why);
	return ret;
}

static void make_sums(const struct slot *slot, struct sums *sums)
{
	if (slot->sending->u->crc32c)
		sums->crc32c = crc32c(0, slot->buf, slot->len);
	sums->has_md5 = !md5_memory(sums->md5, slot->buf, slot->len, NULL);
}

/* Under the lock. */
static void note_part(struct slot *slot, const struct sums *sums,
		      struct strbuf *etag, bool held)
{
	struct s3_upload *u = slot->sending->u;
	struct s3_part *p = s3_upload_part(u, slot->number);

	if (held) {
		u->held += slot->len;
	} else {
		s3_part_release(p);
		p->etag = strbuf_detach(etag, NULL);
		u->news++;
	}
	p->size = slot->len;
	p->has_md5 = sums->has_md5;
	memcpy(p->md5, sums->md5, sizeof(p->md5));
	p->crc32c = sums->crc32c;
	p->has_crc32c = u->crc32c;
	u->stored += slot->len;
	if (u->request->stored)
		u->request->stored(u->request->data, u->stored);
}

static void do_part(struct work *work, unsigned worker UNUSED)
{
	struct slot *slot = (struct slot *)work;
	struct sending *s = slot->sending;
	struct s3_upload *u = s->u;
	struct strbuf etag = STRBUF_INIT, why = STRBUF_INIT;
	struct sums sums = { .has_md5 = false };
	bool held = false, stop;
	int ret = 0;

	make_sums(slot, &sums);
	pthread_mutex_lock(&u->lock);
	stop = s->code != 0;
	if (!stop)
		held = is_held(u, s3_upload_part(u, slot->number), slot,
			       &sums);
	pthread_mutex_unlock(&u->lock);
	if (!stop && !held)
		ret = send_part(slot, &sums, &etag, &why);

	pthread_mutex_lock(&u->lock);
	if (!ret && !stop)
		note_part(slot, &sums, &etag, held);
	if (slot->gone)
		u->keep = false;
	if (ret && !s->code) {
		s->code = ret;
		strbuf_addbuf(&s->why, &why);
	}
	slot->busy = false;
	pthread_cond_signal(&s->done);
	pthread_mutex_unlock(&u->lock);
	strbuf_release(&etag);
	strbuf_release(&why);
}

/* ---- all parts ----------------------------------------------------------- */

static struct slot *add_slot(struct sending *s)
{
	struct slot *slot = &s->slot[s->slots++];

	slot->work.fn = do_part;
	slot->sending = s;
	slot->buf = xmalloc(s->u->part_size);
	return slot;
}

/* One that is free; NULL: a part failed. */
static struct slot *free_slot(struct sending *s)
{
	struct slot *slot = NULL;
	size_t i;

	pthread_mutex_lock(&s->u->lock);
	for (;;) {
		for (i = 0; i < s->slots && !slot; i++)
			if (!s->slot[i].busy)
				slot = &s->slot[i];
		if (s->code || slot ||
		    (s->slots < AT_ONCE &&
		     gate_try(&buffers, s->u->part_size)))
			break;
		pthread_cond_wait(&s->done, &s->u->lock);
	}
	if (s->code)
		slot = NULL;
	else if (!slot)
		slot = add_slot(s);
	pthread_mutex_unlock(&s->u->lock);
	return slot;
}

static void wait_for_all(struct sending *s)
{
	size_t i;

	pthread_mutex_lock(&s->u->lock);
	for (i = 0; i < s->slots; i++)
		while (s->slot[i].busy)
			pthread_cond_wait(&s->done, &s->u->lock);
	pthread_mutex_unlock(&s->u->lock);
}

static int fill(struct s3_upload *u, struct slot *slot, struct strbuf *err)
{
	struct put_source *source = u->request->source;
	size_t size = (size_t)u->part_size, got = 1;
	int ret = 0;

	slot->len = MINIMUM(size, u->first->len);
	memcpy(slot->buf, u->first->buf, slot->len);
	/* Its memory is of use to others while the rest is sent. */
	if (slot->len == u->first->len)
		strbuf_release(u->first);
	else
		strbuf_splice(u->first, 0, slot->len, "", 0);
	while (!ret && got && slot->len < size) {
		ret = source->read(source, slot->buf + slot->len,
				   size - slot->len, &got, err);
		if (!ret)
			slot->len += got;
	}
	return ret;
}

static void give(struct sending *s, struct slot *slot)
{
	struct s3_upload *u = s->u;

	slot->number = (unsigned)++u->nr;
	u->bytes += slot->len;
	pthread_mutex_lock(&u->lock);
	slot->busy = true;
	pthread_mutex_unlock(&u->lock);
	workers_add(s->workers, &slot->work);
	/* The system gave no thread: then this one does it. */
	if (workers_nr(s->workers) == 1)
		workers_wait(s->workers, &slot->work);
}

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

/* Now and then: what is held is asked of the server anyway. */
static void save_sometimes(struct sending *s)
{
	bool news;

	if (!s->u->request->resume || now() < s->saved + SAVE_SECONDS)
		return;
	pthread_mutex_lock(&s->u->lock);
	news = s->u->news != 0;
	pthread_mutex_unlock(&s->u->lock);
	s->saved = now();
	if (news)
		s3_state_save(s->u);
}

static int send_all(struct sending *s, struct strbuf *err)
{
	struct s3_upload *u = s->u;
	struct slot *slot;
	int ret = 0;

	do {
		slot = free_slot(s);
		if (!slot)
			break;
		/* Read without the lock: a slot that is free is ours. */
		ret = fill(u, slot, err);
		if (ret) {
			u->keep = false;
			break;
		}
		if (slot->len && u->nr == S3_PARTS_MAX) {
			u->keep = false;
			return fail(err, ERR_CONFLICT, "'%s' is larger than "
				    "was thought when its upload began; try "
				    "again", u->request->key);
		}
		if (slot->len || !u->nr)
			give(s, slot);
		save_sometimes(s);
	} while (slot->len == u->part_size);
	return ret;
}

int s3_upload_send(struct s3_upload *u, struct strbuf *err)
{
	struct sending s = {
		.u = u, .done = PTHREAD_COND_INITIALIZER, .why = STRBUF_INIT,
		.saved = now()
	};
	size_t i;
	int ret;

	gate_enter(&buffers, u->part_size);
	add_slot(&s);
	s.workers = workers_start(AT_ONCE);
	ret = send_all(&s, err);
	wait_for_all(&s);
	workers_stop(&s.workers);
	if (!ret && s.code)
		ret = fail(err, s.code, "%s", s.why.buf);
	for (i = 0; i < s.slots; i++) {
		free(s.slot[i].buf);
		gate_leave(&buffers, u->part_size);
	}
	pthread_cond_destroy(&s.done);
	strbuf_release(&s.why);
	return ret;
}
