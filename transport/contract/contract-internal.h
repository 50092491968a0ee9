/*
 * For the files of the contract alone: what a clause works with. A clause is a
 * function that returns whether the store keeps it, a chain of checks; what it
 * takes lies in the struct, and whoever called it cleans up.
 */
#ifndef TRANSPORT_CONTRACT_INTERNAL_H
#define TRANSPORT_CONTRACT_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "transport/transport.h"

#define CLAUSE_KEYS 8

struct clause {
	struct transport *t, *other;
	const char *prefix;		/* of this clause alone */
	struct strbuf key[CLAUSE_KEYS];	/* the latest that were asked for */
	unsigned keys_used;
	struct object put, seen;	/* by the latest put, stat */
	struct strbuf got, version;	/* by the latest get */
	struct strvec listed;		/* sorted, without the prefix */
	struct strbuf err;		/* of the latest request */
	struct strbuf why;		/* it is broken */
};

/** The key of `name` in this clause; lent for the next CLAUSE_KEYS calls. */
const char *clause_key(struct clause *c, const char *name);

/** False, and says why, unless `good`. */
bool want(struct clause *c, bool good, const char *fmt, ...)
	PRINTF_LIKE(3, 4);
/** The same unless the latest request ended with `code`. */
bool want_code(struct clause *c, int code, int ret, const char *what);

/** The bytes that each object of that size and seed has. */
void clause_fill(void *buf, size_t len, uint64_t offset, unsigned seed);

/* Requests, by name; each returns the code. */
int clause_put(struct clause *c, const char *name, const char *text,
	       enum put_expect expect, const char *version);
int clause_put_source(struct clause *c, const char *name,
		      struct put_source *source, enum put_expect expect);
int clause_get(struct clause *c, const char *name, uint64_t offset,
	       uint64_t len, const char *version);
int clause_stat(struct clause *c, const char *name);
int clause_remove(struct clause *c, const char *name, const char *version);
int clause_list(struct clause *c, const char *prefix, unsigned flags);

/** The object has this text now, or (NULL) is not there. */
bool clause_holds(struct clause *c, const char *name, const char *text);
/** The latest listing was of these, in byte order, split by blanks. */
bool clause_listed(struct clause *c, const char *names);

struct clause_entry {
	const char *sentence;
	bool (*check)(struct clause *c);
	unsigned caps;		/* skipped unless the store has them */
};

/* The clauses of each file, ended by one without a sentence. */
extern const struct clause_entry clauses_of_keys[];
extern const struct clause_entry clauses_of_put[];
extern const struct clause_entry clauses_of_get[];
extern const struct clause_entry clauses_of_change[];
extern const struct clause_entry clauses_of_threads[];
extern const struct clause_entry clauses_of_prune[];
extern const struct clause_entry clauses_of_resume[];

#endif
