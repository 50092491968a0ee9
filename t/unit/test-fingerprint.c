#include "lib/base/compat.h"
#include "t/unit/unit.h"
#include "lib/base/fingerprint.h"

static void of(const void *data, size_t len, unsigned char *raw)
{
	struct fingerprint f = FINGERPRINT_INIT;

	fingerprint_add(&f, data, len);
	fingerprint_finish(&f, raw);
}

static unsigned bits_apart(const unsigned char *x, const unsigned char *y)
{
	unsigned nr = 0;
	size_t i;

	for (i = 0; i < FINGERPRINT_RAWSZ; i++)
		nr += (unsigned)__builtin_popcount(x[i] ^ y[i]);
	return nr;
}

/* Each bit of the text changes about half of all. */
static void check_avalanche(size_t len)
{
	unsigned char text[64] = "a text of some length", one[16], other[16];
	unsigned least = 128, most = 0, apart;
	size_t bit;

	of(text, len, one);
	for (bit = 0; bit < len * 8; bit++) {
		text[bit / 8] ^= 1 << bit % 8;
		of(text, len, other);
		text[bit / 8] ^= 1 << bit % 8;
		apart = bits_apart(one, other);
		least = MINIMUM(least, apart);
		most = MAXIMUM(most, apart);
	}
	check(least > 35 && most < 93, "one bit changes about half of all");
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, FINGERPRINT_RAWSZ / 2);
}

/* Of 200,000 numbers not even half of the fingerprint is the same twice. */
static void check_numbers(uint64_t step)
{
	enum { NR = 200000 };
	unsigned char (*raw)[FINGERPRINT_RAWSZ] = calloc(NR, sizeof(*raw));
	size_t same = 0, i;
	uint64_t number;

	for (i = 0; i < NR; i++) {
		number = i * step;
		of(&number, sizeof(number), raw[i]);
	}
	qsort(raw, NR, sizeof(*raw), compare);
	for (i = 1; i < NR; i++)
		same += !compare(raw[i - 1], raw[i]);
	check(!same, "numbers have fingerprints of their own");
	free(raw);
}

int main(void)
{
	unsigned char one[16], two[16];
	static const char zeros[32];
	struct fingerprint f = FINGERPRINT_INIT;
	size_t i, j, same = 0;

	check_avalanche(8);
	check_avalanche(21);
	check_avalanche(64);
	check_numbers(1);
	check_numbers(UINT64_C(1) << 40);
	check_numbers(1000000000);

	for (i = 0; i < sizeof(zeros); i++)
		for (j = 0; j < i; j++) {
			of(zeros, i, one);
			of(zeros, j, two);
			same += !memcmp(one, two, 16);
		}
	check(!same, "zeros of each length are another text");

	fingerprint_add(&f, "ab", 2);
	fingerprint_add(&f, "c", 1);
	fingerprint_finish(&f, one);
	of("abc", 3, two);
	check(memcmp(one, two, 16), "pieces count");
	f = (struct fingerprint)FINGERPRINT_INIT;
	fingerprint_add(&f, "abc", 3);
	fingerprint_finish(&f, one);
	check(!memcmp(one, two, 16), "the same text, the same fingerprint");
	return unit_done();
}
