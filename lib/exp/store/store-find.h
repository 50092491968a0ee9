/*
 * Which store a command about objects means. What it is opened with is for
 * transport/; this is about names alone, so that porcelain can tell of it.
 * Source: resutil-bucket(1), "WHICH STORE".
 */
#ifndef LIB_EXP_STORE_STORE_FIND_H
#define LIB_EXP_STORE_STORE_FIND_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"

/* As --remote: the store of the S3 utilities, also inside a project. No remote
 * can be called so. */
#define STORE_OF_ENV ".env"

/**
 * name: a remote of the project, the URL of a store, which needs no project,
 * or STORE_OF_ENV: the bucket that S3_BUCKET_NAME of the environment names, or
 * else of the file .env of the working directory. NULL: origin; where there is
 * no project, as STORE_OF_ENV.
 * out: `name` stays NULL unless it is a remote. base: gets where relative
 * paths of its config begin, and where its .env lies.
 * Errors: ERR_FAILED (no project, and nothing else names a store); those of
 * remotes_find() and store_url_parse(); ERR_NOT_FOUND (STORE_OF_ENV, and no
 * bucket is named); ERR_USAGE (what is named is none); ERR_CONTENT (.env).
 */
int store_find(struct remote_conf *out, struct strbuf *base,
	       const struct project *project, const char *name,
	       struct strbuf *err);

/** For people: "origin", or "s3://lab/data", without secrets. */
void store_find_format(struct strbuf *out, const struct remote_conf *store);

#endif
