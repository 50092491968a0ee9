/*
 * What uploads left whose process died, and nobody noted: those to which no
 * part was added for a day. And many removals at once.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strmap.h"
#include "lib/base/sys-hold.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/xml.h"
#include "transport/s3-upload.h"

/* ---- uploads under way --------------------------------------------------- */

struct upload_entry {
	char *key;		/* with the prefix of the store */
	char *id;
	int64_t begun;		/* seconds since 1970; 0: not said */
};

struct uploads_page {
	struct upload_entry *entry;
	size_t nr, alloc;
	struct upload_entry now;	/* between <Upload> and its end */
	char *next_key, *next_id;
	bool more, escaped;
};

static void entry_release(struct upload_entry *e)
{
	free(e->key);
	free(e->id);
	memset(e, 0, sizeof(*e));
}

static void page_release(struct uploads_page *page)
{
	size_t i;

	for (i = 0; i < page->nr; i++)
		entry_release(&page->entry[i]);
	free(page->entry);
	entry_release(&page->now);
	free(page->next_key);
	free(page->next_id);
}

static void set_text(char **out, const char *text, size_t len)
{
	free(*out);
	*out = xmemdupz(text, len);
}

/* Takes it over. */
static void add_entry(struct uploads_page *page, struct upload_entry *e)
{
	ARRAY_GROW(page->entry, page->nr + 1, page->alloc);
	page->entry[page->nr++] = *e;
	memset(e, 0, sizeof(*e));
}

static void end_entry(struct uploads_page *page)
{
	if (page->now.key && page->now.id)
		add_entry(page, &page->now);
	entry_release(&page->now);
}

static int read_upload(const char *path, const char *text, size_t len,
		       void *data, struct strbuf *err UNUSED)
{
	static const char root[] = "ListMultipartUploadsResult/";
	struct uploads_page *page = data;
	struct moment when;

	if (strncmp(path, root, sizeof(root) - 1))
		return 0;
	path += sizeof(root) - 1;
	if (!strcmp(path, "Upload"))
		end_entry(page);
	else if (!strcmp(path, "IsTruncated"))
		page->more = len == 4 && !memcmp(text, "true", 4);
	else if (!strcmp(path, "EncodingType"))
		page->escaped = !strcmp(text, "url");
	else if (!strcmp(path, "NextKeyMarker"))
		set_text(&page->next_key, text, len);
	else if (!strcmp(path, "NextUploadIdMarker"))
		set_text(&page->next_id, text, len);
	else if (!strcmp(path, "Upload/Key"))
		set_text(&page->now.key, text, len);
	else if (!strcmp(path, "Upload/UploadId"))
		set_text(&page->now.id, text, len);
	else if (!strcmp(path, "Upload/Initiated") &&
		 moment_parse(&when, text))
		page->now.begun = when.sec;
	return 0;
}

/*
 * Keys come escaped, since XML cannot hold all of them; and that they do may
 * be said behind them, or (radosgw) not at all, and then of all but the marker.
 * What may be either is taken for both: of one there are no parts.
 */
static void unescape_keys(struct uploads_page *page)
{
	size_t nr = page->nr, i;

	for (i = 0; i < nr; i++) {
		struct upload_entry *e = &page->entry[i], other;

		/* One with a NUL is none of ours. */
		if (page->escaped && !s3_unescape(e->key))
			*e->key = '\0';
		if (page->escaped || !strchr(e->key, '%'))
			continue;
		other.key = xstrdup(e->key);
		other.id = xstrdup(e->id);
		other.begun = e->begun;
		if (!s3_unescape(other.key))
			*other.key = '\0';
		add_entry(page, &other);
	}
	if (page->escaped && page->next_key && !s3_unescape(page->next_key))
		page->more = false;
}

/* cursor: the two markers, with a NUL between them. */
static int list_uploads(struct s3_store *s, const char *prefix,
			const struct strbuf *cursor,
			struct uploads_page *page, struct strbuf *err)
{
	const char *few = getenv("RESUTIL_TEST_S3_PAGE");
	struct s3_call c = S3_CALL_INIT("GET", NULL);
	int ret;

	c.flags = HTTP_REPEATABLE;
	strvec_push(&c.query, "uploads=");
	strvec_push(&c.query, "encoding-type=url");
	strvec_pushf(&c.query, "max-uploads=%s", few ? few : "1000");
	strvec_pushf(&c.query, "prefix=%s%s", s->prefix, prefix);
	if (cursor->len) {
		strvec_pushf(&c.query, "key-marker=%s", cursor->buf);
		strvec_pushf(&c.query, "upload-id-marker=%s",
			     cursor->buf + strlen(cursor->buf) + 1);
	}
	c.what = "list uploads in";
	ret = s3_call(s, &c, err);
	if (!ret)
		ret = s3_walk(s, &c, read_upload, page, err);
	if (!ret)
		unescape_keys(page);
	s3_call_release(&c);
	return ret;
}

static void set_cursor(struct strbuf *cursor, const struct uploads_page *page)
{
	struct strbuf before = STRBUF_INIT;

	strbuf_addbuf(&before, cursor);
	strbuf_reset(cursor);
	if (page->more && page->next_key && page->next_id) {
		strbuf_addstr(cursor, page->next_key);
		strbuf_addch(cursor, '\0');
		strbuf_addstr(cursor, page->next_id);
	}
	/* A server that goes round in circles. */
	if (cursor->len == before.len &&
	    !memcmp(cursor->buf, before.buf, before.len))
		strbuf_reset(cursor);
	strbuf_release(&before);
}

/* ---- which of them are rests --------------------------------------------- */

struct upload_size {
	uint64_t bytes;
	int64_t newest;
};

static int add_part(const struct s3_listed_part *p, void *data,
		    struct strbuf *err UNUSED)
{
	struct upload_size *size = data;

	size->bytes += p->size;
	size->newest = MAXIMUM(size->newest, p->modified);
	return 0;
}

/* The server's clock says how old its things are. */
static bool is_old(struct s3_store *s, int64_t when)
{
	int64_t now;

	free(s3_region(s, &now));
	return when && now - when > HOLD_BLIND_AGE;
}

/* Tells `rest` of one, or not: it is too young, or has gone. */
static int look_at(struct s3_store *s, const struct upload_entry *e,
		   struct object *out, bool *rest, struct strbuf *err)
{
	const char *key = e->key + strlen(s->prefix);
	struct upload_size size = { 0, e->begun };
	struct strbuf why = STRBUF_INIT;
	int ret;

	*rest = false;
	if (strlen(e->id) > S3_UPLOAD_ID_MAX || !is_old(s, e->begun) ||
	    object_key_check(key, NULL))
		return 0;
	ret = s3_list_parts(s, key, e->id, add_part, &size, &why);
	*rest = !ret && is_old(s, size.newest);
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	if (*rest) {
		out->key = xstrdup(key);
		out->version = xstrdup(e->id);
		out->size = size.bytes;
		out->modified = size.newest;
	}
	return ret;
}

static bool has_prefix(const struct s3_store *s,
		       const struct upload_entry *e, const char *prefix)
{
	size_t len = strlen(s->prefix);

	return !strncmp(e->key, s->prefix, len) &&
	       !strncmp(e->key + len, prefix, strlen(prefix));
}

int s3_rests(struct transport *t, const char *prefix, struct strbuf *cursor,
	     object_fn fn, void *data, struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct uploads_page page = { 0 };
	struct object *rest = NULL;
	size_t nr = 0, i;
	bool is_rest;
	int ret = list_uploads(s, prefix, cursor, &page, err);

	rest = xcalloc(page.nr + 1, sizeof(*rest));
	/* All of the page first: it may have to be asked for again. */
	for (i = 0; !ret && i < page.nr; i++) {
		if (!has_prefix(s, &page.entry[i], prefix))
			continue;
		rest[nr] = (struct object)OBJECT_INIT;
		ret = look_at(s, &page.entry[i], &rest[nr], &is_rest, err);
		nr += is_rest;
	}
	if (!ret)
		set_cursor(cursor, &page);
	for (i = 0; !ret && i < nr; i++)
		ret = fn(&rest[i], data);
	for (i = 0; i < nr; i++)
		object_release(&rest[i]);
	free(rest);
	page_release(&page);
	return ret;
}

/* When it was begun, which a list of its parts does not tell. */
static int find_upload(struct s3_store *s, const char *key, const char *id,
		       struct upload_entry *out, struct strbuf *err)
{
	struct strbuf cursor = STRBUF_INIT;
	bool found = false;
	int ret;

	do {
		struct uploads_page page = { 0 };
		size_t i;

		ret = list_uploads(s, key, &cursor, &page, err);
		if (!ret)
			set_cursor(&cursor, &page);
		for (i = 0; !ret && !found && i < page.nr; i++) {
			struct upload_entry *e = &page.entry[i];

			found = has_prefix(s, e, key) && !strcmp(e->id, id) &&
				!strcmp(e->key + strlen(s->prefix), key);
			if (found) {
				*out = *e;
				memset(e, 0, sizeof(*e));
			}
		}
		page_release(&page);
	} while (!ret && !found && cursor.len);
	strbuf_release(&cursor);
	if (!ret && !found)
		ret = fail(err, ERR_NOT_FOUND, "no rest of an upload '%s' in "
			   "'%s'", key, s->base.url);
	return ret;
}

int s3_prune(struct transport *t, const char *key, const char *version,
	     struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct upload_entry e = { 0 };
	struct object rest = OBJECT_INIT;
	bool is_rest = false;
	int ret = find_upload(s, key, version ? version : "", &e, err);

	if (!ret)
		ret = look_at(s, &e, &rest, &is_rest, err);
	if (!ret && !is_rest)
		ret = fail(err, ERR_CONFLICT, "somebody is at '%s' in '%s'",
			   key, t->url);
	if (!ret)
		ret = s3_abort(s, key, e.id, err);
	object_release(&rest);
	entry_release(&e);
	return ret;
}

/* ---- removing many ------------------------------------------------------- */

/* What became of each of up to S3_REMOVE_MAX keys. */
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
		set_text(&r->key, text, len);
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
		r.nr = MINIMUM(keys->nr - done, (size_t)S3_REMOVE_MAX);
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
