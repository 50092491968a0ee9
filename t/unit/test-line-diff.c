#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/line-diff.h"
#include "t/unit/unit.h"

static uint32_t state = 1;

static unsigned pick(unsigned below)
{
	state = state * 1664525u + 1013904223u;
	return (state >> 16) % below;
}

static void hunks(struct strbuf *out, const char *a, const char *b,
		  unsigned context, size_t max, struct line_diff_sum *sum)
{
	struct line_diff_options options = { context, max };

	line_diff(out, a, strlen(a), b, strlen(b), &options, sum);
}

static void diff_is(const char *a, const char *b, unsigned context,
		    const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT;
	struct line_diff_sum sum;

	hunks(&out, a, b, context, 0, &sum);
	check_str(out.buf, want, what);
	strbuf_release(&out);
}

/* The lines of letters that both have in order, at most: by the table that
 * every textbook has. */
static size_t common(const char *a, size_t n, const char *b, size_t m)
{
	size_t *row = xcalloc(m + 1, sizeof(*row)), i, j, best;

	for (i = 0; i < n; i++) {
		size_t corner = 0;

		for (j = 0; j < m; j++) {
			size_t above = row[j + 1];

			row[j + 1] = a[i] == b[j] ? corner + 1 :
				     MAXIMUM(above, row[j]);
			corner = above;
		}
	}
	best = row[m];
	free(row);
	return best;
}

static void add_letters(struct strbuf *text, const char *letters, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		strbuf_addf(text, "%c\n", letters[i]);
}

/* What the lines of one sign and the unchanged ones come to. */
static void one_side(struct strbuf *out, const struct strbuf *diff, char sign)
{
	const char *at = diff->buf;

	while (*at) {
		const char *end = strchr(at, '\n') + 1;

		if (*at == ' ' || *at == sign)
			strbuf_add(out, at + 1, (size_t)(end - at - 1));
		at = end;
	}
}

static bool round_is_right(size_t n, size_t m, unsigned alphabet)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT, out = STRBUF_INIT;
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	char *letters_a = xmalloc(n + 1), *letters_b = xmalloc(m + 1);
	struct line_diff_sum sum;
	size_t i, same;
	bool good;

	for (i = 0; i < n; i++)
		letters_a[i] = (char)('a' + pick(alphabet));
	for (i = 0; i < m; i++)
		letters_b[i] = pick(4) && i < n ? letters_a[i] :
			       (char)('a' + pick(alphabet));
	add_letters(&a, letters_a, n);
	add_letters(&b, letters_b, m);
	hunks(&out, a.buf, b.buf, 1000, 0, &sum);
	one_side(&old, &out, '-');
	one_side(&new, &out, '+');
	same = common(letters_a, n, letters_b, m);
	good = sum.removed == n - same && sum.added == m - same;
	if (out.len)
		good = good && !strcmp(old.buf, a.buf) &&
		       !strcmp(new.buf, b.buf);
	else
		good = good && !strcmp(a.buf, b.buf);
	free(letters_b);
	free(letters_a);
	strbuf_release(&new);
	strbuf_release(&old);
	strbuf_release(&out);
	strbuf_release(&b);
	strbuf_release(&a);
	return good;
}

static void test_random(void)
{
	bool good = true;
	int i;

	for (i = 0; i < 2000; i++)
		good = good && round_is_right(pick(40), pick(40), 1 + pick(5));
	check(good, "random texts: made again, with the fewest changes");
	check(round_is_right(900, 1000, 26), "longer ones");
}

/* Nothing in common: beyond what is searched for a best path. */
static void test_many(void)
{
	struct strbuf a = STRBUF_INIT, b = STRBUF_INIT, out = STRBUF_INIT;
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	struct line_diff_sum sum;
	int i;

	for (i = 0; i < 8000; i++) {
		strbuf_addf(&a, "%u\n", pick(20000));
		strbuf_addf(&b, "%u\n", pick(20000));
	}
	hunks(&out, a.buf, b.buf, 100000, 0, &sum);
	one_side(&old, &out, '-');
	one_side(&new, &out, '+');
	check(!strcmp(old.buf, a.buf) && !strcmp(new.buf, b.buf),
	      "very many changes: still both texts");
	strbuf_reset(&out);
	hunks(&out, a.buf, b.buf, 3, 10, &sum);
	for (i = 0; (size_t)i < out.len; i++)
		if (out.buf[i] == '\n')
			sum.left_out++;
	check(sum.added && out.len < 1000, "as many lines as were asked for");
	strbuf_release(&new);
	strbuf_release(&old);
	strbuf_release(&out);
	strbuf_release(&b);
	strbuf_release(&a);
}

static void test_limit(void)
{
	struct strbuf out = STRBUF_INIT;
	struct line_diff_sum sum;

	hunks(&out, "a\nb\nc\nd\ne\nf\n", "A\nb\nc\nd\ne\nF\n", 0, 3, &sum);
	check_str(out.buf, "@@ -1 +1 @@\n-a\n+A\n", "a hunk that fits");
	check(sum.left_out == 2, "and one that does not");
	strbuf_reset(&out);
	hunks(&out, "", "a\nb\nc\n", 3, 2, &sum);
	check_str(out.buf, "@@ -0,0 +1,3 @@\n+a\n+b\n", "the first is cut");
	check(sum.left_out == 1 && sum.added == 3, "what was cut is counted");
	strbuf_release(&out);
}

int main(void)
{
	check(!line_diff_is_binary("text\xff\n", 6), "odd bytes are text");
	check(line_diff_is_binary("a\0b", 3), "a NUL is none");
	check(!line_diff_is_binary("", 0), "nothing is text");
	diff_is("a\nb\n", "a\nb\n", 3, "", "the same");
	diff_is("", "", 3, "", "nothing and nothing");
	diff_is("", "a\n", 3, "@@ -0,0 +1 @@\n+a\n", "from nothing");
	diff_is("a\nb\n", "", 3, "@@ -1,2 +0,0 @@\n-a\n-b\n", "to nothing");
	diff_is("a\nb\nc\n", "a\nx\nc\n", 1,
		"@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n", "one line");
	diff_is("a", "a\n", 3, "@@ -1 +1 @@\n-a\n\\ No newline at end of file\n"
		"+a\n", "the end of the last line counts");
	diff_is("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "x\n2\n3\n4\n5\n6\n7\n8\ny\n", 1,
		"@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -8,2 +8,2 @@\n 8\n-9\n+y\n",
		"two hunks");
	diff_is("1\n2\n3\n4\n", "x\n2\n3\ny\n", 1,
		"@@ -1,4 +1,4 @@\n-1\n+x\n 2\n 3\n-4\n+y\n",
		"near ones are one");
	diff_is("f\n{\n}\ng\n", "f\n{\n}\nh\n{\n}\ng\n", 0,
		"@@ -3,0 +4,3 @@\n+h\n+{\n+}\n", "the later of equal lines");
	test_random();
	test_many();
	test_limit();
	return unit_done();
}
