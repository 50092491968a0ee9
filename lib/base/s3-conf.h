/*
 * What storage_config of a store of type `s3` may say. Checked where it is
 * written (init, remote add, clone), and again where it is used.
 * Source: resutilformat-conf(5), "Keys of storage_config".
 */
#ifndef LIB_BASE_S3_CONF_H
#define LIB_BASE_S3_CONF_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/** The keys, NULL-terminated. */
extern const char *const s3_conf_keys[];

/** 0, or ERR_USAGE with the sentence: types and values of all those keys. Other
 *  keys are passed over, and none has to be there. */
int s3_conf_check(const struct value *config, struct strbuf *err);

/** The same for the text of one of them. What other servers than AWS's call a
 *  bucket is taken, too. */
int s3_check_bucket(const char *name, struct strbuf *err);
int s3_check_endpoint(const char *url, struct strbuf *err);
int s3_check_region(const char *name, struct strbuf *err);
/** auto, path or virtual. */
int s3_check_addressing(const char *word, struct strbuf *err);

/** Whether `anonymous` is said: a boolean, or the text of one. */
bool s3_conf_anonymous(const struct value *config);

#endif
