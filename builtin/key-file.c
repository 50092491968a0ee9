#include "lib/base/compat.h"
#include "builtin/key-file.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/secret.h"
#include "lib/base/value.h"
#include "lib/wrap/json.h"

#define KEY_FILE_MAX (1u << 20)
#define KEYS_MAX 4

/* What a file of each kind must have. */
static const struct {
	const char *type, *needed[KEYS_MAX];
} kinds[] = {
	{ "service_account", { "client_email", "private_key" } },
	{ "authorized_user",
	  { "client_id", "client_secret", "refresh_token" } },
	{ "external_account",
	  { "audience", "subject_token_type", "token_url" } },
	{ "impersonated_service_account",
	  { "service_account_impersonation_url", "source_credentials.type" } }
};

#define HOW_TO_GET_ONE "; make one in the console of Google Cloud (IAM & " \
	"Admin, Service Accounts, Keys, Add key, type JSON)"

void key_file_release(struct key_file *k)
{
	free(k->account);
	k->account = NULL;
	strvec_release(&k->urls);
}

void key_file_path(struct strbuf *out, const char *root, const char *name)
{
	const char *home = getenv("HOME");

	if (!strncmp(name, "~/", 2) && home && *home == '/')
		path_absolute(out, home, name + 2);
	else
		path_absolute(out, root, name);
}

static bool is_regular(const char *path)
{
	struct stat st;

	return !stat(path, &st) && S_ISREG(st.st_mode);
}

/* Other things that the console lets people download. */
static int other_kind(const struct value *json, const char *shown,
		      struct strbuf *err)
{
	const char *type = value_get_text(json, "type");

	if (value_map_get(json, "installed") || value_map_get(json, "web"))
		return fail(err, ERR_CONTENT, "'%s' is the file of an OAuth "
			    "client, not of a key; who signs in as a person "
			    "gives it to 'resutil remote login'", shown);
	if (!type)
		return fail(err, ERR_CONTENT, "'%s' has no 'type', so it is "
			    "no key of Google's" HOW_TO_GET_ONE, shown);
	return fail(err, ERR_CONTENT, "'%s' is of the type '%.64s', not "
		    "'service_account'" HOW_TO_GET_ONE, shown, type);
}

static void add_urls(struct key_file *k, const struct value *json)
{
	static const char *const keys[] = {
		"token_uri", "token_url", "service_account_impersonation_url"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *url = value_get_text(json, keys[i]);

		if (url)
			strvec_push(&k->urls, url);
	}
}

static int take(struct key_file *k, const struct value *json, size_t kind,
		const char *shown, struct strbuf *err)
{
	const char *email = value_get_text(json, "client_email");
	size_t i;

	for (i = 0; i < KEYS_MAX && kinds[kind].needed[i]; i++) {
		const char *key = kinds[kind].needed[i];
		const char *text = value_get_text(json, key);

		if (!text || !*text)
			return fail(err, ERR_CONTENT, "'%s' lacks '%s'; "
				    "download the key again", shown, key);
	}
	if (email)
		k->account = xstrdup(email);
	add_urls(k, json);
	add_urls(k, value_map_get(json, "source_credentials"));
	return 0;
}

static int parse(struct key_file *k, const struct strbuf *text,
		 const char *shown, struct strbuf *err)
{
	struct value *json = NULL;
	const char *type;
	size_t i;
	/* Its own sentence may repeat what it met: a part of the key. */
	int ret = json_parse(&json, text->buf, text->len, shown, NULL);

	if (ret || json->type != VALUE_MAP) {
		ret = fail(err, ERR_CONTENT, "'%s' is no key file: it is not "
			   "JSON (keys of the type P12 cannot be used)"
			   HOW_TO_GET_ONE, shown);
		goto cleanup;
	}
	type = value_get_text(json, "type");
	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (type && !strcmp(kinds[i].type, type))
			break;
	ret = i < ARRAY_SIZE(kinds) ? take(k, json, i, shown, err) :
				      other_kind(json, shown, err);

cleanup:
	secret_free_value(json);
	return ret;
}

int key_file_read(struct key_file *k, const char *path, const char *shown,
		  struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	if (!path_exists(path))
		return fail(err, ERR_NOT_FOUND, "there is no key file '%s'",
			    shown);
	if (!is_regular(path))
		return fail(err, ERR_CONTENT, "'%s' is not a file", shown);
	ret = secret_read_file(&text, path, KEY_FILE_MAX, err);
	if (!ret)
		ret = parse(k, &text, shown, err);
	secret_release(&text);
	return ret;
}

bool key_file_is_needless(void)
{
	const char *named = getenv("GOOGLE_APPLICATION_CREDENTIALS");
	const char *config = getenv("CLOUDSDK_CONFIG"), *home = getenv("HOME");
	struct strbuf path = STRBUF_INIT;
	bool ret;

	if (named && *named)
		return true;
	if (config && *config)
		strbuf_addstr(&path, config);
	else
		strbuf_addf(&path, "%s/.config/gcloud", home ? home : "");
	strbuf_addstr(&path, "/application_default_credentials.json");
	ret = is_regular(path.buf);
	strbuf_release(&path);
	return ret;
}
