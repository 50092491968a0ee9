/*
 * Values in storage_config, whatever the kind of store: what s3-conf.h and
 * google-conf.h have in common.
 * Source: resutilformat-conf(5), "Keys of storage_config".
 */
#ifndef LIB_BASE_STORE_CONF_H
#define LIB_BASE_STORE_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define STORE_CONF_TEXT_MAX 1024

/* What one key may say: 0, or ERR_USAGE with the sentence. */
struct store_conf_key {
	const char *key;
	int (*check)(const char *text, struct strbuf *err);
	bool truth;		/* true and false are texts, too */
};

/** 0, or ERR_USAGE: types and values of those keys that `config` has. Other
 *  keys are passed over. */
int store_conf_check(const struct value *config,
		     const struct store_conf_key *keys, size_t nr,
		     struct strbuf *err);

/** Checks for such a table. */
int store_conf_any(const char *text, struct strbuf *err);
int store_conf_check_anonymous(const char *text, struct strbuf *err);
int store_conf_check_abuse(const char *text, struct strbuf *err);
int store_conf_check_prefix(const char *path, struct strbuf *err);

/** The URL of a server, called `name` in messages: "https://HOST", with
 *  ":PORT" and "/PATH" if need be; no user, no query. see: what tells of keys
 *  and of what else is not in there. */
int store_conf_check_url(const char *url, const char *name, const char *see,
			 const char *other, struct strbuf *err);

/** "HOST", "HOST:PORT", "[IPV6]:PORT". */
bool store_conf_is_authority(const char *text, size_t len);
/** Four numbers are a host to whoever reads the URL. */
bool store_conf_is_address(const char *name);
/** Letters and digits of ASCII. */
bool store_conf_is_alnum(char c);

/** What `key` says, as text: a bucket of digits only is a number in YAML. NULL:
 *  it is not said, or empty. The caller frees. */
char *store_conf_text(const struct value *config, const char *key);
/** Whether `key` (anonymous, acknowledge_abuse) is said: a boolean, or the
 *  text of one. */
bool store_conf_truth(const struct value *config, const char *key);

#endif
