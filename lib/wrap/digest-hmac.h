/*
 * HMAC-SHA256 (RFC 2104), by the door to libcrypto.
 */
#ifndef LIB_WRAP_DIGEST_HMAC_H
#define LIB_WRAP_DIGEST_HMAC_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"

/** raw: room for DIGEST_RAWSZ bytes; may be `key`. Nothing of the key stays in
 *  memory of ours. ERR_FAILED: no libcrypto. */
int hmac_sha256(unsigned char *raw, const void *key, size_t key_len,
		const void *data, size_t len, struct strbuf *err);

#endif
