#include "lib/base/compat.h"
#include "lib/sync/object-sums.h"

#include "lib/base/alloc.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"

struct object_sums {
	struct digest *sha256;
	struct md5 *md5;
	bool has_crc32c;
	uint32_t crc32c;
};

int object_sums_start(struct object_sums **out, unsigned sums,
		      struct strbuf *err)
{
	struct object_sums *s = xcalloc(1, sizeof(*s));
	int ret = 0;

	s->has_crc32c = sums & OBJECT_HAS_CRC32C;
	if (sums & OBJECT_HAS_SHA256)
		ret = digest_start(&s->sha256, err);
	else if ((sums & OBJECT_HAS_MD5) && s->has_crc32c)
		/* Some systems have no MD5; then the other one does. */
		md5_start(&s->md5, NULL);
	else if (sums & OBJECT_HAS_MD5)
		ret = md5_start(&s->md5, err);
	if (ret) {
		free(s);
		s = NULL;
	}
	*out = s;
	return ret;
}

void object_sums_add(struct object_sums *s, const void *data, size_t len)
{
	if (s->sha256)
		digest_add(s->sha256, data, len);
	if (s->md5)
		md5_add(s->md5, data, len);
	if (s->has_crc32c)
		s->crc32c = crc32c(s->crc32c, data, len);
}

bool object_sums_agree(struct object_sums **sums, const struct object *o)
{
	unsigned char sha256[DIGEST_RAWSZ], md5[MD5_RAWSZ];
	struct object_sums *s = *sums;
	bool agree = !s->has_crc32c || s->crc32c == o->crc32c;

	if (s->sha256) {
		digest_finish(&s->sha256, sha256);
		agree &= !memcmp(sha256, o->sha256, sizeof(sha256));
	}
	if (s->md5) {
		md5_finish(&s->md5, md5);
		agree &= !memcmp(md5, o->md5, sizeof(md5));
	}
	object_sums_drop(sums);
	return agree;
}

void object_sums_drop(struct object_sums **sums)
{
	if (!*sums)
		return;
	digest_drop(&(*sums)->sha256);
	md5_drop(&(*sums)->md5);
	free(*sums);
	*sums = NULL;
}
