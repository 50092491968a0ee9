#include "lib/base/compat.h"
#include "lib/exp/pack/pack-limits.h"

#include "lib/base/strbuf.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/pack/pack-read.h"
#include "lib/exp/pack/pack-source.h"

/* Both headers of an entry; names are rarely long. */
#define HEADERS_MAX 1024
/* The longest comment must not be too much for the smallest limit. */
#define COMMENT_ROOM ((uint64_t)128 << 10)

int pack_limits_fill(struct pack_limits *limits, struct strbuf *err)
{
	int ret = 0;

	if (limits->max_size == UINT64_MAX)
		ret = settings_get_size("unpack.max-size",
					PACK_MAX_SIZE_DEFAULT,
					&limits->max_size, err);
	if (!ret && limits->max_entries == UINT64_MAX)
		ret = settings_get_size("unpack.max-entries",
					PACK_MAX_ENTRIES_DEFAULT,
					&limits->max_entries, err);
	return ret;
}

/* What a pack of so much content can have; 0: no limit. */
static uint64_t max_spool(const struct pack_limits *limits)
{
	uint64_t max;

	if (!limits->max_size || !limits->max_entries ||
	    limits->max_entries > (UINT64_MAX - limits->max_size) / HEADERS_MAX)
		return 0;
	max = limits->max_size + limits->max_entries * HEADERS_MAX;
	return MAXIMUM(max, COMMENT_ROOM);
}

int pack_open_path(struct pack **out, const char *path, const char *spool_dir,
		   struct pack_limits *limits, struct strbuf *err)
{
	struct pack_source *source;
	int ret;

	*out = NULL;
	ret = pack_limits_fill(limits, err);
	if (!ret)
		ret = pack_source_open(&source, path, spool_dir,
				       max_spool(limits), err);
	return ret ? ret : pack_open(out, source, limits, err);
}
