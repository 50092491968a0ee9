/*
 * Paths of fields: `params.lr`, `info.val."top.1"`. Components are split by
 * dots; one that is no plain word stands in double quotes, where `\"` and `\\`
 * stand for themselves. Every key there can be has one path, and no other.
 * Source: resutil-fields(7).
 */
#ifndef LIB_BASE_FIELD_PATH_H
#define LIB_BASE_FIELD_PATH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define FIELD_PATH_MAX 4096	/* bytes */
#define FIELD_PATH_DEPTH 64	/* components */

/** Adds a component, with a dot before it when `path` is not empty. */
void field_path_add(struct strbuf *path, const char *key, size_t len);

/** How many bytes at the beginning of `text` are a path (0: none), as they
 *  stand in an expression; for lexers. */
size_t field_path_span(const char *text, size_t len);

/** Components without quotes. ERR_USAGE with the reason. */
int field_path_split(struct strvec *out, const char *path, struct strbuf *err);

/**
 * Whether a pattern means that path. In a pattern, `*`, `?` and sets match
 * inside one component, `**` as a component matches one or more of them; what
 * is in quotes stands for itself. A path without any of these is itself.
 */
bool field_glob_match(const char *pattern, const char *path);
bool field_glob_is_pattern(const char *text);

#endif
