/*
 * An object in parts: begun or gone on with, sent, completed.
 *
 * The order of writes: CreateMultipartUpload; its id is noted durably; parts;
 * CompleteMultipartUpload, which shows the object; the note is taken away.
 * Readers see nothing before the fourth. Who dies after the first and before
 * the second leaves an upload that nobody knows of: s3-rest.c tells it after
 * a day.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/trace.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/xml.h"
#include "transport/s3/s3-upload.h"
#include "transport/object.h"

/* ---- withdrawing --------------------------------------------------------- */

int s3_abort(struct s3_store *s, const char *key, const char *id,
	     struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("DELETE", key);
	struct strbuf why = STRBUF_INIT;
	int ret;

	c.flags = HTTP_REPEATABLE;
	strvec_pushf(&c.query, "uploadId=%s", id);
	ret = s3_call(s, &c, &why);
	if (ret == ERR_NOT_FOUND)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	s3_call_release(&c);
	return ret;
}

/* The note goes last: while it is there somebody can try again. */
static int withdraw(struct s3_upload *u, struct strbuf *err)
{
	int ret = 0;

	if (u->id)
		ret = s3_abort(u->store, u->request->key, u->id, err);
	if (!ret)
		ret = s3_state_drop(u, err);
	return ret;
}

static void forget(struct s3_upload *u)
{
	size_t i;

	for (i = 0; i < u->parts; i++)
		s3_part_release(&u->part[i]);
	free(u->part);
	u->part = NULL;
	u->parts = u->alloc = 0;
	free(u->id);
	u->id = NULL;
	u->crc32c = false;
}

/* It failed, and what is held is of no use: that it was withdrawn, or could
 * not be, changes nothing of the failure. */
static void give_up(struct s3_upload *u, int code)
{
	struct strbuf why = STRBUF_INIT;

	/* It was not begun; what an earlier one left may be of use yet. */
	if (!u->id)
		return;
	/* Who cannot be reached is not waited for once more. */
	if (code == ERR_UNREACHABLE)
		s3_state_drop(u, &why);
	else
		withdraw(u, &why);
	if (why.len)
		trace_printf("s3: upload of %s: %s", u->request->key, why.buf);
	strbuf_release(&why);
}

int s3_withdraw(struct transport *t, const char *key, const char *state,
		struct strbuf *err)
{
	struct s3_upload u = { .lock = PTHREAD_MUTEX_INITIALIZER };
	int ret = s3_state_read(&u, state, key, err);

	if (!ret)
		ret = s3_abort(s3_store_of(t), key, u.id, err);
	forget(&u);
	return ret;
}

/* ---- what is there already ----------------------------------------------- */

/* Not every server looks at the preconditions of a completion, and who sends
 * gigabytes wants to know before. */
static int check_expected(struct s3_upload *u, struct strbuf *err)
{
	const struct put_request *r = u->request;

	return r->expect == EXPECT_ANY ? 0 : s3_look(u->store, r, NULL, err);
}

/* ---- beginning ----------------------------------------------------------- */

static int take_upload_id(const char *path, const char *text, size_t len,
			  void *data, struct strbuf *err)
{
	struct s3_upload *u = data;

	if (strcmp(path, "InitiateMultipartUploadResult/UploadId"))
		return 0;
	if (!len || len > S3_UPLOAD_ID_MAX)
		return fail(err, ERR_CONTENT, "the server gave an upload of "
			    "'%s' an id of %zu bytes", u->request->key, len);
	free(u->id);
	u->id = xmemdupz(text, len);
	return 0;
}

static int create_once(struct s3_upload *u, bool sums, int *status,
		       struct strbuf *err)
{
	const struct put_request *r = u->request;
	struct s3_call c = S3_CALL_INIT("POST", r->key);
	const char *algorithm;
	int ret;

	/* Done twice it leaves one that nobody knows of, and harms nobody. */
	c.flags = HTTP_REPEATABLE;
	strvec_push(&c.query, "uploads=");
	s3_add_content(&c.headers, r->key, r->meta);
	if (sums)
		strvec_push(&c.headers, "x-amz-checksum-algorithm: CRC32C");
	ret = s3_call(u->store, &c, err);
	*status = c.answer.status;
	if (!ret)
		ret = s3_walk(u->store, &c, take_upload_id, u, err);
	if (!ret && !u->id)
		ret = fail(err, ERR_CONTENT, "the server began an upload of "
			   "'%s' and gave no id for it", r->key);
	/* Who does not say so does not keep them. */
	algorithm = http_field(&c.answer, "x-amz-checksum-algorithm");
	u->crc32c = algorithm && !strcmp(algorithm, "CRC32C");
	s3_call_release(&c);
	return ret;
}

static int create(struct s3_upload *u, struct strbuf *err)
{
	struct s3_store *s = u->store;
	bool sums = !__atomic_load_n(&s->no_sums, __ATOMIC_RELAXED);
	struct strbuf why = STRBUF_INIT;
	int status, ret = create_once(u, sums, &status, &why);

	/* Some services take it for a mistake. */
	if (ret && sums && (status == 400 || status == 501)) {
		strbuf_reset(&why);
		ret = create_once(u, false, &status, &why);
		if (!ret)
			__atomic_store_n(&s->no_sums, true, __ATOMIC_RELAXED);
	}
	if (ret)
		fail(err, ret, "%s", why.buf);
	else
		s3_state_save(u);
	strbuf_release(&why);
	return ret;
}

/*
 * Goes on with what a dead process, or an earlier try, left. What was noted is
 * held against what the server says; where that has forgotten it, and where
 * parts would have another size by now, all begins anew.
 */
static int go_on(struct s3_upload *u, uint64_t part_size, struct strbuf *err)
{
	struct put_resume *resume = u->request->resume;
	struct strbuf why = STRBUF_INIT;
	bool usable = true;
	int ret;

	if (!resume || !resume->state)
		return 0;
	ret = s3_state_read(u, resume->state, u->request->key, &why);
	if (ret) {
		usable = false;
	} else if (resume->stale || u->part_size != part_size) {
		ret = s3_abort(u->store, u->request->key, u->id, &why);
		usable = ret != 0;
	} else {
		ret = s3_upload_look(u, &why);
		usable = ret != ERR_NOT_FOUND;
	}
	if (usable && ret)
		fail(err, ret, "%s", why.buf);
	if (!usable) {
		forget(u);
		resume->stale = false;
		/* One that stays is written anew. */
		resume->save(resume, NULL, NULL);
		ret = 0;
	}
	strbuf_release(&why);
	return ret;
}

static int begin(struct s3_upload *u, struct strbuf *err)
{
	const struct put_source *source = u->request->source;
	uint64_t part_size = s3_part_size(source->size != OBJECT_SIZE_UNKNOWN ?
					  source->size : source->bound);
	int ret = check_expected(u, err);

	if (!ret)
		ret = go_on(u, part_size, err);
	u->part_size = part_size;
	if (!ret && !u->id)
		ret = create(u, err);
	return ret;
}

/* ---- completing ---------------------------------------------------------- */

static int completion_body(const struct s3_upload *u, struct strbuf *out,
			   struct strbuf *err)
{
	size_t i;
	int ret = 0;

	strbuf_addstr(out, "<CompleteMultipartUpload xmlns=\"http://"
		      "s3.amazonaws.com/doc/2006-03-01/\">");
	for (i = 0; !ret && i < u->nr; i++) {
		const struct s3_part *p = &u->part[i];
		unsigned char raw[CRC32C_RAWSZ];

		strbuf_addf(out, "<Part><PartNumber>%zu</PartNumber>"
			    "<ETag>&quot;", i + 1);
		ret = xml_escape(out, p->etag, err);
		strbuf_addstr(out, "&quot;</ETag>");
		if (u->crc32c) {
			crc32c_raw(raw, p->crc32c);
			strbuf_addstr(out, "<ChecksumCRC32C>");
			base64_encode(out, raw, sizeof(raw));
			strbuf_addstr(out, "</ChecksumCRC32C>");
		}
		strbuf_addstr(out, "</Part>");
	}
	strbuf_addstr(out, "</CompleteMultipartUpload>");
	return ret;
}

struct completion {
	struct strbuf etag;		/* empty: it did not say */
	char code[64];			/* of a failure */
};

static int read_completion(const char *path, const char *text,
			   size_t len UNUSED, void *data, struct strbuf *err)
{
	struct completion *done = data;

	if (strcmp(path, "CompleteMultipartUploadResult/ETag") ||
	    !*text || !strcmp(text, "\"\""))
		return 0;
	return s3_etag(&done->etag, text, err);
}

/* Whether the server may know the precondition. */
static bool can_expect(struct s3_upload *u)
{
	struct s3_store *s = u->store;

	switch (u->request->expect) {
	case EXPECT_ABSENT:
		return !__atomic_load_n(&s->no_if_none_match,
					__ATOMIC_RELAXED);
	case EXPECT_VERSION:
		return !__atomic_load_n(&s->no_if_match, __ATOMIC_RELAXED);
	case EXPECT_ANY:
		break;
	}
	return false;
}

static void add_expectation(struct s3_call *c, const struct put_request *r)
{
	if (r->expect == EXPECT_ABSENT)
		strvec_push(&c->headers, "If-None-Match: *");
	else if (r->expect == EXPECT_VERSION)
		s3_add_match(&c->headers, "If-Match", r->version);
}

/*
 * To ask twice is no harm: an upload is completed once, and whoever is told
 * that there is none, or that something is there, looks at what it is.
 */
static int complete_once(struct s3_upload *u, const struct strbuf *body,
			 bool expect, struct completion *done,
			 struct strbuf *err)
{
	struct s3_call c = S3_CALL_INIT("POST", u->request->key);
	int ret;

	strbuf_reset(&done->etag);
	c.flags = HTTP_REPEATABLE;
	c.body = body->buf;
	c.body_len = body->len;
	strvec_pushf(&c.query, "uploadId=%s", u->id);
	strvec_push(&c.headers, "Content-Type: application/xml");
	if (expect)
		add_expectation(&c, u->request);
	ret = s3_call(u->store, &c, err);
	snprintf(done->code, sizeof(done->code), "%s", c.code);
	if (!ret)
		ret = s3_walk(u->store, &c, read_completion, done, err);
	/* No answer to make sense of: what is there tells. */
	if (ret == ERR_CONTENT)
		ret = ERR_TRANSIENT;
	s3_call_release(&c);
	return ret;
}

/* The server knows no preconditions here; or it compares ETags in a way of its
 * own, and what is there is what is expected. */
static bool is_misunderstood(struct s3_upload *u, int code,
			     const struct completion *done)
{
	if (!strcmp(done->code, "NotImplemented"))
		return true;
	return code == ERR_CONFLICT &&
	       !s3_look(u->store, u->request, NULL, NULL);
}

/* An answer may begin well and end with an error, since the server sends the
 * status before it begins; so http_do() has not tried again. */
static int complete(struct s3_upload *u, const struct strbuf *body,
		    struct completion *done, struct strbuf *err)
{
	bool expect = can_expect(u);
	struct again again;
	int ret;

	again_init(&again, u->store->patience);
	do {
		ret = complete_once(u, body, expect, done, &again.why);
		if (ret && expect && is_misunderstood(u, ret, done)) {
			expect = false;
			strbuf_reset(&again.why);
			ret = complete_once(u, body, expect, done,
					    &again.why);
		}
	} while (*done->code && again_wait(&again, ret));
	return again_give_up(&again, ret, err);
}

/* Of an object in parts, as nearly all servers make it: the MD5 of the MD5s of
 * its parts, and how many there are. */
static void usual_etag(const struct s3_upload *u, struct strbuf *out)
{
	unsigned char raw[MD5_RAWSZ];
	struct md5 *md5;
	size_t i;

	for (i = 0; i < u->nr; i++)
		if (!u->part[i].has_md5)
			return;
	if (md5_start(&md5, NULL))
		return;
	for (i = 0; i < u->nr; i++)
		md5_add(md5, u->part[i].md5, MD5_RAWSZ);
	md5_finish(&md5, raw);
	digest_hex_of(out, raw, sizeof(raw));
	strbuf_addf(out, "-%zu", u->nr);
}

enum whose { OURS, MAYBE_OURS, NOT_OURS };

/* etag: what the server said when it was done; "": nothing. */
static enum whose whose_is(const struct s3_upload *u,
			   const struct object *there, const char *etag)
{
	struct strbuf usual = STRBUF_INIT;
	enum whose ret = NOT_OURS;

	usual_etag(u, &usual);
	if (there->size == u->bytes) {
		if (!strcmp(there->version, *etag ? etag : usual.buf))
			ret = OURS;
		else if (!*etag && strlen(there->version) != usual.len)
			ret = MAYBE_OURS;
	}
	strbuf_release(&usual);
	return ret;
}

/* It says that it is done: what is there now is ours, or somebody was there
 * after us. */
static int check_done(struct s3_upload *u, const struct completion *done,
		      struct object *there, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = s3_stat(&u->store->base, u->request->key, there, &why);

	if (ret == ERR_NOT_FOUND)
		ret = fail(err, ERR_CONFLICT, "'%s' was put into '%s', and "
			   "is there no longer", u->request->key,
			   u->store->base.url);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	else if (whose_is(u, there, done->etag.buf) == NOT_OURS)
		ret = object_fail_changed(&u->store->base, u->request->key,
					  err);
	strbuf_release(&why);
	return ret;
}

/*
 * It says that it is not, or nothing. An answer may have been lost, the next
 * one is then that there is no such upload, or that the object is there. What
 * cannot be told by its ETag is ERR_TRANSIENT: the caller compares bytes.
 */
static int check_failed(struct s3_upload *u, int code,
			const struct completion *done, struct object *there,
			const struct strbuf *said, struct strbuf *err)
{
	bool gone = !strcmp(done->code, "NoSuchUpload");
	enum whose whose = NOT_OURS;

	if (code == ERR_CREDENTIALS)
		return fail(err, code, "%s", said->buf);
	if (!s3_stat(&u->store->base, u->request->key, there, NULL))
		whose = whose_is(u, there, "");
	if (whose == OURS)
		return 0;
	if (gone || !strcmp(done->code, "InvalidPart")) {
		u->keep = false;
		code = ERR_TRANSIENT;
	} else if (whose == MAYBE_OURS) {
		code = ERR_TRANSIENT;
	} else if (code == ERR_CONFLICT) {
		u->keep = false;
	}
	return fail(err, code, "%s", said->buf);
}

static int finish(struct s3_upload *u, struct object *out, struct strbuf *err)
{
	struct completion done = { STRBUF_INIT, "" };
	struct strbuf body = STRBUF_INIT, said = STRBUF_INIT;
	struct object there = OBJECT_INIT;
	int ret = completion_body(u, &body, err);

	if (!ret)
		ret = check_expected(u, err);
	if (ret) {
		u->keep &= ret != ERR_CONFLICT;
		goto cleanup;
	}
	ret = complete(u, &body, &done, &said);
	if (ret)
		ret = check_failed(u, ret, &done, &there, &said, err);
	else
		ret = check_done(u, &done, &there, err);
	if (!ret && out) {
		struct object old = *out;

		*out = there;
		there = old;
	}

cleanup:
	object_release(&there);
	strbuf_release(&done.etag);
	strbuf_release(&body);
	strbuf_release(&said);
	return ret;
}

/* -------------------------------------------------------------------------- */

static int check_size(struct s3_upload *u, struct strbuf *err)
{
	uint64_t size = u->request->source->size;

	if (size == OBJECT_SIZE_UNKNOWN || size == u->bytes)
		return 0;
	u->keep = false;
	return fail(err, ERR_CONTENT, "the content of '%s' has %" PRIu64
		    " bytes, and %" PRIu64 " were promised", u->request->key,
		    u->bytes, size);
}

/* Only what may be well another time is worth keeping. */
static bool is_worth_keeping(const struct s3_upload *u, int code)
{
	return u->request->resume && u->keep &&
	       (code == ERR_TRANSIENT || code == ERR_UNREACHABLE ||
		code == ERR_CREDENTIALS);
}

int s3_upload(struct s3_store *s, const struct put_request *r,
	      struct strbuf *first, struct object *out, struct strbuf *err)
{
	struct s3_upload u = {
		.store = s, .request = r, .first = first, .keep = true
	};
	int ret;

	pthread_mutex_init(&u.lock, NULL);
	ret = begin(&u, err);
	if (!ret)
		ret = s3_upload_send(&u, err);
	if (!ret)
		ret = check_size(&u, err);
	if (!ret)
		ret = finish(&u, out, err);
	if (r->resume)
		r->resume->held = u.held;
	/* What was noted of one that is done harms nobody. */
	if (!ret)
		s3_state_drop(&u, NULL);
	else if (!is_worth_keeping(&u, ret))
		give_up(&u, ret);
	else if (u.news)
		s3_state_save(&u);
	forget(&u);
	pthread_mutex_destroy(&u.lock);
	return ret;
}
