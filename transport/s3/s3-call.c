/*
 * One signed request. What the answer says is wrong is read by s3-error.c;
 * here it is mended where that can be done: the bucket is in another region,
 * our keys expired, our clock is wrong. Such a request was refused as a whole,
 * so it is sent once more whatever it is.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/trace.h"
#include "lib/wrap/digest.h"
#include "transport/s3/s3-error.h"
#include "transport/s3/s3-internal.h"
#include "transport/aws/sigv4.h"

/* Of no bytes. */
#define EMPTY_SHA256 \
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
/* From one region to the next; a circle must end. */
#define REGIONS_MAX 3

/* A call while it is made. */
struct sending {
	struct s3_store *store;
	struct s3_call *call;
	struct strbuf url;
	struct strbuf sha256;
	struct aws_keys keys;		/* the latest try is signed so */
	char *region;			/* likewise */
	unsigned regions;
	bool renewed, set_clock, asked;
};

void s3_call_release(struct s3_call *c)
{
	strvec_release(&c->query);
	strvec_release(&c->headers);
	http_answer_release(&c->answer);
}

/* ---- sending ------------------------------------------------------------ */

static bool has_md5(const struct s3_call *c)
{
	size_t i;

	for (i = 0; i < c->headers.nr; i++)
		if (!strncmp(c->headers.v[i], "Content-MD5:", 12))
			return true;
	return false;
}

/*
 * A Content-MD5 is signed as all fields are, and the service refuses a body
 * that has another one; over TLS nobody changes a body on its way. Neither is
 * hashed a second time, here and by the service.
 */
static int hash_payload(struct sending *x, struct strbuf *err)
{
	const struct s3_call *c = x->call;
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;
	int ret;

	if (c->sha256 || !c->body_len) {
		strbuf_addstr(&x->sha256, c->sha256 ? c->sha256 :
						      EMPTY_SHA256);
		return 0;
	}
	if (!strcmp(x->store->scheme, "https") || has_md5(c)) {
		strbuf_addstr(&x->sha256, SIGV4_UNSIGNED);
		return 0;
	}
	ret = digest_start(&d, err);
	if (ret)
		return ret;
	digest_add(d, c->body, c->body_len);
	digest_finish(&d, raw);
	digest_hex(&x->sha256, raw);
	return 0;
}

/* Each try has a signature of its own: it holds the time. */
static int sign(struct http_request *r, void *data, struct strbuf *err)
{
	struct sending *x = data;
	struct strbuf host = STRBUF_INIT, path = STRBUF_INIT;
	struct sigv4 s = { .service = "s3" };
	struct sigv4_request request = {
		.method = r->method, .query = &x->call->query,
		.headers = &x->call->headers, .payload = x->sha256.buf,
	};
	int ret;

	aws_keys_release(&x->keys);
	memset(&x->keys, 0, sizeof(x->keys));
	free(x->region);
	s.region = x->region = s3_region(x->store, &s.now);
	s3_address(x->store, s.region, x->call->key, &host, &path);
	strbuf_reset(&x->url);
	strbuf_addf(&x->url, "%s://%s%s", x->store->scheme, host.buf,
		    path.buf);
	if (x->call->query.nr) {
		strbuf_addch(&x->url, '?');
		sigv4_join_query(&x->url, &x->call->query);
	}
	strvec_clear(&r->headers);
	strvec_pushv(&r->headers, x->call->headers.v);
	request.host = host.buf;
	request.path = path.buf;
	ret = aws_credentials_get(x->store->credentials, &x->keys, err);
	if (!ret)
		ret = sigv4_headers(&r->headers, &s, &x->keys, &request, err);
	r->url = x->url.buf;
	strbuf_release(&host);
	strbuf_release(&path);
	return ret;
}

static int send_once(struct sending *x, struct strbuf *err)
{
	struct s3_call *c = x->call;
	struct http_request r = HTTP_REQUEST_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret;

	http_answer_release(&c->answer);
	c->answer = (struct http_answer)HTTP_ANSWER_INIT;
	r.method = c->method;
	r.flags = c->flags;
	if (!strcmp(c->method, "GET") || !strcmp(c->method, "HEAD"))
		r.flags |= HTTP_REPEATABLE;
	r.body = c->body;
	r.body_len = c->body_len;
	r.prepare = sign;
	r.prepare_data = x;
	r.head = c->head;
	r.write = c->write;
	r.data = c->data;
	/* Before the first signature there is no URL. */
	r.url = "";
	ret = http_do(x->store->http, &r, &c->answer, &why);
	if (ret && c->answer.own)
		fail(err, ret, "%s", why.buf);
	else if (ret)
		ret = s3_fail_call(x->store, c, ret, why.buf, err);
	http_request_release(&r);
	strbuf_release(&why);
	return ret;
}

/* ---- mending ------------------------------------------------------------ */

static bool follow_region(struct sending *x, const struct s3_error *e)
{
	struct s3_store *s = x->store;

	if (!e->region[0] || !strcmp(e->region, x->region) ||
	    x->regions == REGIONS_MAX)
		return false;
	x->regions++;
	trace_printf("s3: bucket '%s' is in region '%s', not in '%s'",
		     s->bucket, e->region, x->region);
	pthread_mutex_lock(&s->lock);
	free(s->region);
	s->region = xstrdup(e->region);
	pthread_mutex_unlock(&s->lock);
	return true;
}

static bool renew_keys(struct sending *x, const struct s3_error *e)
{
	if (!s3_error_is_expired(e) || x->renewed)
		return false;
	x->renewed = true;
	return aws_credentials_expired(x->store->credentials, &x->keys);
}

/* As the tools of AWS do it: the server's clock is the one that counts. */
static bool follow_clock(struct sending *x, const struct s3_error *e)
{
	struct s3_store *s = x->store;
	int64_t now, off;

	if (!s3_error_is_skew(e) || !e->date || x->set_clock)
		return false;
	x->set_clock = true;
	free(s3_region(s, &now));
	off = now - e->date;
	trace_printf("s3: the clock of the service is %" PRId64 " s ahead",
		     -off);
	notice("the clock of this machine is %" PRId64 " seconds %s that of "
	       "'%s', which is followed for now; set it", off < 0 ? -off : off,
	       off < 0 ? "behind" : "ahead of", s->base.url);
	pthread_mutex_lock(&s->lock);
	s->skew += e->date - now;
	pthread_mutex_unlock(&s->lock);
	return true;
}

static int refuse_bytes(void *data UNUSED, const void *buf UNUSED,
			size_t len UNUSED, struct strbuf *err)
{
	return fail(err, ERR_NO, "it can be read");
}

/*
 * The answer to HEAD has no body, so no reason: it is asked for by reading the
 * first byte. For a missing key that is done once, to tell it from a missing
 * bucket.
 */
static int ask_why(struct sending *x, struct strbuf *err)
{
	struct s3_call *c = x->call;
	struct s3_call get = S3_CALL_INIT("GET", c->key);
	int ret;

	get.what = "look at";
	get.write = refuse_bytes;
	strvec_push(&get.headers, "Range: bytes=0-0");
	ret = s3_call(x->store, &get, err);
	if (ret == ERR_NO || !ret)
		ret = 0;
	else
		memcpy(c->code, get.code, sizeof(c->code));
	s3_call_release(&get);
	return ret;
}

static bool has_no_reason(const struct sending *x)
{
	int status = x->call->answer.status;
	bool seen;

	if (strcmp(x->call->method, "HEAD") || !x->call->key || status < 300)
		return false;
	if (status != 404)
		return status == 400 || status == 401 || status == 403;
	pthread_mutex_lock(&x->store->lock);
	seen = x->store->seen;
	pthread_mutex_unlock(&x->store->lock);
	return !seen;
}

/* *again: it is mended. */
static int judge(struct sending *x, bool *again, struct strbuf *err)
{
	struct s3_call *c = x->call;
	struct s3_error e = S3_ERROR_INIT;
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	*again = false;
	s3_recognize(x->store, &c->answer);
	/* Some refusals repeat what was sent, the token of a session too. */
	aws_keys_take_out(&x->keys, &c->answer.body);
	if (!s3_error_read(&e, c))
		goto seen;
	memcpy(c->code, e.code, sizeof(c->code));
	*again = follow_region(x, &e) || follow_clock(x, &e) ||
		 renew_keys(x, &e);
	if (*again)
		goto cleanup;
	if (has_no_reason(x) && !x->asked) {
		x->asked = true;
		ret = ask_why(x, &why);
		/* What was wrong was mended while it was asked for. */
		*again = !ret;
	}
	if (*again)
		goto cleanup;
	if (ret)
		fail(err, ret, "%s", why.buf);
	else
		ret = s3_fail_answer(x->store, c, &e, x->keys.anonymous, err);
	if (ret != ERR_NOT_FOUND)
		goto cleanup;

seen:
	pthread_mutex_lock(&x->store->lock);
	x->store->seen = true;
	pthread_mutex_unlock(&x->store->lock);

cleanup:
	s3_error_release(&e);
	strbuf_release(&why);
	return ret;
}

int s3_call(struct s3_store *s, struct s3_call *c, struct strbuf *err)
{
	struct sending x = {
		.store = s, .call = c, .url = STRBUF_INIT,
		.sha256 = STRBUF_INIT, .keys = AWS_KEYS_INIT,
	};
	bool again = true;
	int ret;

	ret = hash_payload(&x, err);
	while (!ret && again) {
		ret = send_once(&x, err);
		if (!ret)
			ret = judge(&x, &again, err);
		else
			again = false;
	}
	aws_keys_release(&x.keys);
	free(x.region);
	strbuf_release(&x.sha256);
	strbuf_release(&x.url);
	return ret;
}
