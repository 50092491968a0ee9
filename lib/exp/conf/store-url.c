#include "lib/base/compat.h"
#include "lib/exp/conf/store-url.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/s3-conf.h"
#include "lib/base/ssh-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/conf/store-url-query.h"

#define URL_MAX 4096
#define HOST_MAX 255
#define PORT_MAX 65535
#define FOLDER_ID_MAX 128

#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define ALNUM LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

/* What is being read. */
struct url {
	const struct kind *kind;
	const char *rest;		/* behind the scheme */
	struct value *config;
	bool want_project;
	char *project;
};

struct kind {
	const char *scheme;		/* with what must stand behind it */
	const char *type;
	const char *form;		/* as people write it, for errors */
	int (*parse)(struct url *u, struct strbuf *err);
};

/* The whole sentence about a URL that is not of the form of its kind. */
static int bad(const struct url *u, struct strbuf *err, const char *what)
{
	return fail(err, ERR_USAGE, "%s; such a URL is '%s%s'", what,
		    u->kind->form, u->want_project ? "/PROJECT" : "");
}

/* %XX, where a scheme has it. What comes out is checked as what was typed. */
static int decode(struct url *u, struct strbuf *out, const char *text,
		  size_t len, struct strbuf *err)
{
	if (store_url_decode(out, text, len))
		return 0;
	return bad(u, err, "a '%' in a URL needs two hexadecimal digits behind "
		   "it");
}

static bool is_printable(const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return false;
	return utf8_is_valid(text, len);
}

static void cut_slashes(struct strbuf *path, size_t min)
{
	while (path->len > min && path->buf[path->len - 1] == '/')
		strbuf_setlen(path, path->len - 1);
}

/*
 * Takes the project off the end of `path`, when there is to be one. What is
 * left ends in no slash, unless it is "/"; it may be empty.
 */
static int take_project(struct url *u, struct strbuf *path, struct strbuf *err)
{
	const char *slash;
	size_t len;

	cut_slashes(path, !u->want_project);
	if (!u->want_project)
		return 0;
	slash = strrchr(path->buf, '/');
	len = slash ? (size_t)(slash - path->buf) : 0;
	if (!path->len)
		return bad(u, err, "the project is missing in the URL");
	u->project = xstrdup(slash ? slash + 1 : path->buf);
	strbuf_setlen(path, slash == path->buf ? 1 : len);
	cut_slashes(path, 1);
	return conf_check_project_name(u->project, err);
}

static bool is_at_home(const char *path)
{
	return !strcmp(path, "~") || !strncmp(path, "~/", 2);
}

static int parse_dir(struct url *u, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	const char *home = getenv("HOME");
	int ret = 0;

	if (!*u->rest)
		return bad(u, err, "the directory is missing in the URL");
	/* Behind "dir:" no shell does it. */
	if (is_at_home(u->rest)) {
		if (!home || *home != '/' ||
		    !is_printable(home, strlen(home)))
			ret = fail(err, ERR_USAGE, "'~' means nothing, since "
				   "HOME is no absolute path");
		strbuf_addstr(&path, home ? home : "");
		u->rest++;
	}
	strbuf_addstr(&path, u->rest);
	if (!ret)
		ret = take_project(u, &path, err);
	if (!ret)
		value_map_set_str(u->config, "path",
				  path.len ? path.buf : ".");
	strbuf_release(&path);
	return ret;
}

static int parse_file(struct url *u, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	const char *rest = u->rest;
	int ret;

	if (!strncmp(rest, "//", 2)) {
		rest += 2;
		if (!strncmp(rest, "localhost/", 10))
			rest += 9;
	}
	if (*rest != '/')
		return bad(u, err, "the absolute path of a directory of this "
			   "machine is missing in the URL");
	ret = decode(u, &path, rest, strlen(rest), err);
	if (!ret && !is_printable(path.buf, path.len))
		ret = bad(u, err, "the path in a URL is UTF-8 without control "
			  "characters");
	if (!ret)
		ret = take_project(u, &path, err);
	if (!ret)
		value_map_set_str(u->config, "path", path.buf);
	strbuf_release(&path);
	return ret;
}

/* "a/b": no component that a file system or a person would take for
 * something else. */
static bool is_plain_prefix(const char *text)
{
	while (*text) {
		size_t len = strcspn(text, "/");

		if (!len || (len == 1 && text[0] == '.') ||
		    (len == 2 && !strncmp(text, "..", 2)))
			return false;
		text += len + (text[len] == '/');
	}
	return true;
}

/* What stands behind the bucket: decoded, checked, without the project. */
static int parse_bucket_path(struct url *u, const char *text, size_t len,
			     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	if (len && *text == '/') {
		text++;
		len--;
	}
	ret = decode(u, &path, text, len, err);
	if (!ret && !is_printable(path.buf, path.len))
		ret = bad(u, err, "the path in a URL is UTF-8 without control "
			  "characters");
	if (!ret)
		ret = take_project(u, &path, err);
	if (!ret && !is_plain_prefix(path.buf))
		ret = bad(u, err, "an empty name, '.' or '..' stands in the "
			  "URL");
	if (!ret && path.len)
		value_map_set_str(u->config, "prefix", path.buf);
	strbuf_release(&path);
	return ret;
}

/* BUCKET[/PREFIX][?SETTINGS]; the bucket becomes the value of `key`. */
static int parse_bucket(struct url *u, const char *key,
			int (*check)(const char *name, struct strbuf *err),
			struct strbuf *err)
{
	size_t len = strcspn(u->rest, "/?");
	const char *query = strchrnul(u->rest + len, '?');
	char *bucket = xmemdupz(u->rest, len);
	int ret;

	if (!len)
		ret = bad(u, err, "the bucket is missing in the URL");
	else if (strchr(bucket, ':'))
		/* KEY:SECRET@BUCKET of other tools, whose secrets hold '/' */
		ret = bad(u, err, "no bucket has a ':', and no key or "
			  "password can stand in the URL");
	else
		ret = check(bucket, err);
	if (!ret)
		value_map_set_str(u->config, key, bucket);
	if (!ret)
		ret = parse_bucket_path(u, u->rest + len,
					(size_t)(query - u->rest) - len, err);
	/* Also without one: all of the settings are checked. */
	if (!ret)
		ret = store_url_query_parse(u->kind->type, u->config,
					    query + (*query == '?'), err);
	free(bucket);
	return ret;
}

static int parse_s3(struct url *u, struct strbuf *err)
{
	return parse_bucket(u, "bucket_name", s3_check_bucket, err);
}

static int parse_gcs(struct url *u, struct strbuf *err)
{
	return parse_bucket(u, "backet_name", gcs_check_bucket, err);
}

/* ssh takes what begins with '-' for an option. */
static bool is_word(const char *text, size_t len, const char *chars)
{
	return len && *text != '-' && strspn(text, chars) >= len;
}

/* What a URL cannot hold as it is, as the '@' of me@lab.org, is %XX. */
static int set_user(struct url *u, const char *text, size_t len,
		    struct strbuf *err)
{
	struct strbuf user = STRBUF_INIT;
	int ret = 0;

	if (!is_word(text, len, ALNUM "._-+%\\$"))
		return bad(u, err, "the user in the URL is not the name of "
			   "one");
	ret = decode(u, &user, text, len, err);
	if (!ret && strlen(user.buf) != user.len)
		ret = bad(u, err, "the user in the URL is not the name of "
			  "one");
	if (!ret)
		ret = ssh_check_user(user.buf, err);
	if (!ret)
		value_map_set_str(u->config, "user", user.buf);
	strbuf_release(&user);
	return ret;
}

/* [USER@]HOST[:PORT]; an IPv6 address stands in [ ]. */
static int parse_authority(struct url *u, const char *text, size_t len,
			   struct strbuf *err)
{
	const char *at = memchr(text, '@', len);
	const char *host = at ? at + 1 : text, *end = text + len, *port;
	const char *chars = ALNUM "._-", *after;
	bool is_address = host < end && *host == '[';
	char *copy, *stop;

	if (is_address) {
		chars = "0123456789abcdefABCDEF:.%" LETTERS;
		after = memchr(host, ']', end - host);
		host++;
		port = after ? after + 1 : NULL;
	} else {
		after = memchr(host, ':', end - host);
		if (!after)
			after = end;
		port = after;
	}
	if (!after || !is_word(host, after - host, chars) ||
	    after - host > HOST_MAX ||
	    (is_address && !memchr(host, ':', after - host)))
		return bad(u, err, "the host in the URL is not the name of "
			   "one");
	copy = xmemdupz(host, after - host);
	value_map_set_str(u->config, "host", copy);
	free(copy);
	if (at && set_user(u, text, (size_t)(at - text), err))
		return ERR_USAGE;
	if (port < end) {
		long nr;

		copy = xmemdupz(port, end - port);
		nr = copy[0] == ':' && copy[1] >= '0' && copy[1] <= '9' ?
			strtol(copy + 1, &stop, 10) : 0;
		if (nr < 1 || nr > PORT_MAX || *stop) {
			free(copy);
			return bad(u, err, "the port in the URL is not a "
				   "number from 1 to 65535");
		}
		free(copy);
		value_map_set_int(u->config, "port", nr);
	}
	return 0;
}

/* As git has it, "/~/x" is below the home directory there: the path "x". */
static int parse_ssh(struct url *u, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	size_t len = strcspn(u->rest, "/?");
	const char *rest = u->rest + len;
	const char *query = strchrnul(rest, '?');
	bool at_home = !strncmp(rest, "/~", 2) &&
		(rest[2] == '/' || rest + 2 == query);
	int ret = parse_authority(u, u->rest, len, err);

	if (!ret && *rest != '/')
		ret = bad(u, err, "the directory is missing in the URL");
	if (at_home)
		rest += rest[2] == '/' ? 3 : 2;
	if (!ret)
		ret = decode(u, &path, rest, (size_t)(query - rest), err);
	if (!ret && !is_printable(path.buf, path.len))
		ret = bad(u, err, "the path in a URL is UTF-8 without control "
			  "characters");
	if (!ret && at_home && path.buf[0] == '/')
		ret = bad(u, err, "'//' stands behind '/~' in the URL");
	/* A directory of that name, in the home directory. */
	if (!ret && at_home && is_at_home(path.buf))
		strbuf_insert(&path, 0, "./", 2);
	if (!ret)
		ret = take_project(u, &path, err);
	if (!ret)
		value_map_set_str(u->config, "path",
				  path.len ? path.buf : ".");
	if (!ret)
		ret = store_url_query_parse(u->kind->type, u->config,
					    query + (*query == '?'), err);
	strbuf_release(&path);
	return ret;
}

static int set_folder(struct url *u, const char *id, size_t len,
		      struct strbuf *err)
{
	char *copy;

	if (!len || len > FOLDER_ID_MAX || strspn(id, ALNUM "_-") < len)
		return bad(u, err, "the URL has no id of a folder");
	copy = xmemdupz(id, len);
	value_map_set_str(u->config, "base_folder_id", copy);
	free(copy);
	return 0;
}

static int parse_gdrive(struct url *u, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	size_t len = strcspn(u->rest, "/?");
	const char *query = strchrnul(u->rest + len, '?');
	const char *rest = u->rest + len + (u->rest[len] == '/');
	int ret = set_folder(u, u->rest, len, err);

	strbuf_add(&path, rest, (size_t)(query - rest));
	if (!ret)
		ret = take_project(u, &path, err);
	if (!ret && path.len && strcmp(path.buf, "/"))
		ret = bad(u, err, "the URL has more than the id of a folder, "
			  "and a folder inside it has an id of its own");
	if (!ret)
		ret = store_url_query_parse(u->kind->type, u->config,
					    query + (*query == '?'), err);
	strbuf_release(&path);
	return ret;
}

/*
 * What a browser shows: /drive/folders/ID, /drive/u/0/folders/ID, with
 * ?usp=sharing and the like behind it. It names no project: the name of a
 * folder does not stand there.
 */
static int parse_browser(struct url *u, struct strbuf *err)
{
	const char *p = u->rest;
	size_t len;
	int ret;

	if (!strncmp(p, "u/", 2)) {
		p += 2;
		p += strspn(p, "0123456789");
		p += *p == '/';
	}
	if (strncmp(p, "folders/", 8))
		return bad(u, err, "this is no URL of a folder");
	p += 8;
	len = strcspn(p, "/?#");
	ret = set_folder(u, p, len, err);
	if (!ret && p[len] == '/' && p[len + 1] && !strchr("?#", p[len + 1]))
		ret = bad(u, err, "the URL has more than the id of a folder");
	if (!ret && u->want_project)
		ret = fail(err, ERR_USAGE, "the project is missing in the URL; "
			   "write it as 'gdrive://%.*s/PROJECT'", (int)len, p);
	return ret;
}

#define BROWSER "https://drive.google.com/drive/"

static const struct kind kinds[] = {
	{ "dir:", "dir", "dir:PATH", parse_dir },
	{ "file:", "dir", "file:///PATH", parse_file },
	{ "gs://", "gcs", "gs://BUCKET[/PREFIX]", parse_gcs },
	{ "s3://", "s3", "s3://BUCKET[/PREFIX]", parse_s3 },
	{ "ssh://", "ssh", "ssh://[USER@]HOST[:PORT]/PATH", parse_ssh },
	{ "gdrive://", "gdrive", "gdrive://FOLDER_ID", parse_gdrive },
	{ BROWSER, "gdrive", "gdrive://FOLDER_ID", parse_browser }
};

#define KNOWN_FORMS "dir:PATH, file:///PATH, gs://BUCKET[/PREFIX], " \
	"s3://BUCKET[/PREFIX], ssh://[USER@]HOST[:PORT]/PATH, " \
	"gdrive://FOLDER_ID"

static size_t scheme_len(const char *text)
{
	size_t len = strspn(text, LETTERS "0123456789");

	return len && text[len] == ':' ? len + 1 : 0;
}

bool store_url_looks(const char *text)
{
	size_t len = scheme_len(text);
	size_t i;

	for (i = 0; len && i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(kinds[i].scheme, text, len))
			return true;
	return false;
}

/*
 * What is written into a conf is read by many, so a password does not belong
 * there; and no message repeats it. The user's part ends at the last '@'
 * before the path, since a password may hold another.
 */
static bool has_password(const char *url)
{
	const char *host = strstr(url, "://");
	const char *colon, *at = NULL, *p;

	if (!host)
		return false;
	host += 3;
	for (p = host; *p && *p != '/' && *p != '?'; p++)
		if (*p == '@')
			at = p;
	colon = at ? memchr(host, ':', at - host) : NULL;
	return colon != NULL;
}

static const struct kind *find_kind(const char *url)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strncmp(url, kinds[i].scheme, strlen(kinds[i].scheme)))
			return &kinds[i];
	return NULL;
}

static int check_text(const char *url, struct strbuf *err)
{
	size_t len = strlen(url);

	if (len > URL_MAX)
		return fail(err, ERR_USAGE, "the URL of a store has at most %d "
			    "bytes, this one has %zu", URL_MAX, len);
	if (!is_printable(url, len))
		return fail(err, ERR_USAGE, "the URL of a store is UTF-8 "
			    "without control characters");
	if (strncmp(url, "dir:", 4) && has_password(url))
		return fail(err, ERR_USAGE, "a password cannot stand in the "
			    "URL of a store; let ssh use a key, or give "
			    "credentials as the kind of store has them");
	return 0;
}

int store_url_parse(const char *url, char **type, struct value **config,
		    char **project, struct strbuf *err)
{
	struct url u = { .want_project = project != NULL };
	int ret = check_text(url, err);

	if (ret)
		return ret;
	u.kind = find_kind(url);
	if (!u.kind)
		return fail(err, ERR_USAGE, "'%s' is no URL of a store; such "
			    "URLs are " KNOWN_FORMS, url);
	u.rest = url + strlen(u.kind->scheme);
	u.config = value_new_map();
	ret = u.kind->parse(&u, err);
	if (ret) {
		value_free(u.config);
		free(u.project);
		return ret;
	}
	*type = xstrdup(u.kind->type);
	*config = u.config;
	if (project)
		*project = u.project;
	return 0;
}

/* An id of digits only may be a number in a conf. */
static void add_setting(struct strbuf *out, const struct value *config,
			const char *key)
{
	const struct value *value = value_map_get(config, key);

	if (value)
		value_format(out, value);
}

static void format_bucket(const char *scheme, const char *key,
			  const struct value *config, struct strbuf *out)
{
	const char *prefix = value_get_text(config, "prefix");

	strbuf_addstr(out, scheme);
	add_setting(out, config, key);
	if (prefix && *prefix) {
		strbuf_addch(out, '/');
		store_url_encode(out, prefix, "?");
	}
}

static void format_gcs(const struct value *config, struct strbuf *out)
{
	format_bucket("gs://", value_map_get(config, "backet_name") ?
		      "backet_name" : "bucket_name", config, out);
	store_url_query_format("gcs", config, out);
}

/* A conf may have it as the URL that a browser shows. */
static void add_folder(struct strbuf *out, const struct value *config)
{
	const char *text = value_get_text(config, "base_folder_id");
	struct strbuf id = STRBUF_INIT;

	if (text && !gdrive_folder_id(&id, text, NULL))
		strbuf_addbuf(out, &id);
	else
		add_setting(out, config, "base_folder_id");
	strbuf_release(&id);
}

/* A password that somebody wrote there all the same is not shown. */
static void add_user(struct strbuf *out, const char *text, size_t len)
{
	char *user = xmemdupz(text, len);

	user[strcspn(user, ":")] = '\0';
	store_url_encode(out, user, "@");
	strbuf_addch(out, '@');
	free(user);
}

static void format_ssh(const struct value *config, struct strbuf *out)
{
	const char *path = value_get_text(config, "path");
	const char *user = value_get_text(config, "user");
	const char *host = value_get_text(config, "host");
	const char *at = host ? strrchr(host, '@') : NULL;

	strbuf_addstr(out, "ssh://");
	if (user || at)
		add_user(out, user ? user : host, user ? strlen(user) :
			 (size_t)(at - host));
	if (at)
		host = at + 1;
	if (host)
		strbuf_addf(out, strchr(host, ':') && *host != '[' ? "[%s]" :
			    "%s", host);
	else
		add_setting(out, config, "host");
	if (value_map_get(config, "port")) {
		strbuf_addch(out, ':');
		add_setting(out, config, "port");
	}
	if (path && is_at_home(path))
		path += 1 + strspn(path + 1, "/");
	if (!path || !strcmp(path, "."))
		path = "";
	if (*path != '/')
		strbuf_addstr(out, "/~/");
	if (!strncmp(path, "/~", 2)) {
		strbuf_addstr(out, "/%7E");
		path += 2;
	}
	store_url_encode(out, path, "?");
}

void store_url_format(const char *type, const struct value *config,
		      struct strbuf *out)
{
	const char *path = value_get_text(config, "path");

	if (!strcmp(type, "dir")) {
		if (!path)
			path = "";
		strbuf_addf(out, "dir:%s%s", is_at_home(path) ? "./" : "",
			    path);
	} else if (!strcmp(type, "gcs") || !strcmp(type, "gs")) {
		format_gcs(config, out);
	} else if (!strcmp(type, "s3")) {
		format_bucket("s3://", "bucket_name", config, out);
		store_url_query_format(type, config, out);
	} else if (!strcmp(type, "gdrive")) {
		strbuf_addstr(out, "gdrive://");
		add_folder(out, config);
		store_url_query_format(type, config, out);
	} else if (!strcmp(type, "ssh")) {
		format_ssh(config, out);
	} else {
		strbuf_addf(out, "%s:", type);
	}
}
