/*
 * What is said to a session. Whatever has become of a request that failed, the
 * session knows how far it came, and is asked.
 */
#include "lib/base/compat.h"
#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/trace.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/digest-crc32c.h"
#include "transport/google/google-session.h"

/* ---- its URL ------------------------------------------------------------ */

/* Everything that is put goes there, so it must be whom we asked, or Google. */
static bool is_of_service(const struct google_api *api, const char *url)
{
	static const char https[] = "https://";
	struct strbuf place = STRBUF_INIT, root = STRBUF_INIT;
	bool is;

	http_place(&place, url);
	http_place(&root, api->root);
	is = !strcmp(place.buf, root.buf) ||
	     (!strncmp(place.buf, https, sizeof(https) - 1) &&
	      google_host_is_own(place.buf + sizeof(https) - 1)) ||
	     (google_credentials_is_anonymous(api->credentials) &&
	      (!strncmp(url, "http://", 7) || !strncmp(url, https, 8)));
	strbuf_release(&place);
	strbuf_release(&root);
	return is;
}

int google_session_check(const struct google_session *s, struct strbuf *err)
{
	const char *at;

	for (at = s->url.buf; *at > ' ' && *at < 0x7f; at++)
		;
	if (!s->url.len || *at || s->url.len > SESSION_URL_MAX)
		return fail(err, ERR_CONTENT, "the session of an upload of "
			    "'%s' has no URL that can be asked",
			    s->u->request->key);
	if (!is_of_service(s->u->api, s->url.buf))
		return fail(err, ERR_CONTENT, "the session of an upload of "
			    "'%s' is not at the service that was asked",
			    s->u->request->key);
	return 0;
}

/* ---- answers ------------------------------------------------------------ */

static bool is_gone(int status)
{
	/* 499: somebody has ended it. */
	return status == 404 || status == 410 || status == 499;
}

/* "bytes=0-N", or nothing when nothing came yet. */
static int read_range(const struct http_answer *a, uint64_t *acked,
		      struct strbuf *err)
{
	static const char begin[] = "bytes=0-";
	const char *text = http_field(a, "range");
	char *end;

	*acked = 0;
	if (!text)
		return 0;
	if (!strncmp(text, begin, sizeof(begin) - 1) &&
	    isdigit((unsigned char)text[sizeof(begin) - 1])) {
		errno = 0;
		*acked = strtoull(text + sizeof(begin) - 1, &end, 10);
		if (!*end && !errno && *acked < INT64_MAX) {
			++*acked;
			return 0;
		}
	}
	return fail(err, ERR_CONTENT, "the service does not say how far an "
		    "upload came");
}

static int forget(struct google_session *s, struct strbuf *err)
{
	s->gone = true;
	return fail(err, ERR_TRANSIENT, "the session of the upload of '%s' to "
		    "'%s' is no more", s->u->request->key, s->u->api->store);
}

/* 308 says how far it came; another success that it is done, and as what. */
static int read_answer(struct google_session *s, struct google_call *c,
		       struct strbuf *err)
{
	struct google_upload *u = s->u;
	uint64_t acked;
	int ret;

	if (c->answer.status != 308) {
		if (!c->json)
			return google_fail_call(u->api, c, ERR_TRANSIENT,
						"the service does not say "
						"what it holds", err);
		value_free(u->json);
		u->json = c->json;
		c->json = NULL;
		s->done = true;
		return 0;
	}
	ret = read_range(&c->answer, &acked, err);
	if (ret)
		return ret;
	if (s->total != OBJECT_SIZE_UNKNOWN && acked > s->total)
		return forget(s, err);
	s->acked = acked;
	if (u->request->stored)
		u->request->stored(u->request->data, acked);
	return 0;
}

/* ---- requests ----------------------------------------------------------- */

/* The URL lets in whoever has it; where it does not, a token goes with it to
 * whom tokens go anyway. */
static int call_session(struct google_session *s, struct google_call *c,
			struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	c->path = s->url.buf;
	c->about = s->u->request->key;
	c->flags |= HTTP_SECRET_QUERY | HTTP_SECRET_ANSWER;
	c->take_308 = true;
	c->no_token = !s->with_token;
	ret = google_call(s->u->api, c, &why);
	if (ret && c->answer.status == 401 && !s->with_token) {
		s->with_token = true;
		c->no_token = false;
		strbuf_reset(&why);
		ret = google_call(s->u->api, c, &why);
	}
	s->ended |= is_gone(c->answer.status);
	if (s->ended)
		ret = forget(s, err);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static void add_total(struct strbuf *out, uint64_t total)
{
	if (total == OBJECT_SIZE_UNKNOWN)
		strbuf_addstr(out, "/*");
	else
		strbuf_addf(out, "/%" PRIu64, total);
}

int google_session_look(struct google_session *s, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("PUT", "");
	struct strbuf range = STRBUF_INIT;
	int ret;

	strbuf_addstr(&range, "Content-Range: bytes *");
	add_total(&range, s->total);
	strvec_push(&c.headers, range.buf);
	c.what = "go on with";
	c.flags = HTTP_REPEATABLE;
	ret = call_session(s, &c, err);
	if (!ret)
		ret = read_answer(s, &c, err);
	google_call_release(&c);
	strbuf_release(&range);
	return ret;
}

static void add_hash(struct strvec *headers, uint32_t crc32c)
{
	unsigned char raw[CRC32C_RAWSZ];
	struct strbuf text = STRBUF_INIT;

	crc32c_raw(raw, crc32c);
	strbuf_addstr(&text, "X-Goog-Hash: crc32c=");
	base64_encode(&text, raw, sizeof(raw));
	strvec_push(headers, text.buf);
	strbuf_release(&text);
}

/*
 * `len` bytes of the piece from `from`. *odd: it was refused in a way that may
 * come from another idea of how far it came.
 */
static int send_bytes(struct google_session *s, const struct google_piece *p,
		      uint64_t from, size_t len, bool *odd,
		      struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("PUT", "");
	struct strbuf range = STRBUF_INIT;
	int ret;

	if (len)
		strbuf_addf(&range, "Content-Range: bytes %" PRIu64 "-%" PRIu64,
			    from, from + len - 1);
	else
		strbuf_addstr(&range, "Content-Range: bytes *");
	add_total(&range, s->total);
	strvec_push(&c.headers, range.buf);
	if (p->last && s->u->last_hash)
		add_hash(&c.headers, p->crc32c);
	if (len)
		c.body = p->bytes + (from - p->offset);
	c.body_len = len;
	ret = call_session(s, &c, err);
	if (!ret)
		ret = read_answer(s, &c, err);
	*odd = c.answer.status == 400 || c.answer.status == 409 ||
	       c.answer.status == 416;
	/* It has got other bytes than were sent, and cannot forget them. */
	if (ret == ERR_TRANSIENT && c.answer.status == 400)
		s->gone = true;
	google_call_release(&c);
	strbuf_release(&range);
	return ret;
}

/* From where on, and how much of it, can be sent. False: nothing. */
static bool what_to_send(const struct google_session *s,
			 const struct google_piece *p, uint64_t *from,
			 size_t *len)
{
	uint64_t end = p->offset + p->len;

	if (s->done)
		return false;
	*from = MAXIMUM(p->offset, MINIMUM(s->acked, end));
	*len = (size_t)(end - *from);
	if (p->last)
		return true;
	*len -= *len % GOOGLE_UPLOAD_GRANULE;
	return *len;
}

/* What came before the piece is not here any more. */
static int check_place(struct google_session *s, const struct google_piece *p,
		       struct strbuf *err)
{
	if (s->done || s->acked >= p->offset)
		return 0;
	trace_printf("upload of %s: the service has lost what it had "
		     "acknowledged", s->u->request->key);
	return forget(s, err);
}

/* One request, and after a failure the question what became of it. Without a
 * failure, and without progress, it is as if it had failed. */
static int send_some(struct google_session *s, const struct google_piece *p,
		     uint64_t from, size_t len, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	bool odd = false;
	int ret = 0, code;

	if (p->last && s->u->last)
		ret = s->u->last(s->u, err);
	if (ret)
		return ret;
	ret = send_bytes(s, p, from, len, &odd, err);
	if (ret && odd && !s->gone) {
		code = google_session_look(s, &why);
		if (s->gone || (!code && (s->done || s->acked != from))) {
			strbuf_reset(err);
			strbuf_addbuf(err, &why);
			ret = code;
		}
	}
	strbuf_release(&why);
	if (!ret)
		ret = check_place(s, p, err);
	if (!ret && !s->done && s->acked <= from)
		ret = fail(err, ERR_TRANSIENT, "cannot put '%s' in '%s': the "
			   "service takes nothing of it", s->u->request->key,
			   s->u->api->store);
	return ret;
}

/* Asks after a failure, for as long as nobody can tell. */
static int find_place(struct google_session *s, const struct google_piece *p,
		      struct strbuf *err)
{
	int ret = google_session_look(s, err);

	return ret ? ret : check_place(s, p, err);
}

int google_session_send(struct google_session *s, const struct google_piece *p,
			struct strbuf *err)
{
	struct again again;
	uint64_t from, before;
	bool asks = false;
	size_t len;
	int ret = 0;

	again_init(&again, s->u->api->patience);
	for (;;) {
		before = s->acked;
		if (asks)
			ret = find_place(s, p, &again.why);
		else if (what_to_send(s, p, &from, &len))
			ret = send_some(s, p, from, len, &again.why);
		else
			break;
		if (s->acked > before)
			again_reset(&again);
		if (!ret) {
			asks = false;
			continue;
		}
		asks = true;
		if (s->gone || !again_wait(&again, ret))
			break;
	}
	/* Not over: a later put goes on. */
	return again_give_up(&again, ret, err);
}

int google_session_end(struct google_session *s, struct strbuf *err)
{
	struct google_call c = GOOGLE_CALL_INIT("DELETE", "");
	struct strbuf why = STRBUF_INIT;
	int ret, status;

	c.what = "withdraw the upload of";
	c.flags = HTTP_REPEATABLE;
	ret = call_session(s, &c, &why);
	status = c.answer.status;
	/* What is done is no session any more; services say so in many ways. */
	if (s->gone || status == 400 || status == 409 || status == 412)
		ret = 0;
	if (ret)
		fail(err, ret, "%s", why.buf);
	google_call_release(&c);
	strbuf_release(&why);
	return ret;
}
