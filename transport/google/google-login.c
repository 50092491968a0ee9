/*
 * Logins: tokens of a person, which are changed for others until that person
 * takes them back. gcloud's file has the same form.
 * Source: resutilformat-login(5); RFC 6749, 6.
 */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/wrap/digest.h"

int google_login_path(struct strbuf *path, const char *store,
		      struct strbuf *err)
{
	size_t before = path->len;
	int ret = path_xdg(path, "XDG_CONFIG_HOME", ".config", err);

	if (ret)
		return ret;
	strbuf_addstr(path, "/logins/");
	/* the URL says it in the file; as a name it may be too long, or hold
	 * what no name holds */
	ret = digest_memory(path, store, strlen(store), err);
	if (ret)
		strbuf_setlen(path, before);
	else
		strbuf_addstr(path, ".json");
	return ret;
}

/* Whose it is: a file of ours says so, gcloud's does not. */
static char *name_of(const struct value *json, const char *where)
{
	const char *account = value_text(value_map_get(json, "account"));
	struct strbuf text = STRBUF_INIT;

	if (account && *account) {
		strbuf_addstr(&text, "the login of '");
		quote_terminal(&text, account, MINIMUM(strlen(account), 256));
		strbuf_addch(&text, '\'');
	} else {
		strbuf_addf(&text, "the login in %s", where);
	}
	return strbuf_detach(&text, NULL);
}

static int check_version(const struct value *json, const char *where,
			 struct strbuf *err)
{
	int64_t version;

	if (!value_map_get(json, "resutil") ||
	    (value_get_int(json, "resutil", &version) && version == 1))
		return 0;
	return fail(err, ERR_CONTENT, "%s was written by a later version of "
		    "resutil; log in again with this one, or install that",
		    where);
}

int google_user_token(struct google_search *s, const struct value *json,
		      const char *where, struct google_token *out,
		      struct strbuf *err)
{
	bool ours = value_map_get(json, "resutil") != NULL;
	struct google_grant g = GOOGLE_GRANT_INIT;
	struct google_user user;
	const char *uri;
	char *what = xstrfmt("the token_uri in %s", where);
	char *who = name_of(json, where);
	int ret = check_version(json, where, err);

	if (!ret)
		ret = google_need_user(&user, json, where, err);
	if (ret)
		goto cleanup;
	uri = value_text(value_map_get(json, "token_uri"));
	g.url = uri && *uri ? uri : GOOGLE_TOKEN_URI;
	g.what = what;
	g.who = who;
	g.way_out = ours ? "log in again with 'resutil remote login'" :
		    "log in again with 'gcloud auth application-default login'";
	google_form_add(&g.form, "grant_type", "refresh_token");
	google_form_add(&g.form, "client_id", user.id);
	google_form_add(&g.form, "client_secret", user.secret);
	google_form_add(&g.form, "refresh_token", user.refresh);
	g.secret[0] = user.refresh;
	g.secret[1] = user.secret;
	ret = google_grant_token(s, &g, out, err);

cleanup:
	google_grant_release(&g);
	free(what);
	free(who);
	return ret;
}
