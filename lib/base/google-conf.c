#include "lib/base/compat.h"
#include "lib/base/google-conf.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/store-conf.h"

/* 63 for each part, where dots make it the name of a domain. */
#define BUCKET_MIN 3
#define BUCKET_MAX 222
#define PART_MAX 63
#define ID_MAX 128

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define ID_CHARS LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-_"

const char *const gcs_conf_keys[] = {
	"backet_name", "bucket_name", "key_file_path", "prefix", "api_root",
	"anonymous", "user_project", NULL
};

const char *const gdrive_conf_keys[] = {
	"base_folder_id", "key_file_path", "api_root", "acknowledge_abuse",
	NULL
};

/* ---- Cloud Storage ------------------------------------------------------ */

static bool has_long_part(const char *name)
{
	size_t len;

	for (; *name; name += len + (name[len] == '.')) {
		len = strcspn(name, ".");
		if (len > PART_MAX)
			return true;
	}
	return false;
}

int gcs_check_bucket(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!strncmp(name, "gs://", 5))
		return fail(err, ERR_USAGE, "'%.100s' is a URL; bucket_name "
			    "is the bucket alone, and what follows it is "
			    "'prefix'", name);
	if (len < BUCKET_MIN || len > BUCKET_MAX ||
	    name[strspn(name, LETTERS DIGITS ".-_")] ||
	    !store_conf_is_alnum(name[0]) ||
	    !store_conf_is_alnum(name[len - 1]) || strstr(name, "..") ||
	    has_long_part(name) || store_conf_is_address(name))
		return fail(err, ERR_USAGE, "'%.100s' cannot be the name of a "
			    "bucket; that has 3 to 63 small letters, digits, "
			    "'-', '_' and '.', with a letter or digit at both "
			    "ends", name);
	return 0;
}

int google_check_api_root(const char *url, struct strbuf *err)
{
	return store_conf_check_url(url, "api_root", "resutil-google(7)",
				    "paths of the API follow it", err);
}

static int check_project(const char *name, struct strbuf *err)
{
	/* "example.com:project" is one of a domain */
	if (strlen(name) <= ID_MAX && !name[strspn(name, ID_CHARS ".:")])
		return 0;
	return fail(err, ERR_USAGE, "'%.100s' cannot be a project of Google "
		    "Cloud; user_project is its id, such as 'my-lab-1234'",
		    name);
}

/* The Python Resutil wrote the first one. Who renames it may leave both. */
static int check_two_names(const struct value *config, struct strbuf *err)
{
	const char *one = value_text(value_map_get(config, "backet_name"));
	const char *two = value_text(value_map_get(config, "bucket_name"));

	if (!one || !two || !*one || !*two || !strcmp(one, two))
		return 0;
	return fail(err, ERR_USAGE, "backet_name is '%.100s' and bucket_name "
		    "is '%.100s' in storage_config; they mean the same, so "
		    "take one out", one, two);
}

int gcs_conf_check(const struct value *config, struct strbuf *err)
{
	static const struct store_conf_key keys[] = {
		{ "backet_name", gcs_check_bucket, false },
		{ "bucket_name", gcs_check_bucket, false },
		{ "key_file_path", store_conf_any, false },
		{ "prefix", store_conf_check_prefix, false },
		{ "api_root", google_check_api_root, false },
		{ "anonymous", store_conf_check_anonymous, true },
		{ "user_project", check_project, false }
	};
	int ret = store_conf_check(config, keys, ARRAY_SIZE(keys), err);

	return ret ? ret : check_two_names(config, err);
}

/* ---- Drive -------------------------------------------------------------- */

/* What follows "https://HOST/" when `text` is a URL there; else NULL. */
static const char *path_at(const char *text, const char *host)
{
	size_t len = strlen(host);

	if (!strncmp(text, "https://", 8))
		text += 8;
	if (strncmp(text, host, len) || text[len] != '/')
		return NULL;
	return text + len + 1;
}

/* "drive/u/0/", "drive/mobile/", "drive/"; older URLs of a company's accounts
 * have "a/example.com/" before that. */
static const char *skip_account(const char *path)
{
	const char *p;

	if (!strncmp(path, "a/", 2)) {
		p = path + 2 + strcspn(path + 2, "/?#");
		if (p > path + 2 && *p == '/')
			path = p + 1;
	}
	if (strncmp(path, "drive/", 6))
		return path;
	path += 6;
	if (!strncmp(path, "mobile/", 7))
		path += 7;
	if (!strncmp(path, "u/", 2)) {
		p = path + 2 + strspn(path + 2, DIGITS);
		if (p > path + 2 && *p == '/')
			path = p + 1;
	}
	return path;
}

/* The value of `id` in a query; NULL: there is none. */
static const char *id_in_query(const char *query)
{
	for (; *query && *query != '#'; query += *query == '&') {
		if (!strncmp(query, "id=", 3))
			return query + 3;
		query += strcspn(query, "&#");
	}
	return NULL;
}

/* Where the id begins in the URL of a folder; NULL: it is another URL. */
static const char *find_id(const char *path)
{
	path = skip_account(path);
	if (!strncmp(path, "folders/", 8))
		return path + 8;
	if (!strncmp(path, "open?", 5))
		return id_in_query(path + 5);
	if (!strncmp(path, "folderview?", 11))
		return id_in_query(path + 11);
	return NULL;
}

static int take_id(struct strbuf *id, const char *text, const char *from,
		   struct strbuf *err)
{
	size_t len = strspn(from, ID_CHARS);

	if (len && len <= ID_MAX &&
	    (!from[len] || (from != text && strchr("/?#&", from[len])))) {
		strbuf_add(id, from, len);
		return 0;
	}
	return fail(err, ERR_USAGE, "'%.200s' is no id of a folder on Google "
		    "Drive; open the folder in a browser, and paste its URL "
		    "or what stands behind 'folders/' in it", text);
}

int gdrive_folder_id(struct strbuf *id, const char *text, struct strbuf *err)
{
	const char *path = path_at(text, "drive.google.com");
	const char *from = text;

	if (path) {
		from = find_id(path);
		if (!strncmp(skip_account(path), "file/", 5) ||
		    (!from && !strncmp(path, "uc?", 3)))
			return fail(err, ERR_USAGE, "'%.200s' is the URL of a "
				    "file; a store is a folder, whose URL has "
				    "'/folders/' in it", text);
	} else if (path_at(text, "docs.google.com")) {
		return fail(err, ERR_USAGE, "'%.200s' is the URL of a "
			    "document; a store is a folder, whose URL has "
			    "'/folders/' in it", text);
	}
	/* anything else than an id is refused by its first letter */
	return take_id(id, text, from ? from : "", err);
}

static int check_folder(const char *text, struct strbuf *err)
{
	struct strbuf id = STRBUF_INIT;
	int ret = gdrive_folder_id(&id, text, err);

	strbuf_release(&id);
	return ret;
}

int gdrive_conf_check(const struct value *config, struct strbuf *err)
{
	static const struct store_conf_key keys[] = {
		{ "base_folder_id", check_folder, false },
		{ "key_file_path", store_conf_any, false },
		{ "api_root", google_check_api_root, false },
		{ "acknowledge_abuse", store_conf_check_abuse, true }
	};

	return store_conf_check(config, keys, ARRAY_SIZE(keys), err);
}

/* ---- hosts -------------------------------------------------------------- */

bool google_host_is_own(const char *host)
{
	static const char api[] = "googleapis.com";
	static const char login[] = "accounts.google.com";
	size_t len = strcspn(host, ":");

	if (!store_conf_is_authority(host, strlen(host)))
		return false;
	if (len == strlen(login) && !strncasecmp(host, login, len))
		return true;
	if (len < strlen(api) ||
	    strncasecmp(host + len - strlen(api), api, strlen(api)))
		return false;
	return len == strlen(api) || host[len - strlen(api) - 1] == '.';
}

/* The host of a URL of http:// or https://, with its port, in small letters. */
static bool read_host(const char *url, struct strbuf *host, bool *tls)
{
	size_t len, i;

	*tls = !strncmp(url, "https://", 8);
	if (!*tls && strncmp(url, "http://", 7))
		return false;
	url += *tls ? 8 : 7;
	len = strcspn(url, "/?#");
	for (i = 0; i < len; i++)
		strbuf_addch(host, tolower((unsigned char)url[i]));
	/* no user before it, nor what another reader takes for its end */
	return store_conf_is_authority(host->buf, host->len);
}

/* Behind the last ':' that is not inside of brackets; NULL: no port. */
static const char *port_of(const char *host)
{
	const char *colon = strrchr(host, ':');

	return colon && !strchr(colon, ']') ? colon + 1 : NULL;
}

static bool is_listed(const struct strvec *trusted, const char *host, bool tls)
{
	const char *port = port_of(host), *own = tls ? "443" : "80";
	size_t len = port ? (size_t)(port - host) - 1 : strlen(host);
	size_t i;

	for (i = 0; trusted && i < trusted->nr; i++) {
		const char *entry = trusted->v[i], *wanted = port_of(entry);
		size_t entry_len = wanted ? (size_t)(wanted - entry) - 1 :
					    strlen(entry);

		if (entry_len == len && !strncasecmp(entry, host, len) &&
		    (!wanted || !strcmp(wanted, port ? port : own)))
			return true;
	}
	return false;
}

int google_check_trusted(const struct strvec *trusted, const char *url,
			 const char *what, struct strbuf *err)
{
	struct strbuf host = STRBUF_INIT;
	bool tls;
	int ret = 0;

	if (!read_host(url, &host, &tls))
		ret = fail(err, ERR_USAGE, "%s is no URL of a server: it "
			   "begins with https:// and has a host", what);
	else if (is_listed(trusted, host.buf, tls))
		goto cleanup;
	else if (!google_host_is_own(host.buf))
		ret = fail(err, ERR_USAGE, "%s is at '%s', which is not "
			   "Google's, and nothing was sent there; if it may "
			   "see keys and tokens, trust it by "
			   "'-c google.trusted-hosts=%s', or in your "
			   "config.yaml for good", what, host.buf, host.buf);
	else if (!tls)
		ret = fail(err, ERR_USAGE, "%s is at '%s' without TLS, and "
			   "nothing was sent there; write it with https://",
			   what, host.buf);

cleanup:
	strbuf_release(&host);
	return ret;
}
