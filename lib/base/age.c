#include "lib/base/compat.h"
#include "lib/base/age.h"

#include "lib/base/error.h"

#define AGE_MAX (100ull * 366 * 86400)

int age_parse(unsigned *seconds, const char *text, struct strbuf *err)
{
	static const struct {
		const char *unit;
		unsigned seconds;
	} units[] = {
		{ "", 1 }, { "s", 1 }, { "m", 60 }, { "h", 3600 },
		{ "d", 86400 }, { "w", 7 * 86400 }
	};
	const char *at = text;
	uint64_t n = 0;
	size_t i;

	for (; *at >= '0' && *at <= '9' && n <= AGE_MAX; at++)
		n = n * 10 + (uint64_t)(*at - '0');
	for (i = 0; at > text && i < ARRAY_SIZE(units); i++)
		if (!strcmp(at, units[i].unit) &&
		    n * units[i].seconds <= AGE_MAX) {
			*seconds = (unsigned)(n * units[i].seconds);
			return 0;
		}
	return fail(err, ERR_USAGE, "'%s' is no age; it is a number and s, m, "
		    "h, d or w, as in '12h'", text);
}
