#include "lib/base/compat.h"
#include "transport/aws/sigv4.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/digest-hmac.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/http.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define STAMP_LEN 16	/* 20130524T000000Z */
#define DAY_LEN 8

/* What a request is signed with, beside the keys. */
struct signing {
	const struct sigv4 *s;
	char stamp[STAMP_LEN + 1];
	struct strbuf scope;	/* 20130524/us-east-1/s3/aws4_request */
};

static int signing_init(struct signing *g, const struct sigv4 *s,
			struct strbuf *err)
{
	time_t now = (time_t)s->now;
	struct tm tm;

	g->s = s;
	strbuf_init(&g->scope);
	/* four digits of a year are all that it has room for */
	if (!gmtime_r(&now, &tm) || tm.tm_year < 70 || tm.tm_year > 9999 - 1900)
		return fail(err, ERR_FAILED,
			    "cannot sign a request at second %" PRId64
			    " of 1970: set the clock", s->now);
	strftime(g->stamp, sizeof(g->stamp), "%Y%m%dT%H%M%SZ", &tm);
	strbuf_addf(&g->scope, "%.*s/%s/%s/aws4_request", DAY_LEN, g->stamp,
		    s->region, s->service);
	return 0;
}

static void signing_release(struct signing *g)
{
	strbuf_release(&g->scope);
}

/*
 * Escaped pairs are sorted as they are escaped, by name and then by value: not
 * as "name=value", for '=' is behind '-', '.' and the digits.
 */
static int compare_pairs(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t m = strcspn(x, "="), n = strcspn(y, "=");
	int order = memcmp(x, y, MINIMUM(m, n));

	if (order)
		return order;
	if (m != n)
		return m < n ? -1 : 1;
	return strcmp(x + m, y + n);
}

void sigv4_join_query(struct strbuf *out, const struct strvec *query)
{
	struct strvec pairs = STRVEC_INIT;
	struct strbuf pair = STRBUF_INIT;
	const char *text;
	size_t i, name;

	for (i = 0; query && i < query->nr; i++) {
		text = query->v[i];
		name = strcspn(text, "=");
		strbuf_reset(&pair);
		http_escape(&pair, text, name, false);
		strbuf_addch(&pair, '=');
		if (text[name])
			http_escape(&pair, text + name + 1,
				    strlen(text + name + 1), false);
		strvec_push(&pairs, pair.buf);
	}
	if (pairs.nr)
		qsort(pairs.v, pairs.nr, sizeof(*pairs.v), compare_pairs);
	for (i = 0; i < pairs.nr; i++) {
		if (i)
			strbuf_addch(out, '&');
		strbuf_addstr(out, pairs.v[i]);
	}
	strbuf_release(&pair);
	strvec_release(&pairs);
}

/* "Name: value" as it is signed: the name in lower case, no blanks around the
 * value, one where there were several. */
static char *canonical_header(const char *header)
{
	struct strbuf out = STRBUF_INIT;
	const char *p = header;
	bool blank = false;

	for (; *p && *p != ':'; p++)
		strbuf_addch(&out, tolower((unsigned char)*p));
	strbuf_addch(&out, ':');
	if (*p)
		p++;
	while (*p == ' ' || *p == '\t')
		p++;
	for (; *p; p++) {
		if (*p == ' ' || *p == '\t') {
			blank = true;
			continue;
		}
		if (blank)
			strbuf_addch(&out, ' ');
		blank = false;
		strbuf_addch(&out, *p);
	}
	return strbuf_detach(&out, NULL);
}

static int compare_headers(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t m = strcspn(x, ":"), n = strcspn(y, ":");
	int order = memcmp(x, y, MINIMUM(m, n));

	return order ? order : m < n ? -1 : m > n;
}

static void add_canonical(struct strvec *list, const char *header)
{
	char *text = canonical_header(header);

	strvec_push(list, text);
	free(text);
}

/*
 * The fields of the request and those of `more`, sorted, and their names. The
 * same name twice is one field whose values are joined; nobody here sends one.
 */
static void canonical_headers(const struct sigv4_request *r,
			      const struct strvec *more, struct strbuf *out,
			      struct strbuf *names)
{
	struct strvec list = STRVEC_INIT;
	size_t i;
	char *host = xstrfmt("host:%s", r->host);

	add_canonical(&list, host);
	free(host);
	for (i = 0; r->headers && i < r->headers->nr; i++)
		add_canonical(&list, r->headers->v[i]);
	for (i = 0; more && i < more->nr; i++)
		add_canonical(&list, more->v[i]);

	qsort(list.v, list.nr, sizeof(*list.v), compare_headers);
	for (i = 0; i < list.nr; i++) {
		strbuf_addf(out, "%s\n", list.v[i]);
		if (names->len)
			strbuf_addch(names, ';');
		strbuf_add(names, list.v[i], strcspn(list.v[i], ":"));
	}
	strvec_release(&list);
}

/* The key of a day, a region and a service: `key` gets DIGEST_RAWSZ bytes. */
static int derive_key(unsigned char *key, const struct signing *g,
		      const char *secret, struct strbuf *err)
{
	const char *const step[] = { g->s->region, g->s->service,
				     "aws4_request" };
	size_t len = strlen("AWS4") + strlen(secret), i;
	char *first = xstrfmt("AWS4%s", secret);
	int ret;

	ret = hmac_sha256(key, first, len, g->stamp, DAY_LEN, err);
	explicit_bzero(first, len);
	free(first);
	for (i = 0; !ret && i < ARRAY_SIZE(step); i++)
		ret = hmac_sha256(key, key, DIGEST_RAWSZ, step[i],
				  strlen(step[i]), err);
	return ret;
}

/* Adds the signature, in hex, of what `canonical` is the canonical request
 * of. */
static int sign(struct strbuf *out, const struct signing *g,
		const struct aws_keys *k, const struct strbuf *canonical,
		struct strbuf *err)
{
	unsigned char key[DIGEST_RAWSZ], raw[DIGEST_RAWSZ];
	struct strbuf text = STRBUF_INIT;
	int ret;

	strbuf_addf(&text, ALGORITHM "\n%s\n%s\n", g->stamp, g->scope.buf);
	ret = digest_memory(&text, canonical->buf, canonical->len, err);
	if (!ret)
		ret = derive_key(key, g, k->secret, err);
	if (!ret)
		ret = hmac_sha256(raw, key, sizeof(key), text.buf, text.len,
				  err);
	if (!ret)
		digest_hex(out, raw);
	explicit_bzero(key, sizeof(key));
	strbuf_release(&text);
	return ret;
}

static void canonical_request(struct strbuf *out,
			      const struct sigv4_request *r, const char *query,
			      const struct strbuf *headers,
			      const struct strbuf *names)
{
	strbuf_addf(out, "%s\n%s\n%s\n%s\n%s\n%s", r->method, r->path, query,
		    headers->buf, names->buf, r->payload);
}

/* A token is of use to whoever has it: not left in memory that is freed. */
static void wipe_release(struct strbuf *sb)
{
	if (sb->alloc)
		explicit_bzero(sb->buf, sb->alloc);
	strbuf_release(sb);
}

static void wipe_list(struct strvec *list)
{
	size_t i;

	for (i = 0; i < list->nr; i++)
		explicit_bzero((char *)list->v[i], strlen(list->v[i]));
	strvec_release(list);
}

int sigv4_headers(struct strvec *out, const struct sigv4 *s,
		  const struct aws_keys *k, const struct sigv4_request *r,
		  struct strbuf *err)
{
	struct strvec more = STRVEC_INIT;
	struct strbuf query = STRBUF_INIT, canonical = STRBUF_INIT,
		      headers = STRBUF_INIT, names = STRBUF_INIT,
		      signature = STRBUF_INIT;
	struct signing g;
	size_t i;
	int ret = 0;

	if (k->anonymous)
		return 0;
	ret = signing_init(&g, s, err);
	if (ret)
		goto cleanup;
	strvec_pushf(&more, "x-amz-date: %s", g.stamp);
	strvec_pushf(&more, "x-amz-content-sha256: %s", r->payload);
	if (k->token)
		strvec_pushf(&more, "x-amz-security-token: %s", k->token);
	sigv4_join_query(&query, r->query);
	canonical_headers(r, &more, &headers, &names);
	canonical_request(&canonical, r, query.buf, &headers, &names);
	ret = sign(&signature, &g, k, &canonical, err);
	if (ret)
		goto cleanup;

	for (i = 0; i < more.nr; i++)
		strvec_push(out, more.v[i]);
	strvec_pushf(out, "Authorization: " ALGORITHM " Credential=%s/%s, "
		     "SignedHeaders=%s, Signature=%s", k->id, g.scope.buf,
		     names.buf, signature.buf);

cleanup:
	signing_release(&g);
	strbuf_release(&signature);
	strbuf_release(&names);
	wipe_release(&headers);
	wipe_release(&canonical);
	strbuf_release(&query);
	wipe_list(&more);
	return ret;
}

static void add_presign_query(struct strvec *query, const struct signing *g,
			      const struct aws_keys *k, unsigned seconds,
			      const char *names)
{
	strvec_push(query, "X-Amz-Algorithm=" ALGORITHM);
	strvec_pushf(query, "X-Amz-Credential=%s/%s", k->id, g->scope.buf);
	strvec_pushf(query, "X-Amz-Date=%s", g->stamp);
	strvec_pushf(query, "X-Amz-Expires=%u", seconds);
	if (k->token)
		strvec_pushf(query, "X-Amz-Security-Token=%s", k->token);
	strvec_pushf(query, "X-Amz-SignedHeaders=%s", names);
}

int sigv4_query(struct strbuf *out, const struct sigv4 *s,
		const struct aws_keys *k, const struct sigv4_request *r,
		unsigned seconds, struct strbuf *err)
{
	struct strvec query = STRVEC_INIT;
	struct strbuf joined = STRBUF_INIT, canonical = STRBUF_INIT,
		      headers = STRBUF_INIT, names = STRBUF_INIT,
		      signature = STRBUF_INIT;
	struct signing g;
	int ret;

	if (k->anonymous)
		return fail(err, ERR_CREDENTIALS,
			    "cannot sign a URL without credentials: the store "
			    "is used anonymously");
	if (!seconds || seconds > SIGV4_EXPIRES_MAX)
		return fail(err, ERR_USAGE,
			    "a URL cannot hold for %u seconds: 1 to %u "
			    "(a week)", seconds, SIGV4_EXPIRES_MAX);
	ret = signing_init(&g, s, err);
	if (ret)
		goto cleanup;
	canonical_headers(r, NULL, &headers, &names);
	if (r->query)
		strvec_pushv(&query, r->query->v);
	add_presign_query(&query, &g, k, seconds, names.buf);
	sigv4_join_query(&joined, &query);
	canonical_request(&canonical, r, joined.buf, &headers, &names);
	ret = sign(&signature, &g, k, &canonical, err);
	if (ret)
		goto cleanup;
	/* it stands behind what it signs, wherever it would sort */
	strbuf_addf(out, "%s&X-Amz-Signature=%s", joined.buf, signature.buf);

cleanup:
	signing_release(&g);
	strbuf_release(&signature);
	strbuf_release(&names);
	strbuf_release(&headers);
	wipe_release(&canonical);
	wipe_release(&joined);
	wipe_list(&query);
	return ret;
}
