/*
 * What a backend is: one constant table. Callers use transport.h, never this.
 *
 * A store holds objects: bytes under a key, with a version and, where the
 * store can, metadata. Nothing here knows what the bytes are.
 *
 * Members block, and are called by many threads at once. They neither print,
 * nor exit, nor try the whole call again: what is worth another try is
 * ERR_TRANSIENT and nothing else; with-retry.c does it. A backend that makes
 * several requests for one call repeats those that are safe (lib/wrap/http.h
 * does). with-trace.c writes down each call.
 * t/lib-transport.sh (`resutil test-store`) is this file as a test.
 * Source: Documentation/technical/store-contract.adoc.
 */
#ifndef TRANSPORT_TRANSPORT_OPS_H
#define TRANSPORT_TRANSPORT_OPS_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "transport/transport.h"

/* Begins each backend's own struct. */
struct transport {
	const struct transport_ops *ops;
	/* ops->caps, less what this store lacks, also as that is found out:
	 * changed and read by atomic operations */
	unsigned caps;
	char *url;		/* for messages; holds no secret */
	struct transport *inner;	/* what a wrapper is around; NULL */
};

/*
 * Errors that every member may return: ERR_TRANSIENT (worth another try),
 * ERR_UNREACHABLE (not worth one: no such host, no such store),
 * ERR_CREDENTIALS (missing or refused), ERR_FAILED. Sentences name the key.
 */
struct transport_ops {
	const char *type;	/* as in storage_type */
	unsigned caps;		/* enum transport_caps */

	/*
	 * Makes a handle. Asks the store nothing that a later call would not
	 * find out. `config`: the keys of storage_config, checked here.
	 * Errors: ERR_USAGE (a key is missing or bad; named).
	 */
	int (*open)(struct transport **out, const struct transport_config *c,
		    struct strbuf *err);

	/*
	 * One page of the objects whose keys begin with `prefix`, in any
	 * order. cursor: empty for the first page; set to what gives the next
	 * one, or emptied after the last. fn is called only for a page that
	 * was received whole, so that a page can be asked for again; non-zero
	 * from fn ends with that code. An empty listing is no error, nor is a
	 * prefix that nothing has. What the store keeps for itself and what
	 * is half there is not listed. LIST_ONE_LEVEL: keys with a '/' after
	 * the prefix are given once, cut behind it, size 0, version "".
	 * Each key is given once, unless LIST_SHADOWED asks for more.
	 */
	int (*list)(struct transport *t, const char *prefix, unsigned flags,
		    struct strbuf *cursor, object_fn fn, void *data,
		    struct strbuf *err);

	/* Errors: ERR_NOT_FOUND. `out` is untouched after failure. */
	int (*stat)(struct transport *t, const char *key, struct object *out,
		    struct strbuf *err);

	/*
	 * Bytes from r->offset, r->len of them or (RANGE_TO_END) to the end,
	 * in order, to sink->write. All of them are of one version; r->version
	 * (or NULL): of that one. An empty range and one that ends behind the
	 * object are fine (what is there is given); offset == size too.
	 * Errors: ERR_NOT_FOUND; ERR_CONFLICT (not that version);
	 * ERR_CONTENT (offset behind the end; the store's checksum differs);
	 * what the sink returned. The sink may have got a part of it; with
	 * ERR_TRANSIENT the caller goes on behind what it got, asking for the
	 * version in *version (may be NULL; set before the first byte).
	 */
	int (*get)(struct transport *t, const char *key,
		   const struct object_range *r, const struct object_sink *sink,
		   struct strbuf *version, struct strbuf *err);

	/*
	 * Optional, with TRANSPORT_CAN_SUM: reads the object where it lies,
	 * and fills in `out` as stat does, with one checksum more. version (or
	 * NULL): of that one. Errors: ERR_NOT_FOUND, ERR_CONFLICT.
	 */
	int (*sum)(struct transport *t, const char *key, const char *version,
		   struct object *out, struct strbuf *err);

	/*
	 * Stores all that the source gives, made durable, under r->key: all
	 * or nothing, no reader ever sees a part. Compares size and checksum
	 * with what the store says before it returns 0. `out` (or NULL) gets
	 * at least key, size and version of what was put.
	 * r->expect: EXPECT_ABSENT and EXPECT_VERSION hold against every other
	 * put, remove and rename by this contract where caps say so.
	 * After any failure the object is what it was, or, with ERR_TRANSIENT
	 * only, perhaps what was put (a lost answer); temporaries may be left
	 * when the process dies, under names that `list` does not give.
	 * r->resume (or NULL): parts that are held stay when it fails with
	 * ERR_TRANSIENT or the process dies, and are said by resume->save.
	 * Errors: ERR_CONFLICT (expectation not met); ERR_CONTENT (the store
	 * holds something else); what the source returned.
	 */
	int (*put)(struct transport *t, const struct put_request *r,
		   struct object *out, struct strbuf *err);

	/*
	 * Optional, with TRANSPORT_CAN_RESUME: removes the parts that a put of
	 * `key` left, by the state that it saved; they may be gone already.
	 * Errors: ERR_CONTENT (that is no such state).
	 */
	int (*withdraw)(struct transport *t, const char *key,
			const char *state, struct strbuf *err);

	/*
	 * version: NULL: whatever is there. Errors: ERR_NOT_FOUND,
	 * ERR_CONFLICT (not that version).
	 */
	int (*remove)(struct transport *t, const char *key,
		      const char *version, struct strbuf *err);

	/*
	 * Optional, NULL: callers remove one by one. Any number of keys, each
	 * whatever is there; one that is not there is fine. fn is told of each
	 * once, also of those that failed.
	 */
	int (*remove_many)(struct transport *t, const struct strvec *keys,
			   removed_fn fn, void *data, struct strbuf *err);

	/*
	 * Optional, NULL without their caps bit. The object appears under `to`
	 * with bytes and metadata whole, or not at all; `to` must be absent
	 * (ERR_CONFLICT). After rename `from` is gone; readers may for a
	 * moment see both, never neither. version: of `from`, or NULL.
	 */
	int (*rename)(struct transport *t, const char *from, const char *to,
		      const char *version, struct strbuf *err);
	int (*copy)(struct transport *t, const char *from, const char *to,
		    const char *version, struct strbuf *err);
	/* Adds a URL that reads the object for `seconds` from now. */
	int (*presign)(struct transport *t, const char *key, unsigned seconds,
		       struct strbuf *url, struct strbuf *err);

	/*
	 * Optional, both with TRANSPORT_CAN_PRUNE: what puts left when their
	 * process died. rests: one page of them, as of list. Never an object,
	 * nor what somebody is still at: what a lock that died with its maker
	 * tells, or else that nothing was added to it for a day. `key` is the
	 * name for prune alone, and may be that of several, which `version`
	 * tells apart; size is what it takes, as far as that is known.
	 * prune: removes one. Errors: ERR_NOT_FOUND (it has gone, or is none),
	 * ERR_CONFLICT (somebody is at it, or it is another one).
	 */
	int (*rests)(struct transport *t, const char *prefix,
		     struct strbuf *cursor, object_fn fn, void *data,
		     struct strbuf *err);
	int (*prune)(struct transport *t, const char *key,
		     const char *version, struct strbuf *err);

	/* Frees it. Never NULL. */
	void (*release)(struct transport *t);
};

/* The backends. */
extern const struct transport_ops transport_dir;
extern const struct transport_ops transport_s3;
extern const struct transport_ops transport_gcs;
extern const struct transport_ops transport_gdrive;
extern const struct transport_ops transport_ssh;

/* The wrappers take `t`, and give a table of their own around it. */
struct transport *transport_with_retry(struct transport *t,
				       const struct transport_config *c);
struct transport *transport_with_trace(struct transport *t);
#ifdef RESUTIL_FAULT_POINTS
/* RESUTIL_TEST_STORE_FAULT=OP:N:ERROR[,...]; see with-faults.c. */
struct transport *transport_with_faults(struct transport *t);
#endif

/** remove_many for who has none: t->ops->remove() for each. */
int transport_remove_each(struct transport *t, const struct strvec *keys,
			  removed_fn fn, void *data, struct strbuf *err);

/** The text of a required key of storage_config; ERR_USAGE names it. */
int transport_config_text(const struct transport_config *c, const char *key,
			  const char **out, struct strbuf *err);

#endif
