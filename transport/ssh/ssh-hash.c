/*
 * The hash that the host of a store can make, here: what a put sends is
 * compared by it.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/digest-md5.h"
#include "transport/ssh/ssh-put.h"

#include <pthread.h>

/* ---- cksum -------------------------------------------------------------- */

/* POSIX: the polynomial of Ethernet, the highest bit first, the length behind
 * the bytes, and all of it inverted. */
static uint32_t cksum_table[256];

static void fill_table(void)
{
	uint32_t i, bit, crc;

	for (i = 0; i < 256; i++) {
		crc = i << 24;
		for (bit = 0; bit < 8; bit++)
			crc = crc << 1 ^ (crc >> 31 ? 0x04c11db7u : 0);
		cksum_table[i] = crc;
	}
}

static uint32_t cksum(const unsigned char *bytes, size_t len)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	uint32_t crc = 0;
	size_t i;

	pthread_once(&once, fill_table);
	for (i = 0; i < len; i++)
		crc = crc << 8 ^ cksum_table[crc >> 24 ^ bytes[i]];
	for (; len; len >>= 8)
		crc = crc << 8 ^ cksum_table[crc >> 24 ^ (len & 0xff)];
	return ~crc;
}

/* ------------------------------------------------------------------------- */

int ssh_hash(struct strbuf *out, const struct ssh_facts *facts,
	     const void *bytes, size_t len, struct strbuf *err)
{
	unsigned char md5[MD5_RAWSZ];
	int ret = 0;

	if (!strcmp(facts->sum, "sha256")) {
		ret = digest_memory(out, bytes, len, err);
	} else if (!strcmp(facts->sum, "md5")) {
		ret = md5_memory(md5, bytes, len, err);
		if (!ret)
			digest_hex_of(out, md5, sizeof(md5));
	} else if (!strcmp(facts->sum, "cksum")) {
		strbuf_addf(out, "%" PRIu32, cksum(bytes, len));
	}
	return ret;
}

void ssh_get_facts(struct ssh_store *s, struct ssh_facts *out)
{
	pthread_mutex_lock(&s->lock);
	*out = s->facts;
	pthread_mutex_unlock(&s->lock);
}
