/*
 * Stores for callers: named bytes that can be listed, read by ranges, written
 * whole, and removed. A handle may be used by any number of threads.
 * Source: Documentation/technical/store-contract.adoc.
 */
#ifndef TRANSPORT_TRANSPORT_H
#define TRANSPORT_TRANSPORT_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/value.h"
#include "lib/wrap/http.h"

#define OBJECT_KEY_MAX 1024
#define OBJECT_VERSION_MAX 256
/* Metadata: at most this many "key=value"; keys of [a-z0-9-], values of
 * printable ASCII; so that the strictest store (Drive) takes them. */
#define OBJECT_META_MAX 10
#define OBJECT_META_KEY_MAX 20
#define OBJECT_META_VALUE_MAX 100
#define OBJECT_SIZE_UNKNOWN UINT64_MAX
#define RANGE_TO_END UINT64_MAX

struct transport;

struct transport_config {
	const char *type;		/* storage_type */
	const struct value *config;	/* the map storage_config */
	const char *base_dir;		/* where relative paths begin */
	unsigned patience;	/* seconds that an operation is tried again
				 * for; 0: not at all */
	struct http_options http;	/* of stores that speak HTTP; patience
					 * there is not looked at */
	const struct strvec *google_hosts;	/* google.trusted-hosts: who
						 * else may see a token; or
						 * NULL */
};

#define TRANSPORT_PATIENCE_DEFAULT 30

enum transport_caps {
	TRANSPORT_CAN_RENAME = 1 << 0,
	TRANSPORT_CAN_COPY = 1 << 1,
	TRANSPORT_CAN_PRESIGN = 1 << 2,
	/* EXPECT_ABSENT and EXPECT_VERSION are decided in one step with the
	 * change; without the bit they are checked before and after it */
	TRANSPORT_CAN_CREATE = 1 << 3,
	TRANSPORT_CAN_COMPARE = 1 << 4,
	TRANSPORT_CAN_RESUME = 1 << 5,
	/* keeps metadata; without the bit it is dropped */
	TRANSPORT_CAN_META = 1 << 6,
	/* each object can carry checksums */
	TRANSPORT_CAN_SUMS = 1 << 7,
	/* knows what interrupted puts left, and removes it */
	TRANSPORT_CAN_PRUNE = 1 << 8,
	/* each call waits for an answer from far away: many at once, and
	 * reading ahead, are faster */
	TRANSPORT_IS_FAR = 1 << 9,
	/* takes several objects under one key; LIST_SHADOWED tells them */
	TRANSPORT_HAS_SHADOWS = 1 << 10,
	/* makes a checksum of an object where it lies, when asked */
	TRANSPORT_CAN_SUM = 1 << 11
};

enum object_sum {
	OBJECT_HAS_MD5 = 1 << 0,
	OBJECT_HAS_CRC32C = 1 << 1,
	OBJECT_HAS_SHA256 = 1 << 2
};

struct object {
	char *key;
	uint64_t size;
	/* Says which bytes: a change of the object changes it, and nothing
	 * else does. Printable ASCII without blanks, compared as text. */
	char *version;
	int64_t modified;	/* seconds since 1970; 0: unknown */
	unsigned sums;		/* which of these are known */
	unsigned char md5[16];
	unsigned char sha256[32];
	uint32_t crc32c;
	struct strvec meta;	/* "key=value"; listings may leave it empty */
};

#define OBJECT_INIT { .meta = STRVEC_INIT }
void object_release(struct object *o);

/** o is lent for the call. Non-zero ends the listing with that code. */
typedef int (*object_fn)(const struct object *o, void *data);

enum list_flags {
	LIST_ONE_LEVEL = 1 << 0,
	/* Where a store takes several objects under one key (Drive), also
	 * those that the newest one hides: each with its own version. With
	 * LIST_ONE_LEVEL also each folder, by a version. */
	LIST_SHADOWED = 1 << 1,
	/* Also objects whose keys object_key_check() refuses ("../x", "a//b"),
	 * which no other call takes. */
	LIST_ODD = 1 << 2
};

struct object_range {
	uint64_t offset, len;
	const char *version;	/* or NULL */
};

struct object_sink {
	/* Takes all `len` bytes, or fails with a sentence. */
	int (*write)(void *data, const void *buf, size_t len,
		     struct strbuf *err);
	void *data;
};

/** Where the bytes of an object come from. Called by one thread at a time,
 *  not always the one that called transport_put(). */
struct put_source {
	uint64_t size;		/* OBJECT_SIZE_UNKNOWN */
	/* Begins at `offset`, whatever came before; the same bytes as ever.
	 * NULL: cannot be begun again, so nothing is tried twice. */
	int (*open)(struct put_source *s, uint64_t offset, struct strbuf *err);
	/* Fills `buf`, with less only at the end; *got 0: that is the end. */
	int (*read)(struct put_source *s, void *buf, size_t len, size_t *got,
		    struct strbuf *err);
	uint64_t bound;		/* it gives no more than this; 0: not known */
	/* All `size` bytes, where they are in memory already and stay until
	 * the put returns: who wants them there need not copy. NULL: no. */
	const void *bytes;
};

enum put_expect { EXPECT_ANY, EXPECT_ABSENT, EXPECT_VERSION };

/** What an interrupted put leaves to a later one, also of another process. */
struct put_resume {
	char *state;		/* of an earlier put, opaque; NULL: none */
	bool stale;		/* what it holds parts of is not what comes
				 * now: they are withdrawn, all begins anew */
	uint64_t held;		/* set by the put: bytes of the whole that the
				 * store had already */
	/* Keeps `state` (NULL: there is nothing any more), durably, also as
	 * that of a later try. Called by the thread that puts. */
	int (*save)(struct put_resume *r, const char *state,
		    struct strbuf *err);
};

struct put_request {
	const char *key;
	struct put_source *source;
	enum put_expect expect;
	const char *version;		/* of EXPECT_VERSION */
	const struct strvec *meta;	/* or NULL */
	struct put_resume *resume;	/* or NULL */
	/* Told how many bytes the store holds by now, of what goes in parts:
	 * by any thread, one at a time. A later try begins again. Or NULL. */
	void (*stored)(void *data, uint64_t bytes);
	void *data;
};

/**
 * Opens the store that `c` describes, with retry and trace around it; c need
 * not outlive the call.
 * Errors: ERR_USAGE (an unknown type; a bad key of storage_config).
 */
int transport_open(struct transport **out, const struct transport_config *c,
		   struct strbuf *err);
void transport_close(struct transport *t);	/* NULL is fine */
unsigned transport_caps(const struct transport *t);
const char *transport_url(const struct transport *t);	/* without secrets */
/** The types, NULL-terminated. */
const char *const *transport_types(void);

/** 0, or ERR_USAGE: a key has 1 to OBJECT_KEY_MAX bytes and no NUL, does not
 *  begin or end with '/', and none of its components is "", "." or "..".
 *  All calls below check it. */
int object_key_check(const char *key, struct strbuf *err);
/** The same for what listings ask for: a key, or one with '/' behind it, or
 *  the beginning of one, or "". */
int object_prefix_check(const char *prefix, struct strbuf *err);

/*
 * What these do, and their errors: the members of struct transport_ops. After
 * retries ERR_TRANSIENT has become ERR_UNREACHABLE. Keys that a store lists
 * and that object_key_check() refuses are passed over.
 */
int transport_list(struct transport *t, const char *prefix, unsigned flags,
		   object_fn fn, void *data, struct strbuf *err);
int transport_stat(struct transport *t, const char *key, struct object *out,
		   struct strbuf *err);
/** version (or NULL): gets that of the bytes that were given. */
int transport_get(struct transport *t, const char *key,
		  const struct object_range *r, const struct object_sink *sink,
		  struct strbuf *version, struct strbuf *err);
/** Fills in at least one checksum of the object and its version: those that
 *  the store has, or one that is made where it lies, or (read: true) one of
 *  its bytes, which are read for it. Without any `sums` stays 0. version: only
 *  of that one (ERR_CONFLICT), or NULL. Errors: ERR_NOT_FOUND. */
int transport_sum(struct transport *t, const char *key, const char *version,
		  bool read, struct object *out, struct strbuf *err);
/** Exactly `len` bytes into `buf`; less is ERR_CONTENT. */
int transport_read(struct transport *t, const char *key, const char *version,
		   void *buf, size_t len, uint64_t offset,
		   struct strbuf *err);
int transport_put(struct transport *t, const struct put_request *r,
		  struct object *out, struct strbuf *err);
/** Withdraws what an interrupted put of `key` left, by the state that it saved;
 *  nothing where the store cannot resume. Nobody may be at it. */
int transport_withdraw(struct transport *t, const char *key,
		       const char *state, struct strbuf *err);
int transport_remove(struct transport *t, const char *key,
		     const char *version, struct strbuf *err);
/** What became of one key of many; one at a time, in any order and thread.
 *  code: 0, or ERR_* with its sentence. Non-zero ends with that code. */
typedef int (*removed_fn)(const char *key, int code, const char *message,
			  void *data);
/** Removes whatever is under these keys, as many at once as the store takes.
 *  One that is not there is fine. 0, or why the rest was not tried; what
 *  failed for one key is told by fn alone. */
int transport_remove_many(struct transport *t, const struct strvec *keys,
			  removed_fn fn, void *data, struct strbuf *err);
/** Where the store cannot rename: copy, then remove; where it cannot copy
 *  either: get, put, remove, through a file without a name. */
int transport_rename(struct transport *t, const char *from, const char *to,
		     const char *version, struct strbuf *err);
/** What interrupted puts left below `prefix`; nothing where the store does not
 *  know. Each may be told twice. */
int transport_rests(struct transport *t, const char *prefix, object_fn fn,
		    void *data, struct strbuf *err);
/** Removes one that transport_rests() told, by its key and version. */
int transport_prune(struct transport *t, const char *key, const char *version,
		    struct strbuf *err);
/** ERR_USAGE: this kind of store has no such URLs. */
int transport_presign(struct transport *t, const char *key, unsigned seconds,
		      struct strbuf *url, struct strbuf *err);

/** Bytes in memory (lent) as a source. */
struct put_memory {
	struct put_source source;
	const void *data;
	size_t len, pos;
};
void put_memory_init(struct put_memory *m, const void *data, size_t len);

/** A regular file as a source; reads by position. */
struct put_file {
	struct put_source source;
	int fd;			/* lent */
	uint64_t pos;
	const char *name;	/* for messages */
};
int put_file_init(struct put_file *f, int fd, const char *name,
		  struct strbuf *err);

#endif
