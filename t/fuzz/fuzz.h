/*
 * What every fuzz target has: its entrance, and what must hold.
 */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

#define MUST(x)                                                               \
	do {                                                                  \
		if (!(x))                                                     \
			abort();                                              \
	} while (0)

/* It is for a terminal, and not too long for one. */
static inline void must_be_sentence(const struct strbuf *err)
{
	const char *at;

	MUST(err->len > 10 && err->len < 4096 &&
	     utf8_is_valid(err->buf, err->len));
	for (at = err->buf; *at; at++)
		MUST((unsigned char)*at >= ' ' && *at != 0x7f);
}

/* The character at `text`, or a number of its own for a byte that is none. */
static inline int32_t character(const char *text, size_t len, size_t *used)
{
	const char *end = text;
	size_t left = len;
	int32_t c = utf8_next(&end, &left);

	*used = (size_t)(end - text);
	return c >= 0 ? c : 0x200000 + (unsigned char)*text;
}

#endif
