/*
 * Files of KEY=VALUE lines (.env): blanks around key and value are dropped, as
 * are empty lines, lines that begin with '#', and a leading `export`. A value
 * in '...' is taken as it is; one in "..." may hold \n \t \" \\ \$; both may go
 * over several lines. Of any other value a '#' behind a blank begins a
 * comment. Nothing is expanded.
 * Source: resutil-s3(7), "THE FILE .env".
 */
#ifndef LIB_BASE_ENV_FILE_H
#define LIB_BASE_ENV_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define ENV_FILE_MAX (1u << 20)

/** `line` counts from 1. Non-zero ends with that code. */
typedef int (*env_file_fn)(const char *key, const char *value, unsigned line,
			   void *data);

/** Tells each pair, in order (the last of a key counts). Lines of another form
 *  are passed over. What the values were in is wiped.
 *  ERR_CONTENT: too large, or a NUL in it. */
int env_file_parse(const char *text, size_t len, env_file_fn fn, void *data,
		   struct strbuf *err);

#endif
