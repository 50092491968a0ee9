#include "lib/base/compat.h"
#include "lib/wrap/digest-md5.h"

#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/fault.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest-internal.h"

struct md5 {
	const struct digest_evp *evp;
	EVP_MD_CTX *ctx;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
/* Fetched once and kept, as that of SHA-256 is. */
static EVP_MD *evp_md5;

static void fetch_md5(void)
{
	const struct digest_evp *evp = digest_library("MD5", NULL);

	if (evp)
		evp_md5 = evp->fetch(NULL, "MD5", NULL);
}

int md5_start(struct md5 **out, struct strbuf *err)
{
	const struct digest_evp *evp = digest_library("MD5", err);
	struct md5 *m;

	if (!evp)
		return ERR_FAILED;
	pthread_once(&once, fetch_md5);

	m = xcalloc(1, sizeof(*m));
	m->evp = evp;
	m->ctx = fault_alloc() ? NULL : evp->ctx_new();
	if (!m->ctx)
		alloc_failed(0);
	if (!evp_md5 || evp->init(m->ctx, evp_md5, NULL) != 1) {
		md5_drop(&m);
		return fail(err, ERR_FAILED,
			    "cannot start MD5: refused by '%s'", LIBCRYPTO);
	}
	*out = m;
	return 0;
}

void md5_add(struct md5 *m, const void *data, size_t len)
{
	if (m->evp->update(m->ctx, data, len) != 1)
		BUG("MD5 was not started");
}

static void end_hash(struct md5 *m, unsigned char *raw)
{
	unsigned int len = 0;

	if (m->evp->final(m->ctx, raw, &len) != 1 || len != MD5_RAWSZ)
		BUG("MD5 was not started");
}

void md5_finish(struct md5 **m, unsigned char *raw)
{
	end_hash(*m, raw);
	md5_drop(m);
}

void md5_next(struct md5 *m, unsigned char *raw)
{
	end_hash(m, raw);
	if (m->evp->init(m->ctx, NULL, NULL) != 1)
		BUG("MD5 cannot be started again");
}

void md5_drop(struct md5 **m)
{
	if (!*m)
		return;
	(*m)->evp->ctx_free((*m)->ctx);
	free(*m);
	*m = NULL;
}

int md5_memory(unsigned char *raw, const void *data, size_t len,
	       struct strbuf *err)
{
	struct md5 *m;
	int ret = md5_start(&m, err);

	if (ret)
		return ret;
	md5_add(m, data, len);
	md5_finish(&m, raw);
	return 0;
}
