#include "lib/base/compat.h"
#include "lib/exp/pack/pack-end.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/exp/pack/zip-format.h"

#define BEFORE_LEN (ZIP_END64_LEN + ZIP_LOCATOR_LEN)

static int bad(struct pack_source *s, struct strbuf *err, const char *why)
{
	return fail(err, ERR_CONTENT, "'%s': %s", s->name, why);
}

/*
 * Programs look for the record from the end of the file, from the start, or
 * without a look at the comment's length. All must find the same one: it is
 * the last that has the signature, it reaches to the end of the file, and none
 * before it does.
 */
static int find_end(size_t *at, const struct pack_end *end,
		    struct pack_source *s, struct strbuf *err)
{
	bool found = false;
	size_t i;

	for (i = end->tail_len < ZIP_END_LEN ? 0 :
		 end->tail_len - ZIP_END_LEN + 1; i-- > 0; ) {
		const unsigned char *p = end->tail + i;
		size_t left = end->tail_len - i - ZIP_END_LEN;

		if (p[0] != 'P' || zip_get32(p) != ZIP_END_SIG)
			continue;
		if (zip_get16(p + 20) == left && found)
			return bad(s, err, "there are two ends of a zip in it");
		if (zip_get16(p + 20) == left) {
			found = true;
			*at = i;
		} else if (!found) {
			return bad(s, err, "there is no end of a zip that "
				   "reaches to the end of it; it may be cut");
		}
	}
	if (!found)
		return bad(s, err, end->tail_len && end->tail[0] == 'P' ?
			   "it is no whole zip file; it may be cut" :
			   "it is no zip file");
	return 0;
}

/* find_end() looks for whole records; Python takes the last signature. */
static bool holds_signature(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i + 4 <= len; i++)
		if (zip_get32((const unsigned char *)text + i) == ZIP_END_SIG)
			return true;
	return false;
}

/* One field of both records. The 32-bit one says nothing at its maximum. */
static bool agree(uint64_t small, uint64_t max, uint64_t big)
{
	return small == max || small == big;
}

static int read_end64(struct pack_end *end, const unsigned char *rec,
		      const unsigned char *locator, uint64_t at,
		      const unsigned char *p, struct pack_source *s,
		      struct strbuf *err)
{
	if (zip_get32(locator + 4) || zip_get32(locator + 16) != 1 ||
	    zip_get32(rec + 16) || zip_get32(rec + 20))
		return bad(s, err, "it is one of several disks");
	if (zip_get64(locator + 8) != at)
		return bad(s, err, "its zip64 record is not where its locator "
			   "says");
	if (zip_get64(rec + 4) != ZIP_END64_LEN - 12)
		return bad(s, err, "its zip64 record has another length");
	end->entries = zip_get64(rec + 32);
	end->central_len = zip_get64(rec + 40);
	end->central = zip_get64(rec + 48);
	if (zip_get64(rec + 24) != end->entries ||
	    !agree(zip_get16(p + 4), ZIP_MAX16, 0) ||
	    !agree(zip_get16(p + 6), ZIP_MAX16, 0) ||
	    !agree(zip_get16(p + 8), ZIP_MAX16, end->entries) ||
	    !agree(zip_get16(p + 10), ZIP_MAX16, end->entries) ||
	    !agree(zip_get32(p + 12), ZIP_MAX32, end->central_len) ||
	    !agree(zip_get32(p + 16), ZIP_MAX32, end->central))
		return bad(s, err, "its end record and its zip64 record "
			   "disagree");
	return 0;
}

static int read_end32(struct pack_end *end, const unsigned char *p,
		      struct pack_source *s, struct strbuf *err)
{
	end->entries = zip_get16(p + 10);
	end->central_len = zip_get32(p + 12);
	end->central = zip_get32(p + 16);
	/* 65,535 may be meant (Python); it has to be the true count anyway */
	if (end->central_len == ZIP_MAX32 || end->central == ZIP_MAX32)
		return bad(s, err, "its zip64 record is missing");
	if (zip_get16(p + 4) || zip_get16(p + 6))
		return bad(s, err, "it is one of several disks");
	if (zip_get16(p + 8) != end->entries)
		return bad(s, err, "its two counts of entries disagree");
	return 0;
}

/* Where the end records begin is where the central directory ends. */
static int check_place(const struct pack_end *end, uint64_t records,
		       struct pack_source *s, struct strbuf *err)
{
	if (end->central > records || end->central_len > records ||
	    end->central + end->central_len != records)
		return bad(s, err, "its central directory does not lie where "
			   "it says, right before the end records");
	/* 46 is the least that an entry takes */
	if (end->entries > end->central_len / ZIP_CENTRAL_LEN ||
	    (!end->entries && end->central_len))
		return bad(s, err, "its count of entries does not fit its "
			   "central directory");
	return 0;
}

/* The zip64 record and its locator, if there is room for them before the end
 * record at `at` in the tail. Only the longest comment leaves none there. */
static int read_before(unsigned char *buf, const struct pack_end *end,
		       size_t at, uint64_t offset, struct pack_source *s,
		       struct strbuf *err)
{
	if (at >= BEFORE_LEN) {
		memcpy(buf, end->tail + at - BEFORE_LEN, BEFORE_LEN);
		return 0;
	}
	if (offset >= BEFORE_LEN)
		return s->read(s, buf, BEFORE_LEN, offset - BEFORE_LEN, err);
	memset(buf, 0, BEFORE_LEN);
	return 0;
}

int pack_end_read(struct pack_end *end, struct pack_source *s,
		  struct strbuf *err)
{
	unsigned char before[BEFORE_LEN];
	const unsigned char *p;
	uint64_t offset;
	size_t at = 0;
	int ret;

	memset(end, 0, sizeof(*end));
	end->tail_len = (size_t)MINIMUM(s->size, (uint64_t)PACK_TAIL_MAX);
	end->tail = xmalloc(end->tail_len + 1);
	ret = s->read(s, end->tail, end->tail_len, s->size - end->tail_len,
		      err);
	if (!ret)
		ret = find_end(&at, end, s, err);
	if (ret)
		return ret;
	p = end->tail + at;
	end->comment = (const char *)p + ZIP_END_LEN;
	end->comment_len = end->tail_len - at - ZIP_END_LEN;
	if (holds_signature(end->comment, end->comment_len))
		return bad(s, err, "its comment holds what programs take for "
			   "the end of a zip");
	offset = s->size - end->tail_len + at;
	ret = read_before(before, end, at, offset, s, err);
	if (ret)
		return ret;

	/* Whoever sees a locator believes it, needed or not. */
	if (zip_get32(before + ZIP_END64_LEN) == ZIP_LOCATOR_SIG) {
		offset -= BEFORE_LEN;
		if (zip_get32(before) != ZIP_END64_SIG)
			return bad(s, err, "its zip64 record is not right "
				   "before its locator");
		ret = read_end64(end, before, before + ZIP_END64_LEN, offset,
				 p, s, err);
	} else {
		ret = read_end32(end, p, s, err);
	}
	return ret ? ret : check_place(end, offset, s, err);
}
