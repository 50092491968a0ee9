/*
 * The door to OpenSSL's libcrypto, opened at the first use (dlopen): loading
 * it costs more than recording a run does, and most runs hash nothing. Each
 * digest is for one thread at a time; threads may have their own at once.
 *
 *	digest.c	SHA-256
 *	digest-hmac.c	HMAC-SHA256
 *	digest-md5.c	MD5, for servers that know nothing better
 *	digest-crc32c.c	CRC32C, without libcrypto
 *	digest-rsa.c	RSA signatures
 */
#ifndef LIB_WRAP_DIGEST_H
#define LIB_WRAP_DIGEST_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

#define DIGEST_RAWSZ 32
#define DIGEST_HEXSZ 64

struct digest;

/** Starts a SHA-256. ERR_FAILED when libcrypto cannot be loaded. */
int digest_start(struct digest **out, struct strbuf *err);
void digest_add(struct digest *d, const void *data, size_t len);
/** raw: room for DIGEST_RAWSZ bytes. Frees `*d`. */
void digest_finish(struct digest **d, unsigned char *raw);
/** The same, and `d` begins the next hash: many in a row without allocating. */
void digest_next(struct digest *d, unsigned char *raw);
/** The hash of `data` alone, by a `d` that nothing was added to; it is as
 *  before then. */
void digest_once(struct digest *d, const void *data, size_t len,
		 unsigned char *raw);
/** Frees it without a hash; NULL is fine. */
void digest_drop(struct digest **d);

void digest_hex(struct strbuf *out, const unsigned char *raw);
/** The same for what has another length: an MD5, a signature. */
void digest_hex_of(struct strbuf *out, const unsigned char *raw, size_t len);

/** SHA-256 of bytes in memory, as hex added to `out`. ERR_FAILED as above. */
int digest_memory(struct strbuf *out, const void *data, size_t len,
		  struct strbuf *err);

/** SHA-256 of what is left to read in `fd`, as hex added to `out`. */
int digest_fd(struct strbuf *out, int fd, struct strbuf *err);

#endif
