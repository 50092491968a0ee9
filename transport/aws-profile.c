/*
 * Keys in files of the form of ~/.aws/credentials: the one that a store names,
 * and the user's own, with what a profile there may refer to.
 */
#include "lib/base/compat.h"
#include "transport/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"

/* The two files of the user. */
struct profiles {
	struct aws_ini credentials, config;
	char *credentials_path, *config_path;	/* NULL: there is no HOME */
};

#define PROFILES_INIT { AWS_INI_INIT, AWS_INI_INIT, NULL, NULL }

static void profiles_release(struct profiles *p)
{
	aws_ini_release(&p->credentials);
	aws_ini_release(&p->config);
	free(p->credentials_path);
	free(p->config_path);
}

/* "~/x" is below HOME; others are as they are, or below `base`. */
static char *expand_path(const char *path, const char *base)
{
	const char *home = aws_env("HOME");
	struct strbuf out = STRBUF_INIT;

	if (!strncmp(path, "~/", 2) && home)
		path_absolute(&out, home, path + 2);
	else
		path_absolute(&out, base, path);
	return strbuf_detach(&out, NULL);
}

static char *file_of_user(const char *variable, const char *usual)
{
	const char *path = aws_env(variable);

	if (!path && !aws_env("HOME"))
		return NULL;
	return expand_path(path ? path : usual, NULL);
}

static int read_if_there(struct aws_ini *ini, const char *path,
			 struct strbuf *err)
{
	int ret = path ? aws_ini_read(ini, path, err) : ERR_NOT_FOUND;

	if (ret != ERR_NOT_FOUND)
		return ret;
	if (err)
		strbuf_reset(err);
	return 0;
}

static int profiles_read(struct profiles *p, struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret;

	p->credentials_path = file_of_user("AWS_SHARED_CREDENTIALS_FILE",
					   "~/.aws/credentials");
	p->config_path = file_of_user("AWS_CONFIG_FILE", "~/.aws/config");
	ret = read_if_there(&p->credentials, p->credentials_path, &why);
	if (!ret)
		ret = read_if_there(&p->config, p->config_path, &why);
	if (ret)
		fail(err, ret, "cannot read the user's AWS settings: %s",
		     why.buf);
	strbuf_release(&why);
	return ret;
}

/* In the config all but the default are "profile NAME". */
static char *config_section(const struct profiles *p, const char *profile)
{
	char *name = xstrfmt("profile %s", profile);

	if (strcmp(profile, "default") || aws_ini_has(&p->config, name))
		return name;
	free(name);
	return xstrdup("default");
}

/* A value of a profile in either file, without a comment behind it; NULL. */
static char *profile_get(const struct profiles *p, const char *profile,
			 const char *key)
{
	const char *value = aws_ini_get(&p->credentials, profile, key);
	char *section;

	if (!value) {
		section = config_section(p, profile);
		value = aws_ini_get(&p->config, section, key);
		free(section);
	}
	return value ? aws_ini_plain(value) : NULL;
}

char *aws_ini_plain(const char *value)
{
	const char *end = value + strlen(value), *p;

	for (p = value; p + 1 < end; p++)
		if ((*p == ' ' || *p == '\t') &&
		    (p[1] == '#' || p[1] == ';')) {
			end = p;
			break;
		}
	while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
		end--;
	return xmemdupz(value, (size_t)(end - value));
}

/* The keys that stand in a section as such; AWS_NOT_HERE without. */
static int static_keys(const struct aws_ini *ini, const char *path,
		       const char *section, struct aws_keys *out,
		       struct strbuf *err)
{
	static const char *const name[] = { "aws_access_key_id",
					    "aws_secret_access_key",
					    "aws_session_token" };
	char *part[ARRAY_SIZE(name)] = { NULL };
	char *where = xstrfmt("'%s', section '%s'", path, section);
	const char *value;
	size_t i;
	int ret = AWS_NOT_HERE;

	for (i = 0; i < ARRAY_SIZE(name); i++) {
		value = aws_ini_get(ini, section, name[i]);
		part[i] = value ? aws_ini_plain(value) : NULL;
	}
	if (part[0] && part[1])
		ret = aws_keys_set(out, part[0], part[1], part[2], where, err);
	else if (part[0] || part[1])
		ret = fail(err, ERR_CREDENTIALS,
			   "%s has an access key without the other half: '%s' "
			   "is not set", where, name[part[0] ? 1 : 0]);
	for (i = 0; i < ARRAY_SIZE(name); i++)
		aws_wipe_free(part[i]);
	free(where);
	return ret;
}

/* The section of a key file that nobody named: the default, or the only one. */
static const char *only_section(const struct aws_ini *ini)
{
	return !aws_ini_has(ini, "default") && ini->sections == 1 ?
	       ini->section[0] : "default";
}

int aws_from_key_file(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err)
{
	struct aws_ini ini = AWS_INI_INIT;
	struct strbuf why = STRBUF_INIT;
	const char *section;
	char *path;
	int ret;

	if (!s->source->key_file || !*s->source->key_file)
		return AWS_NOT_HERE;
	path = expand_path(s->source->key_file, s->source->base_dir);
	ret = aws_ini_read(&ini, path, &why);
	if (ret) {
		fail(err, ERR_CREDENTIALS, "cannot use the key file that "
		     "'key_file_path' names: %s", why.buf);
		ret = ret == ERR_CONTENT ? ret : ERR_CREDENTIALS;
		goto cleanup;
	}
	section = s->source->profile && *s->source->profile ?
		  s->source->profile : only_section(&ini);
	ret = static_keys(&ini, path, section, out, err);
	if (ret == AWS_NOT_HERE)
		ret = fail(err, ERR_CREDENTIALS,
			   "no keys in section '%s' of the key file '%s': it "
			   "has the form of ~/.aws/credentials", section, path);
	if (ret)
		goto cleanup;
	strbuf_addf(&s->origin, "section '%s' of '%s'", section, path);
	s->renewable = true;
	aws_warn_readable(s, path);

cleanup:
	strbuf_release(&why);
	aws_ini_release(&ini);
	free(path);
	return ret;
}

static int static_of(struct aws_search *s, const struct aws_ini *ini,
		     const char *path, const char *section,
		     struct aws_keys *out, struct strbuf *err)
{
	int ret = static_keys(ini, path, section, out, err);

	if (ret)
		return ret;
	strbuf_addf(&s->origin, "section '%s' of '%s'", section, path);
	s->renewable = true;
	aws_warn_readable(s, path);
	return 0;
}

/* Keys that a profile holds by itself. */
static int own_keys(struct aws_search *s, const struct profiles *p,
		    const char *name, struct aws_keys *out,
		    struct strbuf *err)
{
	char *section = config_section(p, name);
	int ret;

	ret = static_of(s, &p->credentials, p->credentials_path, name, out,
			err);
	if (ret == AWS_NOT_HERE)
		ret = static_of(s, &p->config, p->config_path, section, out,
				err);
	free(section);
	return ret;
}

int aws_from_profile(struct aws_search *s, const char *name, bool named,
		     struct aws_keys *out, struct strbuf *err)
{
	struct profiles p = PROFILES_INIT;
	int ret = profiles_read(&p, err);

	if (ret)
		goto cleanup;
	ret = own_keys(s, &p, name, out, err);
	if (ret != AWS_NOT_HERE)
		goto cleanup;
	if (!p.config_path)
		aws_looked(s, "HOME is not set");
	else
		aws_looked(s, "no profile '%s' with keys in '%s' or '%s'",
			   name, p.credentials_path, p.config_path);
	if (named)
		ret = fail(err, ERR_CREDENTIALS, "%s", s->looked.buf);

cleanup:
	profiles_release(&p);
	return ret;
}

int aws_profile_setting(const struct aws_source *s, const char *key,
			char **out, struct strbuf *err)
{
	struct profiles p = PROFILES_INIT;
	char *name = NULL;
	bool named;
	int ret = aws_profile_name(s, &name, &named, err);

	*out = NULL;
	if (!ret)
		ret = profiles_read(&p, err);
	if (!ret)
		*out = profile_get(&p, name, key);
	profiles_release(&p);
	free(name);
	return ret;
}

int aws_profile_endpoint(const struct aws_source *s, char **out,
			 struct strbuf *err)
{
	return aws_profile_setting(s, "endpoint_url", out, err);
}
