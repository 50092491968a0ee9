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
		   "a remote, the URL of a store, or .env (default: origin)")

/** name: as of store_find(). Dies when there is none. */
struct transport *object_store_need(const char *name);
/** The same, with another patience than usual: seconds. */
struct transport *object_store_need_for(const char *name, unsigned patience);

#endif
