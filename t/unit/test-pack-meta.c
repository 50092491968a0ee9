#include "lib/base/compat.h"
#include "lib/sync/pack-meta.h"
#include "t/unit/unit.h"
#include "transport/object.h"

static void fill(struct pack_info *info)
{
	memset(info, 0, sizeof(*info));
	info->version = PACK_FORMAT;
	memset(info->tree, 0xab, sizeof(info->tree));
	memset(info->record, 0xcd, sizeof(info->record));
	info->has_record = true;
	snprintf(info->id, sizeof(info->id), "%s",
		 "11111111-2222-4333-8444-000000000001");
	info->revision = 7;
}

static bool contradicts(const struct strvec *meta,
			const struct pack_info *info, const char *key)
{
	const char *bad = pack_meta_contradiction(meta, info);

	return bad && !strcmp(bad, key);
}

static void test_make(void)
{
	struct strvec meta = STRVEC_INIT;
	struct pack_info info;

	fill(&info);
	pack_meta_make(&meta, &info);
	check(meta.nr == 4, "four keys are made");
	check(!object_meta_check(&meta, NULL), "which every store takes");
	check(!pack_meta_contradiction(&meta, &info), "they are what they say");
	info.has_record = false;
	info.revision = 0;
	*info.id = '\0';
	pack_meta_make(&meta, &info);
	check(meta.nr == 1, "what is not known is left out");
	pack_meta_make(&meta, NULL);
	check(!meta.nr, "nothing is known of a pack that is being made");
	strvec_release(&meta);
}

static void test_contradictions(void)
{
	struct strvec meta = STRVEC_INIT;
	struct pack_info info, other;

	fill(&info);
	pack_meta_make(&meta, &info);
	other = info;
	other.tree[31] ^= 1;
	check(contradicts(&meta, &other, "resutil-tree"), "another tree");
	other = info;
	other.record[0] ^= 1;
	check(contradicts(&meta, &other, "resutil-record"), "another record");
	other.has_record = false;
	check(contradicts(&meta, &other, "resutil-record"), "no record");
	other = info;
	other.id[35] = '2';
	check(contradicts(&meta, &other, "resutil-id"), "another run");
	other = info;
	other.revision = 8;
	check(contradicts(&meta, &other, "resutil-revision"),
	      "another revision");
	strvec_clear(&meta);
	check(!pack_meta_contradiction(&meta, &info), "no metadata is fine");
	strvec_push(&meta, "resutil-trees=x");
	strvec_push(&meta, "other=resutil-tree");
	check(!pack_meta_contradiction(&meta, &info),
	      "nor do keys of others");
	strvec_push(&meta, "resutil-tree=");
	check(contradicts(&meta, &info, "resutil-tree"), "an empty value");
	strvec_release(&meta);
}

int main(void)
{
	test_make();
	test_contradictions();
	return unit_done();
}
