/*
 * What storage_config of stores of type `gcs` and `gdrive` may say. Checked
 * where it is written (init, remote add, clone), and again where it is used.
 * Source: resutilformat-conf(5), "Keys of storage_config".
 */
#ifndef LIB_BASE_GOOGLE_CONF_H
#define LIB_BASE_GOOGLE_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** The keys, NULL-terminated. gcs: backet_name (sic; bucket_name means the
 *  same), key_file_path, prefix, api_root, anonymous, user_project. gdrive:
 *  base_folder_id, key_file_path, api_root, acknowledge_abuse. */
extern const char *const gcs_conf_keys[];
extern const char *const gdrive_conf_keys[];

/** 0, or ERR_USAGE with the sentence: types and values of all those keys. Other
 *  keys are passed over, and none has to be there. */
int gcs_conf_check(const struct value *config, struct strbuf *err);
int gdrive_conf_check(const struct value *config, struct strbuf *err);

/** The same for the text of one of them. */
int gcs_check_bucket(const char *name, struct strbuf *err);
int google_check_api_root(const char *url, struct strbuf *err);

/**
 * The id in `text`: an id as it is, or the URL of a folder as a browser shows
 * it (also with /u/0/, ?usp=sharing, ?resourcekey=...). ERR_USAGE: neither;
 * the URL of a file says so.
 */
int gdrive_folder_id(struct strbuf *id, const char *text, struct strbuf *err);

/** Whether `host` ("HOST" or "HOST:PORT", of a URL) is Google's: googleapis.com
 *  and what is below it, accounts.google.com. */
bool google_host_is_own(const char *host);

/** 0: what lets us in may be sent to the host of `url`: by TLS to Google's own,
 *  anyhow to those that are `trusted` ("HOST" or "HOST:PORT"; or NULL).
 *  ERR_USAGE names the host and google.trusted-hosts. `what`: "api_root". */
int google_check_trusted(const struct strvec *trusted, const char *url,
			 const char *what, struct strbuf *err);

#endif
