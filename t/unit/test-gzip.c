/*
 * Answers that are packed by gzip.
 */
#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/gzip.h"
#include "t/unit/unit.h"

/* printf 'no access' | gzip -9n */
static const unsigned char plain[] = {
	0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xcb,
	0x57, 0x48, 0x4c, 0x4e, 0x4e, 0x2d, 0x2e, 0x06, 0x00, 0xe4, 0x4f, 0x75,
	0x03, 0x09, 0x00, 0x00, 0x00
};

#define FLAGS 3

static void unpacks(const unsigned char *data, size_t len, const char *want,
		    const char *what)
{
	struct strbuf out = STRBUF_INIT;

	strbuf_addstr(&out, "before ");
	if (!gzip_unpack(&out, data, len, 1000))
		strbuf_addstr(&out, "(none)");
	check_str(out.buf, want, what);
	strbuf_release(&out);
}

/* With what may stand between the head and the bytes. */
static void with_more(unsigned flags, const void *more, size_t more_len,
		      const char *want, const char *what)
{
	unsigned char data[200];

	memcpy(data, plain, 10);
	data[FLAGS] = (unsigned char)flags;
	memcpy(data + 10, more, more_len);
	memcpy(data + 10 + more_len, plain + 10, sizeof(plain) - 10);
	unpacks(data, sizeof(plain) + more_len, want, what);
}

static void test_heads(void)
{
	with_more(0x08, "name", 5, "before no access", "a name");
	with_more(0x10, "words", 6, "before no access", "a comment");
	with_more(0x04, "\3\0abc", 5, "before no access", "extra fields");
	with_more(0x02, "\1\2", 2, "before no access", "a CRC of the head");
	with_more(0x1e, "\1\0an\0c\0\1\2", 9, "before no access", "all");
	with_more(0x20, "", 0, "before (none)", "a flag nobody knows");
	with_more(0x04, "\377\377", 2, "before (none)", "too many of them");
}

static void test_damage(void)
{
	unsigned char data[sizeof(plain)];
	struct strbuf out = STRBUF_INIT;
	size_t len, i;
	bool good = false;

	for (len = 0; len < sizeof(plain); len++)
		good |= gzip_unpack(&out, plain, len, 1000);
	check(!good && !out.len, "cut anywhere it is none");
	for (i = 0; i < sizeof(plain); i++) {
		/* when it was made, and by what, says nothing */
		if (i >= 4 && i < 10)
			continue;
		memcpy(data, plain, sizeof(plain));
		data[i] ^= 0x41;
		good |= gzip_unpack(&out, data, sizeof(data), 1000);
		strbuf_reset(&out);
	}
	check(!good, "damaged anywhere it is none");
	check(!gzip_unpack(&out, plain, sizeof(plain), 8), "more than wanted");
	check(gzip_unpack(&out, plain, sizeof(plain), 9), "as much as wanted");
	strbuf_release(&out);
}

int main(void)
{
	unpacks(plain, sizeof(plain), "before no access", "a plain one");
	unpacks((const unsigned char *)"no gzip, and long enough", 24,
		"before (none)", "a text");
	test_heads();
	test_damage();
	return unit_done();
}
