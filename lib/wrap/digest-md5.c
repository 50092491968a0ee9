#include "lib/base/compat.h"
#include "lib/wrap/digest-md5.h"

#include <pthread.h>

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/digest-internal.h"

/* The same thing under a name of its own, so that nobody takes one hash for the
 * other. */
struct md5 {
	struct digest d;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static struct digest_kind kind = { "MD5", MD5_RAWSZ, NULL };

static void fetch_md5(void)
{
	kind.md = digest_library(kind.name, NULL)->fetch(NULL, "MD5", NULL);
}

int md5_start(struct md5 **out, struct strbuf *err)
{
	struct digest *d;
	int ret;

	if (!digest_library(kind.name, err))
		return ERR_FAILED;
	pthread_once(&once, fetch_md5);
	ret = digest_begin(&d, &kind, err);
	if (!ret)
		*out = (struct md5 *)d;
	return ret;
}

void md5_add(struct md5 *m, const void *data, size_t len)
{
	digest_add(&m->d, data, len);
}

void md5_finish(struct md5 **m, unsigned char *raw)
{
	struct digest *d = &(*m)->d;

	digest_finish(&d, raw);
	*m = NULL;
}

void md5_next(struct md5 *m, unsigned char *raw)
{
	digest_next(&m->d, raw);
}

void md5_drop(struct md5 **m)
{
	struct digest *d = (struct digest *)*m;

	digest_drop(&d);
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
