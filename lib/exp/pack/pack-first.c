#include "lib/base/compat.h"
#include "lib/exp/pack/pack-first.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/record.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/zstream.h"

#define FIRST_READ ((uint64_t)16 << 10)

struct first {
	unsigned method;
	size_t header_len, packed, size;
};

/* Only a header that is a small record's of ours is read. */
static bool read_header(struct first *f, const unsigned char *h, size_t len)
{
	const size_t name_len = strlen(RECORD_FILE);

	if (len < ZIP_LOCAL_LEN + name_len || zip_get32(h) != ZIP_LOCAL_SIG ||
	    zip_get16(h + 6) & ZIP_FLAG_DESCRIPTOR ||
	    zip_get16(h + 26) != name_len ||
	    memcmp(h + ZIP_LOCAL_LEN, RECORD_FILE, name_len))
		return false;
	f->method = zip_get16(h + 8);
	f->packed = zip_get32(h + 18);
	f->size = zip_get32(h + 22);
	f->header_len = ZIP_LOCAL_LEN + name_len + zip_get16(h + 28);
	if (f->method == ZIP_STORED)
		return f->size == f->packed && f->size <= RECORD_MAX_BYTES;
	return f->method == ZIP_DEFLATED && f->size <= RECORD_MAX_BYTES &&
	       f->packed <= RECORD_MAX_BYTES;
}

static bool inflate(struct strbuf *out, const struct first *f,
		    const unsigned char *data)
{
	struct zinflate *z;
	bool good;

	if (f->method == ZIP_STORED) {
		strbuf_add(out, data, f->size);
		return true;
	}
	strbuf_grow(out, f->size);
	z = zinflate_new();
	good = !zinflate_whole(z, data, f->packed,
			       (unsigned char *)out->buf + out->len, f->size,
			       NULL);
	zinflate_free(z);
	if (good)
		strbuf_setlen(out, out->len + f->size);
	return good;
}

static int check_hash(const struct strbuf *text, const struct pack_info *info,
		      struct strbuf *err)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	digest_add(d, text->buf, text->len);
	digest_finish(&d, raw);
	return memcmp(raw, info->record, sizeof(raw)) ? ERR_NO : 0;
}

int pack_first_record(struct strbuf *text, struct pack_source *s,
		      const struct pack_info *info, struct strbuf *err)
{
	size_t have = (size_t)MINIMUM(s->size, FIRST_READ), all;
	struct strbuf record = STRBUF_INIT;
	unsigned char *buf;
	struct first f;
	int ret;

	if (!info->version || !info->has_record)
		return ERR_NO;
	buf = xmalloc(have + 1);
	ret = s->read(s, buf, have, 0, err);
	if (!ret && !read_header(&f, buf, have))
		ret = ERR_NO;
	if (ret)
		goto cleanup;
	all = f.header_len + f.packed;
	if (all > s->size) {
		ret = ERR_NO;
		goto cleanup;
	}
	if (all > have) {
		buf = xrealloc(buf, all);
		ret = s->read(s, buf + have, all - have, have, err);
	}
	if (!ret && !inflate(&record, &f, buf + f.header_len))
		ret = ERR_NO;
	if (!ret)
		ret = check_hash(&record, info, err);
	if (!ret)
		strbuf_addbuf(text, &record);

cleanup:
	strbuf_release(&record);
	free(buf);
	return ret;
}
