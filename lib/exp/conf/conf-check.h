/*
 * What resutil-conf.yaml must say. Source: resutilformat-conf(5).
 */
#ifndef LIB_EXP_CONF_CONF_CHECK_H
#define LIB_EXP_CONF_CONF_CHECK_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

/**
 * Checks a whole conf; the rules for single values are declared in project.h.
 * path: of the conf, for messages. root: the project's directory, absolute.
 * Errors: ERR_CONTENT.
 */
int conf_check(const struct value *conf, const char *path, const char *root,
	       struct strbuf *err);

/** 0, or ERR_USAGE with the reason: a results_dir of the project in `root`. */
int conf_check_results_dir(const char *dir, const char *root,
			   struct strbuf *err);

/** 0, or ERR_USAGE: does the map hold what a store of `type` needs? A key file
 *  may be missing: credentials are found in other ways too. What the values of
 *  s3 say is checked by s3-conf.h, where they are written and used. */
int conf_check_storage_config(const char *type, const struct value *config,
			      struct strbuf *err);

#endif
