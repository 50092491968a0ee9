/*
 * Members of answers.
 */
#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/wrap/base64.h"
#include "transport/google/google-call.h"

const char *google_text(const struct value *map, const char *key)
{
	return value_text(value_map_get(map, key));
}

/* All digits, and no more than fit. */
static bool read_digits(uint64_t *out, const char *text)
{
	uint64_t n = 0, digit;

	if (!*text)
		return false;
	for (; *text; text++) {
		if (!isdigit((unsigned char)*text))
			return false;
		digit = (uint64_t)(*text - '0');
		if (n > (UINT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return true;
}

bool google_number(uint64_t *out, const struct value *map, const char *key)
{
	const struct value *v = value_map_get(map, key);

	if (v && v->type == VALUE_INT && v->u.number >= 0) {
		*out = (uint64_t)v->u.number;
		return true;
	}
	return value_text(v) && read_digits(out, value_text(v));
}

int64_t google_time(const struct value *map, const char *key)
{
	const char *text = google_text(map, key);
	struct moment m;

	return text && moment_parse(&m, text) ? m.sec : 0;
}

bool google_bytes(unsigned char *raw, size_t len, const char *base64)
{
	struct strbuf bytes = STRBUF_INIT;
	bool good = base64_decode(&bytes, base64, strlen(base64)) &&
		    bytes.len == len;

	if (good)
		memcpy(raw, bytes.buf, len);
	strbuf_release(&bytes);
	return good;
}
