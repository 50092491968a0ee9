/*
 * Files of credentials as Google's tools write them: JSON, told apart by
 * `type`.
 * Source: google.aip.dev/auth/4110.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

#define TYPE_SHOWN_MAX 64

static const struct {
	const char *type;
	enum google_kind kind;
} kinds[] = {
	{ "service_account", GOOGLE_SERVICE },
	{ "authorized_user", GOOGLE_USER },
	{ "external_account", GOOGLE_EXTERNAL },
	{ "impersonated_service_account", GOOGLE_IMPERSONATED }
};

int google_need(const char **out, const struct value *json, const char *key,
		const char *where, struct strbuf *err)
{
	const struct value *v = value_map_get(json, key);

	if (!v || v->type != VALUE_TEXT || !v->u.text.len ||
	    strlen(v->u.text.text) != v->u.text.len)
		return fail(err, ERR_CONTENT, "%s lacks '%s'; is it whole",
			    where, key);
	*out = v->u.text.text;
	return 0;
}

int google_need_user(struct google_user *out, const struct value *json,
		     const char *where, struct strbuf *err)
{
	int ret = google_need(&out->id, json, "client_id", where, err);

	if (!ret)
		ret = google_need(&out->secret, json, "client_secret", where,
				  err);
	if (!ret)
		ret = google_need(&out->refresh, json, "refresh_token", where,
				  err);
	return ret;
}

/* Files that people take for keys. */
static int explain_no_type(const struct value *json, const char *where,
			   struct strbuf *err)
{
	if (value_map_get(json, "installed") || value_map_get(json, "web"))
		return fail(err, ERR_CONTENT, "%s is the file of an OAuth "
			    "client, not of a key; who signs in as a person "
			    "gives it to 'resutil remote login --client'",
			    where);
	return fail(err, ERR_CONTENT, "%s has no 'type', so it is no key of "
		    "Google's; make a key of the service account, of type "
		    "JSON", where);
}

int google_file_kind(const struct value *json, const char *where,
		     enum google_kind *out, struct strbuf *err)
{
	const char *type = value_text(value_map_get(json, "type"));
	struct strbuf shown = STRBUF_INIT;
	size_t i;
	int ret;

	if (!type)
		return explain_no_type(json, where, err);
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(type, kinds[i].type)) {
			*out = kinds[i].kind;
			return 0;
		}
	quote_terminal(&shown, type, MINIMUM(strlen(type), TYPE_SHOWN_MAX));
	ret = fail(err, ERR_CONTENT, "%s is of the type '%s'; those that are "
		   "known are service_account, authorized_user, "
		   "external_account and impersonated_service_account", where,
		   shown.buf);
	strbuf_release(&shown);
	return ret;
}

/* The old form of keys: the tools of Google no longer make them. */
static bool looks_like_p12(const struct strbuf *text)
{
	return text->len > 4 && text->buf[0] == '\x30' &&
	       (unsigned char)text->buf[1] == 0x82;
}

int google_file_parse(struct google_place *out, const struct strbuf *text,
		      const char *where, struct strbuf *err)
{
	/* what a parser says of a text may show a piece of it */
	if (looks_like_p12(text))
		return fail(err, ERR_CONTENT, "%s is no key file: it is a key "
			    "of type P12; make one of type JSON", where);
	if (json_parse(&out->json, text->buf, text->len, "", NULL) ||
	    out->json->type != VALUE_MAP)
		return fail(err, ERR_CONTENT, "%s is no key file: it is not "
			    "JSON, or no object of it; was it cut off", where);
	return google_file_kind(out->json, where, &out->kind, err);
}

int google_file_read(struct google_place *out, const char *path,
		     struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT, why = STRBUF_INIT;
	char *where = xstrfmt("'%s'", path);
	int ret = secret_read_file(&text, path, GOOGLE_FILE_MAX, &why);

	if (ret == ERR_NOT_FOUND || ret == ERR_CONTENT)
		fail(err, ret, "%s", why.buf);
	else if (ret)
		ret = fail(err, ERR_CREDENTIALS, "%s", why.buf);
	else
		ret = google_file_parse(out, &text, where, err);
	if (ret)
		google_place_release(out);
	else
		out->path = xstrdup(path);
	secret_release(&text);
	strbuf_release(&why);
	free(where);
	return ret;
}

int google_file_token(struct google_search *s, enum google_kind kind,
		      const struct value *json, const char *where,
		      const char *scope, struct google_token *out,
		      struct strbuf *err)
{
	switch (kind) {
	case GOOGLE_SERVICE:
		return google_key_token(s, json, where, scope, out, err);
	case GOOGLE_USER:
		return google_user_token(s, json, where, out, err);
	case GOOGLE_EXTERNAL:
		return google_external_token(s, json, where, scope, out, err);
	case GOOGLE_IMPERSONATED:
		return google_impersonated_token(s, json, where, scope, out,
						 err);
	case GOOGLE_METADATA:
	case GOOGLE_NOBODY:
		break;
	}
	BUG("kind %d of credentials is no file", (int)kind);
}

int google_place_token(struct google_search *s, const struct google_place *p,
		       const char *scope, struct google_token *out,
		       struct strbuf *err)
{
	char *where;
	int ret;

	if (p->kind == GOOGLE_METADATA)
		return google_metadata_token(s, scope, out, err);
	where = xstrfmt("'%s'", p->path);
	ret = google_file_token(s, p->kind, p->json, where, scope, out, err);
	free(where);
	return ret;
}

char *google_place_account(struct google_search *s,
			   const struct google_place *p)
{
	const char *text = NULL;

	switch (p->kind) {
	case GOOGLE_SERVICE:
		text = value_text(value_map_get(p->json, "client_email"));
		break;
	case GOOGLE_USER:
		text = value_text(value_map_get(p->json, "account"));
		break;
	case GOOGLE_EXTERNAL:
	case GOOGLE_IMPERSONATED:
		text = value_text(value_map_get(p->json,
				  "service_account_impersonation_url"));
		return text ? google_iam_account(text) : NULL;
	case GOOGLE_METADATA:
		return google_metadata_account(s);
	case GOOGLE_NOBODY:
		break;
	}
	return text && *text ? xstrdup(text) : NULL;
}
