/*
 * Two texts with a NUL between them, compared in every way: nothing is read
 * outside, and the rules hold.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/text-compare.h"
#include "t/fuzz/fuzz.h"

/* Where they differ lies in the texts. */
static void check_place(const struct text_difference *d, const char *a,
			size_t len_a, const char *b, size_t len_b)
{
	MUST(d->line_a || d->line_b);
	MUST(!d->line_a || (d->a >= a && d->a + d->len_a <= a + len_a));
	MUST(!d->line_b || (d->b >= b && d->b + d->len_b <= b + len_b));
}

static bool compare(const struct text_compare *how, const char *a,
		    size_t len_a, const char *b, size_t len_b)
{
	struct text_difference d;
	bool same = text_compare(how, a, len_a, b, len_b, &d);

	if (!same)
		check_place(&d, a, len_a, b, len_b);
	return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct text_compare exact = { 0 }, near = { .numbers = true };
	struct text_compare rows = { .first_field = true };
	const uint8_t *nul;
	char *a, *b;
	size_t len_a, len_b;
	bool same;

	if (len > 65536)
		return 0;
	nul = memchr(data, '\0', len);
	len_a = nul ? (size_t)(nul - data) : len;
	len_b = nul ? len - len_a - 1 : 0;
	/* of just their size, so that reading on is seen */
	a = xmalloc(len_a + 1);
	b = xmalloc(len_b + 1);
	memcpy(a, data, len_a);
	if (len_b)
		memcpy(b, nul + 1, len_b);

	same = len_a == len_b && !memcmp(a, b, len_a);
	MUST(compare(&exact, a, len_a, b, len_b) == same);
	near.atol = 0.5;
	MUST(compare(&near, a, len_a, a, len_a));
	MUST(compare(&near, a, len_a, b, len_b) ==
	     compare(&near, b, len_b, a, len_a));
	if (same)
		MUST(compare(&near, a, len_a, b, len_b));
	/* what is near is so for a wider bound */
	near.rtol = 0;
	if (compare(&near, a, len_a, b, len_b)) {
		near.rtol = 1;
		near.atol = 2;
		MUST(compare(&near, a, len_a, b, len_b));
	}
	MUST(compare(&rows, a, len_a, a, len_a));
	free(a);
	free(b);
	return 0;
}
