#include "lib/base/compat.h"
#include "lib/sync/info-text.h"

#include "lib/base/hex.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/digest.h"
#include "transport/transport.h"

#define NONE "-"

void info_text_write(struct strbuf *out, const struct pack_info *info)
{
	strbuf_addf(out, "%s\t%" PRIu64 "\t", *info->id ? info->id : NONE,
		    info->revision);
	if (info->version)
		digest_hex(out, info->tree);
	else
		strbuf_addstr(out, NONE);
	strbuf_addch(out, '\t');
	if (info->has_record)
		digest_hex(out, info->record);
	else
		strbuf_addstr(out, NONE);
}

bool info_text_number(uint64_t *out, const char *text)
{
	size_t len = strlen(text);

	if (!len || len > 18 || (*text == '0' && len > 1))
		return false;
	for (*out = 0; *text; text++) {
		if (*text < '0' || *text > '9')
			return false;
		*out = *out * 10 + (uint64_t)(*text - '0');
	}
	return true;
}

bool info_text_is_version(const char *text)
{
	size_t len = strnlen(text, OBJECT_VERSION_MAX + 1);
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~')
			return false;
	return len && len <= OBJECT_VERSION_MAX;
}

/* `there` tells "-" from a hash. */
static bool read_hash(unsigned char *raw, bool *there, const char *text)
{
	*there = strcmp(text, NONE) != 0;
	return !*there || (hex_read(raw, DIGEST_RAWSZ, text) &&
			   !text[DIGEST_HEXSZ]);
}

bool info_text_read(struct pack_info *info, const char *const *field)
{
	bool has_tree;

	memset(info, 0, sizeof(*info));
	if (strcmp(field[0], NONE)) {
		if (!record_is_id(field[0]))
			return false;
		memcpy(info->id, field[0], PACK_ID_LEN);
	}
	if (!info_text_number(&info->revision, field[1]) ||
	    !read_hash(info->tree, &has_tree, field[2]) ||
	    !read_hash(info->record, &info->has_record, field[3]))
		return false;
	info->version = has_tree ? PACK_FORMAT : 0;
	return true;
}

size_t info_text_split(char *line, const char **field, size_t max)
{
	size_t nr = 0;

	for (;;) {
		char *tab = strchr(line, '\t');

		if (nr == max)
			return max + 1;
		field[nr++] = line;
		if (!tab)
			return nr;
		*tab = '\0';
		line = tab + 1;
	}
}
