/*
 * Paths as text; nothing here changes the file system.
 */
#ifndef LIB_BASE_PATH_H
#define LIB_BASE_PATH_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

/** The working directory. ERR_FAILED when it is gone. */
int path_cwd(struct strbuf *out, struct strbuf *err);

/**
 * `path` made absolute (from `base`, an absolute path, or the working
 * directory when NULL) with ".", ".." and double slashes taken out as text;
 * links are not followed; no slash at the end.
 */
void path_absolute(struct strbuf *out, const char *base, const char *path);

/** realpath(3) as far as the path exists, the rest as text. */
void path_real(struct strbuf *out, const char *path);

/** The part of absolute `path` below absolute `dir` (no leading slash; ""
 *  for dir itself), lent; NULL when it is not inside. */
const char *path_below(const char *path, const char *dir);

/** From absolute directory `from` to absolute `to`: "../x", "." ... */
void path_relative(struct strbuf *out, const char *from, const char *to);

/** The last component, lent; no copy, slashes at the end are not cut. */
const char *path_basename(const char *path);

bool path_is_dir(const char *path);	/* follows links */
bool path_exists(const char *path);	/* does not */

/**
 * The whole of a regular file, at most `max` bytes.
 * Errors: ERR_NOT_FOUND; ERR_CONTENT when it is larger; ERR_FAILED.
 */
int read_file(struct strbuf *out, const char *path, size_t max,
	      struct strbuf *err);

/** The same for a file that a person named: it may be a pipe, whose end is
 *  waited for. */
int read_file_or_pipe(struct strbuf *out, const char *path, size_t max,
		      struct strbuf *err);

/**
 * The same for a file of ours in a place that anybody may have filled:
 * ERR_CONTENT also when it is a link, which is not followed, or no regular
 * file.
 */
int read_own_file(struct strbuf *out, const char *path, size_t max,
		  struct strbuf *err);

/**
 * A directory of the user's by the XDG rules: `variable` (XDG_CACHE_HOME,
 * XDG_CONFIG_HOME, XDG_DATA_HOME) when absolute, else HOME/`fallback`, then
 * "/resutil". ERR_FAILED when HOME is not set either.
 */
int path_xdg(struct strbuf *out, const char *variable, const char *fallback,
	     struct strbuf *err);

/** Finds a program in PATH, or by the path it is.
 *  Returns 0, EXIT_NO_PROGRAM (127) or EXIT_CANNOT_RUN (126); `why` explains.
 *  A `#!` line whose interpreter is missing counts as 127, a directory, a
 *  file without the x bit or without a known form as 126. */
int path_find_program(struct strbuf *out, const char *name, struct strbuf *why);

#endif
