/*
 * An upload that a dead process left: what it noted, and what the server
 * holds. The note says which upload it was; what is held the server alone
 * says.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/trace.h"
#include "lib/base/value.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/json.h"
#include "lib/wrap/xml.h"
#include "transport/s3/s3-upload.h"

#define STATE_VERSION 1

/* ---- parts --------------------------------------------------------------- */

struct s3_part *s3_upload_part(struct s3_upload *u, unsigned number)
{
	size_t before = u->parts;

	if (number > u->parts) {
		ARRAY_GROW(u->part, number, u->alloc);
		memset(u->part + before, 0,
		       (number - before) * sizeof(*u->part));
		u->parts = number;
	}
	return &u->part[number - 1];
}

void s3_part_release(struct s3_part *p)
{
	free(p->etag);
	memset(p, 0, sizeof(*p));
}

/* ---- the note ------------------------------------------------------------ */

/* [number, etag, md5] */
static bool read_part(struct s3_upload *u, const struct value *item)
{
	int64_t number;
	const char *etag, *md5;
	struct s3_part *p;

	if (item->type != VALUE_LIST || item->u.list.nr != 3 ||
	    !value_get_int(item, "0", &number) || number < 1 ||
	    number > S3_PARTS_MAX)
		return false;
	etag = value_get_text(item, "1");
	md5 = value_get_text(item, "2");
	if (!etag || !*etag || strlen(etag) > OBJECT_VERSION_MAX || !md5)
		return false;
	p = s3_upload_part(u, (unsigned)number);
	s3_part_release(p);
	p->has_md5 = s3_etag_md5(p->md5, md5, NULL);
	p->etag = xstrdup(etag);
	return p->has_md5;
}

static bool read_state(struct s3_upload *u, const struct value *root,
		       const char *key)
{
	const char *noted = value_get_text(root, "key");
	const char *id = value_get_text(root, "upload_id");
	const struct value *parts = value_map_get(root, "parts");
	const struct value *sums = value_map_get(root, "crc32c");
	int64_t version, size;
	size_t i;

	if (!value_get_int(root, "version", &version) ||
	    version != STATE_VERSION || !noted || strcmp(noted, key) ||
	    !id || !*id || strlen(id) > S3_UPLOAD_ID_MAX ||
	    !value_get_int(root, "part_size", &size) || size <= 0 ||
	    !parts || parts->type != VALUE_LIST)
		return false;
	u->crc32c = sums && sums->type == VALUE_BOOL && sums->u.truth;
	for (i = 0; i < parts->u.list.nr; i++)
		if (!read_part(u, parts->u.list.item[i]))
			return false;
	u->id = xstrdup(id);
	u->part_size = (uint64_t)size;
	return true;
}

static void forget_parts(struct s3_upload *u)
{
	size_t i;

	for (i = 0; i < u->parts; i++)
		s3_part_release(&u->part[i]);
	u->parts = 0;
}

int s3_state_read(struct s3_upload *u, const char *state, const char *key,
		  struct strbuf *err)
{
	struct value *root = NULL;
	int ret = json_parse(&root, state, strlen(state), "the note of an "
			     "upload", err);

	if (!ret && !read_state(u, root, key)) {
		forget_parts(u);
		ret = fail(err, ERR_CONTENT, "what was noted is no upload of "
			   "'%s'", key);
	}
	value_free(root);
	return ret;
}

static struct value *part_value(const struct s3_part *p, size_t number)
{
	struct value *list = value_new_list();
	struct strbuf hex = STRBUF_INIT;

	digest_hex_of(&hex, p->md5, MD5_RAWSZ);
	value_list_add(list, value_new_int((int64_t)number));
	value_list_add(list, value_new_str(p->etag));
	value_list_add(list, value_new_str(hex.buf));
	strbuf_release(&hex);
	return list;
}

static void write_state(struct s3_upload *u, struct strbuf *out)
{
	struct value *root = value_new_map(), *parts = value_new_list();
	size_t i;

	value_map_set_int(root, "version", STATE_VERSION);
	value_map_set_str(root, "key", u->request->key);
	value_map_set_str(root, "upload_id", u->id);
	value_map_set_int(root, "part_size", (int64_t)u->part_size);
	value_map_set(root, "crc32c", value_new_bool(u->crc32c));
	pthread_mutex_lock(&u->lock);
	for (i = 0; i < u->parts; i++)
		if (u->part[i].etag && u->part[i].has_md5)
			value_list_add(parts, part_value(&u->part[i], i + 1));
	u->news = 0;
	pthread_mutex_unlock(&u->lock);
	value_map_set(root, "parts", parts);
	json_write(out, root);
	value_free(root);
}

void s3_state_save(struct s3_upload *u)
{
	struct put_resume *resume = u->request->resume;
	struct strbuf state = STRBUF_INIT, why = STRBUF_INIT;
	bool keep;

	pthread_mutex_lock(&u->lock);
	keep = u->keep;
	pthread_mutex_unlock(&u->lock);
	if (!resume || !keep)
		return;
	write_state(u, &state);
	if (resume->save(resume, state.buf, &why)) {
		/* No room for a note is no reason not to send. */
		pthread_mutex_lock(&u->lock);
		u->keep = false;
		pthread_mutex_unlock(&u->lock);
		trace_printf("s3: %s: %s", u->request->key, why.buf);
	}
	strbuf_release(&why);
	strbuf_release(&state);
}

int s3_state_drop(struct s3_upload *u, struct strbuf *err)
{
	struct put_resume *resume = u->request->resume;

	if (!resume || !resume->state)
		return 0;
	return resume->save(resume, NULL, err);
}

/* ---- what the server holds ----------------------------------------------- */

struct parts_page {
	s3_part_fn fn;
	void *data;
	struct s3_listed_part part;
	struct strbuf etag, crc32c;
	unsigned next;
	bool more;
};

static bool is_path(const char *path, const char *name)
{
	return !strcmp(path, name);
}

static bool read_number(const char *text, size_t len, uint64_t max,
			uint64_t *out)
{
	uint64_t nr = 0;
	size_t i;

	for (i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9' || nr > max / 10)
			return false;
		nr = nr * 10 + (uint64_t)(text[i] - '0');
	}
	*out = nr;
	return len && nr <= max;
}

/* At the end of each <Part>. */
static int end_part(struct parts_page *page, struct strbuf *err)
{
	int ret = 0;

	page->part.etag = page->etag.buf;
	page->part.crc32c = page->crc32c.buf;
	if (page->part.number && page->etag.len)
		ret = page->fn(&page->part, page->data, err);
	memset(&page->part, 0, sizeof(page->part));
	strbuf_reset(&page->etag);
	strbuf_reset(&page->crc32c);
	return ret;
}

static int bad_number(const char *what, struct strbuf *err)
{
	return fail(err, ERR_CONTENT, "the list of parts has a %s that is no "
		    "number", what);
}

static int read_element(const char *path, const char *text, size_t len,
			void *data, struct strbuf *err)
{
	static const char root[] = "ListPartsResult/";
	struct parts_page *page = data;
	struct moment when;
	uint64_t nr;

	if (strncmp(path, root, sizeof(root) - 1))
		return 0;
	path += sizeof(root) - 1;
	if (is_path(path, "Part"))
		return end_part(page, err);
	if (is_path(path, "IsTruncated")) {
		page->more = len == 4 && !memcmp(text, "true", 4);
	} else if (is_path(path, "NextPartNumberMarker")) {
		if (!read_number(text, len, S3_PARTS_MAX, &nr))
			return bad_number("marker", err);
		page->next = (unsigned)nr;
	} else if (is_path(path, "Part/PartNumber")) {
		if (!read_number(text, len, S3_PARTS_MAX, &nr) || !nr)
			return bad_number("part", err);
		page->part.number = (unsigned)nr;
	} else if (is_path(path, "Part/Size")) {
		if (!read_number(text, len, INT64_MAX, &page->part.size))
			return bad_number("size", err);
	} else if (is_path(path, "Part/ETag")) {
		strbuf_reset(&page->etag);
		return s3_etag(&page->etag, text, err);
	} else if (is_path(path, "Part/ChecksumCRC32C")) {
		strbuf_reset(&page->crc32c);
		strbuf_add(&page->crc32c, text, len);
	} else if (is_path(path, "Part/LastModified") &&
		   moment_parse(&when, text)) {
		page->part.modified = when.sec;
	}
	return 0;
}

static int list_page(struct s3_store *s, const char *key, const char *id,
		     struct parts_page *page, struct strbuf *err)
{
	const char *few = getenv("RESUTIL_TEST_S3_PAGE");
	struct s3_call c = S3_CALL_INIT("GET", key);
	int ret;

	c.flags = HTTP_REPEATABLE;
	strvec_pushf(&c.query, "uploadId=%s", id);
	strvec_pushf(&c.query, "max-parts=%s", few ? few : "1000");
	if (page->next)
		strvec_pushf(&c.query, "part-number-marker=%u", page->next);
	c.what = "list the parts of";
	ret = s3_call(s, &c, err);
	page->more = false;
	if (!ret)
		ret = s3_walk(s, &c, read_element, page, err);
	s3_call_release(&c);
	return ret;
}

int s3_list_parts(struct s3_store *s, const char *key, const char *id,
		  s3_part_fn fn, void *data, struct strbuf *err)
{
	struct parts_page page = {
		.fn = fn, .data = data, .etag = STRBUF_INIT,
		.crc32c = STRBUF_INIT
	};
	unsigned before;
	int ret;

	do {
		before = page.next;
		ret = list_page(s, key, id, &page, err);
	} while (!ret && page.more && page.next > before);
	strbuf_release(&page.etag);
	strbuf_release(&page.crc32c);
	return ret;
}

struct looking {
	struct s3_upload *u;
	struct s3_part *noted;
	size_t nr;
};

/*
 * The ETag of a part is its MD5, as a rule. Where it is not (a key of the
 * customer's, say), which it does not show, the note knows which bytes had
 * that tag; and where the store says the checksum, nothing has to be guessed.
 */
static int take_part(const struct s3_listed_part *listed, void *data,
		     struct strbuf *err UNUSED)
{
	struct looking *l = data;
	const struct s3_part *noted = listed->number <= l->nr ?
		&l->noted[listed->number - 1] : NULL;
	struct s3_part *p = s3_upload_part(l->u, listed->number);

	s3_part_release(p);
	p->etag = xstrdup(listed->etag);
	p->size = listed->size;
	p->has_crc32c = *listed->crc32c &&
			s3_crc32c(&p->crc32c, listed->crc32c);
	if (noted && noted->etag && !strcmp(noted->etag, listed->etag)) {
		p->has_md5 = true;
		memcpy(p->md5, noted->md5, sizeof(p->md5));
	} else {
		p->has_md5 = !p->has_crc32c &&
			     s3_etag_md5(p->md5, listed->etag, NULL);
	}
	return 0;
}

int s3_upload_look(struct s3_upload *u, struct strbuf *err)
{
	struct looking looking = { u, u->part, u->parts };
	size_t i;
	int ret;

	u->part = NULL;
	u->parts = u->alloc = 0;
	ret = s3_list_parts(u->store, u->request->key, u->id, take_part,
			    &looking, err);
	if (ret)
		forget_parts(u);
	for (i = 0; i < looking.nr; i++)
		s3_part_release(&looking.noted[i]);
	free(looking.noted);
	return ret;
}
