/*
 * The store that the commands about objects work on.
 */
#ifndef PLUMBING_OBJECT_STORE_H
#define PLUMBING_OBJECT_STORE_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/transport.h"

#define OPT_STORE(name) \
	OPT_STRING(0, "remote", name, "REMOTE", \
		   "the remote, or the URL of a store (default: origin)")

/** name: a remote of the project, or a URL, which needs no project; NULL:
 *  origin. ERR_NOT_FOUND, ERR_USAGE; ERR_FAILED: there is no project. */
int object_store_open(struct transport **out, const char *name,
		      struct strbuf *err);

/** The same; dies with the sentence. */
struct transport *object_store_need(const char *name);

#endif
