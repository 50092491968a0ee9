#include "lib/base/compat.h"
#include "lib/wrap/digest-hmac.h"

#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"

#define BLOCK 64	/* of SHA-256, bytes */

int hmac_sha256(unsigned char *raw, const void *key, size_t key_len,
		const void *data, size_t len, struct strbuf *err)
{
	unsigned char pad[BLOCK] = { 0 };
	struct digest *d;
	size_t i;
	int ret = digest_start(&d, err);

	if (ret)
		return ret;
	if (key_len > BLOCK)
		digest_once(d, key, key_len, pad);
	else if (key_len)
		memcpy(pad, key, key_len);

	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36;
	digest_add(d, pad, BLOCK);
	digest_add(d, data, len);
	digest_next(d, raw);

	for (i = 0; i < BLOCK; i++)
		pad[i] ^= 0x36 ^ 0x5c;
	digest_add(d, pad, BLOCK);
	digest_add(d, raw, DIGEST_RAWSZ);
	digest_finish(&d, raw);
	explicit_bzero(pad, sizeof(pad));
	return 0;
}
