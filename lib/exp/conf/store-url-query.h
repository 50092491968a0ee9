/*
 * What stands behind the '?' of a store's URL: keys of its storage_config.
 * s3, gcs and gdrive have such. For store-url.c.
 */
#ifndef LIB_EXP_CONF_STORE_URL_QUERY_H
#define LIB_EXP_CONF_STORE_URL_QUERY_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** Adds "KEY=VALUE&..." to `config`, with %XX as a byte. ERR_USAGE. */
int store_url_query_parse(const char *type, struct value *config,
			  const char *query, struct strbuf *err);

/** Adds "?KEY=VALUE..." for the keys that are set and say which store it is
 *  and how it is asked; nothing if there are none. */
void store_url_query_format(const char *type, const struct value *config,
			    struct strbuf *out);

/** %XX of text[0..len) as a byte. False: two digits are missing. */
bool store_url_decode(struct strbuf *out, const char *text, size_t len);
/** The other way, for '%' and all of `chars`. */
void store_url_encode(struct strbuf *out, const char *text,
		      const char *chars);

#endif
