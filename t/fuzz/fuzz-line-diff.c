/*
 * Two texts: what the hunks of their difference say gives both of them again.
 */
#include "lib/base/compat.h"
#include "lib/base/line-diff.h"
#include "t/fuzz/fuzz.h"

static const char no_newline[] = "\\ No newline at end of file\n";

/* The unchanged lines and those of one sign. */
static void add_side(struct strbuf *out, const struct strbuf *diff, char sign)
{
	const char *at = diff->buf, *end = at + diff->len;
	const size_t len = strlen(no_newline);

	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		bool mine = *at == ' ' || *at == sign;

		MUST(nl && strchr(" +-@", *at) && *at);
		if (mine)
			strbuf_add(out, at + 1, (size_t)(nl - at));
		at = nl + 1;
		if ((size_t)(end - at) >= len && !memcmp(at, no_newline, len)) {
			if (mine)
				strbuf_setlen(out, out->len - 1);
			at += len;
		}
	}
}

static void check_limit(const char *a, size_t a_len, const char *b,
			size_t b_len, const struct line_diff_sum *whole)
{
	struct line_diff_options options = { 1, 5 };
	struct line_diff_sum sum;
	struct strbuf out = STRBUF_INIT;

	line_diff(&out, a, a_len, b, b_len, &options, &sum);
	MUST(sum.added == whole->added && sum.removed == whole->removed);
	line_diff(NULL, a, a_len, b, b_len, NULL, &sum);
	MUST(sum.added == whole->added && sum.removed == whole->removed);
	strbuf_release(&out);
}

/* A text, a NUL, another. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct line_diff_options options = { 1u << 20, 0 };
	const char *a = (const char *)data, *b;
	struct strbuf out = STRBUF_INIT, old = STRBUF_INIT, new = STRBUF_INIT;
	struct line_diff_sum sum;
	size_t a_len, b_len;

	b = len ? memchr(a, '\0', len) : NULL;
	if (!b)
		return 0;
	a_len = (size_t)(b++ - a);
	b_len = len - a_len - 1;
	line_diff(&out, a, a_len, b, b_len, &options, &sum);
	if (out.len) {
		add_side(&old, &out, '-');
		add_side(&new, &out, '+');
		MUST(old.len == a_len && !memcmp(old.buf, a, a_len));
		MUST(new.len == b_len && !memcmp(new.buf, b, b_len));
	} else {
		MUST(a_len == b_len && !memcmp(a, b, a_len));
	}
	MUST(!sum.left_out && !(sum.added + sum.removed) == !out.len);
	check_limit(a, a_len, b, b_len, &sum);
	strbuf_release(&new);
	strbuf_release(&old);
	strbuf_release(&out);
	return 0;
}
