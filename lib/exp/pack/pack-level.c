#include "lib/base/compat.h"
#include "lib/exp/pack/pack-level.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/settings.h"
#include "lib/wrap/zstream.h"

int pack_level_read(int given, int *level, struct strbuf *err)
{
	const char *text = settings_get_str("pack.level", NULL);
	bool is_given = given != PACK_LEVEL_NOT_GIVEN;

	*level = is_given ? given : ZSTREAM_LEVEL_DEFAULT;
	if (is_given || !text)
		return 0;
	if (text[0] < '0' || text[0] > '9' || text[1])
		return fail(err, ERR_CONTENT, "the setting 'pack.level' must "
			    "be a number from 0 to 9, not '%s'", text);
	*level = text[0] - '0';
	return 0;
}
