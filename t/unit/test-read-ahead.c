#include "lib/base/compat.h"
#include "lib/sync/read-ahead.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/workers.h"
#include "t/unit/unit.h"

#include <sched.h>

#define SIZE ((size_t)24 << 20)
#define MEMORY ((size_t)8 << 20)
#define JOBS 6

/* What is read from, and what was asked of it. */
static unsigned char *bytes;
static unsigned requests, at_once, most_at_once;
static uint64_t asked;
static uint64_t bad_from = UINT64_MAX;
static bool meet;		/* the first request waits for another */

static int get(void *data, void *buf, size_t len, uint64_t offset,
	       struct strbuf *err)
{
	unsigned now = __atomic_add_fetch(&at_once, 1, __ATOMIC_SEQ_CST);
	unsigned tries;

	if (now > __atomic_load_n(&most_at_once, __ATOMIC_SEQ_CST))
		__atomic_store_n(&most_at_once, now, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&requests, 1, __ATOMIC_SEQ_CST);
	__atomic_add_fetch(&asked, len, __ATOMIC_SEQ_CST);
	/* Not for ever, where no other comes. */
	for (tries = 0; tries < 1000000 && meet &&
	     __atomic_load_n(&most_at_once, __ATOMIC_SEQ_CST) < 2; tries++)
		sched_yield();
	memcpy(buf, *(unsigned char **)data + offset, len);
	__atomic_sub_fetch(&at_once, 1, __ATOMIC_SEQ_CST);
	if (offset + len > bad_from)
		return fail(err, ERR_CONFLICT, "it was replaced");
	return 0;
}

static struct read_ahead *begin(const struct pack_range *range, size_t nr,
				unsigned jobs)
{
	requests = most_at_once = 0;
	asked = 0;
	return read_ahead_start(range, nr, MEMORY, jobs, get, &bytes);
}

/* One range, by pieces, as a thread reads it. false: other bytes, or none. */
struct reading {
	struct work work;
	struct read_ahead *a;
	struct pack_range range;
	size_t nr, piece;
	bool good;
};

static void read_range(struct work *work, unsigned worker UNUSED)
{
	struct reading *r = (struct reading *)work;
	unsigned char *buf = xmalloc(r->piece);
	uint64_t at = r->range.offset, left = r->range.len;
	size_t got;

	r->good = true;
	while (left && r->good) {
		size_t want = (size_t)MINIMUM(left, r->piece);

		r->good = !read_ahead_read(r->a, buf, want, at, &got, NULL) &&
			  got && got <= want && !memcmp(buf, bytes + at, got);
		at += got;
		left -= got;
	}
	read_ahead_done(r->a, r->nr);
	free(buf);
}

static bool read_all(struct read_ahead *a, const struct pack_range *range,
		     size_t nr, unsigned threads)
{
	struct reading *r = xcalloc(nr, sizeof(*r));
	struct workers *w = workers_start(threads);
	bool good = true;
	size_t i;

	for (i = 0; i < nr; i++) {
		r[i].work.fn = read_range;
		r[i].a = a;
		r[i].range = range[i];
		r[i].nr = i;
		r[i].piece = (size_t)64 << 10;
		workers_add(w, &r[i].work);
	}
	workers_stop(&w);
	for (i = 0; i < nr; i++)
		good &= r[i].good;
	free(r);
	return good;
}

static void test_neighbours(void)
{
	struct pack_range range[1000];
	struct read_ahead *a;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(range); i++)
		range[i] = (struct pack_range){ i * 20000, 10000 };
	meet = true;
	a = begin(range, ARRAY_SIZE(range), JOBS);
	check(read_all(a, range, ARRAY_SIZE(range), 4), "many short ranges");
	read_ahead_stop(a);
	check(requests <= 21, "neighbours are one request");
	check(asked < 20100000, "nothing is asked for twice");
	check(most_at_once > 1, "several requests at once");
	meet = false;
}

static void test_long(unsigned jobs)
{
	const struct pack_range range[] = {
		{ 0, 9000000 }, { 12000000, 1 }, { 9000000, 3000000 },
		{ 12500000, 0 }, { 20000000, SIZE - 20000000 }
	};
	struct read_ahead *a = begin(range, ARRAY_SIZE(range), jobs);

	check(read_all(a, range, ARRAY_SIZE(range), 3),
	      "long ranges, in any order, and an empty one");
	read_ahead_stop(a);
	check(asked <= 12000001 + SIZE - 20000000,
	      "each byte is asked for once");
}

/* The first reader comes to the end of a range when the memory is full of what
 * comes before it. */
static void test_full(void)
{
	const struct pack_range range[] = { { 0, SIZE } };
	struct read_ahead *a = begin(range, 1, JOBS);
	unsigned char buf[100];
	size_t got;
	int ret;

	ret = read_ahead_read(a, buf, sizeof(buf), SIZE - 50, &got, NULL);
	check(!ret && got == 50 && !memcmp(buf, bytes + SIZE - 50, 50),
	      "whoever comes early is not kept waiting");
	check(!read_ahead_read(a, buf, 10, SIZE, &got, NULL) && !got,
	      "what is in no range is not there");
	check(read_all(a, range, 1, 1), "... nor is it there in vain");
	read_ahead_stop(a);
	check(asked == SIZE, "nothing is asked for twice");
}

static void test_room(void)
{
	const struct pack_range range[] = { { 0, SIZE } };
	struct read_ahead *a = begin(range, 1, JOBS);
	unsigned char byte;
	size_t got, tries;

	check(!read_ahead_read(a, &byte, 1, 0, &got, NULL) && got == 1,
	      "a byte is there");
	for (tries = 0; tries < 1000; tries++)
		sched_yield();
	read_ahead_stop(a);
	check(asked <= MEMORY, "no more is read than there is room");
}

static void test_unread(void)
{
	const struct pack_range range[] = {
		{ 0, 3000000 }, { 4000000, 3000000 }, { 8000000, 3000000 }
	};
	struct read_ahead *a = begin(range, 3, 0);
	unsigned char buf[10];
	size_t got;

	read_ahead_done(a, 0);
	read_ahead_done(a, 1);
	check(!read_ahead_read(a, buf, 10, 0, &got, NULL) && !got,
	      "what is done with is gone");
	check(!read_ahead_read(a, buf, 10, 8000000, &got, NULL) && got == 10,
	      "what is not done with is there");
	read_ahead_stop(a);
	check(requests == 1, "nobody asks for what nobody wants");
	read_ahead_stop(NULL);
}

static void test_failure(void)
{
	const struct pack_range range[] = { { 0, SIZE } };
	struct strbuf err = STRBUF_INIT;
	struct read_ahead *a;
	unsigned char buf[10];
	size_t got;
	int ret;

	bad_from = 5000000;
	a = begin(range, 1, 2);
	ret = read_ahead_read(a, buf, 10, 6000000, &got, &err);
	check(ret == ERR_CONFLICT && !got, "a failure has its code");
	check_str(err.buf, "it was replaced", "... and its sentence");
	read_ahead_stop(a);
	bad_from = UINT64_MAX;
	strbuf_release(&err);
}

int main(void)
{
	size_t i;

	bytes = xmalloc(SIZE);
	for (i = 0; i < SIZE; i++)
		bytes[i] = (unsigned char)(i * 31 + i / 251);
	test_neighbours();
	test_long(JOBS);
	test_long(0);
	test_full();
	test_room();
	test_unread();
	test_failure();
	free(bytes);
	return unit_done();
}
