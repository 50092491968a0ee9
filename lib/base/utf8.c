#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8-width.h"
#include "lib/base/utf8.h"

/* How many bytes follow a first byte, and the smallest code point of it. */
static int sequence_tail(unsigned char first, int32_t *bits, int32_t *least)
{
	if (first >= 0xc2 && first <= 0xdf) {
		*bits = first & 0x1f;
		*least = 0x80;
		return 1;
	}
	if ((first & 0xf0) == 0xe0) {
		*bits = first & 0x0f;
		*least = 0x800;
		return 2;
	}
	if (first >= 0xf0 && first <= 0xf4) {
		*bits = first & 0x07;
		*least = 0x10000;
		return 3;
	}
	return -1;
}

int32_t utf8_next(const char **text, size_t *len)
{
	const unsigned char *s = (const unsigned char *)*text;
	int32_t c = 0, least = 0;
	int tail, i;

	if (s[0] < 0x80) {
		(*text)++;
		(*len)--;
		return s[0];
	}
	tail = sequence_tail(s[0], &c, &least);
	if (tail < 0 || (size_t)tail >= *len)
		goto bad;
	for (i = 1; i <= tail; i++) {
		if ((s[i] & 0xc0) != 0x80)
			goto bad;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		goto bad;
	*text += tail + 1;
	*len -= (size_t)tail + 1;
	return c;

bad:
	(*text)++;
	(*len)--;
	return -1;
}

bool utf8_is_control(int32_t c)
{
	return (c >= 0 && c < 0x20) || (c >= 0x7f && c < 0xa0) ||
	       c == 0x061c || c == 0x200e || c == 0x200f ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

/* How many bytes at the beginning are surely ASCII, by eight at once. */
static size_t ascii_span(const char *text, size_t len)
{
	size_t at = 0;
	uint64_t word;

	for (; len - at >= sizeof(word); at += sizeof(word)) {
		memcpy(&word, text + at, sizeof(word));
		if (word & UINT64_C(0x8080808080808080))
			break;
	}
	return at;
}

bool utf8_is_valid(const char *text, size_t len)
{
	size_t ascii = ascii_span(text, len);

	text += ascii;
	len -= ascii;
	while (len)
		if (utf8_next(&text, &len) < 0)
			return false;
	return true;
}

size_t utf8_length(const char *text, size_t len)
{
	size_t nr = 0;

	for (; len; nr++)
		utf8_next(&text, &len);
	return nr;
}

static bool in_table(const struct width_range *table, size_t nr, int32_t c)
{
	size_t low = 0, high = nr;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (c < table[mid].first)
			high = mid;
		else if (c > table[mid].last)
			low = mid + 1;
		else
			return true;
	}
	return false;
}

size_t utf8_width(const char *text, size_t len)
{
	size_t width = 0;

	while (len) {
		int32_t c = utf8_next(&text, &len);

		if (c >= 0 && (c < 0x20 || (c >= 0x7f && c < 0xa0)))
			continue;	/* control characters take no column */
		if (c < 0x300)
			width++;	/* also a bad byte, shown as one mark */
		else if (in_table(double_width, ARRAY_SIZE(double_width), c))
			width += 2;
		else if (!in_table(zero_width, ARRAY_SIZE(zero_width), c))
			width++;
	}
	return width;
}

void utf8_add(struct strbuf *sb, int32_t c)
{
	assert(c >= 0 && c <= 0x10ffff);
	if (c < 0x80) {
		strbuf_addch(sb, c);
		return;
	}
	if (c < 0x800) {
		strbuf_addch(sb, 0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			strbuf_addch(sb, 0xe0 | c >> 12);
		} else {
			strbuf_addch(sb, 0xf0 | c >> 18);
			strbuf_addch(sb, 0x80 | (c >> 12 & 0x3f));
		}
		strbuf_addch(sb, 0x80 | (c >> 6 & 0x3f));
	}
	strbuf_addch(sb, 0x80 | (c & 0x3f));
}
