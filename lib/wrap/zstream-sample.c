/*
 * What a chunk is best coded by, from a sample of it.
 *
 * Everything is counted in integers: a decision that hung on the last bit of a
 * logarithm would differ between machines.
 */
#include "lib/base/compat.h"
#include "lib/wrap/zstream-engine.h"

#define PIECE 1024
#define NR_PIECES 32

/* Below this trying costs as much as doing. */
#define SAMPLE_MIN (16u << 10)

/* The header of a block with Huffman codes for all bytes, about. */
#define HEADER_BYTES 80

struct counts {
	uint32_t of[256];
};

static void count(struct counts *c, const unsigned char *in, size_t len)
{
	uint32_t odd[256] = { 0 };
	size_t i;

	/* Two tables: the same byte twice need not wait for itself. */
	memset(c, 0, sizeof(*c));
	for (i = 0; i + 1 < len; i += 2) {
		c->of[in[i]]++;
		odd[in[i + 1]]++;
	}
	if (i < len)
		c->of[in[i]]++;
	for (i = 0; i < 256; i++)
		c->of[i] += odd[i];
}

static int by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

/* The lower of the two queues of Huffman's method: leaves in order, and sums,
 * which come in order by themselves. */
static uint32_t take_lowest(const uint32_t *leaf, size_t *l, size_t nr,
			    const uint32_t *sum, size_t *s, size_t nr_sums)
{
	if (*s == nr_sums || (*l < nr && leaf[*l] <= sum[*s]))
		return leaf[(*l)++];
	return sum[(*s)++];
}

/* Bytes that these take when each is coded by a Huffman code. */
static size_t huffman_size(const struct counts *c)
{
	uint32_t leaf[256] = { 0 }, sum[256];
	size_t nr = 0, l = 0, s = 0, nr_sums, i;
	uint64_t bits = 0;

	for (i = 0; i < 256; i++)
		if (c->of[i])
			leaf[nr++] = c->of[i];
	qsort(leaf, nr, sizeof(*leaf), by_size);
	for (nr_sums = 0; nr_sums + 1 < nr; nr_sums++) {
		uint32_t a = take_lowest(leaf, &l, nr, sum, &s, nr_sums);
		uint32_t b = take_lowest(leaf, &l, nr, sum, &s, nr_sums);

		sum[nr_sums] = a + b;
		bits += a + b;
	}
	return (size_t)(bits / 8) + HEADER_BYTES;
}

/* Grows with how uneven they are: the number of pairs of equal bytes. */
static uint64_t unevenness(const struct counts *c)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < 256; i++)
		sum += (uint64_t)c->of[i] * c->of[i];
	return sum;
}

struct sample {
	struct counts all;
	size_t best, second;	/* where the bytes are the most uneven */
};

/* Looks at NR_PIECES pieces, one in each of as many parts of the chunk. */
static void look(struct sample *s, const unsigned char *in, size_t part)
{
	uint64_t best = 0, second = 0;
	size_t i, k;

	memset(s, 0, sizeof(*s));
	for (i = 0; i < NR_PIECES; i++) {
		struct counts c;
		uint64_t u;

		count(&c, in + i * part, MINIMUM(part, PIECE));
		for (k = 0; k < 256; k++)
			s->all.of[k] += c.of[k];
		u = unevenness(&c);
		if (u > best) {
			second = best;
			s->second = s->best;
			best = u;
			s->best = i;
		} else if (u > second) {
			second = u;
			s->second = i;
		}
	}
}

enum zcoding zsample(const unsigned char *in, size_t len, bool any,
		     ztry_fn try_piece, void *data)
{
	size_t part = len / NR_PIECES, nr, huffman, coded = 0, matched = 0;
	size_t where[2], i;
	struct sample s;

	if (len < SAMPLE_MIN)
		return ZCODING_MATCH;
	look(&s, in, part);
	nr = NR_PIECES * MINIMUM(part, PIECE);
	huffman = huffman_size(&s.all) - HEADER_BYTES;
	/* Very uneven: text and tables, where matches always help. */
	if (huffman * 10 < nr * 7 || (any && huffman * 200 < nr * 199))
		return ZCODING_MATCH;

	/* Tried where they are likeliest to: a chunk may be mixed. */
	where[0] = s.best;
	where[1] = s.second;
	for (i = 0; i < ARRAY_SIZE(where); i++) {
		size_t at = where[i] * part;
		size_t n = MINIMUM(ZSAMPLE_TRY, MINIMUM(len - at, len / 4));
		struct counts c;

		count(&c, in + at, n);
		coded += MINIMUM(huffman_size(&c), n);
		matched += try_piece(in + at, n, data);
	}
	if (matched * 100 < coded * 99)
		return ZCODING_MATCH;
	return huffman * 200 < nr * 199 ? ZCODING_HUFFMAN : ZCODING_STORE;
}
