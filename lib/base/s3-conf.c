#include "lib/base/compat.h"
#include "lib/base/s3-conf.h"

#include "lib/base/error.h"
#include "lib/base/utf8.h"

/* 63 at AWS, where it is a part of the name of a host. */
#define BUCKET_MIN 3
#define BUCKET_MAX 255
#define REGION_MAX 64
#define TEXT_MAX 1024
#define PORT_MAX 65535

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyz"
#define ALNUM LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

/* What else may stand in the path of a URL (RFC 3986), escapes included. */
#define PATH_CHARS ALNUM "-._~!$&'()*+,;=:@%/"

const char *const s3_conf_keys[] = {
	"bucket_name", "endpoint_url", "region", "addressing", "prefix",
	"key_file_path", "profile", "anonymous", NULL
};

static bool is_alnum(char c)
{
	return c && strchr(ALNUM, c);
}

/* Four numbers are a host to whoever reads the URL. */
static bool is_address(const char *name)
{
	size_t dots = 0;
	const char *p;

	for (p = name; *p; p++)
		dots += *p == '.';
	return dots == 3 && !name[strspn(name, DIGITS ".")];
}

int s3_check_bucket(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!strncmp(name, "s3://", 5))
		return fail(err, ERR_USAGE, "'%.100s' is a URL; bucket_name "
			    "is the bucket alone, and what follows it is "
			    "'prefix'", name);
	if (len < BUCKET_MIN || len > BUCKET_MAX ||
	    name[strspn(name, ALNUM ".-_")] || !is_alnum(name[0]) ||
	    !is_alnum(name[len - 1]) || strstr(name, "..") || is_address(name))
		return fail(err, ERR_USAGE, "'%.100s' cannot be the name of a "
			    "bucket; that has 3 to 63 small letters, digits, "
			    "'-' and '.', with a letter or digit at both ends",
			    name);
	return 0;
}

/* [HOST]:PORT, HOST and HOST:PORT; IPv6 in brackets. */
static bool is_authority(const char *text, size_t len)
{
	const char *end = text + len, *host = text, *p = text;
	unsigned long port = 0;

	if (*p == '[') {
		p += 1 + strspn(p + 1, ALNUM ":.");
		if (p - host < 3 || *p++ != ']')
			return false;
	} else {
		p += strspn(p, ALNUM "-._");
		if (p == host || !is_alnum(*host))
			return false;
	}
	if (p < end && *p == ':') {
		for (p++; p < end && *p >= '0' && *p <= '9' &&
			  port <= PORT_MAX; p++)
			port = port * 10 + (unsigned long)(*p - '0');
		if (!port || port > PORT_MAX)
			return false;
	}
	return p == end;
}

static bool is_bad_path(const char *path)
{
	return path[strspn(path, PATH_CHARS)] || strstr(path, "//") ||
	       strstr(path, "/../") || strstr(path, "/./");
}

int s3_check_endpoint(const char *url, struct strbuf *err)
{
	const char *rest;
	size_t len;

	if (!strncmp(url, "https://", 8))
		rest = url + 8;
	else if (!strncmp(url, "http://", 7))
		rest = url + 7;
	else
		return fail(err, ERR_USAGE, "the endpoint_url '%.100s' does "
			    "not begin with 'https://' (or 'http://')", url);
	len = strcspn(rest, "/?#");
	/* It is not repeated: that is the secret. */
	if (memchr(rest, '@', len))
		return fail(err, ERR_USAGE, "an endpoint_url holds no user and "
			    "no password; give keys as resutil-s3(7) says");
	if (strlen(url) > TEXT_MAX || !is_authority(rest, len))
		return fail(err, ERR_USAGE, "the endpoint_url '%.100s' names "
			    "no host; it is 'https://HOST', with ':PORT' and "
			    "'/PATH' if need be", url);
	if (strpbrk(rest, "?#") || is_bad_path(rest + len))
		return fail(err, ERR_USAGE, "the endpoint_url '%.100s' has "
			    "more than a host and a path; the bucket is "
			    "named by bucket_name", url);
	return 0;
}

int s3_check_region(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!len || len > REGION_MAX || name[strspn(name, ALNUM "-_")])
		return fail(err, ERR_USAGE, "'%.100s' cannot be a region; it "
			    "is a word such as 'eu-central-1'", name);
	return 0;
}

int s3_check_addressing(const char *word, struct strbuf *err)
{
	if (!strcmp(word, "auto") || !strcmp(word, "path") ||
	    !strcmp(word, "virtual"))
		return 0;
	return fail(err, ERR_USAGE, "'%.100s' is no way of addressing; those "
		    "are auto, path (HOST/BUCKET) and virtual (BUCKET.HOST)",
		    word);
}

int s3_check_prefix(const char *path, struct strbuf *err)
{
	const char *p = path;

	while (*p) {
		size_t len = strcspn(p, "/");

		if (!len || (len == 1 && *p == '.') ||
		    (len == 2 && !strncmp(p, "..", 2)))
			return fail(err, ERR_USAGE, "the prefix '%.100s' has a "
				    "component that is empty, '.' or '..'; it "
				    "is written as 'a/b'", path);
		p += len + (p[len] == '/');
	}
	return 0;
}

static int check_any(const char *text UNUSED, struct strbuf *err UNUSED)
{
	return 0;
}

static const char *const yes[] = { "true", "yes", "on", "1", NULL };
static const char *const no[] = { "false", "no", "off", "0", NULL };

static bool is_one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static int check_truth(const char *text, struct strbuf *err)
{
	if (is_one_of(text, yes) || is_one_of(text, no))
		return 0;
	return fail(err, ERR_USAGE, "'anonymous' is yes or no, not '%.100s'",
		    text);
}

static bool is_plain(const struct value *v)
{
	const char *p = v->u.text.text;

	if (strlen(p) != v->u.text.len || v->u.text.len > TEXT_MAX ||
	    !utf8_is_valid(p, v->u.text.len))
		return false;
	for (; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static int check_key(const struct value *config, const char *key,
		     int (*check)(const char *text, struct strbuf *err),
		     struct strbuf *err)
{
	const struct value *v = value_map_get(config, key);
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	if (!v || v->type == VALUE_NULL)
		return 0;
	if (v->type == VALUE_TEXT && !is_plain(v))
		return fail(err, ERR_USAGE, "'%s' in storage_config holds "
			    "control characters, or is too long", key);
	/* a bucket of digits only is an integer to YAML */
	if (v->type != VALUE_TEXT && v->type != VALUE_INT &&
	    (v->type != VALUE_BOOL || strcmp(key, "anonymous")))
		return fail(err, ERR_USAGE, "'%s' in storage_config is not a "
			    "text; put it in quotes", key);
	value_format(&text, v);
	if (text.len || v->type != VALUE_TEXT)
		ret = check(text.buf, err);
	strbuf_release(&text);
	return ret;
}

int s3_conf_check(const struct value *config, struct strbuf *err)
{
	static const struct {
		const char *key;
		int (*check)(const char *text, struct strbuf *err);
	} keys[] = {
		{ "bucket_name", s3_check_bucket },
		{ "endpoint_url", s3_check_endpoint },
		{ "region", s3_check_region },
		{ "addressing", s3_check_addressing },
		{ "prefix", s3_check_prefix },
		{ "key_file_path", check_any },
		{ "profile", check_any },
		{ "anonymous", check_truth }
	};
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < ARRAY_SIZE(keys); i++)
		ret = check_key(config, keys[i].key, keys[i].check, err);
	return ret;
}

bool s3_conf_anonymous(const struct value *config)
{
	const struct value *v = value_map_get(config, "anonymous");
	struct strbuf text = STRBUF_INIT;
	bool ret;

	if (!v)
		return false;
	value_format(&text, v);
	ret = is_one_of(text.buf, yes);
	strbuf_release(&text);
	return ret;
}
