#include "lib/base/compat.h"
#include "lib/base/hex.h"

int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int lower_digit(char c)
{
	return c >= 'A' && c <= 'F' ? -1 : hex_digit(c);
}

bool hex_read(unsigned char *raw, size_t len, const char *text)
{
	size_t i;

	for (i = 0; i < len; i++, text += 2) {
		int high = lower_digit(text[0]);
		int low = high < 0 ? -1 : lower_digit(text[1]);

		if (low < 0)
			return false;
		raw[i] = (unsigned char)(high << 4 | low);
	}
	return true;
}
