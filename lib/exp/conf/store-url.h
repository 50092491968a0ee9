/*
 * URLs of stores, as people write them: dir:PATH, file://PATH, gs://B[/PREFIX],
 * s3://B[/PREFIX], ssh://[USER@]HOST[:PORT]/PATH, gdrive://FOLDER_ID, and the
 * URL of a Drive folder as a browser shows it.
 * Source: resutilformat-conf(5), "URLS OF STORES".
 */
#ifndef LIB_EXP_CONF_STORE_URL_H
#define LIB_EXP_CONF_STORE_URL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** Whether `text` looks like one: a known scheme and ':'. */
bool store_url_looks(const char *text);

/**
 * type: storage_type. config: the map storage_config.
 * project: NULL: the URL is of a store; else its last component is taken off
 * and is the name of a project in it (ERR_USAGE when there is none).
 * Errors: ERR_USAGE, with what a URL of that kind looks like.
 */
int store_url_parse(const char *url, char **type, struct value **config,
		    char **project, struct strbuf *err);

/** The other way, for people: what the store is, without secrets. */
void store_url_format(const char *type, const struct value *config,
		      struct strbuf *out);

#endif
