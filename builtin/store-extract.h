/*
 * Files of an experiment that only a store has, brought into a directory of
 * ours by ranges of its pack.
 */
#ifndef BUILTIN_STORE_EXTRACT_H
#define BUILTIN_STORE_EXTRACT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/* What `list-pack -z` says of an entry. */
struct store_entry {
	unsigned mode;
	uint64_t size;
	uint32_t crc;
	const char *path;	/* lent */
};

/** Returns where the next begins, NULL at the end. */
const char *store_entry_next(const char *at, const char *end,
			     struct store_entry *entry);

typedef bool (*store_wanted_fn)(const struct store_entry *entry, void *data);

/**
 * Writes the regular files and links that `wanted` takes below `dir`, which is
 * there, under their paths; directories as they are needed. What is there
 * already stays and is not asked for. At most `max` bytes: what goes beyond is
 * passed over. listing: what store_exp_listing() gave.
 * Errors: those of the store; ERR_CONTENT; ERR_FAILED.
 */
int store_extract(const char *dir, const char *remote, const char *name,
		  const struct strbuf *listing, uint64_t max,
		  store_wanted_fn wanted, void *data, struct strbuf *err);

#endif
