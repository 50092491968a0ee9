#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "transport/object.h"
#include "transport/object-get.h"
#include "transport/transport-ops.h"

void object_range_ask(struct strvec *headers, const struct object_range *r)
{
	uint64_t last = r->offset + MINIMUM(r->len, OBJECT_OFFSET_MAX) - 1;

	if (r->len != RANGE_TO_END)
		strvec_pushf(headers, "Range: bytes=%" PRIu64 "-%" PRIu64,
			     r->offset, last);
	else if (r->offset)
		strvec_pushf(headers, "Range: bytes=%" PRIu64 "-", r->offset);
}

int object_part_read(struct object_part *out, const struct http_answer *a,
		     uint64_t offset, uint64_t room, const struct transport *t,
		     const char *key, struct strbuf *err)
{
	const char *text = http_field(a, "content-range");

	out->size = 0;
	if (text && sscanf(text, "bytes %" SCNu64 "-%" SCNu64 "/%" SCNu64,
			   &out->from, &out->to, &out->size) >= 2 &&
	    out->from == offset && out->to >= out->from &&
	    out->to - out->from < room)
		return 0;
	return fail(err, ERR_CONTENT, "'%s' gives another range of '%s' than "
		    "was asked for", t->url, key);
}

bool object_rest_cut(struct object_rest *rest, const void **buf, size_t *len)
{
	size_t n = (size_t)MINIMUM(*len, rest->skip);

	rest->skip -= n;
	*buf = (const char *)*buf + n;
	*len = (size_t)MINIMUM(*len - n, rest->room);
	rest->room -= *len;
	return *len;
}

int object_get_nothing(struct transport *t, const char *key,
		       const struct object_range *r, uint64_t wanted,
		       struct strbuf *version, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	int ret;

	ret = t->ops->stat(t, key, &o, err);
	if (!ret && r->version && strcmp(r->version, o.version))
		ret = object_fail_changed(t, key, err);
	if (!ret && r->offset > o.size)
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' ends at %" PRIu64
			   ", before %" PRIu64, key, t->url, o.size,
			   r->offset);
	if (!ret && wanted && r->offset < o.size)
		ret = fail(err, ERR_TRANSIENT, "'%s' in '%s' was changed "
			   "while it was read", key, t->url);
	if (!ret && version) {
		strbuf_reset(version);
		strbuf_addstr(version, o.version);
	}
	object_release(&o);
	return ret;
}
