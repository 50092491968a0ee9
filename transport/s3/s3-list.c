/*
 * Pages of objects: ListObjectsV2. Keys are asked for as in URLs, since XML
 * cannot hold all that a key may have; a service that does not know that says
 * so by not repeating it.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/hex.h"
#include "transport/s3/s3-internal.h"

/* As a page tells it. */
struct entry {
	char *key, *etag;
	uint64_t size;
	int64_t modified;
	bool is_level;
};

struct page {
	struct entry *entry;
	size_t nr, alloc;
	struct entry now;	/* that is being read */
	struct strbuf token;
	bool more, escaped, is_listing;
};

static void entry_release(struct entry *e)
{
	free(e->key);
	free(e->etag);
	memset(e, 0, sizeof(*e));
}

static void page_release(struct page *p)
{
	size_t i;

	for (i = 0; i < p->nr; i++)
		entry_release(&p->entry[i]);
	free(p->entry);
	entry_release(&p->now);
	strbuf_release(&p->token);
}

static void add_entry(struct page *p)
{
	ARRAY_GROW(p->entry, p->nr + 1, p->alloc);
	p->entry[p->nr++] = p->now;
	memset(&p->now, 0, sizeof(p->now));
}

void s3_set_text(char **out, const char *text, size_t len)
{
	free(*out);
	*out = xmemdupz(text, len);
}

static int64_t read_date(const char *text)
{
	struct moment m;

	return moment_parse(&m, text) ? m.sec : 0;
}

static void read_content(struct page *p, const char *name, const char *text,
			 size_t len)
{
	char *end;

	if (!strcmp(name, "Key")) {
		s3_set_text(&p->now.key, text, len);
	} else if (!strcmp(name, "ETag")) {
		s3_set_text(&p->now.etag, text, len);
	} else if (!strcmp(name, "LastModified")) {
		p->now.modified = read_date(text);
	} else if (!strcmp(name, "Size")) {
		errno = 0;
		p->now.size = strtoull(text, &end, 10);
		if (!len || *end || errno || *text < '0' || *text > '9')
			p->now.size = OBJECT_SIZE_UNKNOWN;
	}
}

static int read_element(const char *path, const char *text, size_t len,
			void *data, struct strbuf *err UNUSED)
{
	static const char root[] = "ListBucketResult";
	struct page *p = data;

	if (strncmp(path, root, sizeof(root) - 1))
		return 0;
	p->is_listing = true;
	path += sizeof(root) - 1;
	path += *path == '/';
	if (!strncmp(path, "Contents/", 9)) {
		read_content(p, path + 9, text, len);
	} else if (!strcmp(path, "Contents")) {
		add_entry(p);
	} else if (!strcmp(path, "CommonPrefixes/Prefix")) {
		s3_set_text(&p->now.key, text, len);
		p->now.is_level = true;
		add_entry(p);
	} else if (!strcmp(path, "IsTruncated")) {
		p->more = !strcmp(text, "true");
	} else if (!strcmp(path, "NextContinuationToken")) {
		strbuf_reset(&p->token);
		strbuf_add(&p->token, text, len);
	} else if (!strcmp(path, "EncodingType")) {
		p->escaped = !strcmp(text, "url");
	}
	return 0;
}

bool s3_unescape(char *text)
{
	char *to = text;

	for (; *text; text++) {
		int high = *text == '%' ? hex_digit(text[1]) : -1;
		int low = high < 0 ? -1 : hex_digit(text[2]);

		if (low >= 0 && !(high * 16 + low))
			return false;
		/* '+' is a blank here; a plus is %2B. */
		*to++ = low >= 0 ? (char)(high * 16 + low) :
			*text == '+' ? ' ' : *text;
		text += low >= 0 ? 2 : 0;
	}
	*to = '\0';
	return true;
}

/* Names that nobody asked for are passed over, here and in transport.c. */
static int tell(struct s3_store *s, struct page *p, struct entry *e,
		object_fn fn, void *data, struct strbuf *err)
{
	size_t skip = strlen(s->prefix), len;
	struct strbuf version = STRBUF_INIT;
	struct object o = OBJECT_INIT;
	int ret = 0;

	if (!e->key || (p->escaped && !s3_unescape(e->key)) ||
	    strncmp(e->key, s->prefix, skip))
		return 0;
	o.key = e->key + skip;
	len = strlen(o.key);
	/* Such a "directory" of other tools is no level and no object. */
	if (!e->is_level && len && o.key[len - 1] == '/')
		return 0;
	if (!e->is_level && (!e->etag || e->size == OBJECT_SIZE_UNKNOWN ||
			     s3_etag(&version, e->etag, NULL)))
		ret = fail(err, ERR_CONTENT, "'%s' lists '%s' without its size "
			   "or its ETag", s->base.url, o.key);
	o.size = e->size;
	o.modified = e->modified;
	o.version = version.buf;
	if (!ret)
		ret = fn(&o, data);
	strbuf_release(&version);
	return ret;
}

static void ask(struct s3_call *c, const struct s3_store *s,
		const char *prefix, unsigned flags, const char *cursor)
{
	const char *few = getenv("RESUTIL_TEST_S3_PAGE");

	strvec_push(&c->query, "list-type=2");
	strvec_push(&c->query, "encoding-type=url");
	if (few)
		strvec_pushf(&c->query, "max-keys=%s", few);
	if (*s->prefix || *prefix)
		strvec_pushf(&c->query, "prefix=%s%s", s->prefix, prefix);
	if (flags & LIST_ONE_LEVEL)
		strvec_push(&c->query, "delimiter=/");
	if (*cursor)
		strvec_pushf(&c->query, "continuation-token=%s", cursor);
}

/* Where the next page begins; a service that has us turn in circles is not
 * followed. */
static int go_on(const struct s3_store *s, const struct page *p,
		 struct strbuf *cursor, struct strbuf *err)
{
	if (p->more && (!p->token.len || strlen(p->token.buf) != p->token.len ||
			!strcmp(p->token.buf, cursor->buf)))
		return fail(err, ERR_CONTENT, "'%s' says that its listing goes "
			    "on, and not where", s->base.url);
	strbuf_reset(cursor);
	if (p->more)
		strbuf_addbuf(cursor, &p->token);
	return 0;
}

int s3_list_read(struct s3_store *s, const struct s3_call *c,
		 struct strbuf *cursor, object_fn fn, void *data,
		 struct strbuf *err)
{
	struct page page = { .token = STRBUF_INIT };
	size_t i;
	int ret;

	ret = s3_walk(s, c, read_element, &page, err);
	if (!ret && !page.is_listing)
		ret = fail(err, ERR_CONTENT, "cannot list '%s': the answer is "
			   "no listing", s->base.url);
	if (!ret)
		ret = go_on(s, &page, cursor, err);
	for (i = 0; i < page.nr && !ret; i++)
		ret = tell(s, &page, &page.entry[i], fn, data, err);
	page_release(&page);
	return ret;
}

int s3_list(struct transport *t, const char *prefix, unsigned flags,
	    struct strbuf *cursor, object_fn fn, void *data,
	    struct strbuf *err)
{
	struct s3_store *s = s3_store_of(t);
	struct s3_call c = S3_CALL_INIT("GET", NULL);
	int ret;

	ask(&c, s, prefix, flags, cursor->buf);
	ret = s3_call(s, &c, err);
	if (!ret)
		ret = s3_list_read(s, &c, cursor, fn, data, err);
	s3_call_release(&c);
	return ret;
}
