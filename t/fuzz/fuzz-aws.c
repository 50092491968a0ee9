/*
 * What says keys, from anywhere: files of profiles, answers of metadata
 * services. What is taken can stand in a header field; no sentence about what
 * is not taken holds a piece of it.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "t/fuzz/fuzz.h"
#include "transport/aws/aws-internal.h"

static void check_part(const char *text)
{
	for (; text && *text; text++)
		MUST(*text > ' ' && *text <= '~');
}

static void check_keys(const struct aws_keys *k)
{
	MUST(k->id && k->secret && *k->id && *k->secret);
	MUST(!strpbrk(k->id, "/,"));
	check_part(k->id);
	check_part(k->secret);
	check_part(k->token);
	MUST(!k->token || *k->token);
	MUST(k->expires >= 0);
}

static void check_json(const char *text, size_t len)
{
	struct strbuf json = STRBUF_INIT, err = STRBUF_INIT;
	struct aws_keys k = AWS_KEYS_INIT;
	int ret;

	strbuf_add(&json, text, len);
	ret = aws_keys_from_json(&k, &json, "Token", "it", &err);
	MUST(!json.len && !ret == !err.len);
	MUST(!ret || ret == ERR_CONTENT);
	if (!ret)
		check_keys(&k);
	else
		MUST(!k.id && !k.secret && !k.token);
	aws_keys_release(&k);
	strbuf_release(&json);
	strbuf_release(&err);
}

static void check_item(const struct aws_ini *ini,
		       const struct aws_ini_item *item)
{
	const struct aws_ini_item *found;
	char *plain = aws_ini_plain(item->value);

	found = aws_ini_find(ini, item->section, item->key);
	MUST(found && found >= item && !strcasecmp(found->key, item->key));
	MUST(aws_ini_has(ini, item->section));
	MUST(*item->key && item->line);
	MUST(strlen(plain) <= strlen(item->value));
	MUST(!strncmp(plain, item->value, strlen(plain)));
	secret_free(plain);
}

static void check_ini(const char *text, size_t len)
{
	struct aws_ini ini = AWS_INI_INIT;
	struct strbuf err = STRBUF_INIT;
	size_t i;
	int ret = aws_ini_parse(&ini, text, len, "f", &err);

	MUST(!ret == !err.len);
	MUST(!ret || ret == ERR_CONTENT);
	/* one for each: looking takes as long as there are items */
	for (i = 0; i < ini.nr && i < 256; i++)
		check_item(&ini, &ini.item[i]);
	aws_ini_release(&ini);
	strbuf_release(&err);
}

/* What is near cannot be led elsewhere by what stands before or behind. */
static void check_place(const char *text)
{
	struct strbuf url = STRBUF_INIT;

	strbuf_addf(&url, "http://%s@127.0.0.1/", text);
	if (!strpbrk(text, "/?#"))
		MUST(!aws_is_near(url.buf));
	strbuf_reset(&url);
	strbuf_addf(&url, "http://127.0.0.1%s", text);
	if (aws_is_near(url.buf))
		MUST(!*text || strchr("/?#:0123456789", *text));
	strbuf_release(&url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = xmemdupz(data, len);

	check_json(text, len);
	check_ini(text, len);
	check_place(text);
	if (!aws_check_region(text, NULL))
		check_part(text);
	free(text);
	return 0;
}
