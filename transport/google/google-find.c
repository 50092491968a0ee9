/* Where credentials are looked for, in which order. */
#include "lib/base/compat.h"
#include "transport/google/google-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "transport/credentials.h"

void google_search_init(struct google_search *s,
			const struct google_source *source)
{
	memset(s, 0, sizeof(*s));
	s->source = source;
	strbuf_init(&s->looked);
	strbuf_init(&s->warning);
}

void google_search_release(struct google_search *s)
{
	strbuf_release(&s->looked);
	strbuf_release(&s->warning);
}

void google_place_release(struct google_place *p)
{
	static const struct google_place none = GOOGLE_PLACE_INIT;

	secret_free_value(p->json);
	free(p->path);
	free(p->origin);
	*p = none;
}

void google_looked(struct google_search *s, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	credentials_looked(&s->looked, fmt, ap);
	va_end(ap);
}

const char *google_env(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* "~/x" and relative paths; what is absolute stays. */
static void find_path(struct strbuf *out, const char *base, const char *path)
{
	const char *home = getenv("HOME");

	if (!strncmp(path, "~/", 2) && home && *home == '/')
		path_absolute(out, home, path + 2);
	else
		path_absolute(out, base, path);
}

static int read_place(struct google_search *s, struct google_place *out,
		      const char *path, const char *what, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = google_file_read(out, path, &why);

	/* a link that leads nowhere: the caller says what is missing */
	if (ret && ret != ERR_NOT_FOUND)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&why);
	if (ret)
		return ret;
	out->origin = xstrfmt("%s '%s'", what, path);
	credentials_check_mode(&s->warning, "the key", path);
	return 0;
}

/*
 * Each: 0, ERR_NOT_FOUND with what was looked at noted, or an error.
 */

static int from_login(struct google_search *s, struct google_place *out,
		      struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = ERR_NOT_FOUND;

	/* no HOME, no logins */
	if (!s->source->store ||
	    google_login_path(&path, s->source->store, NULL))
		goto cleanup;
	if (path_exists(path.buf)) {
		ret = read_place(s, out, path.buf, "the login in", err);
		out->login = !ret;
	} else {
		google_looked(s, "no 'resutil remote login' for this store");
	}

cleanup:
	strbuf_release(&path);
	return ret;
}

static int from_variable(struct google_search *s, struct google_place *out,
			 struct strbuf *err)
{
	static const char name[] = "GOOGLE_APPLICATION_CREDENTIALS";
	const char *value = google_env(name);
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	int ret;

	if (!value) {
		google_looked(s, "%s is not set", name);
		return ERR_NOT_FOUND;
	}
	path_absolute(&path, NULL, value);
	ret = read_place(s, out, path.buf,
			 "GOOGLE_APPLICATION_CREDENTIALS, the file", &why);
	/* who sets it does not mean another place */
	if (ret == ERR_NOT_FOUND)
		ret = fail(err, ERR_CREDENTIALS, "%s names '%s', which is not "
			   "there; set it to a file of credentials, or unset "
			   "it", name, path.buf);
	else if (ret)
		fail(err, ret, "%s", why.buf);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

/* What a conf names is meant: only who says something else on purpose (a
 * login, the variable) is heard instead when it is missing. */
static int from_key_file(struct google_search *s, struct google_place *out,
			 struct strbuf *err)
{
	const char *name = s->source->key_file;
	struct strbuf path = STRBUF_INIT;
	int ret;

	if (!name || !*name) {
		google_looked(s, "no key_file_path in storage_config");
		return ERR_NOT_FOUND;
	}
	find_path(&path, s->source->base_dir, name);
	ret = path_exists(path.buf) ?
	      read_place(s, out, path.buf, "the key file", err) :
	      ERR_NOT_FOUND;
	if (ret != ERR_NOT_FOUND)
		goto cleanup;
	google_looked(s, "no key file '%s'", path.buf);
	if (!google_env("GOOGLE_APPLICATION_CREDENTIALS"))
		ret = fail(err, ERR_CREDENTIALS, "there is no key file '%s' "
			   "(key_file_path); put it there (whoever made the "
			   "store has it), set GOOGLE_APPLICATION_CREDENTIALS "
			   "to where it is, or use 'resutil remote login'",
			   path.buf);

cleanup:
	strbuf_release(&path);
	return ret;
}

/* The file of `gcloud auth application-default login`. */
static int from_gcloud(struct google_search *s, struct google_place *out,
		       struct strbuf *err)
{
	const char *dir = google_env("CLOUDSDK_CONFIG");
	const char *home = google_env("HOME");
	struct strbuf path = STRBUF_INIT;
	int ret = ERR_NOT_FOUND;

	if (dir)
		path_absolute(&path, NULL, dir);
	else if (home && *home == '/')
		path_absolute(&path, home, ".config/gcloud");
	else
		return ERR_NOT_FOUND;
	strbuf_addstr(&path, "/application_default_credentials.json");
	if (path_exists(path.buf))
		ret = read_place(s, out, path.buf, "gcloud's file", err);
	else
		google_looked(s, "no '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}

int google_find(struct google_search *s, struct google_place *out,
		struct strbuf *err)
{
	static int (*const places[])(struct google_search *s,
				     struct google_place *out,
				     struct strbuf *err) = {
		from_login, from_key_file, from_variable, from_gcloud
	};
	size_t i;
	int ret;

	if (s->source->anonymous) {
		out->kind = GOOGLE_NOBODY;
		out->origin = xstrdup("nobody (anonymous)");
		return 0;
	}
	for (i = 0; i < ARRAY_SIZE(places); i++) {
		ret = places[i](s, out, err);
		if (ret != ERR_NOT_FOUND)
			return ret;
	}
	out->kind = GOOGLE_METADATA;
	out->origin = xstrdup("the metadata server of this machine");
	return 0;
}
