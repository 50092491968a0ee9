/*
 * Each eight bytes go into two sums by odd multipliers (from the fractions of
 * the golden ratio and of square roots), with a rotation between, so that every
 * bit comes to lie in the upper half, where a multiplication mixes it with the
 * others. The end is mixed until each bit of the sums changes half of all.
 */
#include "lib/base/compat.h"
#include "lib/base/fingerprint.h"

#define PHI UINT64_C(0x9e3779b97f4a7c15)
#define SQRT2 UINT64_C(0x6a09e667f3bcc909)
#define SQRT3 UINT64_C(0xbb67ae8584caa73b)
#define SQRT5 UINT64_C(0x3c6ef372fe94f82b)

static uint64_t rotate(uint64_t x, int bits)
{
	return x << bits | x >> (64 - bits);
}

static void add_word(struct fingerprint *f, uint64_t word)
{
	f->a = rotate(f->a ^ word * PHI, 29) * SQRT3 + f->b;
	f->b = rotate(f->b ^ word * SQRT2, 37) * SQRT5 + f->a;
}

void fingerprint_add(struct fingerprint *f, const void *data, size_t len)
{
	const unsigned char *at = data;
	uint64_t word;

	f->len += len;
	for (; len >= sizeof(word); len -= sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		add_word(f, word);
		at += sizeof(word);
	}
	/* The length tells a short piece from one with zeros behind it. */
	word = 0;
	if (len)
		memcpy(&word, at, len);
	add_word(f, word ^ (uint64_t)(len + 1) << 56);
}

static uint64_t mix(uint64_t x)
{
	x = (x ^ x >> 32) * SQRT3;
	x = (x ^ x >> 29) * PHI;
	return x ^ x >> 32;
}

void fingerprint_finish(const struct fingerprint *f, unsigned char *raw)
{
	uint64_t sum[2];

	sum[0] = mix(f->a ^ f->len * PHI);
	sum[1] = mix(f->b + sum[0]);
	sum[0] = mix(sum[0] + sum[1]);
	memcpy(raw, sum, sizeof(sum));
}
