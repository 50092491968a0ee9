/*
 * Many removals at once: DeleteObjects, a thousand keys a request. A service
 * that cannot do it is asked for each key by itself.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/xml.h"
#include "transport/s3/s3-internal.h"

/* More keys than a request may have. */
#define REMOVE_MAX 1000

/* What became of each of up to REMOVE_MAX keys. */
struct removal {
	const char *key;
	bool asked;		/* by the request for many */
	bool told;		/* there is an answer */
	int code;
	struct strbuf message;
};

struct removing {
	struct s3_store *s;
	struct removal *one;
	size_t nr;
	struct strmap by_key;
	/* between <Deleted> or <Error> and its end */
	char *key;
	struct strbuf code, message;
};

/* Each names the service's reason, as every other failure does. */
static int removal_code(const char *code)
{
	if (!strcmp(code, "NoSuchKey") || !strcmp(code, "NoSuchVersion"))
		return 0;
	if (!strcmp(code, "AccessDenied"))
		return ERR_CREDENTIALS;
	if (!strcmp(code, "InternalError") || !strcmp(code, "SlowDown") ||
	    !strcmp(code, "ServiceUnavailable") ||
	    !strcmp(code, "RequestTimeout"))
		return ERR_TRANSIENT;
	return ERR_FAILED;
}

static void tell_answer(struct removing *r, bool is_error)
{
	size_t len = strlen(r->s->prefix);
	struct removal *one = NULL;

	if (r->key && !strncmp(r->key, r->s->prefix, len))
		one = strmap_get(&r->by_key, r->key + len);
	if (one) {
		one->told = true;
		one->code = is_error ? removal_code(r->code.buf) : 0;
		strbuf_reset(&one->message);
		if (one->code)
			strbuf_addf(&one->message, "cannot remove '%s' from "
				    "'%s': %s: %s", one->key, r->s->base.url,
				    r->code.buf, r->message.buf);
	}
	free(r->key);
	r->key = NULL;
	strbuf_reset(&r->code);
	strbuf_reset(&r->message);
}

static int read_removal(const char *path, const char *text, size_t len,
			void *data, struct strbuf *err UNUSED)
{
	static const char root[] = "DeleteResult/";
	struct removing *r = data;

	if (strncmp(path, root, sizeof(root) - 1))
		return 0;
	path += sizeof(root) - 1;
	if (!strcmp(path, "Deleted") || !strcmp(path, "Error"))
		tell_answer(r, *path == 'E');
	else if (!strcmp(path, "Deleted/Key") || !strcmp(path, "Error/Key"))
		s3_set_text(&r->key, text, len);
	else if (!strcmp(path, "Error/Code"))
		strbuf_add(&r->code, text, len);
	else if (!strcmp(path, "Error/Message"))
		strbuf_add(&r->message, text, len);
	return 0;
}

/* Which of them XML can hold, and servers give back as they are. */
static bool is_plain(const char *key)
{
	for (; *key; key++)
		if ((unsigned char)*key < ' ' || *key == 0x7f)
			return false;
	return true;
}

static int add_keys(struct removing *r, struct strbuf *body,
		    struct strbuf *err)
{
	size_t i;
	int ret = 0;

	strbuf_addstr(body, "<Delete xmlns=\"http://s3.amazonaws.com/doc/"
		      "2006-03-01/\">");
	for (i = 0; !ret && i < r->nr; i++) {
		struct removal *one = &r->one[i];

		if (!is_plain(one->key) || strmap_get(&r->by_key, one->key))
			continue;
		strmap_put(&r->by_key, one->key, one);
		one->asked = true;
		strbuf_addstr(body, "<Object><Key>");
		ret = xml_escape(body, r->s->prefix, err);
		if (!ret)
			ret = xml_escape(body, one->key, err);
		strbuf_addstr(body, "</Key></Object>");
	}
	strbuf_addstr(body, "<Quiet>false</Quiet></Delete>");
	return ret;
}

/* One of them has to be there. MD5 may be forbidden here, and the other is
 * refused by some services. */
static void add_body_sum(struct s3_call *c)
{
	unsigned char md5[MD5_RAWSZ];
	uint32_t crc = crc32c(0, c->body, c->body_len);
	bool has_md5 = !md5_memory(md5, c->body, c->body_len, NULL);

	s3_add_sums(&c->headers, has_md5 ? md5 : NULL, has_md5 ? NULL : &crc);
}

/* A server that cannot do it, or does not say of a key what became of it, is
 * asked for each by itself. */
static int ask_for_many(struct removing *r, struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("POST", NULL);
	struct strbuf body = STRBUF_INIT, why = STRBUF_INIT;
	int ret = add_keys(r, &body, &why);

	c.flags = HTTP_REPEATABLE;
	c.body = body.buf;
	c.body_len = body.len;
	strvec_push(&c.query, "delete=");
	strvec_push(&c.headers, "Content-Type: application/xml");
	c.what = "remove objects from";
	add_body_sum(&c);
	if (!ret)
		ret = s3_call(r->s, &c, &why);
	if (!ret)
		ret = s3_walk(r->s, &c, read_removal, r, &why);
	if (c.answer.status == 405 || c.answer.status == 501)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&body);
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}

static void remove_one(struct s3_store *s, struct removal *one)
{
	struct s3_call c = S3_CALL_INIT("DELETE", one->key);

	c.flags = HTTP_REPEATABLE;
	strbuf_reset(&one->message);
	one->code = s3_call(s, &c, &one->message);
	if (one->code == ERR_NOT_FOUND)
		one->code = 0;
	one->told = true;
	s3_call_release(&c);
}

static int remove_batch(struct removing *r, removed_fn fn, void *data,
			struct strbuf *err)
{
	size_t i;
	int ret = r->nr > 1 ? ask_for_many(r, err) : 0;

	for (i = 0; !ret && i < r->nr; i++) {
		struct removal *one = &r->one[i];
		const struct removal *same = strmap_get(&r->by_key, one->key);

		if (same && same != one && same->told)
			one->code = same->code;
		else if (!one->told)
			remove_one(r->s, one);
		ret = fn(one->key, one->code, one->code ?
			 (same && same != one ? same : one)->message.buf : "",
			 data);
	}
	return ret;
}

int s3_remove_many(struct transport *t, const struct strvec *keys,
		   removed_fn fn, void *data, struct strbuf *err)
{
	struct removing r = { .s = s3_store_of(t) };
	size_t done, i;
	int ret = 0;

	strbuf_init(&r.code);
	strbuf_init(&r.message);
	for (done = 0; !ret && done < keys->nr; done += r.nr) {
		r.nr = MINIMUM(keys->nr - done, (size_t)REMOVE_MAX);
		r.one = xcalloc(r.nr, sizeof(*r.one));
		for (i = 0; i < r.nr; i++) {
			r.one[i].key = keys->v[done + i];
			strbuf_init(&r.one[i].message);
		}
		ret = remove_batch(&r, fn, data, err);
		strmap_release(&r.by_key);
		memset(&r.by_key, 0, sizeof(r.by_key));
		for (i = 0; i < r.nr; i++)
			strbuf_release(&r.one[i].message);
		free(r.one);
	}
	free(r.key);
	strbuf_release(&r.code);
	strbuf_release(&r.message);
	return ret;
}
