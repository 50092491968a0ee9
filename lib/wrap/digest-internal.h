/*
 * The functions of libcrypto, for the files of this door and for nobody else.
 */
#ifndef LIB_WRAP_DIGEST_INTERNAL_H
#define LIB_WRAP_DIGEST_INTERNAL_H

#include "lib/base/compat.h"

#include <openssl/evp.h>

#include "lib/base/strbuf.h"

#define LIBCRYPTO "libcrypto.so.3"

/*
 * By their declarations in <openssl/evp.h>: a header that has changed one of
 * them no longer compiles here.
 */
struct digest_evp {
	__typeof__(&EVP_MD_CTX_new) ctx_new;
	__typeof__(&EVP_MD_CTX_free) ctx_free;
	__typeof__(&EVP_MD_fetch) fetch;
	__typeof__(&EVP_DigestInit_ex) init;
	__typeof__(&EVP_DigestUpdate) update;
	__typeof__(&EVP_DigestFinal_ex) final;
};

/** Loads it at the first call. NULL: it cannot be loaded for `what`, with the
 *  sentence of an ERR_FAILED. */
const struct digest_evp *digest_library(const char *what, struct strbuf *err);

/* A way of hashing. */
struct digest_kind {
	const char *name;	/* for messages */
	unsigned len;		/* bytes of a hash */
	/*
	 * Fetched once and kept: with what EVP_sha256() and the like give, each
	 * start would look for an implementation again, which takes longer than
	 * hashing a small file. NULL: refused (FIPS).
	 */
	EVP_MD *md;
};

struct digest {
	const struct digest_kind *kind;
	EVP_MD_CTX *ctx;
};

/** Starts one; the library is loaded, and kind->md was asked for. */
int digest_begin(struct digest **out, const struct digest_kind *kind,
		 struct strbuf *err);

#endif
