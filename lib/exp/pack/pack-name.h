/*
 * The names of a zip's entries: which bytes they are, and whether they may be
 * made into files.
 * Source: APPNOTE 4.4.17, 4.6.9 and D.1; resutilformat-pack(5), "READING".
 */
#ifndef LIB_EXP_PACK_PACK_NAME_H
#define LIB_EXP_PACK_PACK_NAME_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-extra.h"

#define PACK_COMPONENT_MAX 255

struct raw_name {
	const unsigned char *text;
	size_t len;
	unsigned host;	/* upper byte of "version made by" */
	unsigned flags;
};

/** Whether writers on `host` give Unix modes, and names as they are. */
bool pack_host_is_unix(unsigned host);

/**
 * Adds the path to `out`; of a directory with '/' at its end.
 * unicode: the 0x7075 field; *replaced: whether the path comes from there.
 * Returns NULL, or what is wrong.
 */
const char *pack_name_read(struct strbuf *out, const struct raw_name *raw,
			   const struct extra_field *unicode, bool *replaced);

/**
 * The path of a 0x7075 field, lent from it; *path is NULL when there is none,
 * or when its CRC is not that of the name.
 */
const char *pack_name_unicode(const unsigned char **path, size_t *len,
			      const unsigned char *name, size_t name_len,
			      const struct extra_field *unicode);

/** Adds code page 437 as UTF-8. */
void cp437_to_utf8(struct strbuf *out, const unsigned char *text, size_t len);

/** Whether it is a path that may be unpacked below a directory. */
const char *pack_name_check(const char *path, size_t len);

#endif
