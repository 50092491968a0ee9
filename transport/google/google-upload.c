/*
 * The source in pieces, which a session takes one behind the other: while one
 * is sent by another thread, the next is read. Each is kept until it is
 * acknowledged.
 *
 * The order of writes: the session is made; its URL is noted durably; pieces,
 * the note following now and then; the last of them shows the object; the note
 * is taken away. Who dies before the note leaves a session that nobody knows
 * of; the service forgets it after a week.
 *
 * Memory: all uploads of the process together have BUFFERS_MAX bytes of
 * buffers. Each waits until it can have its first one, and has a second one
 * while there is room and nobody waits; so none that holds a buffer ever waits
 * for another's.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/gate.h"
#include "lib/base/secret.h"
#include "lib/base/trace.h"
#include "lib/base/workers.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/google/google-session.h"
#include "transport/object.h"

#define BUFFERS_MAX ((uint64_t)64 << 20)
/* Sessions that come to nothing, for one put. */
#define SESSIONS_MAX 3
#define SAVE_SECONDS 1
#define SLOTS 2

struct sending;

struct slot {
	struct work work;		/* first */
	struct sending *sending;
	unsigned char *buf;		/* a granule, a piece, and one byte */
	struct google_piece piece;
	int ret;			/* of sending it, and why */
	struct strbuf why;
};

struct sending {
	struct google_session s;	/* of the worker while one is sent */
	struct google_upload *u;
	struct workers *workers;
	struct slot slot[SLOTS];
	size_t piece;			/* bytes */

	/* Of the thread that puts. */
	struct md5 *md5;
	uint64_t pos;			/* bytes read */
	uint32_t crc32c;		/* of these */
	struct strbuf tail;		/* of the latest piece, not sent yet */
	bool has_next;			/* of the next piece, the first byte */
	unsigned char next;
	struct google_noted before;	/* by an earlier put; 0 bytes: none */
	struct google_noted reached;
	int64_t saved;			/* seconds; 0: nothing acknowledged */
	bool differs;			/* what was noted is something else */
	bool early;			/* somebody else ended it */
	bool own;			/* the source has failed */
	bool keep;			/* it can be gone on with */
};

/* ---- the source --------------------------------------------------------- */

/* Up to `len` bytes: of what was read already, then of the source. */
static int read_some(struct sending *x, unsigned char *buf, size_t len,
		     size_t *got, struct strbuf *err)
{
	struct put_source *source = x->u->request->source;
	struct strbuf *first = x->u->first;
	int ret;

	if (!first->len) {
		ret = source->read(source, buf, len, got, err);
		x->own |= ret != 0;
		return ret;
	}
	*got = MINIMUM(len, first->len);
	memcpy(buf, first->buf, *got);
	/* Its memory is of use to others while the rest is sent. */
	if (*got == first->len)
		strbuf_release(first);
	else
		strbuf_splice(first, 0, *got, "", 0);
	return 0;
}

/* The sums up to here; on the way, whether it is what was noted. */
static void add_sums(struct sending *x, const unsigned char *bytes, size_t len)
{
	uint64_t noted = x->before.bytes;
	size_t part = 0;

	if (x->md5)
		md5_add(x->md5, bytes, len);
	if (noted > x->pos && noted <= x->pos + len) {
		part = (size_t)(noted - x->pos);
		x->crc32c = crc32c(x->crc32c, bytes, part);
		x->differs |= x->crc32c != x->before.crc32c;
	}
	x->crc32c = crc32c(x->crc32c, bytes + part, len - part);
	x->pos += len;
}

static int check_piece(struct sending *x, bool last, struct strbuf *err)
{
	const struct put_request *r = x->u->request;
	uint64_t size = r->source->size, seen = x->pos + x->has_next;

	/* Before it is sent: what ends where the whole was to end completes
	 * the upload. */
	if (size != OBJECT_SIZE_UNKNOWN &&
	    (seen > size || (last && seen < size))) {
		x->own = true;
		return put_source_fail_size(r, seen, last, err);
	}
	x->differs |= last && x->pos < x->before.bytes;
	if (!x->differs)
		return 0;
	trace_printf("upload of %s: it is not what was sent before", r->key);
	return fail(err, ERR_TRANSIENT, "'%s' is not what was sent before",
		    r->key);
}

/* A piece, and one byte more to know whether it is the last. */
static int fill(struct sending *x, struct slot *slot, struct strbuf *err)
{
	unsigned char *bytes = slot->buf + GOOGLE_UPLOAD_GRANULE;
	size_t len = 0, got = 1;
	int ret = 0;

	if (x->has_next)
		bytes[len++] = x->next;
	while (!ret && got && len <= x->piece) {
		ret = read_some(x, bytes + len, x->piece + 1 - len, &got,
				err);
		if (!ret)
			len += got;
	}
	if (ret)
		return ret;
	x->has_next = len > x->piece;
	if (x->has_next)
		x->next = bytes[--len];
	slot->piece.bytes = bytes;
	slot->piece.offset = x->pos;
	slot->piece.len = len;
	slot->piece.last = !x->has_next;
	add_sums(x, bytes, len);
	slot->piece.crc32c = x->crc32c;
	return check_piece(x, slot->piece.last, err);
}

/* ---- notes -------------------------------------------------------------- */

static int64_t now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec;
}

static void save(struct sending *x)
{
	struct strbuf why = STRBUF_INIT;

	if (!x->u->request->resume || !x->keep)
		return;
	if (google_state_save(&x->s, &x->reached, &why)) {
		/* No room for a note is no reason not to send. */
		x->keep = false;
		trace_printf("upload of %s: %s", x->u->request->key, why.buf);
	}
	strbuf_release(&why);
}

/* How far it came is asked of the session; but no more than what is noted can
 * be compared before the end. */
static void save_sometimes(struct sending *x)
{
	if (x->saved && now() < x->saved + SAVE_SECONDS)
		return;
	x->saved = now();
	save(x);
}

static void drop_note(const struct put_request *r)
{
	struct strbuf why = STRBUF_INIT;

	if (r->resume && r->resume->state &&
	    r->resume->save(r->resume, NULL, &why))
		trace_printf("upload of %s: %s", r->key, why.buf);
	strbuf_release(&why);
}

void google_upload_done(struct google_upload *u)
{
	drop_note(u->request);
}

/* ---- pieces ------------------------------------------------------------- */

static struct gate buffers = GATE_INIT(buffers, BUFFERS_MAX);

static size_t piece_size(void)
{
	const char *text = getenv("RESUTIL_TEST_GOOGLE_PIECE");
	unsigned long long size = text ? strtoull(text, NULL, 10) : 0;

	if (size && size <= GOOGLE_UPLOAD_PIECE &&
	    size % GOOGLE_UPLOAD_GRANULE == 0)
		return (size_t)size;
	return GOOGLE_UPLOAD_PIECE;
}

static void send_piece(struct work *work, unsigned worker UNUSED)
{
	struct slot *slot = (struct slot *)work;

	slot->ret = google_session_send(&slot->sending->s, &slot->piece,
					&slot->why);
}

static void take_slot(struct sending *x, struct slot *slot)
{
	slot->work.fn = send_piece;
	slot->sending = x;
	slot->buf = xmalloc(GOOGLE_UPLOAD_GRANULE + x->piece + 1);
}

/* The one that is not sent now; NULL: there is no room for another. */
static struct slot *other_slot(struct sending *x, const struct slot *slot)
{
	struct slot *other = &x->slot[slot == &x->slot[0]];

	if (!other->buf) {
		if (!gate_try(&buffers, x->piece))
			return NULL;
		take_slot(x, other);
	}
	return other;
}

/* What is left of the one before is sent with it. */
static void give(struct sending *x, struct slot *slot)
{
	struct google_piece *p = &slot->piece;

	if (x->tail.len) {
		p->bytes -= x->tail.len;
		p->offset -= x->tail.len;
		p->len += x->tail.len;
		memcpy(slot->buf + (p->bytes - slot->buf), x->tail.buf,
		       x->tail.len);
		strbuf_reset(&x->tail);
	}
	if (p->last)
		x->s.total = x->pos;
	slot->ret = 0;
	strbuf_reset(&slot->why);
	workers_add(x->workers, &slot->work);
}

static int collect(struct sending *x, struct slot *slot, struct strbuf *err)
{
	const struct google_piece *p = &slot->piece;
	uint64_t end = p->offset + p->len;

	workers_wait(x->workers, &slot->work);
	if (slot->ret)
		return fail(err, slot->ret, "%s", slot->why.buf);
	x->early |= x->s.done && !p->last;
	if (!x->s.done && x->s.acked < end)
		strbuf_add(&x->tail, p->bytes + (x->s.acked - p->offset),
			   (size_t)(end - x->s.acked));
	x->reached.bytes = end;
	x->reached.crc32c = p->crc32c;
	if (!p->last)
		save_sometimes(x);
	return 0;
}

static int send_all(struct sending *x, struct strbuf *err)
{
	struct slot *slot = &x->slot[0], *sent = NULL;
	struct strbuf why = STRBUF_INIT;
	int ret = 0, code;

	while (!ret) {
		code = fill(x, slot, &why);
		if (sent)
			ret = collect(x, sent, err);
		sent = NULL;
		/* That the source fails is the end, whatever the service
		 * says. */
		if (code) {
			strbuf_reset(err);
			ret = fail(err, code, "%s", why.buf);
		}
		if (ret)
			break;
		give(x, slot);
		sent = slot;
		if (!slot->piece.last)
			slot = other_slot(x, slot);
		if (sent == slot || !slot) {
			slot = sent;
			ret = collect(x, sent, err);
			sent = NULL;
			if (slot->piece.last)
				break;
		}
	}
	strbuf_release(&why);
	return ret;
}

/* ---- sessions ----------------------------------------------------------- */

static void forget_session(struct sending *x)
{
	secret_reset(&x->s.url);
	strbuf_reset(&x->s.extra);
	value_free(x->u->json);
	x->u->json = NULL;
	x->s.acked = 0;
	x->s.total = x->u->request->source->size;
	x->s.done = x->s.gone = x->s.ended = false;
	memset(&x->before, 0, sizeof(x->before));
	memset(&x->reached, 0, sizeof(x->reached));
	x->saved = 0;
	x->early = x->differs = false;
}

/* That it cannot be ended changes nothing: it ends by itself. */
static void end_session(struct sending *x)
{
	struct strbuf why = STRBUF_INIT;

	if (!x->s.url.len || x->s.ended || x->s.done)
		return;
	if (google_session_end(&x->s, &why))
		trace_printf("upload of %s: %s", x->u->request->key, why.buf);
	strbuf_release(&why);
}

static int begin(struct sending *x, struct strbuf *err)
{
	int ret = x->u->begin(x->u, &x->s.url, &x->s.extra, err);

	if (!ret)
		ret = google_session_check(&x->s, err);
	if (ret)
		secret_reset(&x->s.url);
	else
		save(x);
	return ret;
}

/* Whether the session of an earlier put is of use; asks how far it came. */
static int look_at_old(struct sending *x, struct strbuf *err)
{
	struct put_resume *resume = x->u->request->resume;
	int ret;

	ret = google_state_read(&x->s, &x->before, x->u->request->key,
				resume->state, err);
	if (!ret)
		ret = google_session_check(&x->s, err);
	if (ret)
		return ERR_NO;
	x->reached = x->before;
	if (resume->stale) {
		ret = google_session_end(&x->s, err);
		return ret ? ret : ERR_NO;
	}
	if (x->u->resume)
		ret = x->u->resume(x->u, x->s.extra.buf, err);
	if (ret == ERR_NO)
		end_session(x);
	if (!ret)
		ret = google_session_look(&x->s, err);
	if (!ret && x->s.done && x->u->found)
		ret = x->u->found(x->u, err);
	return x->s.gone ? ERR_NO : ret;
}

static int go_on(struct sending *x, struct strbuf *err)
{
	struct put_resume *resume = x->u->request->resume;
	struct strbuf why = STRBUF_INIT;
	int ret;

	if (!resume || !resume->state)
		return 0;
	ret = look_at_old(x, &why);
	if (ret == ERR_NO) {
		forget_session(x);
		resume->stale = false;
		drop_note(x->u->request);
		ret = 0;
	} else if (ret) {
		fail(err, ret, "%s", why.buf);
	} else {
		x->early = x->s.done;
		resume->held = x->s.acked;
		trace_printf("upload of %s: %" PRIu64 " bytes are there",
			     x->u->request->key, x->s.acked);
	}
	strbuf_release(&why);
	return ret;
}

/* All from the beginning, for another session. */
static int rewind_source(struct sending *x, struct strbuf *err)
{
	struct put_source *source = x->u->request->source;
	int ret;

	end_session(x);
	forget_session(x);
	drop_note(x->u->request);
	if (x->u->request->resume)
		x->u->request->resume->held = 0;
	strbuf_release(x->u->first);
	strbuf_reset(&x->tail);
	x->has_next = false;
	x->pos = 0;
	x->crc32c = 0;
	md5_drop(&x->md5);
	if (x->u->want_md5 && md5_start(&x->md5, NULL))
		x->md5 = NULL;
	ret = source->open(source, 0, err);
	x->own |= ret != 0;
	return ret;
}

/* Somebody else has ended it: with the same content, and it is still there, or
 * it is not ours. */
static int check_ended(struct sending *x, struct strbuf *err)
{
	uint64_t size;
	int ret = 0;

	if (google_number(&size, x->u->json, "size") && size != x->pos)
		ret = ERR_NO;
	else if (x->u->found)
		ret = x->u->found(x->u, err);
	if (ret != ERR_NO)
		return ret;
	x->s.gone = true;
	strbuf_reset(err);
	return fail(err, ERR_TRANSIENT, "somebody else put '%s' by the same "
		    "session", x->u->request->key);
}

static int send_by_session(struct sending *x, struct strbuf *err)
{
	int ret = x->s.url.len ? 0 : begin(x, err);

	if (!ret)
		ret = send_all(x, err);
	return ret || !x->early ? ret : check_ended(x, err);
}

static int send_anew(struct sending *x, struct strbuf *err)
{
	bool again = x->u->request->source->open != NULL;
	struct strbuf why = STRBUF_INIT;
	int ret, sessions = 0;

	for (;;) {
		ret = send_by_session(x, &why);
		if (!ret || x->own || !(x->s.gone || x->differs) || !again ||
		    ++sessions == SESSIONS_MAX)
			break;
		trace_printf("upload of %s begins anew: %s",
			     x->u->request->key, why.buf);
		strbuf_reset(&why);
		ret = rewind_source(x, &why);
		if (ret)
			break;
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

/* ------------------------------------------------------------------------- */

/* Only what may be well another time is worth keeping. */
static bool is_worth_keeping(const struct sending *x, int code)
{
	return x->u->request->resume && x->keep && x->s.url.len &&
	       !x->s.gone && !x->differs &&
	       (code == ERR_TRANSIENT || code == ERR_UNREACHABLE ||
		(code == ERR_CREDENTIALS && !x->own));
}

static void end(struct sending *x, int code)
{
	struct google_sums *sums = &x->u->sums;

	if (code && is_worth_keeping(x, code)) {
		save(x);
	} else if (code) {
		/* Who cannot be reached is not waited for once more. */
		if (code != ERR_UNREACHABLE && code != ERR_TRANSIENT)
			end_session(x);
		drop_note(x->u->request);
	} else {
		sums->size = x->pos;
		sums->crc32c = x->crc32c;
		sums->has_md5 = x->md5 != NULL;
		if (x->md5)
			md5_finish(&x->md5, sums->md5);
		if (!x->u->keep_note)
			drop_note(x->u->request);
	}
}

static void release(struct sending *x)
{
	size_t i;

	workers_stop(&x->workers);
	for (i = 0; i < SLOTS; i++) {
		if (x->slot[i].buf)
			gate_leave(&buffers, x->piece);
		free(x->slot[i].buf);
		strbuf_release(&x->slot[i].why);
	}
	md5_drop(&x->md5);
	secret_release(&x->s.url);
	strbuf_release(&x->s.extra);
	strbuf_release(&x->tail);
}

int google_upload(struct google_upload *u, struct strbuf *err)
{
	struct sending x = {
		.s = { .u = u, .url = STRBUF_INIT, .extra = STRBUF_INIT,
		       .total = u->request->source->size },
		.u = u, .piece = piece_size(), .tail = STRBUF_INIT,
		.slot = { { .why = STRBUF_INIT }, { .why = STRBUF_INIT } },
		.keep = true,
	};
	int ret;

	/* Where FIPS forbids it, others have to do. */
	if (u->want_md5 && md5_start(&x.md5, NULL))
		x.md5 = NULL;
	ret = go_on(&x, err);
	if (!ret) {
		gate_enter(&buffers, x.piece);
		take_slot(&x, &x.slot[0]);
		x.workers = workers_start(2);
		ret = send_anew(&x, err);
	}
	end(&x, ret);
	release(&x);
	return ret;
}

int google_upload_withdraw(struct google_api *api, const char *key,
			   const char *state, struct strbuf *err)
{
	struct put_request r = { .key = key };
	struct google_upload u = { .api = api, .request = &r };
	struct google_session s = { .u = &u, .url = STRBUF_INIT,
				    .extra = STRBUF_INIT,
				    .total = OBJECT_SIZE_UNKNOWN };
	struct google_noted noted;
	int ret = google_state_read(&s, &noted, key, state, err);

	if (!ret)
		ret = google_session_check(&s, err);
	if (!ret)
		ret = google_session_end(&s, err);
	value_free(u.json);
	secret_release(&s.url);
	strbuf_release(&s.extra);
	return ret;
}

int google_upload_extra(struct strbuf *extra, const char *key,
			const char *state, struct strbuf *err)
{
	struct google_session s = { .url = STRBUF_INIT,
				    .extra = STRBUF_INIT };
	struct google_noted noted;
	int ret = google_state_read(&s, &noted, key, state, err);

	if (!ret)
		strbuf_addbuf(extra, &s.extra);
	secret_release(&s.url);
	strbuf_release(&s.extra);
	return ret;
}
