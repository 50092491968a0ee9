/*
 * The contract of transport-ops.h as clauses that a store meets or does not.
 * Source: Documentation/technical/store-contract.adoc.
 */
#ifndef TRANSPORT_CONTRACT_H
#define TRANSPORT_CONTRACT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/transport.h"

enum clause_state { CLAUSE_KEPT, CLAUSE_BROKEN, CLAUSE_SKIPPED };

struct clause_result {
	unsigned nr;		/* from 1 */
	const char *sentence;	/* what the clause says */
	enum clause_state state;
	const char *why;	/* broken or skipped; may have many lines */
	const char *means;	/* what can happen where it is broken */
	double seconds;
};

/** How many clauses there are. */
unsigned contract_size(void);

/**
 * Checks all of them, in order, and calls fn after each.
 *
 * store, other: two handles on one store, which see each other's writes.
 * prefix:       ends in '/'; nothing must be below it. All that is made is
 *               made there, and stays for contract_clean().
 * Returns how many were broken.
 */
unsigned contract_check(struct transport *store, struct transport *other,
			const char *prefix,
			void (*fn)(const struct clause_result *r, void *data),
			void *data);

/** Removes all objects below `prefix`. */
int contract_clean(struct transport *store, const char *prefix,
		   struct strbuf *err);

#endif
