/*
 * Asking a token service, and what its answers mean. Clocks that are wrong are
 * found out here: a claim that is signed holds a time.
 * Source: RFC 6749, 5.1, 5.2; RFC 8693, 2.2.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/again.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/trace.h"
#include "lib/base/value.h"
#include "lib/wrap/base64.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"

#define REASON_MAX 300
#define WORD_MAX 64
/* A clock that is off by less is not why a claim is refused. */
#define SKEW_MIN 60
#define LIFE_DEFAULT 3600
#define LIFE_MAX (24 * 60 * 60)

void google_token_release(struct google_token *t)
{
	secret_free(t->text);
	t->text = NULL;
	t->expires = 0;
}

void google_grant_release(struct google_grant *g)
{
	secret_release(&g->form);
}

void google_form_add(struct strbuf *form, const char *name, const char *value)
{
	if (!value)
		return;
	strbuf_grow(form, strlen(name) + 3 * strlen(value) + 2);
	if (form->len)
		strbuf_addch(form, '&');
	strbuf_addf(form, "%s=", name);
	http_escape(form, value, strlen(value), false);
}

void google_base64url(struct strbuf *out, const void *data, size_t len)
{
	size_t i = out->len;

	base64_encode(out, data, len);
	for (; i < out->len; i++) {
		if (out->buf[i] == '+')
			out->buf[i] = '-';
		else if (out->buf[i] == '/')
			out->buf[i] = '_';
		else if (out->buf[i] == '=')
			break;
	}
	strbuf_setlen(out, i);
}

bool google_is_token(const char *text)
{
	const char *p;

	for (p = text; *p; p++)
		if (*p <= ' ' || *p > '~')
			return false;
	return p > text && (size_t)(p - text) <= GOOGLE_TOKEN_MAX;
}

/* ---- what is wrong ------------------------------------------------------ */

/* An answer that is no success. */
struct refusal {
	struct value *json;	/* NULL: it is none */
	char *word;		/* "invalid_grant"; or NULL */
	char *text;		/* in words; or NULL */
};

/* Some services repeat what they were sent. It is looked for in what was
 * decoded: JSON has many ways to write a text. */
static char *without(const char *text, const char *const *secret, size_t nr)
{
	struct strbuf copy = STRBUF_INIT;
	size_t i;

	if (!text || !*text)
		return NULL;
	strbuf_addstr(&copy, text);
	for (i = 0; i < nr; i++)
		secret_take_out(&copy, secret[i]);
	/* the way out follows */
	for (i = copy.len; i && copy.buf[i - 1] == '.'; i--)
		;
	strbuf_setlen(&copy, i);
	if (!copy.len) {
		strbuf_release(&copy);
		return NULL;
	}
	return strbuf_detach(&copy, NULL);
}

static void read_refusal(struct refusal *r, const struct strbuf *body,
			 const char *const *secret, size_t nr)
{
	const struct value *map, *word, *text;

	memset(r, 0, sizeof(*r));
	if (json_parse(&r->json, body->buf, body->len, "", NULL))
		r->json = NULL;
	map = value_map_get(r->json, "error");
	if (map && map->type == VALUE_MAP) {
		/* as the APIs say it */
		word = value_map_get(map, "status");
		text = value_map_get(map, "message");
	} else {
		word = map;
		text = value_map_get(r->json, "error_description");
	}
	r->word = without(value_text(word), secret, nr);
	r->text = without(value_text(text), secret, nr);
}

static void refusal_release(struct refusal *r)
{
	secret_free_value(r->json);
	free(r->word);
	free(r->text);
}

static void add_quoted(struct strbuf *out, const char *text, size_t max)
{
	quote_terminal(out, text, MINIMUM(strlen(text), max));
}

static void add_refusal(struct strbuf *out, const struct refusal *r,
			int status)
{
	if (r->text)
		add_quoted(out, r->text, REASON_MAX);
	else if (!r->word)
		strbuf_addf(out, "status %d", status);
	if (!r->word)
		return;
	if (r->text)
		strbuf_addstr(out, " (");
	add_quoted(out, r->word, WORD_MAX);
	if (r->text)
		strbuf_addch(out, ')');
}

void google_reason(struct strbuf *out, const struct http_answer *a,
		   const char *const *secret)
{
	struct refusal r;
	size_t nr = 0;

	while (secret && secret[nr])
		nr++;
	read_refusal(&r, &a->body, secret, nr);
	add_refusal(out, &r, a->status);
	refusal_release(&r);
}

static bool is_any(const char *word, const char *const *words)
{
	for (; word && *words; words++)
		if (!strcmp(word, *words))
			return true;
	return false;
}

/* Worth another try, whatever the status is. */
static bool is_passing(const struct refusal *r, int status)
{
	static const char *const words[] = {
		"internal_failure", "server_error", "temporarily_unavailable",
		NULL
	};

	return status == 429 || status >= 500 || is_any(r->word, words);
}

/* What was there to be changed for a token does not count any more. */
static bool is_over(const struct refusal *r)
{
	static const char *const words[] = {
		"invalid_grant", "invalid_client", "unauthorized_client",
		"deleted_client", "disabled_client", "NOT_FOUND",
		"invalid_rapt", NULL
	};

	return is_any(r->word, words);
}

/* How far the service's clock is ahead of ours; 0: not known. */
static int64_t clock_off(const struct google_search *s,
			 const struct http_answer *a)
{
	const char *date = http_field(a, "date");
	int64_t sec;

	if (!date || !http_date(&sec, date))
		return 0;
	return sec - ((int64_t)time(NULL) + s->skew);
}

static int refused(struct google_search *s, const struct google_grant *g,
		   const struct http_answer *a, const struct refusal *r,
		   struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int64_t off = clock_off(s, a);
	int code = ERR_CREDENTIALS;

	add_refusal(&why, r, a->status);
	if (is_passing(r, a->status))
		code = g->once || a->gave_up ? ERR_UNREACHABLE : ERR_TRANSIENT;
	else if (off > SKEW_MIN || off < -SKEW_MIN)
		strbuf_addf(&why, "; the clock of this machine is %" PRId64
			    " seconds %s: set it", off < 0 ? -off : off,
			    off < 0 ? "ahead" : "behind");
	else if (a->status >= 300 && a->status < 400)
		strbuf_addf(&why, ", which is a redirection; is %s right",
			    g->what);
	else if (is_over(r) && g->way_out)
		strbuf_addf(&why, "; %s", g->way_out);
	fail(err, code, "no token for %s: %s", g->who, why.buf);
	strbuf_release(&why);
	return code;
}

/* ---- asking ------------------------------------------------------------- */

static int post(struct google_search *s, const struct google_grant *g,
		struct http_answer *a, struct strbuf *err)
{
	struct http_request r = HTTP_REQUEST_INIT;
	struct strbuf field = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	r.method = "POST";
	r.url = g->url;
	r.body = g->form.buf;
	r.body_len = g->form.len;
	/* one token more does no harm */
	r.flags = HTTP_SECRET_ANSWER | (g->once ? 0 : HTTP_REPEATABLE);
	strvec_push(&r.headers, GOOGLE_FORM);
	strvec_push(&r.headers, "Accept: application/json");
	if (g->authorization) {
		strbuf_grow(&field, strlen(g->authorization) + 20);
		strbuf_addf(&field, "Authorization: %s", g->authorization);
		strvec_push(&r.headers, field.buf);
	}
	ret = http_do(s->source->http, &r, a, &why);
	if (ret == ERR_TRANSIENT && g->once)
		ret = ERR_UNREACHABLE;
	if (ret)
		fail(err, ret, "no token for %s: %s", g->who, why.buf);
	else if (a->body.len > GOOGLE_ANSWER_MAX)
		ret = fail(err, ERR_CONTENT, "%s answers more than %u bytes",
			   g->what, GOOGLE_ANSWER_MAX);
	http_request_release(&r);
	secret_release(&field);
	strbuf_release(&why);
	return ret;
}

static int ask_once(struct google_search *s, const struct google_grant *g,
		    struct value **out, int64_t *off, struct strbuf *err)
{
	struct http_answer a = HTTP_ANSWER_INIT;
	struct refusal r = { NULL, NULL, NULL };
	int ret = post(s, g, &a, err);

	if (ret)
		goto cleanup;
	read_refusal(&r, &a.body, g->secret, ARRAY_SIZE(g->secret));
	if (a.status != 200) {
		ret = refused(s, g, &a, &r, err);
		if (ret == ERR_CREDENTIALS)
			*off = clock_off(s, &a);
	} else if (!r.json || r.json->type != VALUE_MAP) {
		/* of a network that wants to be logged in to */
		ret = fail(err, ERR_UNREACHABLE, "no token for %s: what "
			   "answers at '%s' is no token service (it sent no "
			   "JSON)", g->who, g->url);
	} else {
		*out = r.json;
		r.json = NULL;
	}

cleanup:
	refusal_release(&r);
	secret_reset(&a.body);
	http_answer_release(&a);
	return ret;
}

/* The service's clock is the one that counts. */
static bool follow_clock(struct google_search *s, const struct google_grant *g,
			 int64_t off)
{
	if (!g->again || s->skew || (off <= SKEW_MIN && off >= -SKEW_MIN))
		return false;
	trace_printf("google: the clock of the service is %" PRId64
		     " s ahead", off);
	s->skew = off;
	return true;
}

/* Only when that was it is there something to be told. */
static void tell_clock(const struct google_search *s)
{
	notice("the clock of this machine is %" PRId64 " seconds %s that of "
	       "Google's token service, which is followed for now; set it",
	       s->skew < 0 ? -s->skew : s->skew,
	       s->skew < 0 ? "ahead of" : "behind");
}

/* Once more, with a claim of the service's time. */
static int ask_by_clock(struct google_search *s, struct google_grant *g,
			struct value **out, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int64_t off;
	int ret = g->again(s, g, &why);

	if (!ret)
		ret = ask_once(s, g, out, &off, &why);
	if (!ret) {
		tell_clock(s);
	} else {
		/* it was not that, or not that alone */
		s->skew = 0;
		strbuf_reset(err);
		strbuf_addbuf(err, &why);
	}
	strbuf_release(&why);
	return ret;
}

int google_grant_ask(struct google_search *s, struct google_grant *g,
		     struct value **out, struct strbuf *err)
{
	struct again again;
	int64_t off = 0;
	int ret = google_check_trusted(s->source->trusted, g->url, g->what,
				       err);

	if (ret)
		return ret;
	again_init(&again, s->source->patience);
	do {
		ret = ask_once(s, g, out, &off, &again.why);
	} while (again_wait(&again, ret));
	if (ret == ERR_CREDENTIALS && follow_clock(s, g, off))
		ret = ask_by_clock(s, g, out, &again.why);
	return again_end(&again, ret, err);
}

int google_token_read(struct google_token *out, const struct value *json,
		      const char *who, struct strbuf *err)
{
	const char *text = value_text(value_map_get(json, "access_token"));
	const char *type = value_text(value_map_get(json, "token_type"));
	const struct value *v = value_map_get(json, "expires_in");
	int64_t life = LIFE_DEFAULT;

	if (!text || !google_is_token(text))
		return fail(err, ERR_CONTENT, "the answer to a request of a "
			    "token for %s has none", who);
	if (type && strcasecmp(type, "Bearer"))
		return fail(err, ERR_CONTENT, "the token for %s is of a kind "
			    "that is not known", who);
	if (v && v->type == VALUE_INT)
		life = v->u.number;
	else if (v && value_text(v))
		life = strtol(value_text(v), NULL, 10);
	if (life <= 0)
		return fail(err, ERR_CONTENT, "the token for %s has expired "
			    "already", who);
	google_token_release(out);
	out->text = xstrdup(text);
	out->expires = (int64_t)time(NULL) + MINIMUM(life, LIFE_MAX);
	return 0;
}

int google_grant_token(struct google_search *s, struct google_grant *g,
		       struct google_token *out, struct strbuf *err)
{
	struct value *json = NULL;
	int ret = google_grant_ask(s, g, &json, err);

	if (!ret)
		ret = google_token_read(out, json, g->who, err);
	secret_free_value(json);
	return ret;
}
