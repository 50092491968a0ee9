/*
 * The stores of a project, as its conf names them. "origin" is the one in
 * storage_type and storage_config, others stand under `remotes`.
 * Source: resutilformat-conf(5).
 */
#ifndef LIB_EXP_STORE_REMOTES_H
#define LIB_EXP_STORE_REMOTES_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"

#define REMOTE_ORIGIN "origin"
#define REMOTE_NAME_MAX 64

struct remote_conf {
	char *name;
	char *type;		/* dir gcs gdrive s3 ssh */
	struct value *config;	/* a map: the keys of storage_config */
};

struct remote_confs {
	struct remote_conf *item;
	size_t nr;
};

#define REMOTE_CONFS_INIT { NULL, 0 }

/** All of them, origin first, then in the conf's order. ERR_CONTENT: a bad
 *  name, type or config, named with the file. */
int remotes_read(struct remote_confs *out, const struct project *p,
		 struct strbuf *err);
void remote_confs_release(struct remote_confs *r);

/** One of them; name NULL: origin. ERR_NOT_FOUND lists the names there are. */
int remotes_find(struct remote_conf *out, const struct project *p,
		 const char *name, struct strbuf *err);
void remote_conf_release(struct remote_conf *r);

/** 0, or ERR_USAGE: 1 to REMOTE_NAME_MAX of [A-Za-z0-9_-], no '-'
 *  first. No dot, as `remotes.NAME` is a key. */
int remote_check_name(const char *name, struct strbuf *err);

/** Puts it into the project's conf, or takes it out, keeping the rest of the
 *  file as it is. ERR_CONFLICT: there is one of that name. ERR_USAGE: origin,
 *  which is a key of its own. ERR_NOT_FOUND. What this clone has noted of a
 *  remote of that name before (its ledger) is removed: it was another store,
 *  or may be. */
int remotes_add(const struct project *p, const struct remote_conf *r,
		struct strbuf *err);
int remotes_remove(const struct project *p, const char *name,
		   struct strbuf *err);
/** Has a remote that is there, also origin, mean the store of `r`: its type and
 *  all of its config but keys that resutil does not know. Its ledger stays,
 *  which knows of what store each note is. ERR_NOT_FOUND. */
int remotes_set(const struct project *p, const struct remote_conf *r,
		struct strbuf *err);

#endif
