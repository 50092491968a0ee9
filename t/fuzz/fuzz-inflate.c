/*
 * Deflate from anywhere: in pieces and at once it is the same, nothing is
 * written beyond the room there is, and the walker gets through it unharmed.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/deflate-walk.h"
#include "lib/wrap/zstream.h"
#include "t/fuzz/fuzz.h"

#define ROOM 100000

struct reading {
	unsigned char out[ROOM];
	size_t taken, made;
	int ret;
	bool join;
};

static void read_by(struct reading *r, struct zinflate *z,
		    const uint8_t *data, size_t len, size_t step)
{
	bool idle;

	zinflate_start(z);
	r->taken = r->made = 0;
	do {
		size_t in = MINIMUM(step, len - r->taken), in_left = in;
		size_t out = MINIMUM(step, ROOM - r->made), out_left = out;
		const unsigned char *p = data + r->taken;
		unsigned char *q = r->out + r->made;

		r->ret = zinflate_more(z, &p, &in_left, &q, &out_left, NULL);
		MUST(in_left <= in && out_left <= out);
		MUST(p == data + r->taken + (in - in_left));
		r->taken += in - in_left;
		r->made += out - out_left;
		idle = in == in_left && out == out_left;
	} while (r->ret == ZINFLATE_MORE && !idle);
	MUST(r->ret == ZINFLATE_MORE || r->ret == ZINFLATE_END ||
	     r->ret == ERR_CONTENT);
	r->join = r->ret == ZINFLATE_MORE && zinflate_at_join(z);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct reading once, pieces;
	static struct deflate_walk walk;
	struct zinflate *z = zinflate_new();
	unsigned char *exact;
	uint64_t header, end;
	size_t step = len ? data[0] % 61 + 1 : 1;

	read_by(&once, z, data, len, ROOM);
	read_by(&pieces, z, data, len, step);
	/* An error may lie behind where the room ends. */
	if (once.ret >= 0 && pieces.ret >= 0) {
		MUST(once.ret == pieces.ret);
		MUST(once.made == pieces.made && once.join == pieces.join);
		MUST(!memcmp(once.out, pieces.out, once.made));
	} else {
		MUST(once.ret != ZINFLATE_END && pieces.ret != ZINFLATE_END);
	}
	if (once.ret == ZINFLATE_END) {
		MUST(once.taken == pieces.taken);
		exact = xmalloc(once.made ? once.made : 1);
		if (!zinflate_whole(z, data, once.taken, exact, once.made,
				    NULL))
			MUST(!memcmp(once.out, exact, once.made));
		free(exact);
	}
	if (deflate_walk(&walk, data, len, &header, &end))
		MUST(header + 3 <= end && end <= (uint64_t)len * 8);
	zinflate_free(z);
	return 0;
}
