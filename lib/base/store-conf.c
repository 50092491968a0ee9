#include "lib/base/compat.h"
#include "lib/base/store-conf.h"

#include "lib/base/error.h"
#include "lib/base/utf8.h"

#define PORT_MAX 65535

#define DIGITS "0123456789"
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

/* What else may stand in the path of a URL (RFC 3986), escapes included. */
#define PATH_CHARS ALNUM "-._~!$&'()*+,;=:@%/"

bool store_conf_is_alnum(char c)
{
	return c && strchr(ALNUM, c);
}

bool store_conf_is_address(const char *name)
{
	size_t dots = 0;
	const char *p;

	for (p = name; *p; p++)
		dots += *p == '.';
	return dots == 3 && !name[strspn(name, DIGITS ".")];
}

/* IPv6 in brackets. */
bool store_conf_is_authority(const char *text, size_t len)
{
	const char *end = text + len, *host = text, *p = text;
	unsigned long port = 0;

	if (*p == '[') {
		p += 1 + strspn(p + 1, ALNUM ":.");
		if (p - host < 3 || *p++ != ']')
			return false;
	} else {
		p += strspn(p, ALNUM "-._");
		if (p == host || !store_conf_is_alnum(*host))
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

int store_conf_check_url(const char *url, const char *name, const char *see,
			 const char *other, struct strbuf *err)
{
	const char *rest;
	size_t len;

	if (!strncmp(url, "https://", 8))
		rest = url + 8;
	else if (!strncmp(url, "http://", 7))
		rest = url + 7;
	else
		return fail(err, ERR_USAGE, "the %s '%.100s' does not begin "
			    "with 'https://' (or 'http://')", name, url);
	len = strcspn(rest, "/?#");
	/* It is not repeated: that is the secret. */
	if (memchr(rest, '@', len))
		return fail(err, ERR_USAGE, "the %s holds no user and no "
			    "password; give keys as %s says", name, see);
	if (strlen(url) > STORE_CONF_TEXT_MAX ||
	    !store_conf_is_authority(rest, len))
		return fail(err, ERR_USAGE, "the %s '%.100s' names no host; it "
			    "is 'https://HOST', with ':PORT' and '/PATH' if "
			    "need be", name, url);
	if (strpbrk(rest, "?#") || is_bad_path(rest + len))
		return fail(err, ERR_USAGE, "the %s '%.100s' has more than a "
			    "host and a path; %s", name, url, other);
	return 0;
}

int store_conf_check_prefix(const char *path, struct strbuf *err)
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

int store_conf_any(const char *text UNUSED, struct strbuf *err UNUSED)
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

static int check_truth(const char *key, const char *text, struct strbuf *err)
{
	if (is_one_of(text, yes) || is_one_of(text, no))
		return 0;
	return fail(err, ERR_USAGE, "'%s' is yes or no, not '%.100s'", key,
		    text);
}

int store_conf_check_anonymous(const char *text, struct strbuf *err)
{
	return check_truth("anonymous", text, err);
}

int store_conf_check_abuse(const char *text, struct strbuf *err)
{
	return check_truth("acknowledge_abuse", text, err);
}

static bool is_plain(const struct value *v)
{
	const char *p = v->u.text.text;

	if (strlen(p) != v->u.text.len ||
	    v->u.text.len > STORE_CONF_TEXT_MAX ||
	    !utf8_is_valid(p, v->u.text.len))
		return false;
	for (; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			return false;
	return true;
}

static int check_key(const struct value *config,
		     const struct store_conf_key *k, struct strbuf *err)
{
	const struct value *v = value_map_get(config, k->key);
	struct strbuf text = STRBUF_INIT;
	int ret = 0;

	if (!v || v->type == VALUE_NULL)
		return 0;
	if (v->type == VALUE_TEXT && !is_plain(v))
		return fail(err, ERR_USAGE, "'%s' in storage_config holds "
			    "control characters, or is too long", k->key);
	/* a bucket of digits only is an integer to YAML */
	if (v->type != VALUE_TEXT && v->type != VALUE_INT &&
	    (v->type != VALUE_BOOL || !k->truth))
		return fail(err, ERR_USAGE, "'%s' in storage_config is not a "
			    "text; put it in quotes", k->key);
	value_format(&text, v);
	if (text.len || v->type != VALUE_TEXT)
		ret = k->check(text.buf, err);
	strbuf_release(&text);
	return ret;
}

int store_conf_check(const struct value *config,
		     const struct store_conf_key *keys, size_t nr,
		     struct strbuf *err)
{
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < nr; i++)
		ret = check_key(config, &keys[i], err);
	return ret;
}

char *store_conf_text(const struct value *config, const char *key)
{
	const struct value *v = value_map_get(config, key);
	struct strbuf text = STRBUF_INIT;

	if (!v || v->type == VALUE_NULL)
		return NULL;
	value_format(&text, v);
	if (text.len)
		return strbuf_detach(&text, NULL);
	strbuf_release(&text);
	return NULL;
}

bool store_conf_truth(const struct value *config, const char *key)
{
	const struct value *v = value_map_get(config, key);
	struct strbuf text = STRBUF_INIT;
	bool ret;

	if (!v)
		return false;
	value_format(&text, v);
	ret = is_one_of(text.buf, yes);
	strbuf_release(&text);
	return ret;
}
