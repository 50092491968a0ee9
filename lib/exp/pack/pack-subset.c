#include "lib/base/compat.h"
#include "lib/exp/pack/pack-subset.h"
#include "lib/base/date.h"
#include "lib/base/error.h"

/* Digits alone, as far as an unsigned goes; NULL: none. */
static const char *read_unsigned(unsigned *out, const char *text)
{
	uint64_t n = 0;
	const char *at = text;

	for (; *at >= '0' && *at <= '9'; at++) {
		n = n * 10 + (uint64_t)(*at - '0');
		if (n > UINT_MAX)
			return NULL;
	}
	*out = (unsigned)n;
	return at == text ? NULL : at;
}

static bool read_part(struct check_subset *out, const char *text)
{
	const char *at = read_unsigned(&out->part, text);

	if (!at || *at != '/')
		return false;
	at = read_unsigned(&out->parts, at + 1);
	return at && !*at && out->part && out->part <= out->parts;
}

/* "2.5%", without the locale's say in it. */
static bool read_percent(struct check_subset *out, const char *text)
{
	unsigned whole, fraction = 0;
	const char *at = read_unsigned(&whole, text), *dot;
	double unit = 1;

	if (at && *at == '.') {
		dot = at++;
		at = read_unsigned(&fraction, at);
		for (; at && dot + 1 < at; dot++)
			unit /= 10;
	}
	if (!at || strcmp(at, "%"))
		return false;
	out->percent = whole + fraction * unit;
	return out->percent > 0 && out->percent <= 100;
}

int check_subset_parse(struct check_subset *out, const char *text,
		       struct strbuf *err)
{
	const struct check_subset all = { 0 };
	bool good;

	*out = all;
	if (strchr(text, '/'))
		good = read_part(out, text);
	else if (strchr(text, '%'))
		good = read_percent(out, text);
	else
		good = size_parse(&out->bytes, text) && out->bytes;
	if (good)
		return 0;
	*out = all;
	return fail(err, ERR_USAGE, "'%s' is no part of the packs: it is 'N/T' "
		    "(N from 1 to T), a percentage as '2.5%%', or a size as "
		    "'10G'", text);
}
