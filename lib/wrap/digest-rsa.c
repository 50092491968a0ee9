#include "lib/base/compat.h"
#include "lib/wrap/digest-rsa.h"

#include <limits.h>
#include <pthread.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest-internal.h"
#include "lib/wrap/library.h"

/*
 * Apart from those of digest-internal.h: few commands sign, and what hashes
 * need not fail where a libcrypto was built without these.
 */
static struct {
	__typeof__(&BIO_new_mem_buf) memory;
	__typeof__(&BIO_free) memory_free;
	__typeof__(&PEM_read_bio_PrivateKey) read_key;
	__typeof__(&EVP_PKEY_free) key_free;
	__typeof__(&EVP_PKEY_is_a) key_is_a;
	__typeof__(&EVP_MD_CTX_new) ctx_new;
	__typeof__(&EVP_MD_CTX_free) ctx_free;
	__typeof__(&EVP_DigestSignInit_ex) init;
	__typeof__(&EVP_DigestSign) sign;
	__typeof__(&ERR_clear_error) forget_errors;
} rsa;

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(BIO_new_mem_buf, &rsa.memory),
	LIBRARY_SYMBOL(BIO_free, &rsa.memory_free),
	LIBRARY_SYMBOL(PEM_read_bio_PrivateKey, &rsa.read_key),
	LIBRARY_SYMBOL(EVP_PKEY_free, &rsa.key_free),
	LIBRARY_SYMBOL(EVP_PKEY_is_a, &rsa.key_is_a),
	LIBRARY_SYMBOL(EVP_MD_CTX_new, &rsa.ctx_new),
	LIBRARY_SYMBOL(EVP_MD_CTX_free, &rsa.ctx_free),
	LIBRARY_SYMBOL(EVP_DigestSignInit_ex, &rsa.init),
	LIBRARY_SYMBOL(EVP_DigestSign, &rsa.sign),
	LIBRARY_SYMBOL(ERR_clear_error, &rsa.forget_errors),
};

static pthread_once_t rsa_once = PTHREAD_ONCE_INIT;
static char *rsa_problem;	/* set once when loading failed */

static void load_rsa(void)
{
	rsa_problem = library_open(LIBCRYPTO, symbols, ARRAY_SIZE(symbols));
}

/* libcrypto would ask the terminal. */
static int no_pass_phrase(char *buf UNUSED, int size UNUSED, int rwflag UNUSED,
			  void *data UNUSED)
{
	return -1;
}

/* NULL: it is none. */
static EVP_PKEY *read_key(const char *pem, size_t pem_len)
{
	BIO *bio = pem_len && pem_len <= INT_MAX ?
		   rsa.memory(pem, (int)pem_len) : NULL;
	EVP_PKEY *key;

	if (!bio)
		return NULL;
	key = rsa.read_key(bio, NULL, no_pass_phrase, NULL);
	rsa.memory_free(bio);
	if (key && !rsa.key_is_a(key, "RSA")) {
		rsa.key_free(key);
		key = NULL;
	}
	return key;
}

static bool sign(struct strbuf *out, EVP_PKEY *key, const void *data,
		 size_t len)
{
	EVP_MD_CTX *ctx = rsa.ctx_new();
	size_t room = 0;
	bool done;

	if (!ctx)
		alloc_failed(0);
	done = rsa.init(ctx, NULL, "SHA256", NULL, NULL, key, NULL) == 1 &&
	       rsa.sign(ctx, NULL, &room, data, len) == 1;
	if (done) {
		strbuf_grow(out, room);
		done = rsa.sign(ctx, (unsigned char *)out->buf + out->len,
				&room, data, len) == 1;
	}
	if (done)
		strbuf_setlen(out, out->len + room);
	rsa.ctx_free(ctx);
	return done;
}

int rsa_sha256_sign(struct strbuf *out, const char *pem, size_t pem_len,
		    const void *data, size_t len, struct strbuf *err)
{
	EVP_PKEY *key;
	int ret = 0;

	pthread_once(&rsa_once, load_rsa);
	if (rsa_problem)
		return fail(err, ERR_FAILED, "cannot load '%s' for RSA "
			    "signatures: %s; install OpenSSL 3", LIBCRYPTO,
			    rsa_problem);
	key = read_key(pem, pem_len);
	if (!key)
		ret = fail(err, ERR_CONTENT, "this is no private RSA key in "
			   "PEM form without a pass phrase");
	else if (!sign(out, key, data, len))
		ret = fail(err, ERR_CONTENT, "this private RSA key cannot "
			   "sign");
	rsa.key_free(key);
	/* What stays in its queue, TLS of this thread takes for its own. */
	rsa.forget_errors();
	return ret;
}
