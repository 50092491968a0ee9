/*
 * What a replaced content really replaced. Drive takes no condition, so two who
 * replace the same content both succeed; the history of the file tells the
 * second one of the first. It puts the first one's content back, which was
 * acknowledged, and is told a conflict.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/wrap/digest.h"
#include "transport/gdrive/gdrive-internal.h"

/* Drive keeps 200 that nobody asked it to keep; a service that goes on for ever
 * is not followed. */
#define PAGES_MAX 100

/* The revisions of a file, as they came. */
struct history {
	struct strvec ids, sums;	/* side by side; MD5 in hex, or "" */
};

static void read_page(struct history *h, const struct value *json)
{
	const struct value *list = value_map_get(json, "revisions");
	const char *id, *sum;
	size_t i;

	if (!list || list->type != VALUE_LIST)
		return;
	for (i = 0; i < list->u.list.nr; i++) {
		id = google_text(list->u.list.item[i], "id");
		sum = google_text(list->u.list.item[i], "md5Checksum");
		strvec_push(&h->ids, id ? id : "");
		strvec_push(&h->sums, sum ? sum : "");
	}
}

static int read_history(struct history *h, struct gdrive_store *s,
			const char *key, const char *id, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, page = STRBUF_INIT;
	const char *next;
	unsigned pages = 0;
	int ret;

	strbuf_addf(&path, "/drive/v3/files/%s/revisions", id);
	do {
		struct google_call c = GOOGLE_CALL_INIT("GET", path.buf);

		c.what = "look at the history of";
		c.about = key;
		strvec_push(&c.query, "pageSize=1000");
		strvec_push(&c.query, "fields=nextPageToken,"
			    "revisions(id,md5Checksum)");
		if (page.len)
			strvec_pushf(&c.query, "pageToken=%s", page.buf);
		ret = google_call(&s->api, &c, err);
		strbuf_reset(&page);
		if (!ret)
			read_page(h, c.json);
		next = ret ? NULL : google_text(c.json, "nextPageToken");
		if (next)
			strbuf_addstr(&page, next);
		google_call_release(&c);
		if (page.len && ++pages == PAGES_MAX)
			ret = fail(err, ERR_CONTENT, "the history of '%s' in "
				   "'%s' has no end", key, s->base.url);
	} while (!ret && page.len);
	strbuf_release(&page);
	strbuf_release(&path);
	return ret;
}

/* The newest with that text; -1: none. */
static ssize_t find_last(const struct strvec *list, const char *text)
{
	size_t i = list->nr;

	while (i--)
		if (!strcmp(list->v[i], text))
			return (ssize_t)i;
	return -1;
}

/* ---- putting back -------------------------------------------------------- */

static int write_fd(void *data, const void *buf, size_t len,
		    struct strbuf *err)
{
	if (sys_write_all(*(int *)data, buf, len))
		return fail_errno(err, "cannot keep a copy in the directory "
				  "for temporary files");
	return 0;
}

static int read_revision(struct gdrive_store *s, const char *key,
			 const char *id, const char *revision, int *fd,
			 struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	int ret;

	strbuf_addf(&path, "/drive/v3/files/%s/revisions/%s", id, revision);
	c.path = path.buf;
	c.about = key;
	c.write = write_fd;
	c.data = fd;
	strvec_push(&c.query, "alt=media");
	ret = google_call(&s->api, &c, err);
	google_call_release(&c);
	strbuf_release(&path);
	return ret;
}

/* Revisions that are kept for ever can always be read; others, Drive says, only
 * while they are the newest. */
static void keep_revision(struct gdrive_store *s, const char *key,
			  const char *id, const char *revision, bool keep)
{
	struct strbuf path = STRBUF_INIT;
	struct google_call c = GOOGLE_CALL_INIT("PATCH", NULL);

	strbuf_addf(&path, "/drive/v3/files/%s/revisions/%s", id, revision);
	c.path = path.buf;
	c.about = key;
	c.body = keep ? "{\"keepForever\":true}" : "{\"keepForever\":false}";
	c.body_len = strlen(c.body);
	c.flags = HTTP_REPEATABLE;
	strvec_push(&c.headers, "Content-Type: application/json");
	google_call(&s->api, &c, NULL);
	google_call_release(&c);
	strbuf_release(&path);
}

int gdrive_put_back(struct gdrive_store *s, const char *key, const char *id,
		    const char *revision, struct strbuf *err)
{
	struct put_request request = { .key = key };
	struct put_file source;
	int fd, ret;

	ret = tempfile_unnamed(&fd, NULL, err);
	if (ret)
		return ret;
	keep_revision(s, key, id, revision, true);
	ret = read_revision(s, key, id, revision, &fd, err);
	if (!ret)
		ret = put_file_init(&source, fd, key, err);
	if (!ret) {
		request.source = &source.source;
		ret = gdrive_replace(s, &request, id, err);
	}
	if (!ret)
		keep_revision(s, key, id, revision, false);
	close(fd);
	return ret;
}

static int fail_replaced(struct gdrive_store *s, const char *key,
			 const char *id, const char *theirs,
			 struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	ret = fail(err, ERR_CONFLICT, "'%s' in '%s' was replaced by somebody "
		   "else at the same time", key, s->base.url);
	if (gdrive_put_back(s, key, id, theirs, &why))
		fail(err, ret, "; their content is in the history of the file "
		     "(revision %s) and could not be put back: %s", theirs,
		     why.buf);
	strbuf_release(&why);
	return ret;
}

/* ---- what was replaced --------------------------------------------------- */

int gdrive_check_history(struct gdrive_store *s, const char *key,
			 const char *id, const char *old, const char *mine,
			 const unsigned char *md5, struct strbuf *err)
{
	struct history h = { STRVEC_INIT, STRVEC_INIT };
	struct strbuf sum = STRBUF_INIT, why = STRBUF_INIT;
	ssize_t was, is;
	int ret = read_history(&h, s, key, id, &why);

	digest_hex_of(&sum, md5, 16);
	was = find_last(&h.ids, old);
	is = mine ? find_last(&h.ids, mine) : find_last(&h.sums, sum.buf);
	/* Who may not see the history cannot compare it. */
	if (ret == ERR_CREDENTIALS || ret == ERR_NOT_FOUND)
		ret = mine ? 0 : ERR_TRANSIENT;
	else if (ret)
		ret = fail(err, ERR_TRANSIENT, "%s", why.buf);
	else if (!mine && is <= was)
		ret = ERR_NO;
	else if (is > was + 1 && was >= 0 &&
		 strcmp(h.sums.v[is - 1], sum.buf))
		ret = fail_replaced(s, key, id, h.ids.v[is - 1], err);
	strbuf_release(&why);
	strbuf_release(&sum);
	strvec_release(&h.sums);
	strvec_release(&h.ids);
	return ret;
}
