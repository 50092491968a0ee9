/*
 * MD5, by the door to libcrypto: what stores tell of an object when they know
 * nothing better. It says whether bytes were damaged, not whether somebody
 * changed them. Each is for one thread at a time.
 */
#ifndef LIB_WRAP_DIGEST_MD5_H
#define LIB_WRAP_DIGEST_MD5_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define MD5_RAWSZ 16
#define MD5_HEXSZ 32

struct md5;

/** ERR_FAILED: libcrypto cannot be loaded, or has no MD5 (FIPS). */
int md5_start(struct md5 **out, struct strbuf *err);
void md5_add(struct md5 *m, const void *data, size_t len);
/** raw: room for MD5_RAWSZ bytes. Frees `*m`. */
void md5_finish(struct md5 **m, unsigned char *raw);
/** The same, and `m` begins the next hash. */
void md5_next(struct md5 *m, unsigned char *raw);
/** Frees it without a hash; NULL is fine. */
void md5_drop(struct md5 **m);

/** Of bytes in memory. */
int md5_memory(unsigned char *raw, const void *data, size_t len,
	       struct strbuf *err);

#endif
