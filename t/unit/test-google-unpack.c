#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/http.h"
#include "lib/wrap/zstream.h"
#include "t/unit/unit.h"
#include "transport/google/google-error.h"

#define TEXT "{\"error\": {\"code\": 403, \"message\": \"no such permission\"}}"
#define MAX 1000

/* A stream of gzip, with `extra` behind the ten bytes of its head. */
static void pack(struct strbuf *out, char flags, const void *extra,
		 size_t extra_len, const char *text, size_t len)
{
	static const char head[] = "\x1f\x8b\x08\0\0\0\0\0\0\3";
	struct zdeflate *z = zdeflate_new(1);
	size_t first;

	strbuf_reset(out);
	strbuf_add(out, head, sizeof(head) - 1);
	out->buf[3] = flags;
	strbuf_add(out, extra, extra_len);
	first = out->len;
	strbuf_grow(out, zdeflate_bound(len));
	strbuf_setlen(out, first + zdeflate_chunk(
		z, (const unsigned char *)text, 0, len, true,
		(unsigned char *)out->buf + first));
	/* sums, which nobody compares */
	strbuf_add(out, "12345678", 8);
	zdeflate_free(z);
}

/* What becomes of a body. The caller frees. */
static char *unpacked(const char *field, const void *body, size_t len)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	char *text;

	if (field)
		strvec_push(&a.fields, field);
	strbuf_add(&a.body, body, len);
	google_unpack(&a, MAX);
	text = a.body.len == strlen(a.body.buf) ? xstrdup(a.body.buf) :
	       a.body.len == len && !memcmp(a.body.buf, body, len) ?
	       xstrdup("as it was") : xstrdup("something else");
	http_answer_release(&a);
	return text;
}

static void is(const char *field, const struct strbuf *body, const char *want,
	       const char *label)
{
	char *got = unpacked(field, body->buf, body->len);

	check_str(got, want, label);
	free(got);
}

static void test_heads(void)
{
	static const char gzip[] = "content-encoding: gzip";
	struct strbuf body = STRBUF_INIT;

	pack(&body, 0, "", 0, TEXT, strlen(TEXT));
	is(gzip, &body, TEXT, "the shortest head");
	is("content-encoding: GZIP", &body, TEXT, "in any case");
	is(NULL, &body, "as it was", "nobody said gzip");
	is("content-encoding: br", &body, "as it was", "another coding");
	pack(&body, 0x1e, "\3\0abc" "name\0" "remark\0" "12", 5 + 5 + 7 + 2,
	     TEXT, strlen(TEXT));
	is(gzip, &body, TEXT, "a head with all that it may have");
	strbuf_reset(&body);
	strbuf_addstr(&body, TEXT);
	is(gzip, &body, TEXT, "what is not packed at all");
	strbuf_release(&body);
}

static void test_odd(void)
{
	static const char gzip[] = "content-encoding: gzip";
	struct strbuf body = STRBUF_INIT, cut = STRBUF_INIT;
	char large[MAX + 1];
	size_t len;

	pack(&body, 0x1e, "\3\0abc" "name\0" "remark\0" "12", 5 + 5 + 7 + 2,
	     TEXT, strlen(TEXT));
	for (len = 0; len < body.len - 8; len++) {
		strbuf_reset(&cut);
		strbuf_add(&cut, body.buf, len);
		/* ... has NULs, but for the shortest */
		is(gzip, &cut, len ? len < 5 ? cut.buf : "as it was" : "",
		   "one that ends too early");
	}
	pack(&body, 0x04, "\xff\xff", 2, TEXT, strlen(TEXT));
	is(gzip, &body, "as it was", "a field that is longer than all");
	memset(large, 'x', sizeof(large));
	pack(&body, 0, "", 0, large, MAX + 1);
	is(gzip, &body, "as it was", "more than an error has");
	pack(&body, 0, "", 0, TEXT, strlen(TEXT));
	memset(body.buf + 10, 0xff, 5);
	is(gzip, &body, "as it was", "no such stream");
	strbuf_release(&body);
	strbuf_release(&cut);
}

int main(void)
{
	test_heads();
	test_odd();
	return unit_done();
}
