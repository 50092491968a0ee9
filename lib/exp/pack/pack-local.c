#include "lib/base/compat.h"
#include "lib/exp/pack/pack-local.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/pack-extra.h"
#include "lib/exp/pack/pack-name.h"
#include "lib/exp/pack/zip-format.h"

#define DESCRIPTOR_MAX 24

/* Enough for the header of nearly every entry, and all of a tiny one. */
#define FIRST_READ 1024

/* Where the parts lie, as the first 30 bytes tell. */
static const char *read_layout(struct pack_local *l,
			       const struct pack_entry *e,
			       const unsigned char *h)
{
	uint64_t part = e->limit - e->offset, rest;

	if (zip_get32(h) != ZIP_LOCAL_SIG)
		return "there is no local header where it should begin";
	if (zip_get16(h + 26) != e->name_len)
		return "its local header has another name";
	l->header_len = ZIP_LOCAL_LEN + (size_t)e->name_len +
			zip_get16(h + 28);
	if (l->header_len > part || e->packed > part - l->header_len)
		return "it overlaps what follows it";
	l->data = e->offset + l->header_len;
	rest = part - l->header_len - e->packed;
	if (!(e->flags & ZIP_FLAG_DESCRIPTOR) && rest)
		return "bytes follow it that belong to nothing";
	if (e->flags & ZIP_FLAG_DESCRIPTOR && rest != 12 && rest != 16 &&
	    rest != 20 && rest != 24)
		return "what follows its data is no data descriptor";
	l->descriptor_len = (size_t)rest;
	return NULL;
}

/* Zero, where the writer could not know yet. */
static bool agrees(uint64_t value, uint64_t known, const struct pack_entry *e)
{
	return value == known ||
	       (!value && e->flags & ZIP_FLAG_DESCRIPTOR);
}

static const char *check_numbers(const struct pack_entry *e,
				 const unsigned char *h,
				 const struct extra_fields *x)
{
	uint64_t v[2], again[2];
	const char *why;

	if (zip_get16(h + 6) != e->flags)
		return "its local header has other flags";
	if (zip_get16(h + 8) != e->method)
		return "its local header has another method";
	if (zip_get32(h + 10) != e->dos_time)
		return "its local header has another time";
	if (!agrees(zip_get32(h + 14), e->crc, e))
		return "its local header has another CRC";
	v[0] = zip_get32(h + 22);
	v[1] = zip_get32(h + 18);
	why = extra_zip64(&x->zip64, v, again, ARRAY_SIZE(v));
	if (why)
		return why;
	if (!agrees(v[0], e->size, e) || !agrees(again[0], e->size, e) ||
	    !agrees(v[1], e->packed, e) || !agrees(again[1], e->packed, e))
		return "its local header has other sizes";
	return NULL;
}

/* Programs that read a pipe know only this header. */
static const char *check_extra(const struct pack_entry *e,
			       const struct extra_fields *x)
{
	const unsigned char *path;
	int64_t mtime = 0;
	const char *why;
	bool there;
	size_t len;

	why = extra_ntfs_time(&x->ntfs, &mtime, &there);
	if (!why)
		why = extra_unix_time(&x->time, &mtime, &there);
	if (!why && there && e->unix_time && mtime != e->mtime)
		return "its local header has another time";
	if (!why)
		why = pack_name_unicode(&path, &len, e->name, e->name_len,
					&x->unicode);
	if (why)
		return why;
	if (path ? len != e->path_len || memcmp(path, e->path, len) :
		   e->unicode_path)
		return "its local header has another Unicode path";
	return NULL;
}

static const char *check_header(const struct pack_local *l,
				const struct pack_entry *e,
				const unsigned char *h)
{
	size_t fixed = ZIP_LOCAL_LEN + (size_t)e->name_len;
	struct extra_fields x;
	const char *why;

	if (memcmp(h + ZIP_LOCAL_LEN, e->name, e->name_len))
		return "its local header has another name";
	why = extra_read(&x, h + fixed, l->header_len - fixed);
	if (!why)
		why = check_numbers(e, h, &x);
	return why ? why : check_extra(e, &x);
}

/* 4.3.9: CRC, packed size, size; the length tells which of the four forms. */
static const char *check_descriptor(const struct pack_entry *e,
				    const unsigned char *d, size_t len)
{
	uint64_t packed, size;

	if (len % 8 == 0) {
		if (zip_get32(d) != ZIP_DESC_SIG)
			return "its data descriptor has no signature";
		d += 4;
		len -= 4;
	}
	packed = len == 12 ? zip_get32(d + 4) : zip_get64(d + 4);
	size = len == 12 ? zip_get32(d + 8) : zip_get64(d + 12);
	if (zip_get32(d) != e->crc || packed != e->packed || size != e->size)
		return "its data descriptor disagrees with the central "
		       "directory";
	return NULL;
}

static int read_descriptor(const struct pack_local *l, const struct pack *p,
			   const struct pack_entry *e,
			   const unsigned char *buf, const char **why,
			   struct strbuf *err)
{
	unsigned char apart[DESCRIPTOR_MAX];
	uint64_t at = e->limit - l->descriptor_len;
	const unsigned char *d = apart;
	int ret = 0;

	if (!l->descriptor_len)
		return 0;
	if (l->have == e->limit - e->offset)
		d = buf + l->have - l->descriptor_len;
	else
		ret = p->source->read(p->source, apart, l->descriptor_len, at,
				      err);
	if (!ret)
		*why = check_descriptor(e, d, l->descriptor_len);
	return ret;
}

int pack_local_read(struct pack_local *l, const struct pack *p,
		    const struct pack_entry *e, unsigned char *buf,
		    size_t room, struct strbuf *err)
{
	unsigned char *own = NULL, *h = buf;
	const char *why;
	int ret;

	/* pack_open() has seen that 30 bytes and the name are there */
	l->have = (size_t)MINIMUM(e->limit - e->offset, (uint64_t)room);
	ret = p->source->read(p->source, buf, l->have, e->offset, err);
	if (ret)
		return ret;
	why = read_layout(l, e, buf);
	if (!why && l->header_len > l->have) {
		h = own = xmalloc(l->header_len);
		ret = p->source->read(p->source, own, l->header_len,
				      e->offset, err);
	}
	if (!why && !ret)
		why = check_header(l, e, h);
	if (!why && !ret)
		ret = read_descriptor(l, p, e, buf, &why, err);
	free(own);
	return why ? pack_entry_fail(p, e, ERR_CONTENT, err, "%s", why) : ret;
}

int pack_check_local(const struct pack *p, const struct pack_entry *e,
		     struct strbuf *err)
{
	unsigned char buf[FIRST_READ];
	struct pack_local l;

	return pack_local_read(&l, p, e, buf, sizeof(buf), err);
}
