#include "lib/base/compat.h"
#include "lib/wrap/base64.h"

#include "lib/base/strbuf.h"

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct strbuf *out, const void *data, size_t len)
{
	const unsigned char *s = data;

	strbuf_grow(out, len / 3 * 4 + 4);
	for (; len; len -= MINIMUM(len, 3), s += 3) {
		uint32_t bits = (uint32_t)s[0] << 16;

		if (len > 1)
			bits |= (uint32_t)s[1] << 8;
		if (len > 2)
			bits |= s[2];
		strbuf_addch(out, base64_digits[bits >> 18]);
		strbuf_addch(out, base64_digits[bits >> 12 & 63]);
		strbuf_addch(out, len > 1 ?
			     base64_digits[bits >> 6 & 63] : '=');
		strbuf_addch(out, len > 2 ? base64_digits[bits & 63] : '=');
	}
}

bool base64_decode(struct strbuf *out, const char *text, size_t len)
{
	uint32_t bits = 0;
	unsigned nr = 0, padding = 0;

	for (; len; text++, len--) {
		const char *digit;

		if (isspace((unsigned char)*text))
			continue;
		if (*text == '=') {
			padding++;
			continue;
		}
		digit = *text ? strchr(base64_digits, *text) : NULL;
		if (!digit || padding)
			return false;
		bits = bits << 6 | (uint32_t)(digit - base64_digits);
		if (++nr == 4) {
			strbuf_addch(out, bits >> 16);
			strbuf_addch(out, bits >> 8 & 255);
			strbuf_addch(out, bits & 255);
			bits = nr = 0;
		}
	}
	/* What is left over has 12 or 18 bits: one or two bytes. */
	if (nr == 1 || (nr ? nr + padding != 4 : padding != 0))
		return false;
	if (nr >= 2)
		strbuf_addch(out, bits >> (nr == 3 ? 10 : 4) & 255);
	if (nr == 3)
		strbuf_addch(out, bits >> 2 & 255);
	return true;
}
