/*
 * Parameters of a run from a file (run --params-file).
 */
#ifndef BUILTIN_PARAMS_FILE_H
#define BUILTIN_PARAMS_FILE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"

#define PARAMS_FILE_MAX_BYTES (4u << 20)

/**
 * Reads a map of parameters from YAML or JSON. A name that ends in .json, and
 * a text that begins as a JSON object does, are read as JSON (`1e5` is a
 * number then), all else as YAML. May be a pipe.
 * Errors: ERR_NOT_FOUND, ERR_CONTENT (too large, malformed, no map, deeper or
 * more than a record takes), ERR_FAILED.
 */
int params_file_read(struct value **out, const char *path, struct strbuf *err);

/** Lays the parameters of a command line over those of a file: a new map. */
struct value *params_file_under(const struct value *file,
				const struct value *params);

#endif
