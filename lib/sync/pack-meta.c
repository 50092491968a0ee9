#include "lib/base/compat.h"
#include "lib/sync/pack-meta.h"

#include "lib/base/strbuf.h"

#define META_TREE "resutil-tree"
#define META_RECORD "resutil-record"
#define META_ID "resutil-id"
#define META_REVISION "resutil-revision"

static void push_hash(struct strvec *meta, const char *key,
		      const unsigned char *raw)
{
	struct strbuf hex = STRBUF_INIT;

	digest_hex(&hex, raw);
	strvec_pushf(meta, "%s=%s", key, hex.buf);
	strbuf_release(&hex);
}

void pack_meta_make(struct strvec *meta, const struct pack_info *info)
{
	strvec_clear(meta);
	if (!info)
		return;
	push_hash(meta, META_TREE, info->tree);
	if (info->has_record)
		push_hash(meta, META_RECORD, info->record);
	if (*info->id)
		strvec_pushf(meta, META_ID "=%s", info->id);
	if (info->revision)
		strvec_pushf(meta, META_REVISION "=%" PRIu64, info->revision);
}

static bool has(const struct strvec *meta, const char *pair)
{
	size_t i;

	for (i = 0; i < meta->nr; i++)
		if (!strcmp(meta->v[i], pair))
			return true;
	return false;
}

const char *pack_meta_contradiction(const struct strvec *meta,
				    const struct pack_info *info)
{
	static const char *const keys[] = {
		META_TREE, META_RECORD, META_ID, META_REVISION
	};
	struct strvec expected = STRVEC_INIT;
	const char *bad = NULL;
	size_t i, k;

	pack_meta_make(&expected, info);
	for (i = 0; i < meta->nr && !bad; i++)
		for (k = 0; k < ARRAY_SIZE(keys) && !bad; k++)
			if (!strncmp(meta->v[i], keys[k], strlen(keys[k])) &&
			    meta->v[i][strlen(keys[k])] == '=' &&
			    !has(&expected, meta->v[i]))
				bad = keys[k];
	strvec_release(&expected);
	return bad;
}
