/*
 * Copies that the service makes by itself: in one request, and of what is too
 * large for that in parts.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/object.h"
#include "transport/s3/s3-upload.h"

/* Of a large object; the service takes its time for each. */
#define COPY_PART ((uint64_t)512 << 20)

struct copying {
	struct s3_store *store;
	const char *from, *to;
	const struct object *old;
	struct strbuf id;		/* of the upload */
	struct strbuf etag;		/* of the latest part */
	struct strbuf parts;		/* for CompleteMultipartUpload */
};

/* What one request may copy; tests have smaller objects. */
static uint64_t copy_max(void)
{
	const char *text = getenv("RESUTIL_TEST_S3_COPY_MAX");

	return text ? strtoull(text, NULL, 10) : S3_COPY_MAX;
}

static uint64_t part_size(const struct copying *y)
{
	uint64_t size = MINIMUM(COPY_PART, copy_max());

	return MAXIMUM(size, y->old->size / (S3_PARTS_MAX - 1) + 1);
}

static void add_source(struct s3_call *c, const struct copying *y)
{
	struct strbuf field = STRBUF_INIT;

	strbuf_addf(&field, "x-amz-copy-source: /%s/", y->store->bucket);
	http_escape(&field, y->store->prefix, strlen(y->store->prefix), true);
	http_escape(&field, y->from, strlen(y->from), true);
	strvec_push(&c->headers, field.buf);
	s3_add_match(&c->headers, "x-amz-copy-source-if-match",
		     y->old->version);
	strbuf_release(&field);
}

static int fail_changed(const struct copying *y, struct strbuf *err)
{
	return object_fail_changed(&y->store->base, y->from, err);
}

/* Services that know conditions for copies decide it by themselves, too. */
static int check_absent(const struct copying *y, struct strbuf *err)
{
	struct put_request r = { .key = y->to, .expect = EXPECT_ABSENT };

	return s3_look(y->store, &r, NULL, err);
}

/* A call whose answer was not the one about `to`: the source has changed. */
static int call(struct copying *y, struct s3_call *c, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	c->what = "copy";
	ret = s3_call(y->store, c, &why);
	if (ret == ERR_NOT_FOUND && !strcmp(c->code, "NoSuchKey"))
		ret = fail(err, ret, "no '%s' in '%s'", y->from,
			   y->store->base.url);
	else if (ret == ERR_CONFLICT)
		/* of two conditions that it may be, the one that is */
		ret = check_absent(y, NULL) == ERR_CONFLICT ?
			object_fail_exists(&y->store->base, y->to, err) :
			fail_changed(y, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static int copy_once(struct copying *y, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("PUT", y->to);
	struct strbuf why = STRBUF_INIT;
	int ret;

	add_source(&c, y);
	strvec_push(&c.headers, "If-None-Match: *");
	ret = call(y, &c, &why);
	/* It was looked at before; that has to do. */
	if (ret && s3_is_unsupported(&c)) {
		strvec_remove(&c.headers, c.headers.nr - 1);
		strbuf_reset(&why);
		ret = call(y, &c, &why);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}

/* ---- in parts ----------------------------------------------------------- */

static int read_id(const char *path, const char *text, size_t len, void *data,
		   struct strbuf *err UNUSED)
{
	if (!strcmp(path, "InitiateMultipartUploadResult/UploadId"))
		strbuf_add(data, text, len);
	return 0;
}

static int begin(struct copying *y, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("POST", y->to);
	int ret;

	strvec_push(&c.query, "uploads=");
	s3_add_content(&c.headers, y->to, &y->old->meta);
	/* One that nobody goes on with is a rest, which gc removes. */
	c.flags = HTTP_REPEATABLE;
	ret = call(y, &c, err);
	if (!ret)
		ret = s3_walk(y->store, &c, read_id, &y->id, err);
	if (!ret && (!y->id.len || strlen(y->id.buf) != y->id.len))
		ret = fail(err, ERR_CONTENT, "'%s' begins an upload without "
			   "an id", y->store->base.url);
	s3_call_release(&c);
	return ret;
}

static int read_part(const char *path, const char *text, size_t len UNUSED,
		     void *data, struct strbuf *err)
{
	return strcmp(path, "CopyPartResult/ETag") ? 0 :
		s3_etag(data, text, err);
}

static int copy_part(struct copying *y, unsigned nr, uint64_t offset,
		     uint64_t len, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("PUT", y->to);
	int ret;

	strvec_pushf(&c.query, "partNumber=%u", nr);
	strvec_pushf(&c.query, "uploadId=%s", y->id.buf);
	add_source(&c, y);
	strvec_pushf(&c.headers, "x-amz-copy-source-range: bytes=%" PRIu64
		     "-%" PRIu64, offset, offset + len - 1);
	c.flags = HTTP_REPEATABLE;
	strbuf_reset(&y->etag);
	ret = call(y, &c, err);
	if (!ret)
		ret = s3_walk(y->store, &c, read_part, &y->etag, err);
	if (!ret && !y->etag.len)
		ret = fail(err, ERR_CONTENT, "'%s' copies a part of '%s' "
			   "without telling its ETag", y->store->base.url,
			   y->from);
	if (!ret) {
		strbuf_addf(&y->parts, "<Part><PartNumber>%u</PartNumber>"
			    "<ETag>", nr);
		ret = xml_escape(&y->parts, y->etag.buf, err);
		strbuf_addstr(&y->parts, "</ETag></Part>");
	}
	s3_call_release(&c);
	return ret;
}

static int complete(struct copying *y, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("POST", y->to);
	int ret;

	strbuf_insert(&y->parts, 0, "<CompleteMultipartUpload>", 25);
	strbuf_addstr(&y->parts, "</CompleteMultipartUpload>");
	strvec_pushf(&c.query, "uploadId=%s", y->id.buf);
	strvec_push(&c.headers, "Content-Type: application/xml");
	c.body = y->parts.buf;
	c.body_len = y->parts.len;
	ret = check_absent(y, err);
	if (!ret)
		ret = call(y, &c, err);
	s3_call_release(&c);
	return ret;
}

static int copy_parts(struct copying *y, struct strbuf *err)
{
	uint64_t size = y->old->size, step = part_size(y), offset;
	unsigned nr = 1;
	int ret;

	ret = begin(y, err);
	if (ret)
		return ret;
	for (offset = 0; offset < size && !ret; offset += step)
		ret = copy_part(y, nr++, offset, MINIMUM(step, size - offset),
				err);
	if (!ret)
		ret = complete(y, err);
	/* After a lost answer it may be whole, which the next try sees. */
	if (ret && ret != ERR_TRANSIENT)
		s3_abort(y->store, y->to, y->id.buf, NULL);
	return ret;
}

/* ---- copy --------------------------------------------------------------- */

/* Not every service compares the version of the source. */
static int check_copy(struct copying *y, struct strbuf *err)
{
	struct object new = OBJECT_INIT;
	struct transport *t = &y->store->base;
	int ret = s3_stat(t, y->to, &new, err);

	if (!ret && new.size != y->old->size)
		ret = fail(err, ERR_CONTENT, "the copy '%s' in '%s' has %"
			   PRIu64 " bytes, and not %" PRIu64, y->to, t->url,
			   new.size, y->old->size);
	else if (!ret && (new.sums & y->old->sums & OBJECT_HAS_MD5) &&
		 memcmp(new.md5, y->old->md5, sizeof(new.md5)))
		ret = fail_changed(y, err);
	if (ret == ERR_CONTENT || ret == ERR_CONFLICT)
		t->ops->remove(t, y->to, new.version, NULL);
	object_release(&new);
	return ret;
}

int s3_copy(struct transport *t, const char *from, const char *to,
	    const char *version, struct strbuf *err)
{
	struct object old = OBJECT_INIT;
	struct copying y = {
		.store = s3_store_of(t), .from = from, .to = to, .old = &old,
		.id = STRBUF_INIT, .etag = STRBUF_INIT, .parts = STRBUF_INIT,
	};
	int ret;

	ret = s3_stat(t, from, &old, err);
	if (!ret && version && strcmp(version, old.version))
		ret = fail_changed(&y, err);
	if (!ret)
		ret = check_absent(&y, err);
	if (!ret)
		ret = old.size > copy_max() ? copy_parts(&y, err) :
					      copy_once(&y, err);
	if (!ret)
		ret = check_copy(&y, err);
	object_release(&old);
	strbuf_release(&y.id);
	strbuf_release(&y.etag);
	strbuf_release(&y.parts);
	return ret;
}
