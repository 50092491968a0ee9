/*
 * What uploads left whose process died, and nobody noted: those to which no
 * part was added for a day.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/sys-hold.h"
#include "lib/wrap/xml.h"
#include "transport/s3/s3-upload.h"

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
		s3_set_text(&page->next_key, text, len);
	else if (!strcmp(path, "NextUploadIdMarker"))
		s3_set_text(&page->next_id, text, len);
	else if (!strcmp(path, "Upload/Key"))
		s3_set_text(&page->now.key, text, len);
	else if (!strcmp(path, "Upload/UploadId"))
		s3_set_text(&page->now.id, text, len);
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
