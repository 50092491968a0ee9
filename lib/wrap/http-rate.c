/*
 * A bucket that fills by `rate` bytes a second, and holds an eighth of a
 * second: so all transfers together hold to the rate from one moment to the
 * next. Who finds it empty waits in a queue; each takes a small piece, so that
 * none takes all.
 */
#include "lib/base/compat.h"
#include "lib/wrap/http-internal.h"

#define PIECE_MAX 16384
#define PIECE_MIN 512
#define BURST(rate) ((rate) / 8 + PIECE_MIN)
#define SECOND 1000000000u

void bucket_init(struct bucket *b, unsigned direction, uint64_t rate)
{
	memset(b, 0, sizeof(*b));
	/* What is more than this nobody has; and products do not overflow. */
	b->rate = MINIMUM(rate, UINT64_C(1) << 40);
	b->direction = direction;
	b->filled = http_now();
	b->waiting.end = &b->waiting.first;
}

static size_t piece_of(const struct bucket *b)
{
	uint64_t piece = b->rate / 16;

	return MAXIMUM(MINIMUM(piece, PIECE_MAX), PIECE_MIN);
}

static void wait_in_queue(struct bucket *b, struct call *call)
{
	if (call->waiting[b->direction])
		return;
	call->waiting[b->direction] = true;
	call->next_waiting[b->direction] = NULL;
	*b->waiting.end = call;
	b->waiting.end = &call->next_waiting[b->direction];
}

size_t bucket_take(struct bucket *b, struct call *call, size_t len)
{
	if (!b->rate)
		return len;
	bucket_fill(b);
	if (b->tokens <= 0) {
		wait_in_queue(b, call);
		return 0;
	}
	/* What comes cannot be split; the debt is paid by the next ones. */
	if (b->direction == UP)
		len = MINIMUM(len, piece_of(b));
	b->tokens -= (int64_t)len;
	return len;
}

void bucket_fill(struct bucket *b)
{
	uint64_t now, more;

	if (!b->rate)
		return;
	now = http_now();
	/* A pause of an hour fills it no more than one of a second. */
	if (now - b->filled > SECOND)
		b->filled = now - SECOND;
	more = b->rate * ((now - b->filled) / 1000) / 1000000;
	/* What is less than a byte is counted the next time. */
	b->filled += more * 1000000 / b->rate * 1000;
	b->tokens = MINIMUM(b->tokens + (int64_t)more,
			    (int64_t)BURST(b->rate));
}

size_t bucket_places(const struct bucket *b)
{
	return b->tokens > 0 ? (size_t)b->tokens / piece_of(b) + 1 : 0;
}

struct call *bucket_next(struct bucket *b)
{
	struct call *call = b->waiting.first;

	if (!call)
		return NULL;
	bucket_forget(b, call);
	return call;
}

void bucket_forget(struct bucket *b, struct call *call)
{
	struct call **p = &b->waiting.first;

	if (!call->waiting[b->direction])
		return;
	while (*p != call)
		p = &(*p)->next_waiting[b->direction];
	*p = call->next_waiting[b->direction];
	if (!*p)
		b->waiting.end = p;
	call->waiting[b->direction] = false;
}

int bucket_wait(const struct bucket *b)
{
	uint64_t ms;

	if (!b->waiting.first)
		return -1;
	if (b->tokens > 0)
		return 0;
	ms = ((uint64_t)-b->tokens + 1) * 1000 / b->rate + 1;
	return (int)MINIMUM(ms, 1000);
}
