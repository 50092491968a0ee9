/*
 * What `init` finds out about a store of S3 by itself.
 */
#ifndef BUILTIN_INIT_S3_H
#define BUILTIN_INIT_S3_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/**
 * What the environment, or else the file .env in `root`, says of the key
 * `bucket_name` or `endpoint_url`; nothing is added where they say nothing.
 * A file that cannot be read says nothing: who uses the store tells of it.
 */
void init_s3_default(const char *root, const char *key, struct strbuf *out);

#endif
