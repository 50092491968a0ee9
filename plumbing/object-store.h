/*
 * The store that the commands about objects work on.
 */
#ifndef PLUMBING_OBJECT_STORE_H
#define PLUMBING_OBJECT_STORE_H

#include "lib/base/compat.h"
#include "lib/base/parse-options.h"
#include "transport/transport.h"

#define OPT_STORE(name) \
	OPT_STRING(0, "remote", name, "REMOTE", \
		   "the remote, or the URL of a store (default: origin)")

/** name: a remote of the project, or a URL, which needs no project; NULL:
 *  origin. Dies when there is none, or no project. */
struct transport *object_store_need(const char *name);
/** The same, with another patience than usual: seconds. */
struct transport *object_store_need_for(const char *name, unsigned patience);

#endif
