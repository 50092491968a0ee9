/*
 * Keys in files of the form of ~/.aws/credentials: the one that a store names,
 * and the user's own, with what a profile there may refer to.
 */
#include "lib/base/compat.h"
#include "transport/aws/aws-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/secret.h"
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
		secret_free(part[i]);
	free(where);
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
	ret = static_of(s, &ini, path, section, out, err);
	if (ret == AWS_NOT_HERE)
		ret = fail(err, ERR_CREDENTIALS,
			   "no keys in section '%s' of the key file '%s': it "
			   "has the form of ~/.aws/credentials", section, path);

cleanup:
	strbuf_release(&why);
	aws_ini_release(&ini);
	free(path);
	return ret;
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

static bool profile_exists(const struct profiles *p, const char *name)
{
	char *section = config_section(p, name);
	bool there = aws_ini_has(&p->credentials, name) ||
		     aws_ini_has(&p->config, section);

	free(section);
	return there;
}

/* What a profile says of a role; strings to be freed. */
struct role_words {
	char *arn, *source, *place, *token_file, *mfa;
	char *session, *external_id, *duration, *region;
};

static void role_words_read(struct role_words *w, const struct profiles *p,
			    const char *name)
{
	w->arn = profile_get(p, name, "role_arn");
	w->source = profile_get(p, name, "source_profile");
	w->place = profile_get(p, name, "credential_source");
	w->token_file = profile_get(p, name, "web_identity_token_file");
	w->mfa = profile_get(p, name, "mfa_serial");
	w->session = profile_get(p, name, "role_session_name");
	w->external_id = profile_get(p, name, "external_id");
	w->duration = profile_get(p, name, "duration_seconds");
	w->region = profile_get(p, name, "region");
}

static void role_words_release(struct role_words *w)
{
	free(w->arn);
	free(w->source);
	free(w->place);
	free(w->token_file);
	free(w->mfa);
	free(w->session);
	free(w->external_id);
	free(w->duration);
	free(w->region);
}

static int resolve(struct aws_search *s, const struct profiles *p,
		   const char *name, unsigned depth, struct aws_keys *out,
		   struct strbuf *err);

/* credential_source: whose keys ask for the role. */
static int keys_of_place(struct aws_search *s, const char *place,
			 struct aws_keys *out, struct strbuf *err)
{
	int ret;

	if (!strcmp(place, "Environment"))
		ret = aws_from_environment(s, out, err);
	else if (!strcmp(place, "EcsContainer"))
		ret = aws_from_container(s, out, err);
	else if (!strcmp(place, "Ec2InstanceMetadata"))
		ret = aws_from_instance(s, out, err);
	else
		return fail(err, ERR_CONTENT, "a credential_source is "
			    "Environment, EcsContainer or "
			    "Ec2InstanceMetadata");
	if (ret == AWS_NOT_HERE)
		ret = fail(err, ERR_CREDENTIALS,
			   "the credential_source '%s' has no keys: %s", place,
			   s->looked.buf);
	return ret;
}

static int keys_for_role(struct aws_search *s, const struct profiles *p,
			 const char *name, const struct role_words *w,
			 unsigned depth, struct aws_keys *out,
			 struct strbuf *err)
{
	int ret;

	if (w->mfa)
		return fail(err, ERR_CREDENTIALS, "the profile '%s' wants a "
			    "code of a device (mfa_serial), which cannot be "
			    "asked for: take on the role by 'aws sts "
			    "assume-role', and set its keys", name);
	if (w->place)
		return keys_of_place(s, w->place, out, err);
	if (!w->source)
		return fail(err, ERR_CONTENT, "the profile '%s' has a role_arn "
			    "but neither source_profile nor credential_source",
			    name);
	/* a profile may take on a role with the keys that it holds itself */
	ret = strcmp(w->source, name) ?
	      resolve(s, p, w->source, depth + 1, out, err) :
	      own_keys(s, p, name, out, err);
	if (ret == AWS_NOT_HERE)
		ret = fail(err, ERR_CREDENTIALS,
			   "the source_profile '%s' of '%s' has no keys",
			   w->source, name);
	return ret;
}

static int take_role(struct aws_search *s, const struct profiles *p,
		     const char *name, const struct role_words *w,
		     unsigned depth, struct aws_keys *out, struct strbuf *err)
{
	struct aws_role role = { w->arn, w->session, w->external_id,
				 w->duration, w->region };
	struct aws_keys with = AWS_KEYS_INIT;
	char *region = NULL, *file;
	int ret = 0;

	if (depth > AWS_ROLES_MAX)
		return fail(err, ERR_CONTENT, "more than %d profiles refer to "
			    "each other by source_profile", AWS_ROLES_MAX);
	if (w->region)
		ret = aws_check_region(w->region, err);
	else
		ret = aws_find_region(s->source, &region, err);
	if (!w->region)
		role.region = region;
	if (!ret && w->token_file) {
		file = expand_path(w->token_file, NULL);
		ret = aws_assume_web_identity(s, &role, file, out, err);
		free(file);
	} else if (!ret) {
		ret = keys_for_role(s, p, name, w, depth, &with, err);
		if (!ret)
			ret = aws_assume_role(s, &role, &with, out, err);
	}
	aws_keys_release(&with);
	free(region);
	return ret;
}

/* What a profile has when it has neither keys nor a role. */
static int process_keys(struct aws_search *s, const struct profiles *p,
			const char *name, struct aws_keys *out,
			struct strbuf *err)
{
	/* not profile_get(): a '#' is a part of a command */
	const char *command = aws_ini_get(&p->credentials, name,
					  "credential_process");
	char *section = config_section(p, name), *sso, *where;
	int ret = AWS_NOT_HERE;

	if (!command)
		command = aws_ini_get(&p->config, section,
				      "credential_process");
	if (command) {
		where = xstrfmt("profile '%s'", name);
		ret = aws_from_process(s, command, where, out, err);
		free(where);
		goto cleanup;
	}
	sso = profile_get(p, name, "sso_session");
	if (!sso)
		sso = profile_get(p, name, "sso_start_url");
	if (sso)
		ret = fail(err, ERR_CREDENTIALS, "the profile '%s' signs in by "
			   "a browser (sso): let another profile say "
			   "credential_process = aws configure "
			   "export-credentials --profile %s", name, name);
	free(sso);

cleanup:
	free(section);
	return ret;
}

static int resolve(struct aws_search *s, const struct profiles *p,
		   const char *name, unsigned depth, struct aws_keys *out,
		   struct strbuf *err)
{
	struct role_words w = { NULL };
	int ret;

	role_words_read(&w, p, name);
	if (w.arn)
		ret = take_role(s, p, name, &w, depth, out, err);
	else
		ret = own_keys(s, p, name, out, err);
	if (ret == AWS_NOT_HERE)
		ret = process_keys(s, p, name, out, err);
	role_words_release(&w);
	return ret;
}

int aws_from_profile(struct aws_search *s, const char *name, bool named,
		     struct aws_keys *out, struct strbuf *err)
{
	struct profiles p = PROFILES_INIT;
	int ret = profiles_read(&p, err);

	if (!ret)
		ret = resolve(s, &p, name, 0, out, err);
	if (ret != AWS_NOT_HERE)
		goto cleanup;
	if (!p.config_path)
		aws_looked(s, "HOME is not set");
	else
		aws_looked(s, "no %s '%s' in '%s' or '%s'",
			   profile_exists(&p, name) ? "keys in profile" :
			   "profile", name, p.credentials_path,
			   p.config_path);
	if (named)
		ret = fail(err, ERR_CREDENTIALS, "no credentials for S3: %s",
			   s->looked.buf);

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

/* services = NAME: the section "services NAME" has `s3 =`, and below it
 * `endpoint_url = ...`, which comes before that of the profile. */
int aws_profile_endpoint(const struct aws_source *s, char **out,
			 struct strbuf *err)
{
	struct profiles p = PROFILES_INIT;
	char *name = NULL, *services = NULL, *section;
	const char *url = NULL;
	bool named;
	int ret = aws_profile_name(s, &name, &named, err);

	*out = NULL;
	if (!ret)
		ret = profiles_read(&p, err);
	if (ret)
		goto cleanup;
	services = profile_get(&p, name, "services");
	if (services) {
		section = xstrfmt("services %s", services);
		url = aws_ini_get(&p.config, section, "s3.endpoint_url");
		free(section);
	}
	*out = url ? aws_ini_plain(url) : profile_get(&p, name,
						      "endpoint_url");

cleanup:
	profiles_release(&p);
	free(services);
	free(name);
	return ret;
}
