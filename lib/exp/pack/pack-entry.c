#include "lib/base/compat.h"
#include "lib/exp/pack/pack-entry.h"

#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/exp/pack/pack-extra.h"
#include "lib/exp/pack/pack-name.h"
#include "lib/exp/pack/zip-format.h"

/* Flag bits that may be set: 1 and 2 tell how hard the writer tried. */
#define FLAGS_KNOWN (0x0006u | ZIP_FLAG_DESCRIPTOR | ZIP_FLAG_UTF8)
#define FLAGS_SECRET \
	(ZIP_FLAG_ENCRYPTED | ZIP_FLAG_STRONG | ZIP_FLAG_MASKED)

/* 258 bytes from 2 bits is the best that deflate can do. */
#define DEFLATE_BEST 1032

/* Of "external attributes". */
#define DOS_VOLUME 0x08u
#define DOS_DIRECTORY 0x10u

#define LINK_MAX 4095

struct header {
	struct pack *pack;
	struct pack_entry *entry;
	const unsigned char *h;
	struct extra_fields extra;
	unsigned host;
	struct strbuf *scratch;
};

static void add_quoted(struct strbuf *out, const char *text, size_t len)
{
	size_t start = out->len;

	quote_c(out, text, len);
	if (out->len == start || out->buf[start] != '"') {
		strbuf_insert(out, start, "'", 1);
		strbuf_addch(out, '\'');
	}
}

int pack_name_fail(const struct pack *p, const unsigned char *name,
		   size_t len, struct strbuf *err, const char *why)
{
	struct strbuf quoted = STRBUF_INIT;

	add_quoted(&quoted, (const char *)name, len);
	fail(err, ERR_CONTENT, "'%s': %s: %s", p->source->name, quoted.buf,
	     why);
	strbuf_release(&quoted);
	return ERR_CONTENT;
}

int pack_entry_fail(const struct pack *p, const struct pack_entry *e, int code,
		    struct strbuf *err, const char *fmt, ...)
{
	struct strbuf quoted = STRBUF_INIT, why = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&why, fmt, ap);
	va_end(ap);
	add_quoted(&quoted, e->path, e->path_len);
	fail(err, code, "'%s': %s: %s", p->source->name, quoted.buf, why.buf);
	strbuf_release(&quoted);
	strbuf_release(&why);
	return code;
}

/* ---- what the fields say ------------------------------------------------ */

static const char *read_flags(struct header *c)
{
	struct pack_entry *e = c->entry;
	unsigned method = zip_get16(c->h + 10);

	e->flags = zip_get16(c->h + 8);
	if (e->flags & FLAGS_SECRET)
		return "it is encrypted";
	if (e->flags & ZIP_FLAG_PATCHED)
		return "it is a patch, not a file";
	if (e->flags & ~FLAGS_KNOWN)
		return "it has flags that resutil does not know";
	if (method != ZIP_STORED && method != ZIP_DEFLATED)
		return "it is compressed by a method other than deflate";
	e->method = (uint8_t)method;
	if (zip_get16(c->h + 34))
		return "it lies on another disk";
	return NULL;
}

static const char *read_sizes(struct header *c)
{
	struct pack_entry *e = c->entry;
	uint64_t v[3], again[3];
	const char *why;
	size_t i;

	v[0] = zip_get32(c->h + 24);
	v[1] = zip_get32(c->h + 20);
	v[2] = zip_get32(c->h + 42);
	if (c->extra.zip64.data && v[0] != ZIP_MAX32 && v[1] != ZIP_MAX32 &&
	    v[2] != ZIP_MAX32)
		return "it has a zip64 field without need";
	why = extra_zip64(&c->extra.zip64, v, again, ARRAY_SIZE(v));
	if (why)
		return why;
	for (i = 0; i < ARRAY_SIZE(v); i++)
		if (v[i] != again[i])
			return "its zip64 field disagrees with its header";
	e->size = v[0];
	e->packed = v[1];
	e->offset = v[2];
	if (e->method == ZIP_STORED && e->size != e->packed)
		return "it is stored, but its two sizes differ";
	if (e->method == ZIP_DEFLATED && e->size / DEFLATE_BEST > e->packed)
		return "its size is more than deflate can make of its data";
	return NULL;
}

/*
 * A local time without its zone, as in the place where it was written: the
 * best that can be done is to take ours. Days that are none are moved on.
 */
static int64_t dos_to_unix(uint32_t dos)
{
	struct tm tm = { .tm_isdst = -1 };

	tm.tm_year = (int)(dos >> 25) + 80;
	tm.tm_mon = MAXIMUM((int)(dos >> 21 & 15), 1) - 1;
	tm.tm_mday = MAXIMUM((int)(dos >> 16 & 31), 1);
	tm.tm_hour = (int)(dos >> 11 & 31);
	tm.tm_min = (int)(dos >> 5 & 63);
	tm.tm_sec = (int)(dos & 31) * 2;
	return mktime(&tm);
}

static const char *read_time(struct header *c)
{
	struct pack_entry *e = c->entry;
	const char *why;
	int64_t ntfs = 0;
	bool there;

	e->dos_time = zip_get32(c->h + 12);
	why = extra_unix_time(&c->extra.time, &e->mtime, &e->unix_time);
	if (!why)
		why = extra_ntfs_time(&c->extra.ntfs, &ntfs, &there);
	if (why || e->unix_time)
		return why;
	e->mtime = there ? ntfs : dos_to_unix(e->dos_time);
	return NULL;
}

/*
 * Where there are no modes the name alone tells files from directories. Some
 * programs look further, into what such writers should have left empty, and
 * make links and directories of it.
 */
static const char *check_elsewhere(const struct header *c, bool dir)
{
	uint32_t external = zip_get32(c->h + 38);
	uint32_t type = external >> 16 & S_IFMT;

	if (!dir && external & DOS_DIRECTORY)
		return "it is a directory without '/' at its end";
	if (external & DOS_VOLUME)
		return "it is the label of a disk, not a file";
	if (c->extra.asi.data || (type && type != (dir ? S_IFDIR : S_IFREG)))
		return "it has a mode of which programs think differently";
	return NULL;
}

static const char *read_kind(struct header *c)
{
	struct pack_entry *e = c->entry;
	bool dir = e->path[e->path_len - 1] == '/';
	uint32_t external = zip_get32(c->h + 38);
	uint32_t mode = pack_host_is_unix(c->host) ? external >> 16 : 0;
	const char *why;

	if (!mode) {
		why = check_elsewhere(c, dir);
		if (why)
			return why;
		e->mode_unknown = true;
		mode = dir ? S_IFDIR | 0755 : S_IFREG | 0644;
	} else if (!(mode & S_IFMT)) {
		mode |= dir ? S_IFDIR : S_IFREG;
	}
	e->mode = mode & (S_IFMT | 0777);
	if (!S_ISREG(mode) && !S_ISDIR(mode) && !S_ISLNK(mode))
		return "it is neither a file nor a directory nor a link";
	if (S_ISDIR(mode) && !dir)
		return "it is a directory without '/' at its end";
	if (!S_ISDIR(mode) && dir)
		return "it has the name of a directory, and is none";
	if (dir && e->size)
		return "it is a directory with content";
	if (S_ISLNK(mode) && (!e->size || e->size > LINK_MAX))
		return "it is a link with a target of no bytes, or of more "
		       "than 4095";
	return NULL;
}

/*
 * Restart points are believed only where segment after segment gives what the
 * whole stream does: pack-data.c makes sure of that, this that they lie within
 * the data.
 */
static const char *read_points(struct header *c)
{
	const struct extra_field *x = &c->extra.restart;
	struct pack_entry *e = c->entry;
	uint64_t sum = 0, unit;
	size_t i, nr;

	if (!x->data)
		return NULL;
	if (e->method != ZIP_DEFLATED || !S_ISREG(e->mode) || x->len < 8 ||
	    x->len % 4 || x->data[0] != 1 || x->data[1] < 22 ||
	    x->data[1] > 40 || zip_get16(x->data + 2))
		return "its restart points are malformed";
	nr = (x->len - 4) / 4;
	unit = (uint64_t)1 << x->data[1];
	if (e->size <= unit || (e->size - 1) / unit != nr)
		return "its restart points do not fit its size";
	for (i = 0; i < nr; i++)
		sum += zip_get32(x->data + 4 + 4 * i);
	if (sum >= e->packed)
		return "its restart points do not lie in its data";
	e->unit_log2 = x->data[1];
	e->nr_points = (uint32_t)nr;
	e->points = pack_keep(c->pack, x->data + 4, x->len - 4);
	return NULL;
}

static const char *read_name(struct header *c, const struct raw_name *raw)
{
	struct pack_entry *e = c->entry;
	struct strbuf *path = c->scratch;
	const char *why;

	strbuf_reset(path);
	why = pack_name_read(path, raw, &c->extra.unicode, &e->unicode_path);
	if (why)
		return why;
	e->path = pack_keep(c->pack, path->buf, path->len + 1);
	e->path_len = (uint32_t)path->len;
	e->name_len = (uint16_t)raw->len;
	if (raw->len == path->len && !memcmp(raw->text, path->buf, raw->len))
		e->name = (const unsigned char *)e->path;
	else
		e->name = pack_keep(c->pack, raw->text, raw->len);
	return NULL;
}

int pack_entry_read(struct pack *p, struct pack_entry *e,
		    const unsigned char *h, size_t len, size_t *used,
		    struct strbuf *scratch, struct strbuf *err)
{
	struct header c = { .pack = p, .entry = e, .h = h,
			    .scratch = scratch };
	struct raw_name raw;
	const char *why;

	*used = ZIP_CENTRAL_LEN;
	if (len < ZIP_CENTRAL_LEN)
		return 0;
	if (zip_get32(h) != ZIP_CENTRAL_SIG)
		return fail(err, ERR_CONTENT, "'%s': its central directory "
			    "has another number of entries than it says",
			    p->source->name);
	raw.len = zip_get16(h + 28);
	*used += raw.len + zip_get16(h + 30) + zip_get16(h + 32);
	if (len < *used)
		return 0;
	raw.text = h + ZIP_CENTRAL_LEN;
	raw.host = c.host = h[5];
	raw.flags = zip_get16(h + 8);
	e->crc = zip_get32(h + 16);

	why = extra_read(&c.extra, raw.text + raw.len, zip_get16(h + 30));
	if (!why)
		why = read_flags(&c);
	if (!why)
		why = read_name(&c, &raw);
	if (!why)
		why = read_sizes(&c);
	if (!why)
		why = read_time(&c);
	if (!why)
		why = read_kind(&c);
	if (!why)
		why = read_points(&c);
	return why ? pack_name_fail(p, raw.text, raw.len, err, why) : 0;
}
