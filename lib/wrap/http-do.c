/*
 * The caller's thread: it feeds and empties the rings of its call while the
 * loop works, and decides whether to try again.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/wrap/http-internal.h"

/* A host without an address is rarely one that gets one. */
#define PATIENCE_FOR_NAMES 5
#define LOCAL_LINK_TRIES 2
/* Seconds of a Retry-After that a person notices. */
#define TELL_WAIT 4

/* One try of a request, as this thread sees it. */
struct attempt {
	struct call *call;
	struct http_request *r;
	struct http_answer *a;
	uint64_t taken;		/* of r->read */
	bool told;		/* r->head was called */
	bool gave;		/* r->write got a byte */
	int ret;		/* of the caller's functions */
	enum fault fault;
	int code;		/* of the fault */
	struct strbuf *err;
	unsigned long nr;	/* in the trace */
};

/* ---- failing on order ---------------------------------------------------- */

/*
 * A point of RESUTIL_TEST_FAULT (lib/base/sys.h). True: there is nothing to be
 * sent, for this has ended already, with t->code or a status.
 */
#ifdef RESUTIL_FAULT_POINTS
static bool pass_point(struct attempt *t)
{
	const struct http_request *r = t->r;
	char *path = xstrfmt("%s %.*s", r->method, (int)strcspn(r->url, "?"),
			     r->url);

	t->fault = sys_enter(SYS_HTTP, path, -1);
	free(path);
	switch (t->fault) {
	case FAULT_ERROR:
		t->code = fail(t->err, ERR_TRANSIENT, "no answer on order");
		return true;
	case FAULT_UNREACHABLE:
		t->code = fail(t->err, ERR_UNREACHABLE, "no server on order");
		return true;
	case FAULT_REFUSED:
		t->a->status = 403;
		return true;
	case FAULT_CONFLICT:
		t->a->status = 412;
		return true;
	case FAULT_HANG:
		for (;;)
			pause();
	default:
		return false;
	}
}

/* The answer did not come, or half of it. */
static int fault_of_answer(struct attempt *t)
{
	if (t->fault != FAULT_LOST && t->fault != FAULT_SHORT)
		return 0;
	return fail(t->err, ERR_TRANSIENT, "answer lost on order");
}
#else
static bool pass_point(struct attempt *t UNUSED)
{
	return false;
}

static int fault_of_answer(struct attempt *t UNUSED)
{
	return 0;
}
#endif

/* ---- bodies; the call's lock is held, and let go for what takes time ---- */

static void cancel(struct attempt *t, int ret)
{
	struct call *call = t->call;

	t->ret = ret;
	if (call->done || call->cancelled)
		return;
	call->cancelled = true;
	call_ask(call);
}

static bool can_fill(const struct attempt *t)
{
	const struct call *call = t->call;

	return t->r->read && call->wanted && !call->at_end &&
	       RING_SIZE - call->ring[UP].len >= RING_SIZE / 4;
}

static void fill(struct attempt *t)
{
	struct call *call = t->call;
	struct ring *ring = &call->ring[UP];
	uint64_t left = t->r->body_size - t->taken;
	size_t got = 0, len;
	char *at;
	int ret = 0;

	if (!ring->len)
		ring->at = 0;
	len = ring_room(ring, &at);
	if (t->r->body_size != UINT64_MAX)
		len = (size_t)MINIMUM((uint64_t)len, left);
	pthread_mutex_unlock(&call->lock);
	if (len)
		ret = t->r->read(t->r->data, at, len, &got, t->err);
	pthread_mutex_lock(&call->lock);
	if (ret) {
		t->a->own = true;
		cancel(t, ret);
		call->at_end = true;
		return;
	}
	/* The loop only takes out: what was free is free. */
	ring->len += got;
	t->taken += got;
	call->at_end = !got;
	if (call->held[UP] && !call->done)
		call_ask(call);
}

static bool can_drain(const struct attempt *t)
{
	const struct call *call = t->call;

	if (t->ret || !call->head_done || !call->streams)
		return false;
	return !t->told || call->ring[DOWN].len;
}

static void drain(struct attempt *t)
{
	struct call *call = t->call;
	struct ring *ring = &call->ring[DOWN];
	size_t len;
	char *at;
	int ret = 0;

	if (!t->told) {
		answer_read(t->a, &call->head);
		pthread_mutex_unlock(&call->lock);
		t->told = true;
		if (t->r->head)
			ret = t->r->head(t->r->data, t->a, t->err);
		pthread_mutex_lock(&call->lock);
		if (ret) {
			t->a->own = true;
			cancel(t, ret);
		}
		return;
	}
	len = ring_data(ring, &at);
	if (t->fault == FAULT_SHORT)
		len -= len / 2;
	pthread_mutex_unlock(&call->lock);
	t->gave = true;
	ret = t->r->write(t->r->data, at, len, t->err);
	t->a->own |= ret != 0;
	if (!ret)
		ret = fault_of_answer(t);
	pthread_mutex_lock(&call->lock);
	if (ret) {
		cancel(t, ret);
		return;
	}
	ring_skip(ring, len);
	if (!ring->len)
		ring->at = 0;
	if (call->held[DOWN] && !call->done && ring->len <= RING_SIZE / 2)
		call_ask(call);
}

/* Until the loop is done with it, and all that came is given. */
static void serve(struct attempt *t)
{
	struct call *call = t->call;

	pthread_mutex_lock(&call->lock);
	for (;;) {
		if (can_drain(t))
			drain(t);
		else if (call->done)
			break;
		else if (can_fill(t))
			fill(t);
		else
			pthread_cond_wait(&call->changed, &call->lock);
	}
	pthread_mutex_unlock(&call->lock);
}

/* ---- one try ------------------------------------------------------------ */

static void clear_answer(struct http_answer *a)
{
	a->status = a->version = 0;
	a->gave_up = a->own = false;
	a->retry_after = 0;
	strvec_clear(&a->fields);
	strbuf_reset(&a->body);
}

/* What came, when all of it did. */
static int end_attempt(struct attempt *t)
{
	struct call *call = t->call;
	int ret = t->ret;

	fault_after(t->fault);
	call_count_sends(call);
	if (!t->told && call->head_done)
		answer_read(t->a, &call->head);
	if (!ret)
		ret = call_failure(call, t->err);
	if (!ret)
		ret = fault_of_answer(t);
	if (!ret && call->kept.len) {
		struct strbuf body = t->a->body;

		t->a->body = call->kept;
		call->kept = body;
	}
	return ret;
}

static int try_once(struct attempt *t)
{
	uint64_t began = 0;
	int ret;

	clear_answer(t->a);
	t->told = t->gave = false;
	t->taken = 0;
	t->ret = t->code = 0;
	t->fault = FAULT_NONE;
	t->call->sends = 0;
	t->call->result = CURLE_OK;
	if (t->r->prepare) {
		t->ret = t->r->prepare(t->r, t->r->prepare_data, t->err);
		t->a->own = t->ret != 0;
		if (t->ret)
			return t->ret;
	}
	if (pass_point(t))
		return t->code;
	call_set_up(t->call, t->r);
	if (t->nr) {
		began = http_now();
		http_trace_request(t->nr, t->r);
	}
	call_begin(t->call);
	serve(t);
	ret = end_attempt(t);
	if (t->nr && t->a->status)
		http_trace_answer(t->nr, t->call, t->a, began);
	return ret;
}

/* ---- tries -------------------------------------------------------------- */

static bool is_local(const struct http_request *r)
{
	return r->flags & HTTP_LOCAL_LINK;
}

/* Whether the request may be sent again after a try that ended with `ret`. */
static bool may_repeat(const struct attempt *t, int ret)
{
	const struct http_request *r = t->r;
	bool untouched = !t->call->sends;

	if (t->ret || t->gave)
		return false;
	/* What was read of the body must be there once more. */
	if (r->read && t->taken && !r->rewind)
		return false;
	if (is_local(r) && t->a->tries >= LOCAL_LINK_TRIES)
		return false;
	if (ret)
		return ret == ERR_TRANSIENT &&
		       (untouched || (r->flags & HTTP_REPEATABLE));
	/* 408: the server has not got the whole request. 429: it did nothing
	 * but count. */
	return status_is_passing(t->a->status) &&
	       (t->a->status == 408 || t->a->status == 429 ||
		(r->flags & HTTP_REPEATABLE));
}

/* A program that seems to hang says why, once. */
static void tell_wait(const struct attempt *t)
{
	struct http *h = t->call->http;
	struct strbuf place = STRBUF_INIT;

	if (t->a->retry_after < TELL_WAIT || !h->o.patience ||
	    __atomic_exchange_n(&h->told_wait, true, __ATOMIC_RELAXED))
		return;
	http_place(&place, t->r->url);
	notice("'%s' is busy (status %d) and asks to wait for %" PRIu64
	       " seconds", place.buf, t->a->status, t->a->retry_after);
	strbuf_release(&place);
}

/* Waits, and begins the body anew. False: that was the last try. */
static bool wait_for_next(struct attempt *t, struct again *again, int *ret)
{
	uint64_t least = t->a->retry_after * 1000;
	int why = ERR_TRANSIENT;

	if (t->call->result == CURLE_COULDNT_RESOLVE_HOST && *ret)
		again->patience = MINIMUM(again->patience,
					  PATIENCE_FOR_NAMES);
	/* It would be asked for longer than anybody waits. */
	if (t->a->retry_after > HTTP_RETRY_AFTER_MAX)
		return false;
	if (t->nr && *ret)
		http_trace_failure(t->nr, again->why.buf);
	tell_wait(t);
	if (!again_wait_for(again, why, least))
		return false;
	if (t->r->read && t->taken) {
		*ret = t->r->rewind(t->r->data, t->err);
		t->ret = *ret;
		t->a->own = *ret != 0;
		return !*ret;
	}
	return true;
}

/* The answer of a server that is busy, to what must not be sent again: the
 * caller looks what has become of it, when the server wants to be asked. */
static void wait_as_told(struct attempt *t, struct again *again)
{
	uint64_t least = t->a->retry_after;

	if (!status_is_passing(t->a->status) || !least || t->ret ||
	    least > HTTP_RETRY_AFTER_MAX)
		return;
	tell_wait(t);
	again_wait_for(again, ERR_TRANSIENT, least * 1000);
}

static int give_up(struct attempt *t, struct again *again, bool was_last,
		   int ret, struct strbuf *err)
{
	if (!ret && was_last)
		t->a->gave_up = true;
	else if (!ret)
		wait_as_told(t, again);
	if (ret && t->nr)
		http_trace_failure(t->nr, again->why.buf);
	/* Not over for the caller, who may look. */
	if (ret == ERR_TRANSIENT && !was_last)
		return again_give_up(again, ret, err);
	return again_end(again, ret, err);
}

int http_do(struct http *h, struct http_request *r, struct http_answer *a,
	    struct strbuf *err)
{
	struct attempt t = { .r = r, .a = a };
	struct again again;
	bool was_last = false;
	int ret;

	a->tries = 0;
	ret = call_take(h, &t.call, err);
	if (ret)
		return ret;
	again_init(&again, h->o.patience);
	t.err = &again.why;
	if (http_trace_wanted())
		t.nr = http_trace_number(h);
	for (;;) {
		ret = try_once(&t);
		a->tries++;
		if (!may_repeat(&t, ret))
			break;
		if (!wait_for_next(&t, &again, &ret)) {
			was_last = !t.ret;
			break;
		}
	}
	ret = give_up(&t, &again, was_last, ret, err);
	call_give_back(t.call);
	return ret;
}
