/*
 * What stands in the fields of requests and answers about an object: ETags,
 * checksums, metadata.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "transport/object.h"
#include "transport/s3/s3-internal.h"

#define META "x-amz-meta-"

/* ---- ETags and checksums ------------------------------------------------ */

int s3_etag(struct strbuf *out, const char *text, struct strbuf *err)
{
	size_t len, i;

	/* "weak", says a proxy that packs answers; the service has it so. */
	if (!strncmp(text, "W/\"", 3))
		text += 2;
	len = strlen(text);
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	for (i = 0; i < len && text[i] > ' ' && text[i] <= '~' &&
	     text[i] != '"'; i++)
		;
	if (!len || len > OBJECT_VERSION_MAX || i < len)
		return fail(err, ERR_CONTENT, "the service gives an ETag that "
			    "is none");
	strbuf_reset(out);
	strbuf_add(out, text, len);
	return 0;
}

bool s3_etag_md5(unsigned char *raw, const char *etag,
		 const struct http_answer *a)
{
	const char *kind = a ? http_field(a, "x-amz-server-side-encryption") :
			       NULL;
	const char *own = "x-amz-server-side-encryption-customer-algorithm";

	if (strlen(etag) != 2 * MD5_RAWSZ || (kind && strcmp(kind, "AES256")) ||
	    (a && http_field(a, own)))
		return false;
	return hex_read(raw, MD5_RAWSZ, etag);
}

bool s3_crc32c(uint32_t *out, const char *text)
{
	struct strbuf raw = STRBUF_INIT;
	bool good;

	/* "...-7" is of the checksums of parts */
	good = !strchr(text, '-') && base64_decode(&raw, text, strlen(text)) &&
	       raw.len == CRC32C_RAWSZ;
	if (good)
		*out = crc32c_of_raw((const unsigned char *)raw.buf);
	strbuf_release(&raw);
	return good;
}

void s3_add_sums(struct strvec *headers, const unsigned char *md5,
		 const uint32_t *crc32c)
{
	unsigned char raw[CRC32C_RAWSZ];
	struct strbuf text = STRBUF_INIT;

	if (md5) {
		base64_encode(&text, md5, MD5_RAWSZ);
		strvec_pushf(headers, "Content-MD5: %s", text.buf);
		strbuf_reset(&text);
	}
	if (crc32c) {
		crc32c_raw(raw, *crc32c);
		base64_encode(&text, raw, sizeof(raw));
		strvec_pushf(headers, "x-amz-checksum-crc32c: %s", text.buf);
	}
	strbuf_release(&text);
}

void s3_add_match(struct strvec *headers, const char *name,
		  const char *version)
{
	strvec_pushf(headers, "%s: \"%s\"", name, version);
}

/*
 * Blanks at the ends of a field, and more than one in it, are not safe from
 * who passes it on, and an empty one may get lost. So values are as in a URL
 * where they hold such a thing; the empty one is "%".
 */
static void add_meta_value(struct strbuf *out, const char *value)
{
	size_t i, len = strlen(value);

	if (!len)
		strbuf_addch(out, '%');
	for (i = 0; i < len; i++) {
		bool bare = value[i] != '%' &&
			(value[i] != ' ' || (i && i + 1 < len &&
					     value[i - 1] != ' '));

		if (bare)
			strbuf_addch(out, value[i]);
		else
			strbuf_addf(out, "%%%02X", (unsigned)value[i]);
	}
}

void s3_add_content(struct strvec *headers, const char *key,
		    const struct strvec *meta)
{
	const char *end = strrchr(key, '.');
	struct strbuf field = STRBUF_INIT;
	size_t i, len;

	strvec_pushf(headers, "Content-Type: application/%s",
		     end && !strcmp(end, ".zip") ? "zip" : "octet-stream");
	for (i = 0; meta && i < meta->nr; i++) {
		len = strcspn(meta->v[i], "=");
		strbuf_reset(&field);
		strbuf_addf(&field, META "%.*s: ", (int)len, meta->v[i]);
		add_meta_value(&field, meta->v[i] + len + 1);
		strvec_push(headers, field.buf);
	}
	strbuf_release(&field);
}

/* What others have written there is taken as it is, where it fits. */
static void read_meta(struct strvec *out, const char *field)
{
	const char *colon = strstr(field, ": ");
	struct strbuf pair = STRBUF_INIT;
	const char *at;

	if (!colon)
		return;
	strbuf_add(&pair, field, (size_t)(colon - field));
	strbuf_addch(&pair, '=');
	at = colon + 2;
	if (!strcmp(at, "%"))
		at++;
	for (; *at; at++) {
		int high = *at == '%' ? hex_digit(at[1]) : -1;
		int low = high < 0 ? -1 : hex_digit(at[2]);

		strbuf_addch(&pair, low < 0 ? *at : high * 16 + low);
		at += low < 0 ? 0 : 2;
	}
	strvec_push(out, pair.buf);
	if (strlen(pair.buf) != pair.len || object_meta_check(out, NULL))
		strvec_remove(out, out->nr - 1);
	strbuf_release(&pair);
}

/* ---- the answer to a HEAD ----------------------------------------------- */

static void read_sums(struct object *o, const struct http_answer *a)
{
	const char *crc = http_field(a, "x-amz-checksum-crc32c");

	if (s3_etag_md5(o->md5, o->version, a))
		o->sums |= OBJECT_HAS_MD5;
	if (crc && s3_crc32c(&o->crc32c, crc))
		o->sums |= OBJECT_HAS_CRC32C;
}

int s3_stat_read(const struct s3_store *s, const struct s3_call *c,
		 struct object *o, struct strbuf *err)
{
	const struct http_answer *a = &c->answer;
	const char *etag = http_field(a, "etag");
	const char *size = http_field(a, "content-length");
	const char *date = http_field(a, "last-modified");
	struct strbuf version = STRBUF_INIT;
	char *end = NULL;
	size_t i;

	if (size && *size >= '0' && *size <= '9')
		o->size = strtoull(size, &end, 10);
	if (!end || *end || !etag || s3_etag(&version, etag, NULL)) {
		strbuf_release(&version);
		return fail(err, ERR_CONTENT, "'%s' tells no size or no ETag "
			    "of '%s'; it is no S3 service, or a proxy takes "
			    "them out", s->base.url, c->key);
	}
	o->key = xstrdup(c->key);
	o->version = strbuf_detach(&version, NULL);
	if (date && !http_date(&o->modified, date))
		o->modified = 0;
	if (!__atomic_load_n(&s->odd_etags, __ATOMIC_RELAXED))
		read_sums(o, a);
	for (i = 0; i < a->fields.nr; i++)
		if (!strncmp(a->fields.v[i], META, strlen(META)))
			read_meta(&o->meta, a->fields.v[i] + strlen(META));
	return 0;
}
