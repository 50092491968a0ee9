/*
 * Putting objects: what is small goes in one request, and one answer says that
 * it is there; what is larger goes in pieces (ssh-upload.c).
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "transport/object.h"
#include "transport/ssh/ssh-put.h"

int ssh_temporary_make(struct ssh_temporary *t, struct strbuf *err)
{
	return ssh_random_hex(t->hex, err);
}

bool ssh_temporary_read(struct ssh_temporary *t, const char *hex)
{
	if (strlen(hex) != 16 || hex[strspn(hex, "0123456789abcdef")])
		return false;
	memcpy(t->hex, hex, sizeof(t->hex));
	return true;
}

void ssh_call_expect(struct ssh_call *c, const struct put_request *r)
{
	ssh_call_key(c, r->key);
	ssh_call_word(c, r->expect == EXPECT_ABSENT ? "absent" : "present");
	ssh_call_version(c, r->expect == EXPECT_VERSION ? r->version : NULL);
}

int ssh_put_done(struct ssh_call *c, const char *rest, uint64_t size,
		 struct object *out, struct strbuf *err)
{
	struct object o = OBJECT_INIT;
	struct object old;
	int ret = ssh_read_stat(&o, rest, err);

	if (!ret && o.size != size)
		ret = fail(err, ERR_CONTENT, "'%s' holds %" PRIu64 " bytes of "
			   "'%s', not the %" PRIu64 " that were sent",
			   c->store->base.url, o.size, c->key, size);
	if (!ret && out) {
		o.key = xstrdup(c->key);
		old = *out;
		*out = o;
		o = old;
	}
	object_release(&o);
	return ret;
}

/* Data that came before a refusal are eaten there to the end of the session;
 * one that was decided when all had come leaves it as it was. */
int ssh_put_once(struct ssh_store *s, const struct put_request *r,
		 const void *bytes, size_t len, struct object *out,
		 struct strbuf *err)
{
	struct ssh_temporary temporary;
	struct strbuf hash = STRBUF_INIT;
	struct ssh_facts facts;
	struct ssh_call c;
	const char *rest;
	int ret;

	ret = ssh_temporary_make(&temporary, err);
	if (!ret)
		ret = ssh_call_begin(&c, s, "put", "put", r->key, err);
	if (ret)
		return ret;
	ssh_get_facts(s, &facts);
	ret = ssh_hash(&hash, &facts, bytes, len, err);
	ssh_call_expect(&c, r);
	ssh_call_word(&c, temporary.hex);
	ssh_call_number(&c, len);
	ssh_call_word(&c, hash.buf);
	if (!ret)
		ret = ssh_call_send(&c, err);
	if (!ret)
		ret = ssh_call_data(&c, bytes, len, err);
	if (!ret) {
		ret = ssh_call_answer(&c, &rest, err);
		c.broken |= ret && ret != ERR_CONFLICT;
	}
	if (!ret)
		ret = ssh_put_done(&c, rest, len, out, err);
	strbuf_release(&hash);
	return ssh_call_end(&c, ret);
}

static int put_small(struct ssh_store *s, const struct put_request *r,
		     const void *bytes, size_t len, struct object *out,
		     struct strbuf *err)
{
	int ret = ERR_NO;

	if (ssh_group_takes(s, r, len))
		ret = ssh_group_put(s, r, bytes, len, out, err);
	return ret == ERR_NO ? ssh_put_once(s, r, bytes, len, out, err) : ret;
}

int ssh_put(struct transport *t, const struct put_request *r,
	    struct object *out, struct strbuf *err)
{
	struct ssh_store *s = ssh_store_of(t);
	const struct put_source *source = r->source;
	struct strbuf first = STRBUF_INIT;
	int ret = ssh_check_key(s, r->key, err);

	if (ret)
		return ret;
	if (source->bytes && source->size < SSH_UPLOAD_MIN)
		return put_small(s, r, source->bytes, (size_t)source->size,
				 out, err);
	ret = put_source_begin(&first, r, SSH_UPLOAD_MIN, err);
	if (!ret && first.len < SSH_UPLOAD_MIN)
		ret = put_small(s, r, first.buf, first.len, out, err);
	else if (!ret)
		ret = ssh_upload(s, r, &first, out, err);
	strbuf_release(&first);
	return ret;
}
