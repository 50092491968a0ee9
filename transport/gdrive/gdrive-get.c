/*
 * Ranges of a file. What is read is one revision of it, by its own address:
 * all bytes are of that one, whatever happens to the file meanwhile. Whether
 * that is what the key means was seen a moment ago, or costs a look.
 *
 * Who may only view a file often may not see its revisions. Then the file
 * itself is read, and looked at before and after.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest-md5.h"
#include "transport/gdrive/gdrive-internal.h"
#include "transport/object.h"
#include "transport/object-get.h"

/* Changes in a row that a get meets before its first byte. */
#define TRIES_MAX 8

/* ---- which file --------------------------------------------------------- */

/* Not that file, but perhaps another one of that name: that is a change. */
static int fail_gone(struct gdrive_store *s, const char *key,
		     struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret = gdrive_find(s, key, &now, err);

	gdrive_file_release(&now);
	return ret ? ret : object_fail_changed(&s->base, key, err);
}

/* By its version, whose file may be one that a newer one hides. */
static int find_version(struct gdrive_store *s, const char *key,
			const char *version, struct gdrive_file *f,
			struct strbuf *err)
{
	uint64_t asked = gdrive_ticks(), changes = gdrive_changes(s);
	struct strbuf id = STRBUF_INIT, revision = STRBUF_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = ERR_NOT_FOUND;

	if (gdrive_version(version, &id, &revision))
		ret = gdrive_by_id(s, key, id.buf, f, &why);
	if (ret == ERR_NOT_FOUND)
		ret = fail_gone(s, key, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (f->pending || strcmp(f->object.version, version))
		ret = object_fail_changed(&s->base, key, err);
	if (!ret)
		gdrive_saw(s, key, f->id, f->revision != NULL, &f->object,
			   asked, changes);
	strbuf_release(&why);
	strbuf_release(&revision);
	strbuf_release(&id);
	return ret;
}

static int find_file(struct gdrive_store *s, const char *key,
		     const char *version, struct gdrive_file *f,
		     struct strbuf *err)
{
	if (!version)
		return gdrive_find(s, key, f, err);
	if (gdrive_was_seen(s, key, version, f))
		return 0;
	return find_version(s, key, version, f, err);
}

/* ---- bytes -------------------------------------------------------------- */

struct getting {
	struct gdrive_store *store;
	const char *key;
	const struct gdrive_file *file;
	const struct object_sink *sink;
	uint64_t offset, len;	/* what is there of what was asked for */
	struct object_rest rest;
	bool by_revision, abuse;
	struct md5 *md5;	/* of a whole file; NULL */
	bool given;		/* the sink got something */
	bool sink_said;
};

static int check_range(const struct getting *g, const struct http_answer *a,
		       struct strbuf *err)
{
	struct object_part part;
	int ret = object_part_read(&part, a, g->offset, g->len,
				   &g->store->base, g->key, err);

	if (!ret && part.size != g->file->object.size)
		ret = object_fail_changed(&g->store->base, g->key, err);
	return ret;
}

static int read_head(void *data, const struct http_answer *a,
		     struct strbuf *err)
{
	struct getting *g = data;

	/* A try that ended before its first byte has been here before. */
	md5_drop(&g->md5);
	g->rest.skip = 0;
	g->rest.room = g->len;
	if (a->status == 206)
		return check_range(g, a, err);
	g->rest.skip = g->offset;
	if (g->len == g->file->object.size &&
	    (g->file->object.sums & OBJECT_HAS_MD5))
		return md5_start(&g->md5, err);
	return 0;
}

static int give(void *data, const void *buf, size_t len, struct strbuf *err)
{
	struct getting *g = data;
	int ret;

	if (!object_rest_cut(&g->rest, &buf, &len))
		return 0;
	if (g->md5)
		md5_add(g->md5, buf, len);
	g->given = true;
	ret = g->sink->write(g->sink->data, buf, len, err);
	g->sink_said = ret != 0;
	return ret;
}

static void ask(struct google_call *c, const struct getting *g)
{
	strvec_push(&c->query, "alt=media");
	/* Revisions are of all drives anyway. */
	if (!g->by_revision)
		gdrive_query(g->store, &c->query);
	if (g->abuse)
		strvec_push(&c->query, "acknowledgeAbuse=true");
	if (g->len < g->file->object.size)
		strvec_pushf(&c->headers, "Range: bytes=%" PRIu64 "-%" PRIu64,
			     g->offset, g->offset + g->len - 1);
}

/* *refused: not by what is asked for, but by how. */
static int get_bytes(struct getting *g, bool *refused, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("GET", NULL);
	struct strbuf path = STRBUF_INIT;
	int ret;

	strbuf_addf(&path, "/drive/v3/files/%s", g->file->id);
	if (g->by_revision) {
		strbuf_addstr(&path, "/revisions/");
		http_escape(&path, g->file->revision,
			    strlen(g->file->revision), false);
	}
	c.path = path.buf;
	c.about = g->key;
	c.what = "get";
	c.head = read_head;
	c.write = give;
	c.data = g;
	ask(&c, g);
	ret = google_call(&g->store->api, &c, err);
	*refused = false;
	if (!ret || g->sink_said) {
		;
	} else if (!strcmp(c.reason, "cannotDownloadAbusiveFile")) {
		*refused = g->store->acknowledge_abuse && !g->abuse;
		g->abuse = true;
	} else if (g->by_revision && (c.answer.status == 403 ||
				      c.answer.status == 404)) {
		*refused = true;
		g->by_revision = false;
	}
	google_call_release(&c);
	strbuf_release(&path);
	return ret;
}

/* What was read is of that revision when it still is the one of the file. */
static int look_again(const struct getting *g, struct strbuf *err)
{
	struct gdrive_file now = GDRIVE_FILE_INIT;
	int ret;

	ret = gdrive_by_id(g->store, g->key, g->file->id, &now, err);
	if (!ret && strcmp(now.object.version, g->file->object.version))
		ret = object_fail_changed(&g->store->base, g->key, err);
	gdrive_file_release(&now);
	return ret;
}

static int check_bytes(struct getting *g, struct strbuf *err)
{
	unsigned char raw[MD5_RAWSZ];
	struct gdrive_store *s = g->store;

	if (g->rest.room)
		return fail(err, ERR_CONTENT, "'%s' gives less of '%s' than "
			    "it says it has", s->base.url, g->key);
	if (!g->md5)
		return 0;
	md5_finish(&g->md5, raw);
	if (!memcmp(raw, g->file->object.md5, sizeof(raw)))
		return 0;
	return fail(err, ERR_CONTENT, "what '%s' gave of '%s' does not have "
		    "the MD5 that it says", s->base.url, g->key);
}

/* By its revision. Where that is refused, and still the one of the file, the
 * file itself. */
static int get_either(struct getting *g, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool refused = true, by_revision;
	int ret = 0;

	while (refused && !ret) {
		by_revision = g->by_revision;
		strbuf_reset(&why);
		ret = get_bytes(g, &refused, &why);
		if (!refused)
			continue;
		strbuf_reset(&why);
		ret = by_revision && !g->by_revision ? look_again(g, &why) : 0;
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static int get_range(struct getting *g, struct strbuf *err)
{
	struct gdrive_store *s = g->store;
	struct strbuf why = STRBUF_INIT, changed = STRBUF_INIT;
	bool tried;
	int ret, now;

	tried = g->by_revision = g->file->revision &&
		!__atomic_load_n(&s->no_revisions, __ATOMIC_RELAXED);
	ret = get_either(g, &why);
	if (!ret && tried && !g->by_revision)
		__atomic_store_n(&s->no_revisions, true, __ATOMIC_RELAXED);
	/* A change says what is wrong with the bytes. */
	if (!g->by_revision && (!ret || ret == ERR_CONTENT ||
				ret == ERR_NOT_FOUND) && !g->sink_said) {
		now = look_again(g, &changed);
		if (now) {
			strbuf_reset(&why);
			strbuf_addbuf(&why, &changed);
			ret = now;
		}
	}
	if (!ret)
		ret = check_bytes(g, &why);
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&changed);
	strbuf_release(&why);
	return ret;
}

/* *given: the sink got something. */
static int get_once(struct gdrive_store *s, const char *key,
		    const struct object_range *r,
		    const struct object_sink *sink, struct strbuf *version,
		    bool *given, struct strbuf *err)
{
	struct gdrive_file f = GDRIVE_FILE_INIT;
	struct getting g = {
		.store = s, .key = key, .file = &f, .sink = sink,
		.offset = r->offset,
	};
	uint64_t size;
	int ret;

	ret = find_file(s, key, r->version, &f, err);
	if (ret)
		goto cleanup;
	size = f.object.size;
	if (r->offset > size) {
		ret = fail(err, ERR_CONTENT, "'%s' in '%s' ends at %" PRIu64
			   ", before %" PRIu64, key, s->base.url, size,
			   r->offset);
		goto cleanup;
	}
	g.len = MINIMUM(r->len, size - r->offset);
	if (version) {
		strbuf_reset(version);
		strbuf_addstr(version, f.object.version);
	}
	if (g.len)
		ret = get_range(&g, err);

cleanup:
	*given = g.given;
	md5_drop(&g.md5);
	gdrive_file_release(&f);
	return ret;
}

/* Who wants whatever is there, and met a change before the first byte, gets
 * what is there then. */
int gdrive_get(struct transport *t, const char *key,
	       const struct object_range *r, const struct object_sink *sink,
	       struct strbuf *version, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	unsigned tries = 0;
	bool given;
	int ret;

	do {
		strbuf_reset(&why);
		ret = get_once(gdrive_store_of(t), key, r, sink, version,
			       &given, &why);
	} while (ret == ERR_CONFLICT && !r->version && !given &&
		 ++tries < TRIES_MAX);
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}
