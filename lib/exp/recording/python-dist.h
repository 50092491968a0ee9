/*
 * What an installed Python package says of itself: METADATA or PKG-INFO (core
 * metadata, RFC 822 headers) and direct_url.json (PEP 610). Anybody may have
 * written them.
 */
#ifndef LIB_EXP_RECORDING_PYTHON_DIST_H
#define LIB_EXP_RECORDING_PYTHON_DIST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** What is read of a METADATA: its headers come first. */
#define DIST_HEAD_BYTES 16384
#define DIST_MAX_NAME 200
#define DIST_MAX_URL 2048

/** The first Name and Version among the headers, added to empty buffers.
 *  False: one is missing, or is none that a package can have. */
bool python_dist_parse(const char *text, size_t len, struct strbuf *name,
		       struct strbuf *version);

/** As packages are compared: small letters, runs of `-_.` are one `-`. */
void python_dist_canonical(struct strbuf *out, const char *name);

/**
 * The line of `pip freeze`: NAME==VERSION; with a direct_url.json (len 0: none)
 * NAME @ URL, or -e URL#egg=NAME for a directory that is edited. A
 * direct_url.json that is malformed or shows control characters counts as
 * none.
 */
void python_dist_line(struct strbuf *out, const char *name,
		      const char *version, const char *direct_url, size_t len);

#endif
