#include "lib/base/compat.h"
#include "lib/wrap/digest.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest-internal.h"
#include "lib/wrap/library.h"

#define DIGEST_CHUNK (256u << 10)

/* Filled once, before anybody gets at it; not changed then. */
static struct digest_evp evp;
static pthread_once_t evp_once = PTHREAD_ONCE_INIT;
static char *evp_problem;	/* set once when loading failed */
static struct digest_kind sha256 = { "SHA-256", DIGEST_RAWSZ, NULL };

static const struct library_symbol symbols[] = {
	LIBRARY_SYMBOL(EVP_MD_CTX_new, &evp.ctx_new),
	LIBRARY_SYMBOL(EVP_MD_CTX_free, &evp.ctx_free),
	LIBRARY_SYMBOL(EVP_MD_fetch, &evp.fetch),
	LIBRARY_SYMBOL(EVP_DigestInit_ex, &evp.init),
	LIBRARY_SYMBOL(EVP_DigestUpdate, &evp.update),
	LIBRARY_SYMBOL(EVP_DigestFinal_ex, &evp.final),
};

static void load_evp(void)
{
	evp_problem = library_open(LIBCRYPTO, symbols, ARRAY_SIZE(symbols));
	if (!evp_problem)
		sha256.md = evp.fetch(NULL, "SHA256", NULL);
}

const struct digest_evp *digest_library(const char *what, struct strbuf *err)
{
	pthread_once(&evp_once, load_evp);
	if (!evp_problem)
		return &evp;
	fail(err, ERR_FAILED, "cannot load '%s' for %s: %s; install OpenSSL 3",
	     LIBCRYPTO, what, evp_problem);
	return NULL;
}

int digest_begin(struct digest **out, const struct digest_kind *kind,
		 struct strbuf *err)
{
	struct digest *d = xcalloc(1, sizeof(*d));

	d->kind = kind;
	d->ctx = fault_alloc() ? NULL : evp.ctx_new();
	if (!d->ctx)
		alloc_failed(0);
	if (!kind->md || evp.init(d->ctx, kind->md, NULL) != 1) {
		digest_drop(&d);
		return fail(err, ERR_FAILED, "cannot start %s: refused by "
			    "'%s'", kind->name, LIBCRYPTO);
	}
	*out = d;
	return 0;
}

int digest_start(struct digest **out, struct strbuf *err)
{
	if (!digest_library(sha256.name, err))
		return ERR_FAILED;
	return digest_begin(out, &sha256, err);
}

void digest_add(struct digest *d, const void *data, size_t len)
{
	/* Fails for a context that was not started, and only then. */
	if (evp.update(d->ctx, data, len) != 1)
		BUG("%s was not started", d->kind->name);
}

static void end_hash(struct digest *d, unsigned char *raw)
{
	unsigned int len = 0;

	if (evp.final(d->ctx, raw, &len) != 1 || len != d->kind->len)
		BUG("%s was not started", d->kind->name);
}

void digest_finish(struct digest **d, unsigned char *raw)
{
	end_hash(*d, raw);
	digest_drop(d);
}

void digest_next(struct digest *d, unsigned char *raw)
{
	end_hash(d, raw);
	/* It could be started before, so it can again. */
	if (evp.init(d->ctx, NULL, NULL) != 1)
		BUG("%s cannot be started again", d->kind->name);
}

void digest_once(struct digest *d, const void *data, size_t len,
		 unsigned char *raw)
{
	digest_add(d, data, len);
	digest_next(d, raw);
}

void digest_drop(struct digest **d)
{
	if (!*d)
		return;
	evp.ctx_free((*d)->ctx);
	free(*d);
	*d = NULL;
}

void digest_hex(struct strbuf *out, const unsigned char *raw)
{
	digest_hex_of(out, raw, DIGEST_RAWSZ);
}

void digest_hex_of(struct strbuf *out, const unsigned char *raw, size_t len)
{
	static const char hex[] = "0123456789abcdef";
	size_t i;

	strbuf_grow(out, 2 * len);
	for (i = 0; i < len; i++) {
		strbuf_addch(out, hex[raw[i] >> 4]);
		strbuf_addch(out, hex[raw[i] & 15]);
	}
}

int digest_fd(struct strbuf *out, int fd, struct strbuf *err)
{
	struct digest *d;
	unsigned char raw[DIGEST_RAWSZ];
	char *chunk;
	ssize_t got;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	chunk = xmalloc(DIGEST_CHUNK);
	while ((got = read(fd, chunk, DIGEST_CHUNK)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			ret = fail_errno(err, "cannot read what is hashed");
			break;
		}
		digest_add(d, chunk, got);
	}
	digest_finish(&d, raw);
	if (!ret)
		digest_hex(out, raw);
	free(chunk);
	return ret;
}

int digest_memory(struct strbuf *out, const void *data, size_t len,
		  struct strbuf *err)
{
	struct digest *d;
	unsigned char raw[DIGEST_RAWSZ];
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	digest_add(d, data, len);
	digest_finish(&d, raw);
	digest_hex(out, raw);
	return 0;
}
