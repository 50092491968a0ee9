#include "lib/base/compat.h"
#include "lib/exp/pack/pack-name.h"

#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/pack/zip-format.h"
#include "lib/wrap/zstream.h"

/* Its upper half; the lower one is ASCII here, as other readers have it. */
static const uint16_t cp437[128] = {
	0x00c7, 0x00fc, 0x00e9, 0x00e2, 0x00e4, 0x00e0, 0x00e5, 0x00e7,
	0x00ea, 0x00eb, 0x00e8, 0x00ef, 0x00ee, 0x00ec, 0x00c4, 0x00c5,
	0x00c9, 0x00e6, 0x00c6, 0x00f4, 0x00f6, 0x00f2, 0x00fb, 0x00f9,
	0x00ff, 0x00d6, 0x00dc, 0x00a2, 0x00a3, 0x00a5, 0x20a7, 0x0192,
	0x00e1, 0x00ed, 0x00f3, 0x00fa, 0x00f1, 0x00d1, 0x00aa, 0x00ba,
	0x00bf, 0x2310, 0x00ac, 0x00bd, 0x00bc, 0x00a1, 0x00ab, 0x00bb,
	0x2591, 0x2592, 0x2593, 0x2502, 0x2524, 0x2561, 0x2562, 0x2556,
	0x2555, 0x2563, 0x2551, 0x2557, 0x255d, 0x255c, 0x255b, 0x2510,
	0x2514, 0x2534, 0x252c, 0x251c, 0x2500, 0x253c, 0x255e, 0x255f,
	0x255a, 0x2554, 0x2569, 0x2566, 0x2560, 0x2550, 0x256c, 0x2567,
	0x2568, 0x2564, 0x2565, 0x2559, 0x2558, 0x2552, 0x2553, 0x256b,
	0x256a, 0x2518, 0x250c, 0x2588, 0x2584, 0x258c, 0x2590, 0x2580,
	0x03b1, 0x00df, 0x0393, 0x03c0, 0x03a3, 0x03c3, 0x00b5, 0x03c4,
	0x03a6, 0x0398, 0x03a9, 0x03b4, 0x221e, 0x03c6, 0x03b5, 0x2229,
	0x2261, 0x00b1, 0x2265, 0x2264, 0x2320, 0x2321, 0x00f7, 0x2248,
	0x00b0, 0x2219, 0x00b7, 0x221a, 0x207f, 0x00b2, 0x25a0, 0x00a0,
};

void cp437_to_utf8(struct strbuf *out, const unsigned char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < 0x80)
			strbuf_addch(out, text[i]);
		else
			utf8_add(out, cp437[text[i] - 0x80]);
	}
}

bool pack_host_is_unix(unsigned host)
{
	return host == ZIP_HOST_UNIX || host == ZIP_HOST_DARWIN;
}

static bool is_ascii(const unsigned char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if (text[i] >= 0x80)
			return false;
	return true;
}

const char *pack_name_check(const char *path, size_t len)
{
	const char *end = path + len, *at = path, *slash;

	if (!len)
		return "it has no name";
	if (memchr(path, '\0', len))
		return "its name holds a NUL";
	if (*path == '/')
		return "its name begins with '/'";
	for (; at < end; at = slash + 1) {
		slash = memchr(at, '/', (size_t)(end - at));
		if (!slash)
			slash = end;
		if (slash == at)
			return "its name holds '//'";
		if (*at == '.' && (slash - at == 1 ||
				   (slash - at == 2 && at[1] == '.')))
			return "its name holds a component '.' or '..'";
		if (slash - at > PACK_COMPONENT_MAX)
			return "a component of its name has more than 255 "
			       "bytes";
	}
	return NULL;
}

/* 4.6.9: version 1, CRC-32 of the name, the path. A field whose CRC is another
 * belongs to a name that was changed since, and is passed over. */
const char *pack_name_unicode(const unsigned char **path, size_t *len,
			      const unsigned char *name, size_t name_len,
			      const struct extra_field *unicode)
{
	*path = NULL;
	*len = 0;
	if (!unicode->data)
		return NULL;
	if (unicode->len < 5 || unicode->data[0] != 1)
		return "its Unicode path is malformed";
	if (zip_get32(unicode->data + 1) != zcrc32(0, name, name_len))
		return NULL;
	*path = unicode->data + 5;
	*len = unicode->len - 5;
	if (!utf8_is_valid((const char *)*path, *len))
		return "its Unicode path is not UTF-8";
	return NULL;
}

static bool ends_in_slash(const void *text, size_t len)
{
	return len && ((const char *)text)[len - 1] == '/';
}

/*
 * Whoever looks for NULs or for a directory in the raw name must find what
 * those find who look in the path.
 */
static const char *check_both(const struct raw_name *raw, const char *path,
			      size_t len)
{
	if (raw->len && memchr(raw->text, '\0', raw->len))
		return "its name holds a NUL";
	if (ends_in_slash(raw->text, raw->len) != ends_in_slash(path, len))
		return "its name and its Unicode path disagree on '/'";
	if (!pack_host_is_unix(raw->host) &&
	    (memchr(raw->text, '\\', raw->len) || memchr(path, '\\', len)))
		return "its name holds '\\', which may separate directories "
		       "where it was made";
	return pack_name_check(path, len);
}

const char *pack_name_read(struct strbuf *out, const struct raw_name *raw,
			   const struct extra_field *unicode, bool *replaced)
{
	const unsigned char *other;
	size_t start = out->len, other_len;
	const char *why;

	*replaced = false;
	if (!raw->len)
		return "it has no name";
	why = pack_name_unicode(&other, &other_len, raw->text, raw->len,
				unicode);
	if (why)
		return why;
	if (raw->flags & ZIP_FLAG_UTF8) {
		if (!utf8_is_valid((const char *)raw->text, raw->len))
			return "its name is not UTF-8, as it says";
		/* some readers prefer the one, some the other */
		if (other && (other_len != raw->len ||
			      memcmp(other, raw->text, other_len)))
			return "its name and its Unicode path differ";
		strbuf_add(out, raw->text, raw->len);
	} else if (other) {
		strbuf_add(out, other, other_len);
		*replaced = true;
	} else if (pack_host_is_unix(raw->host) ||
		   is_ascii(raw->text, raw->len)) {
		strbuf_add(out, raw->text, raw->len);
	} else {
		cp437_to_utf8(out, raw->text, raw->len);
	}
	return check_both(raw, out->buf + start, out->len - start);
}
