/*
 * One store of a project: which experiments it holds, and what is known of
 * them without reading them again.
 *
 * Files: remote-list.c, remote-learn.c, remote-record.c, remote-find.c (this
 * header), known.c
 * (cache, by version), ledger.c (what this clone sent and fetched),
 * remote-pack.c (a pack there, read by ranges).
 */
#ifndef LIB_SYNC_REMOTE_LIST_H
#define LIB_SYNC_REMOTE_LIST_H

#include "lib/base/compat.h"

#include <pthread.h>

#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/exp/pack/pack-comment.h"
#include "lib/exp/conf/project.h"
#include "transport/transport.h"

/* Transfers and reads at once, where nobody says how many; of a store that is
 * far, where most of the time is spent waiting. */
#define REMOTE_JOBS 16
#define REMOTE_JOBS_FAR 48
/* What one experiment on its way has open: directories, a file, a pack, its
 * temporary file, a lock. See workers_with_files(). */
#define REMOTE_FILES_EACH 12

/* Up to so many names are asked for one by one; more: by a listing. */
#define REMOTE_STAT_MAX 32

enum known_level {
	KNOWN_LISTED,	/* name, size, version, modified */
	KNOWN_INFO,	/* and `info` (version 0: not written by resutil) */
	KNOWN_RECORD	/* and `summary` */
};

/** An experiment that a store holds. */
struct remote_exp {
	char *name;		/* checked: name_parse() takes it */
	uint64_t size;		/* of the pack */
	char *version;		/* of the object */
	int64_t modified;
	enum known_level level;
	struct pack_info info;
	/* Keys of its record, as they stand there: state, created, started,
	 * finished (of at), user, host, executor, tags, dependency,
	 * dependency_ids. NULL below KNOWN_RECORD; an empty map when the pack
	 * has no record that can be read. */
	struct value *summary;
	char *problem;		/* why more is not known: a bad pack, or one
				 * that has gone; such a one is KNOWN_RECORD
				 * with an empty summary, and info.version 0 */
	const char *kept;	/* private: of a summary that is in the cache
				 * and was not asked for yet */
};

void remote_exp_release(struct remote_exp *e);

struct remote_list {
	struct remote_exp *exp;	/* by name, in byte order */
	size_t nr, alloc;
	int64_t seen;		/* when the store said so; seconds since 1970 */
	size_t garbage;		/* objects there that are no experiments */
};

#define REMOTE_LIST_INIT { NULL, 0, 0, 0, 0 }
void remote_list_release(struct remote_list *list);
struct remote_exp *remote_list_find(const struct remote_list *list,
				    const char *name);
/** Where names begin that have the first `len` bytes of `text`, or would. */
size_t remote_list_from(const struct remote_list *list, const char *text,
			size_t len);

struct known;
struct ledger;
struct pack_limits;

struct remote {
	char *name;		/* "origin", or a URL */
	const struct project *project;
	struct transport *transport;
	char *prefix;		/* "PROJECT/" */
	/* The URL of the transport, and what the conf says besides that tells
	 * two stores apart (endpoint_url); for notes and comparing. */
	char *place;
	bool is_url;
	struct known *known;
	struct ledger *ledger;	/* NULL until remote_open_ledger() */
	pthread_mutex_t lock;	/* of what remote_learn() puts into lists */
};

/**
 * name: of a remote of `p` (NULL: origin), or the URL of a store.
 * patience: as in struct transport_config.
 * Errors: ERR_NOT_FOUND (no such remote), ERR_USAGE, ERR_CONTENT (bad conf).
 */
int remote_open(struct remote **out, const struct project *p,
		const char *name, unsigned patience, struct strbuf *err);
/** Keeps what was learnt, as far as there is a place for caches.
 *  Thread-safe. */
void remote_save(struct remote *r);
/** Saves and closes it. NULL is fine. */
void remote_close(struct remote *r);

/** Opens the ledger, once. A remote that is a URL has none: `r->ledger` stays
 *  NULL, which all calls of ledger.h take. Errors: of ledger_open(). */
int remote_open_ledger(struct remote *r, struct strbuf *err);

/** REMOTE_JOBS or REMOTE_JOBS_FAR. */
unsigned remote_jobs(const struct remote *r);

/** Adds "PROJECT/NAME.zip". */
void remote_key(const struct remote *r, const char *name, struct strbuf *out);

/** All experiments there, by one listing, with what is known of each: up to
 *  KNOWN_INFO, since a summary of the cache is only read when it is wanted
 *  (remote_learn(), which then asks nobody, or remote_recall()). */
int remote_list(struct remote *r, struct remote_list *out,
		struct strbuf *err);
/** As last seen, without asking; ERR_NOT_FOUND: never seen. */
int remote_list_cached(struct remote *r, struct remote_list *out,
		       struct strbuf *err);
/** The given names (sorted, each once): by stats in parallel when there are
 *  up to REMOTE_STAT_MAX, else by a listing. Those that are not there are
 *  left out. jobs: 0: as many as names. */
int remote_look(struct remote *r, const struct strvec *names, unsigned jobs,
		struct remote_list *out, struct strbuf *err);

/**
 * Raises what is known of exp[0..nr) to `level`, by one ranged read of each
 * that lacks it (a second one for the record where the pack is longer),
 * in parallel; jobs: 0: REMOTE_JOBS. One that changed since it was listed is
 * looked up again. A bad pack is no error here, and neither is one that has
 * gone: its `problem` is set. Errors: those of the store; some may be learnt
 * then. Thread-safe for different exp.
 */
int remote_learn(struct remote *r, struct remote_exp *exp, size_t nr,
		 enum known_level level, unsigned jobs, struct strbuf *err);
/**
 * The record of one of them as it stands there, of the version that it has now,
 * which `e` then tells of; nothing: it has none. limits: filled. Errors:
 * ERR_NOT_FOUND: it has gone; ERR_CONTENT: the pack is bad; those of the store.
 * `text` and `err` are emptied first. Thread-safe for different `e`, which
 * nobody else uses.
 */
int remote_learn_whole(struct remote *r, struct remote_exp *e,
		       const struct pack_limits *limits, struct strbuf *text,
		       struct strbuf *err);
/** Raises it to what the cache has, and asks nobody. */
void remote_recall(struct remote *r, struct remote_exp *exp, size_t nr);
/** Notes what is known of one that this process has just put or fetched.
 *  Thread-safe. */
void remote_note(struct remote *r, const struct remote_exp *exp);
/** Forgets one that was removed. Thread-safe. */
void remote_forget(struct remote *r, const char *name);

/**
 * The experiment that an EXP argument means there: as exp_find(), by `list`,
 * but for paths. `@` and `@~N` go by `created` of the records; those are learnt
 * that can be so new by the time in the name: two of them that are two days
 * apart are in that order. Without a record that time counts, as here.
 * Errors: ERR_NOT_FOUND; ERR_USAGE when ambiguous, with the candidates; those
 * of remote_learn().
 */
int remote_find(struct remote *r, const struct remote_list *list,
		const char *arg, struct strbuf *name, struct strbuf *err);

/** What `summary` is made of a record (normalized). */
struct value *remote_summary(const struct value *record);

#endif
