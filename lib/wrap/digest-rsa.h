/*
 * RSA signatures with SHA-256 (RSASSA-PKCS1-v1_5, RFC 8017: "RS256" of
 * RFC 7518, "GOOG4-RSA-SHA256"), by the door to libcrypto.
 */
#ifndef LIB_WRAP_DIGEST_RSA_H
#define LIB_WRAP_DIGEST_RSA_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"

/** Adds the signature of `data` (raw bytes) to `out`. pem: a private key
 *  without a pass phrase (PKCS#8 or PKCS#1). Nothing of the key stays in memory
 *  of ours. ERR_CONTENT: that is no such key; ERR_FAILED: no libcrypto. */
int rsa_sha256_sign(struct strbuf *out, const char *pem, size_t pem_len,
		    const void *data, size_t len, struct strbuf *err);

#endif
