/*
 * What lets us in at Google, from anywhere: files of credentials, of clients
 * and of logins, answers of token services, URLs of whom to trust. What is
 * taken can stand in a header field; no sentence holds a secret.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/http.h"
#include "lib/wrap/json.h"
#include "t/fuzz/fuzz.h"
#include "transport/google/google-internal.h"
#include "transport/google/google-login.h"

#define WHERE "'key.json'"

static void check_part(const char *text)
{
	for (; text && *text; text++)
		MUST(*text > ' ' && *text <= '~');
}

static void check_printable(const struct strbuf *text)
{
	size_t i;

	for (i = 0; i < text->len; i++)
		MUST((unsigned char)text->buf[i] >= ' ' &&
		     text->buf[i] != 0x7f);
}

/* A key signs nothing, or something; what is wrong with it is not repeated. */
static void check_sign(const struct google_place *p)
{
	const char *pem = value_text(value_map_get(p->json, "private_key"));
	struct strbuf raw = STRBUF_INIT, err = STRBUF_INIT;
	int ret = google_key_sign(p->json, WHERE, &raw, "x", 1, &err);

	MUST(!ret == !err.len && !ret == !!raw.len);
	MUST(!ret || ret == ERR_CONTENT);
	if (ret && pem && strlen(pem) > 40)
		MUST(!strstr(err.buf, pem));
	strbuf_release(&raw);
	strbuf_release(&err);
}

static void check_file(const struct strbuf *text)
{
	struct google_place p = GOOGLE_PLACE_INIT;
	struct strbuf err = STRBUF_INIT;
	struct google_search s;
	struct google_source source = { NULL };
	char *account;
	int ret = google_file_parse(&p, text, WHERE, &err);

	MUST(!ret == !err.len);
	MUST(!ret || ret == ERR_CONTENT);
	check_printable(&err);
	google_search_init(&s, &source);
	if (!ret) {
		MUST(p.kind != GOOGLE_NOBODY && p.kind != GOOGLE_METADATA);
		account = google_place_account(&s, &p);
		MUST(!account || *account);
		free(account);
		check_sign(&p);
	}
	google_search_release(&s);
	google_place_release(&p);
	strbuf_release(&err);
}

static void check_token(const struct value *json)
{
	struct google_token t = { NULL, 0 };
	struct strbuf err = STRBUF_INIT;
	int64_t now = (int64_t)time(NULL);
	int ret = google_token_read(&t, json, "it", &err);

	MUST(!ret == !err.len);
	MUST(!ret || ret == ERR_CONTENT);
	if (!ret) {
		MUST(t.text && *t.text);
		check_part(t.text);
		MUST(t.expires > now && t.expires <= now + 2 * 86400);
	} else {
		MUST(!t.text);
	}
	google_token_release(&t);
	strbuf_release(&err);
}

static void check_login(const struct value *json)
{
	struct google_client c = GOOGLE_CLIENT_INIT;
	struct google_login l = { NULL, NULL, NULL, NULL, GOOGLE_CLIENT_INIT };
	struct strbuf err = STRBUF_INIT;
	const char *token = value_text(value_map_get(json, "id_token"));
	char *account = google_id_account(token);

	check_part(account);
	free(account);
	if (!google_client_take(&c, json, WHERE, &err))
		MUST(c.id && c.secret && c.auth_uri && c.token_uri);
	check_printable(&err);
	strbuf_reset(&err);
	if (!google_login_take(&l, json, WHERE, &err))
		MUST(l.refresh_token && l.client.id && l.client.secret &&
		     l.client.token_uri && l.scope);
	check_printable(&err);
	google_client_release(&c);
	google_login_release(&l);
	strbuf_release(&err);
}

/* The first bytes are a secret that was sent, and is sent back. */
static void check_reason(const struct strbuf *text)
{
	char *sent = xmemdupz(text->buf, MINIMUM(text->len, 16));
	const char *const secret[] = { sent, NULL };
	struct http_answer a = HTTP_ANSWER_INIT;
	struct strbuf out = STRBUF_INIT;

	a.status = 400;
	strbuf_addbuf(&a.body, text);
	google_reason(&out, &a, secret);
	MUST(out.len && out.len < 2000);
	check_printable(&out);
	if (strlen(sent) == 16 && !strpbrk(sent, "[]"))
		MUST(!strstr(out.buf, sent));
	http_answer_release(&a);
	strbuf_release(&out);
	free(sent);
}

static bool ends_in(const char *host, size_t len, const char *end)
{
	size_t n = strlen(end);

	return len >= n && !strncasecmp(host + len - n, end, n) &&
	       (len == n || host[len - n - 1] == '.');
}

/* Whoever reads a URL that is trusted finds the host that we found. */
static void check_trust(const char *text)
{
	char *url = xstrfmt("https://%s", text);
	size_t len = strcspn(text, "/?#"), name = strcspn(text, ":/?#");

	if (!google_check_trusted(NULL, url, "it", NULL)) {
		MUST(!memchr(text, '@', len) && !memchr(text, '\\', len));
		MUST(ends_in(text, name, "googleapis.com") ||
		     (name == 19 && ends_in(text, name,
					    "accounts.google.com")));
	}
	free(url);
	MUST(google_check_trusted(NULL, text, "it", NULL) ||
	     !strncmp(text, "https://", 8));
}

static void check_folder(const char *text)
{
	struct strbuf id = STRBUF_INIT;
	const char *p;

	if (!gdrive_folder_id(&id, text, NULL)) {
		MUST(id.len && strstr(text, id.buf));
		for (p = id.buf; *p; p++)
			MUST(isalnum((unsigned char)*p) || *p == '-' ||
			     *p == '_');
	}
	strbuf_release(&id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct strbuf text = STRBUF_INIT;
	struct value *json = NULL;
	char *account;

	strbuf_add(&text, data, len);
	check_file(&text);
	check_reason(&text);
	check_trust(text.buf);
	check_folder(text.buf);
	account = google_iam_account(text.buf);
	MUST(!account || (*account && !strchr(account, '/')));
	free(account);
	if (!json_parse(&json, text.buf, text.len, "", NULL)) {
		check_token(json);
		check_login(json);
	}
	value_free(json);
	strbuf_release(&text);
	return 0;
}
