/*
 * Errors that come packed (gzip, RFC 1952). Who reads an object asks for its
 * bytes as they are stored, which may be packed ones; then the service may pack
 * what it has to say instead of them, too.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/zstream.h"
#include "transport/google/google-error.h"

#define HEAD 10
#define FLAG_CRC 0x02
#define FLAG_EXTRA 0x04
#define FLAG_NAME 0x08
#define FLAG_COMMENT 0x10

/* Behind the text that begins at `at`; `len`: it does not end. */
static size_t behind_text(const unsigned char *p, size_t at, size_t len)
{
	const unsigned char *nul = at < len ? memchr(p + at, 0, len - at) :
					      NULL;

	return nul ? (size_t)(nul - p) + 1 : len;
}

/* Where the stream begins; `len`: there is none. */
static size_t behind_head(const unsigned char *p, size_t len)
{
	size_t at = HEAD;

	if (len < HEAD || p[0] != 0x1f || p[1] != 0x8b || p[2] != 8)
		return len;
	if (p[3] & FLAG_EXTRA)
		at = len < at + 2 ? len :
		     at + 2 + p[at] + ((size_t)p[at + 1] << 8);
	if (p[3] & FLAG_NAME)
		at = behind_text(p, at, len);
	if (p[3] & FLAG_COMMENT)
		at = behind_text(p, at, len);
	if (p[3] & FLAG_CRC)
		at += 2;
	return MINIMUM(at, len);
}

void google_unpack(struct http_answer *a, size_t max)
{
	const char *coding = http_field(a, "content-encoding");
	const unsigned char *in = (const unsigned char *)a->body.buf;
	size_t in_len = a->body.len, at, room = max;
	struct strbuf out = STRBUF_INIT, ignored = STRBUF_INIT;
	struct zinflate *z;
	unsigned char *to;
	int ret;

	if (!coding || strcasecmp(coding, "gzip"))
		return;
	at = behind_head(in, in_len);
	if (at == in_len)
		return;
	in += at;
	in_len -= at;
	strbuf_grow(&out, max);
	to = (unsigned char *)out.buf;
	z = zinflate_new();
	zinflate_start(z);
	do
		ret = zinflate_more(z, &in, &in_len, &to, &room, &ignored);
	while (ret == ZINFLATE_MORE && in_len && room);
	/* What is longer is no error of the service: it stays as it is. */
	if (ret == ZINFLATE_END) {
		strbuf_setlen(&out, max - room);
		strbuf_release(&a->body);
		a->body = out;
		out = (struct strbuf)STRBUF_INIT;
	}
	zinflate_free(z);
	strbuf_release(&out);
	strbuf_release(&ignored);
}
