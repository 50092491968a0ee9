#include "lib/base/compat.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/zstream-engine.h"

#include <pthread.h>

#define POLYNOMIAL 0x82f63b78u	/* bits in reverse */
#define SLICES 8

static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void fill_table(void)
{
	uint32_t crc;
	int i, k;

	for (i = 0; i < 256; i++) {
		crc = (uint32_t)i;
		for (k = 0; k < 8; k++)
			crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
		table[0][i] = crc;
	}
	for (i = 0; i < 256; i++)
		for (k = 1; k < SLICES; k++)
			table[k][i] = table[k - 1][i] >> 8 ^
				      table[0][table[k - 1][i] & 255];
}

static uint32_t load32(const unsigned char *p)
{
	return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

/* Eight bytes at a time: what each of them does to the rest is known. */
uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;
	uint32_t low, high;

	pthread_once(&table_once, fill_table);
	crc = ~crc;
	for (; len >= 8; p += 8, len -= 8) {
		low = load32(p) ^ crc;
		high = load32(p + 4);
		crc = table[7][low & 255] ^ table[6][low >> 8 & 255] ^
		      table[5][low >> 16 & 255] ^ table[4][low >> 24] ^
		      table[3][high & 255] ^ table[2][high >> 8 & 255] ^
		      table[1][high >> 16 & 255] ^ table[0][high >> 24];
	}
	for (; len; p++, len--)
		crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
	return ~crc;
}

#if defined(WITH_ISAL)

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	return crc32c_by_isal(crc, data, len);
}

#elif defined(__x86_64__) && defined(__GNUC__) && !defined(RESUTIL_GENERIC)

__attribute__((target("sse4.2")))
static uint32_t by_instruction(uint32_t crc, const unsigned char *p,
			       size_t len)
{
	uint64_t wide = ~crc, word;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&word, p, sizeof(word));
		wide = __builtin_ia32_crc32di(wide, word);
	}
	crc = (uint32_t)wide;
	for (; len; p++, len--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return ~crc;
}

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	return __builtin_cpu_supports("sse4.2") ?
	       by_instruction(crc, data, len) :
	       crc32c_by_tables(crc, data, len);
}

#else

uint32_t crc32c(uint32_t crc, const void *data, size_t len)
{
	return crc32c_by_tables(crc, data, len);
}

#endif

/* Polynomials over GF(2), bits in reverse: the highest bit is x^0. */
static uint32_t multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (; a; a <<= 1) {
		if (a & 0x80000000u)
			product ^= b;
		b = b >> 1 ^ (b & 1 ? POLYNOMIAL : 0);
	}
	return product;
}

/* A byte behind it multiplies a checksum by x^8; what inverts it at both ends
 * is the same for both pieces, and goes out. */
uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t len)
{
	uint32_t power = 0x00800000u;	/* x^8 */

	for (; len; len >>= 1) {
		if (len & 1)
			first = multiply(power, first);
		power = multiply(power, power);
	}
	return first ^ second;
}

void crc32c_raw(unsigned char *raw, uint32_t crc)
{
	raw[0] = (unsigned char)(crc >> 24);
	raw[1] = (unsigned char)(crc >> 16);
	raw[2] = (unsigned char)(crc >> 8);
	raw[3] = (unsigned char)crc;
}

uint32_t crc32c_of_raw(const unsigned char *raw)
{
	return (uint32_t)raw[0] << 24 | (uint32_t)raw[1] << 16 |
	       (uint32_t)raw[2] << 8 | raw[3];
}
