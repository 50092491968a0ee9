#include "lib/base/compat.h"
#include "lib/wrap/deflate-walk.h"

/*
 * An entry of struct walk_code's `step`, looked up by the next bits: how far to
 * go on, and what it was. Literals need no work at all, so an entry stands for
 * as many of them as its bits hold.
 */
#define STEP_LONG 0x0000u	/* longer than the table, or no code */
#define STEP_PLAIN 0x1000u	/* literals; a distance */
#define STEP_LENGTH 0x2000u	/* a distance follows */
#define STEP_END 0x3000u	/* of the block */
#define STEP_KIND(s) ((s) & 0x3000u)
#define STEP_CODE(s) ((s) >> 8 & 0xfu)	/* bits that were looked at */
#define STEP_BITS(s) ((s) & 0xffu)	/* and those behind them */
#define STEP(kind, code, bits) ((uint16_t)((kind) | (code) << 8 | (bits)))

enum alphabet { LITERALS, DISTANCES, LENGTHS_OF_CODES };

#define NR_LITERALS 286
#define NR_DISTANCES 30
#define END_OF_BLOCK 256

struct reader {
	const unsigned char *start, *p, *end;
	uint64_t hold;	/* the next bits, lowest first */
	unsigned nr;	/* that many of them count */
};

/* Written out: so compilers see that it is one load. */
static uint64_t get64(const unsigned char *p)
{
	return p[0] | (uint64_t)p[1] << 8 | (uint64_t)p[2] << 16 |
	       (uint64_t)p[3] << 24 | (uint64_t)p[4] << 32 |
	       (uint64_t)p[5] << 40 | (uint64_t)p[6] << 48 |
	       (uint64_t)p[7] << 56;
}

/* So that 56 bits or all that are left are there. */
static void refill(struct reader *r)
{
	if (r->end - r->p >= 8) {
		r->hold |= get64(r->p) << r->nr;
		r->p += (63 - r->nr) >> 3;
		r->nr |= 56;
		return;
	}
	while (r->nr <= 55 && r->p < r->end) {
		r->hold |= (uint64_t)*r->p++ << r->nr;
		r->nr += 8;
	}
}

static bool skip(struct reader *r, unsigned nr)
{
	if (nr > r->nr)
		return false;
	r->hold >>= nr;
	r->nr -= nr;
	return true;
}

/* At most 16 bits; more than that: there are no more. */
#define NO_BITS (1u << 16)

static unsigned take(struct reader *r, unsigned nr)
{
	unsigned v = (unsigned)r->hold & ((1u << nr) - 1);

	return skip(r, nr) ? v : NO_BITS;
}

static uint64_t position(const struct reader *r)
{
	return (uint64_t)(r->p - r->start) * 8 - r->nr;
}

/* 3.2.5: the tables of extra bits. */
static unsigned extra_bits(enum alphabet alphabet, unsigned symbol)
{
	if (alphabet == DISTANCES)
		return symbol < 4 ? 0 : symbol / 2 - 1;
	if (symbol < 265 || symbol == 285)
		return 0;
	return (symbol - 261) / 4;
}

static uint16_t step_of(enum alphabet alphabet, unsigned symbol, unsigned len)
{
	unsigned bits = len;

	if (alphabet == LENGTHS_OF_CODES)
		return STEP_LONG;	/* few: not worth a table */
	if (symbol >= (alphabet == LITERALS ? NR_LITERALS : NR_DISTANCES))
		return STEP_LONG;
	bits += extra_bits(alphabet, symbol);
	if (alphabet == DISTANCES || symbol < END_OF_BLOCK)
		return STEP(STEP_PLAIN, len, bits);
	return STEP(symbol == END_OF_BLOCK ? STEP_END : STEP_LENGTH, len, bits);
}

static unsigned reversed(unsigned code, unsigned len)
{
	unsigned r = 0;

	for (; len; len--, code >>= 1)
		r = r << 1 | (code & 1);
	return r;
}

/* Ascending, so that what is left behind the first literal is done already. */
static void join_literals(uint16_t *step, unsigned table_bits)
{
	unsigned i;

	for (i = 0; i < 1u << table_bits; i++) {
		unsigned a = step[i], b = step[i >> STEP_CODE(a)], len;

		len = STEP_CODE(a) + STEP_CODE(b);
		if (STEP_KIND(a) == STEP_PLAIN && STEP_KIND(b) == STEP_PLAIN &&
		    len <= table_bits)
			step[i] = STEP(STEP_PLAIN, len, len);
	}
}

/* 3.2.2. len[i] is the length of symbol i's code, 0: none. */
static bool make_code(struct walk_code *code, const unsigned char *len,
		      unsigned nr, enum alphabet alphabet)
{
	unsigned table_bits = alphabet == LITERALS ? WALK_LIT_BITS :
						     WALK_DIST_BITS;
	unsigned first[WALK_CODE_MAX + 2] = { 0 };
	unsigned at[WALK_CODE_MAX + 2] = { 0 };
	unsigned i, l;

	memset(code->nr, 0, sizeof(code->nr));
	memset(code->step, 0, sizeof(*code->step) << table_bits);
	for (i = 0; i < nr; i++)
		code->nr[len[i]]++;
	code->nr[0] = 0;
	for (l = 1; l <= WALK_CODE_MAX; l++) {
		if (first[l] + code->nr[l] > 1u << l)
			return false;
		first[l + 1] = (first[l] + code->nr[l]) << 1;
		at[l + 1] = at[l] + code->nr[l];
	}
	for (i = 0; i < nr; i++) {
		uint16_t step;
		unsigned k;

		l = len[i];
		if (!l)
			continue;
		code->symbol[at[l]++] = (uint16_t)i;
		k = reversed(first[l]++, l);
		step = l <= table_bits ? step_of(alphabet, i, l) : STEP_LONG;
		for (; step && k < 1u << table_bits; k += 1u << l)
			code->step[k] = step;
	}
	if (alphabet == LITERALS)
		join_literals(code->step, table_bits);
	return true;
}

/* Bit by bit: codes that are too long for the table, so seldom. */
static bool next_symbol(const struct walk_code *code, struct reader *r,
			unsigned *symbol)
{
	unsigned at = 0, first = 0, value = 0, l;

	for (l = 1; l <= WALK_CODE_MAX; l++) {
		unsigned bit = take(r, 1);

		if (bit == NO_BITS)
			return false;
		value |= bit;
		if (value < first + code->nr[l]) {
			*symbol = code->symbol[at + value - first];
			return true;
		}
		at += code->nr[l];
		first = (first + code->nr[l]) << 1;
		value <<= 1;
	}
	return false;
}

/* Goes past one symbol, with its extra bits. Returns its kind, or STEP_LONG
 * for an error. */
static unsigned walk_symbol(const struct walk_code *code, struct reader *r,
			    enum alphabet alphabet)
{
	unsigned bits = alphabet == LITERALS ? WALK_LIT_BITS : WALK_DIST_BITS;
	unsigned step = code->step[r->hold & ((1u << bits) - 1)], symbol;

	if (STEP_KIND(step) != STEP_LONG)
		return skip(r, STEP_BITS(step)) ? STEP_KIND(step) : STEP_LONG;
	if (!next_symbol(code, r, &symbol))
		return STEP_LONG;
	step = step_of(alphabet, symbol, 0);
	return skip(r, STEP_BITS(step)) ? STEP_KIND(step) : STEP_LONG;
}

static bool walk_coded(struct deflate_walk *w, struct reader *r)
{
	for (;;) {
		unsigned kind;

		refill(r);
		kind = walk_symbol(&w->lit, r, LITERALS);
		if (kind == STEP_END)
			return true;
		if (kind == STEP_LENGTH)
			/* 15 + 5 bits were taken, 15 + 13 follow at most */
			kind = walk_symbol(&w->dist, r, DISTANCES);
		if (kind == STEP_LONG)
			return false;
	}
}

/* 3.2.4 */
static bool walk_stored(struct reader *r)
{
	unsigned len, complement;

	skip(r, r->nr % 8);
	refill(r);
	len = take(r, 16);
	complement = take(r, 16);
	if (len == NO_BITS || (len ^ complement) != 0xffff)
		return false;
	r->p -= r->nr / 8;
	r->hold = r->nr = 0;
	if ((size_t)(r->end - r->p) < len)
		return false;
	r->p += len;
	return true;
}

/* 3.2.6 */
static void fixed_codes(struct deflate_walk *w)
{
	unsigned char len[WALK_SYMBOLS];

	memset(len, 8, 144);
	memset(len + 144, 9, 256 - 144);
	memset(len + 256, 7, 280 - 256);
	memset(len + 280, 8, 288 - 280);
	make_code(&w->lit, len, 288, LITERALS);
	memset(len, 5, 32);
	make_code(&w->dist, len, 32, DISTANCES);
}

/* Lengths of codes, themselves in a code and with runs: 3.2.7. */
static bool read_lengths(const struct walk_code *code, struct reader *r,
			 unsigned char *len, unsigned nr)
{
	static const unsigned char bits[] = { 2, 3, 7 }, least[] = { 3, 3, 11 };
	unsigned i = 0, symbol, times;

	while (i < nr) {
		refill(r);
		if (!next_symbol(code, r, &symbol))
			return false;
		if (symbol < 16) {
			len[i++] = (unsigned char)symbol;
			continue;
		}
		if (symbol == 16 && !i)
			return false;
		times = take(r, bits[symbol - 16]);
		if (times == NO_BITS)
			return false;
		times += least[symbol - 16];
		if (times > nr - i)
			return false;
		memset(len + i, symbol == 16 ? len[i - 1] : 0, times);
		i += times;
	}
	return true;
}

static bool read_codes(struct deflate_walk *w, struct reader *r)
{
	static const unsigned char order[] = {
		16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15
	};
	unsigned char len[32 + WALK_SYMBOLS] = { 0 };
	unsigned nr_lit, nr_dist, nr, i;

	refill(r);
	nr_lit = take(r, 5) + 257;
	nr_dist = take(r, 5) + 1;
	nr = take(r, 4) + 4;
	if (nr > ARRAY_SIZE(order) || nr_lit > WALK_SYMBOLS || nr_dist > 32)
		return false;
	for (i = 0; i < nr; i++) {
		unsigned v;

		refill(r);
		v = take(r, 3);
		if (v == NO_BITS)
			return false;
		len[order[i]] = (unsigned char)v;
	}
	if (!make_code(&w->lit, len, ARRAY_SIZE(order), LENGTHS_OF_CODES))
		return false;
	memset(len, 0, sizeof(len));
	return read_lengths(&w->lit, r, len, nr_lit + nr_dist) &&
	       make_code(&w->lit, len, nr_lit, LITERALS) &&
	       make_code(&w->dist, len + nr_lit, nr_dist, DISTANCES);
}

bool deflate_walk(struct deflate_walk *w, const unsigned char *in, size_t len,
		  uint64_t *header, uint64_t *end)
{
	struct reader r = { .start = in, .p = in, .end = in + len };

	for (;;) {
		unsigned final, kind;
		bool good;

		refill(&r);
		*header = position(&r);
		final = take(&r, 1);
		kind = take(&r, 2);
		if (kind == 0) {
			good = walk_stored(&r);
		} else if (kind == 1) {
			fixed_codes(w);
			good = walk_coded(w, &r);
		} else {
			good = kind == 2 && read_codes(w, &r) &&
			       walk_coded(w, &r);
		}
		if (!good)
			return false;
		if (final == 1) {
			*end = position(&r);
			return true;
		}
	}
}
