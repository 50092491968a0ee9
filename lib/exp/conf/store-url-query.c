#include "lib/base/compat.h"
#include "lib/exp/conf/store-url-query.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/hex.h"
#include "lib/base/s3-conf.h"
#include "lib/base/ssh-conf.h"
#include "lib/base/store-conf.h"
#include "lib/base/strbuf.h"

/*
 * Bucket, folder and prefix stand before the '?'. A key file or ssh_config is a
 * matter of the machine, so it can be given, and is not told: it is the last
 * one of each.
 */
static const char *const s3_keys[] = {
	"endpoint_url", "region", "addressing", "profile", "anonymous",
	"key_file_path", NULL
};
static const char *const gcs_keys[] = {
	"api_root", "user_project", "anonymous", "key_file_path", NULL
};
static const char *const gdrive_keys[] = {
	"api_root", "key_file_path", NULL
};
static const char *const ssh_keys[] = { "ssh_config", NULL };

static const struct kind {
	const char *type;
	const char *const *keys;
	int (*check)(const struct value *config, struct strbuf *err);
} kinds[] = {
	{ "s3", s3_keys, s3_conf_check },
	{ "gcs", gcs_keys, gcs_conf_check },
	{ "gdrive", gdrive_keys, gdrive_conf_check },
	{ "ssh", ssh_keys, ssh_conf_check },
};

static const struct kind *kind_of(const char *type)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kinds[i].type, type))
			return &kinds[i];
	BUG("URLs of '%s' have no settings", type);
}

bool store_url_decode(struct strbuf *out, const char *text, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++) {
		int high, low;

		if (text[i] != '%') {
			strbuf_addch(out, text[i]);
			continue;
		}
		high = i + 2 < len ? hex_digit(text[i + 1]) : -1;
		low = high < 0 ? -1 : hex_digit(text[i + 2]);
		if (low < 0)
			return false;
		strbuf_addch(out, high * 16 + low);
		i += 2;
	}
	return true;
}

void store_url_encode(struct strbuf *out, const char *text, const char *chars)
{
	for (; *text; text++) {
		if (*text == '%' || strchr(chars, *text))
			strbuf_addf(out, "%%%02X", (unsigned char)*text);
		else
			strbuf_addch(out, *text);
	}
}

static const char *find_key(const struct kind *kind, const char *text,
			    size_t len)
{
	const char *const *key = kind->keys;

	while (*key && (strlen(*key) != len || strncmp(*key, text, len)))
		key++;
	return *key;
}

static int unknown_key(const struct kind *kind, const char *name, size_t len,
		       struct strbuf *err)
{
	struct strbuf known = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; kind->keys[i]; i++)
		strbuf_addf(&known, "%s%s", !i ? "" : kind->keys[i + 1] ?
			    ", " : " and ", kind->keys[i]);
	ret = fail(err, ERR_USAGE, "'%.*s' behind the '?' of a URL is no "
		   "setting of a store of type '%s'; %s %s",
		   (int)MINIMUM(len, (size_t)64), name, kind->type,
		   kind->keys[1] ? "those are" : "there is", known.buf);
	strbuf_release(&known);
	return ret;
}

static int take_pair(const struct kind *kind, struct value *config,
		     const char *pair, size_t len, struct strbuf *err)
{
	const char *equals = memchr(pair, '=', len);
	size_t name_len = equals ? (size_t)(equals - pair) : len;
	const char *key = find_key(kind, pair, name_len);
	struct strbuf value = STRBUF_INIT;
	int ret = 0;

	if (!key)
		return unknown_key(kind, pair, name_len, err);
	if (value_map_get(config, key))
		return fail(err, ERR_USAGE, "'%s' stands twice in the URL",
			    key);
	if (!equals || name_len + 1 == len)
		return fail(err, ERR_USAGE, "'%s' in the URL has no value; it "
			    "is written as %s=VALUE", key, key);
	if (!store_url_decode(&value, equals + 1, len - name_len - 1))
		ret = fail(err, ERR_USAGE, "a '%%' in a URL needs two "
			   "hexadecimal digits behind it");
	else
		value_map_set(config, key,
			      value_new_text(value.buf, value.len));
	strbuf_release(&value);
	return ret;
}

int store_url_query_parse(const char *type, struct value *config,
			  const char *query, struct strbuf *err)
{
	const struct kind *kind = kind_of(type);
	int ret = 0;

	while (!ret && *query) {
		size_t len = strcspn(query, "&");

		ret = take_pair(kind, config, query, len, err);
		query += len + (query[len] == '&');
	}
	if (!ret)
		ret = kind->check(config, err);
	if (!ret && value_map_get(config, "anonymous"))
		value_map_set(config, "anonymous", value_new_bool(
			      store_conf_truth(config, "anonymous")));
	return ret;
}

void store_url_query_format(const char *type, const struct value *config,
			    struct strbuf *out)
{
	const char *const *keys = kind_of(type)->keys;
	struct strbuf text = STRBUF_INIT;
	char before = '?';
	size_t i;

	for (i = 0; keys[i + 1]; i++) {
		const struct value *value = value_map_get(config, keys[i]);

		if (!value || value->type == VALUE_NULL)
			continue;
		strbuf_reset(&text);
		value_format(&text, value);
		strbuf_addf(out, "%c%s=", before, keys[i]);
		store_url_encode(out, text.buf, "&");
		before = '&';
	}
	strbuf_release(&text);
}
