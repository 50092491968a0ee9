/*
 * Where a store is, as `init`, `remote add` and `clone` are told: -o KEY=VALUE
 * and the directory of a dir store.
 */
#ifndef BUILTIN_STORE_SETTINGS_H
#define BUILTIN_STORE_SETTINGS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"

/** Reads "KEY=VALUE" each into the map `out`. ERR_USAGE. */
int store_settings_read(struct value *out, const struct strvec *pairs,
			struct strbuf *err);

/** Spells the settings as a store of `type` has them. ERR_USAGE: what no such
 *  store has, or a password. */
int store_settings_fit(struct value *settings, const char *type,
		       struct strbuf *err);

/**
 * May the dir store of the project in `root` be `path` (absolute, or from the
 * root)? results_dir: likewise. ERR_USAGE with the reason.
 */
int store_dir_check(const char *path, const char *root,
		    const char *results_dir, struct strbuf *err);

/** Makes the directory `path` (absolute) and what is missing above it; each
 *  is added to `made`, outermost first. */
int store_dir_make(const char *path, struct strvec *made, struct strbuf *err);
/** Takes back what store_dir_make() made, as far as it is still empty. */
void store_dir_unmake(const struct strvec *made);

#endif
