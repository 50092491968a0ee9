/*
 * A page on this machine that a browser comes back to: HTTP on 127.0.0.1, for
 * as long as somebody is waited for. What any program or web page of this
 * machine can send there is not believed: the caller looks for a secret of its
 * own in it.
 * Source: RFC 8252, 7.3, 8.3.
 */
#ifndef LIB_BASE_LOOPBACK_H
#define LIB_BASE_LOOPBACK_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

struct loopback;

/** Listens. port 0: one that is free. ERR_CONFLICT: the port is in use. */
int loopback_open(struct loopback **out, unsigned port, struct strbuf *err);
unsigned loopback_port(const struct loopback *l);
void loopback_close(struct loopback *l);	/* NULL is fine */

/**
 * query: what followed "/?" in a GET, as it was sent; lent. Adds the text of a
 * page. true: that was it, and nobody is waited for any more; false: it was
 * somebody else.
 */
typedef bool (*loopback_fn)(void *data, const char *query,
			    struct strbuf *page);

/** Answers until fn is content. ERR_TRANSIENT: `seconds` are over. ERR_FAILED:
 *  nobody reads what is written to the pipe `asker` any more (-1: none). */
int loopback_wait(struct loopback *l, unsigned seconds, int asker,
		  loopback_fn fn, void *data, struct strbuf *err);

#endif
