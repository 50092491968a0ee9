#include "lib/base/compat.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/base/strbuf.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/digest.h"

#define MAGIC "resutil-pack "

void pack_info_write(struct strbuf *out, const struct pack_info *info)
{
	strbuf_addf(out, MAGIC "%u tree=", (unsigned)PACK_FORMAT);
	digest_hex(out, info->tree);
	if (info->has_record) {
		strbuf_addstr(out, " record=");
		digest_hex(out, info->record);
	}
	if (*info->id)
		strbuf_addf(out, " id=%s", info->id);
	if (info->revision)
		strbuf_addf(out, " revision=%" PRIu64, info->revision);
}

static bool read_hash(unsigned char *raw, const char *text, size_t len)
{
	return len == DIGEST_HEXSZ && hex_read(raw, DIGEST_RAWSZ, text);
}

/* 1 to 18 digits without a zero before them: always fits 63 bits. */
static bool read_number(uint64_t *out, const char *text, size_t len)
{
	size_t i;

	if (!len || len > 18 || *text == '0')
		return false;
	*out = 0;
	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	}
	return true;
}

static bool read_id(char *id, const char *text, size_t len)
{
	if (len != PACK_ID_LEN)
		return false;
	memcpy(id, text, len);
	id[len] = '\0';
	return record_is_id(id);
}

enum { HAS_TREE = 1, HAS_RECORD = 2, HAS_ID = 4, HAS_REVISION = 8 };

/* One KEY=VALUE; false when a known key is given again or has a bad value. */
static bool read_word(struct pack_info *info, unsigned *seen,
		      const char *word, size_t len)
{
	static const struct {
		const char *key;
		unsigned bit;
	} keys[] = {
		{ "tree=", HAS_TREE }, { "record=", HAS_RECORD },
		{ "id=", HAS_ID }, { "revision=", HAS_REVISION }
	};
	unsigned bit = 0;
	size_t i, n = 0;

	for (i = 0; i < ARRAY_SIZE(keys) && !bit; i++) {
		n = strlen(keys[i].key);
		if (len >= n && !memcmp(word, keys[i].key, n))
			bit = keys[i].bit;
	}
	if (!bit)
		return true;
	if (*seen & bit)
		return false;
	*seen |= bit;
	word += n;
	len -= n;
	switch (bit) {
	case HAS_TREE:
		return read_hash(info->tree, word, len);
	case HAS_RECORD:
		info->has_record = true;
		return read_hash(info->record, word, len);
	case HAS_ID:
		return read_id(info->id, word, len);
	default:
		return read_number(&info->revision, word, len);
	}
}

static int malformed(struct strbuf *err)
{
	return fail(err, ERR_CONTENT, "the archive comment is malformed");
}

int pack_info_read(struct pack_info *info, const char *text, size_t len,
		   struct strbuf *err)
{
	const size_t magic = strlen(MAGIC);
	uint64_t version = 0;
	unsigned seen = 0;
	size_t i, n;

	memset(info, 0, sizeof(*info));
	if (len < magic || memcmp(text, MAGIC, magic))
		return 0;
	for (i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~')
			return malformed(err);

	for (i = magic; ; i += n + 1) {
		const char *end = memchr(text + i, ' ', len - i);

		n = end ? (size_t)(end - (text + i)) : len - i;
		if (!n)
			return malformed(err);
		if (i == magic) {
			if (!read_number(&version, text + i, n))
				return malformed(err);
			if (version > PACK_FORMAT)
				return fail(err, ERR_CONTENT,
					    "its format version is %" PRIu64
					    ", this resutil knows %u; a newer "
					    "one is needed", version,
					    (unsigned)PACK_FORMAT);
		} else if (!read_word(info, &seen, text + i, n)) {
			return malformed(err);
		}
		if (!end)
			break;
	}
	if (!(seen & HAS_TREE))
		return malformed(err);
	info->version = (unsigned)version;
	return 0;
}
