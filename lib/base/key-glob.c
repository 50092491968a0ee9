#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/key-glob.h"
#include "lib/base/utf8.h"

/*
 * A pattern is cut at its stars. The piece before the first star has to stand
 * at the beginning of a key, the one behind the last at its end, and each of
 * those between as early as it can behind the one before: what matches at all
 * matches so, too. So nothing is tried twice, and pieces that are plain text
 * are found by memmem(3).
 *
 * Text is compared by bytes though characters are meant. That is the same for
 * text that is UTF-8: its first byte never lies within a character of a key. A
 * byte of the pattern that is no UTF-8 is a set of that byte alone.
 */

/* Places that are looked at by hand before memmem(3), which is linear. */
#define TRIES_MAX 16

#define RAW_BYTE 0x110000	/* and more: a byte that is no UTF-8 */

enum element_kind { ELEMENT_TEXT, ELEMENT_ANY, ELEMENT_SET };

struct range {
	int32_t low, high;
};

struct element {
	enum element_kind kind;
	size_t at, len;		/* TEXT: in g->literal; SET: in g->range */
	size_t rare;		/* TEXT: which byte is sought first */
	bool inverted;
};

struct piece {
	size_t skip;		/* characters that the star before it has at
				 * least: `*?` is `?*` */
	size_t first, nr;	/* elements */
	size_t least;		/* bytes that it takes at least */
};

struct key_glob {
	struct strbuf text;
	struct strbuf literal;	/* text of elements, one behind the other */
	struct strbuf prefix;
	struct element *element;
	size_t nr, alloc;
	struct range *range;
	size_t nr_ranges, alloc_ranges;
	struct piece *piece;
	size_t nr_pieces, alloc_pieces;
	size_t least;		/* bytes of a key that matches */
	int first, last;	/* and its first and last byte; -1: any */
	bool is_key, is_odd;
	bool is_below;		/* text, and a star: what most ask for */
};

/* ---- characters ---------------------------------------------------------- */

static int32_t next_char(const char **s, const char *end)
{
	size_t len = (size_t)(end - *s);
	const char *start = *s;
	int32_t c;

	if ((unsigned char)*start < 0x80) {
		(*s)++;
		return *start;
	}
	c = utf8_next(s, &len);
	return c >= 0 ? c : RAW_BYTE + (unsigned char)*start;
}

/* The same backwards. A first byte lies within no other character, so what
 * is one here is one from the beginning, too. */
static int32_t last_char(const char *start, const char **end)
{
	size_t n;

	for (n = 2; n <= 4 && *end - start >= (ptrdiff_t)n; n++) {
		const char *s = *end - n;
		size_t len = n;
		int32_t c;

		if (((unsigned char)(*end)[-1] & 0xc0) != 0x80)
			break;
		c = utf8_next(&s, &len);
		if (c >= 0 && !len) {
			*end -= n;
			return c;
		}
	}
	(*end)--;
	return (unsigned char)**end < 0x80 ? **end :
	       RAW_BYTE + (unsigned char)**end;
}

/* ---- reading a pattern --------------------------------------------------- */

/* Behind the `]` of the set whose `[` stands at p; NULL: no set at all. */
static const char *set_end(const char *p, const char *end)
{
	const char *s = p + 1;

	if (s < end && *s == '!')
		s++;
	if (s < end && *s == ']')
		s++;
	s = s < end ? memchr(s, ']', (size_t)(end - s)) : NULL;
	return s ? s + 1 : NULL;
}

static int check_component(const char *pattern, const struct strbuf *text,
			   size_t start, struct strbuf *err)
{
	const char *s = text->buf + start;
	size_t len = text->len - start;

	if (len == 2 && s[0] == '.' && s[1] == '.')
		return fail(err, ERR_USAGE, "the pattern '%s' leads out by "
			    "'..', and no key does", pattern);
	if (len == 1 && s[0] == '.')
		return fail(err, ERR_USAGE, "the pattern '%s' has the part "
			    "'.', and no key has: say './' for all below",
			    pattern);
	return 0;
}

/* What is dropped is dropped, and what no key can have is refused. */
static int normalise(struct key_glob *g, const char *p, struct strbuf *err)
{
	const char *pattern = p, *end = p + strlen(p), *close;
	size_t start = 0;

	while (p[0] == '.' && p[1] == '/')
		for (p += 2; *p == '/'; p++)
			;
	if (p == end)
		strbuf_addch(&g->text, '*');
	for (; p < end; p++) {
		close = *p == '[' ? set_end(p, end) : NULL;
		if (close) {
			strbuf_add(&g->text, p, (size_t)(close - p));
			p = close - 1;
			continue;
		}
		if (*p == '[')
			g->is_odd = true;
		if (*p == '/') {
			if (check_component(pattern, &g->text, start, err))
				return ERR_USAGE;
			while (p[1] == '/')
				p++;
			start = g->text.len + 1;
		}
		strbuf_addch(&g->text, *p);
	}
	return check_component(pattern, &g->text, start, err);
}

static struct element *add_element(struct key_glob *g, enum element_kind kind)
{
	struct element *e;

	ARRAY_GROW(g->element, g->nr + 1, g->alloc);
	e = &g->element[g->nr++];
	e->kind = kind;
	e->at = kind == ELEMENT_TEXT ? g->literal.len : g->nr_ranges;
	e->len = e->rare = 0;
	e->inverted = false;
	g->piece[g->nr_pieces - 1].nr++;
	g->piece[g->nr_pieces - 1].least += kind != ELEMENT_TEXT;
	return e;
}

static void add_range(struct key_glob *g, struct element *set, int32_t low,
		      int32_t high)
{
	ARRAY_GROW(g->range, g->nr_ranges + 1, g->alloc_ranges);
	g->range[g->nr_ranges].low = low;
	g->range[g->nr_ranges++].high = high;
	set->len++;
}

static void add_text(struct key_glob *g, const char *text, size_t len)
{
	struct piece *piece = &g->piece[g->nr_pieces - 1];
	struct element *last = NULL;

	if (piece->nr && g->element[g->nr - 1].kind == ELEMENT_TEXT)
		last = &g->element[g->nr - 1];
	else
		last = add_element(g, ELEMENT_TEXT);
	strbuf_add(&g->literal, text, len);
	last->len += len;
	piece->least += len;
}

/* One character, which is meant as it is. */
static void add_char(struct key_glob *g, const char **p, const char *end)
{
	const char *start = *p;
	int32_t c = next_char(p, end);

	if (c < RAW_BYTE)
		add_text(g, start, (size_t)(*p - start));
	else
		add_range(g, add_element(g, ELEMENT_SET), c, c);
}

/* p: behind the `[`; last: at its `]`. Ranges that are the wrong way round
 * hold nothing. */
static void add_set(struct key_glob *g, const char *p, const char *last)
{
	const char *first = p;
	struct element *set;

	next_char(&first, last);
	if (first == last && *p != '!') {
		add_char(g, &p, last);
		return;
	}
	set = add_element(g, ELEMENT_SET);
	set->inverted = *p == '!';
	p += set->inverted;
	while (p < last) {
		int32_t low = next_char(&p, last), high = low;

		if (*p == '-' && p + 1 < last) {
			p++;
			high = next_char(&p, last);
		}
		add_range(g, set, low, high);
	}
}

static void begin_piece(struct key_glob *g)
{
	struct piece *piece;

	ARRAY_GROW(g->piece, g->nr_pieces + 1, g->alloc_pieces);
	piece = &g->piece[g->nr_pieces++];
	memset(piece, 0, sizeof(*piece));
	piece->first = g->nr;
}

static void read_pieces(struct key_glob *g)
{
	const char *p = g->text.buf, *end = p + g->text.len, *close;

	begin_piece(g);
	while (p < end) {
		if (*p == '*') {
			p++;
			begin_piece(g);
		} else if (*p == '?') {
			p++;
			add_element(g, ELEMENT_ANY);
		} else if (*p == '[' && (close = set_end(p, end))) {
			add_set(g, p + 1, close - 1);
			p = close;
		} else {
			add_char(g, &p, end);
		}
	}
	if (end[-1] == '/')
		begin_piece(g);
}

static bool piece_is_any_at(const struct key_glob *g, const struct piece *p,
			    size_t i)
{
	return g->element[p->first + i].kind == ELEMENT_ANY;
}

/* `?` beside a star is taken out of its piece: `*?a` asks for one more
 * character between, and `a` can be sought as text. */
static void take_out_skips(struct key_glob *g)
{
	size_t i;

	for (i = 0; i < g->nr_pieces; i++) {
		struct piece *p = &g->piece[i];

		while (i && p->nr && piece_is_any_at(g, p, 0)) {
			p->first++;
			p->nr--;
			p->least--;
			p->skip++;
		}
		while (i && i + 1 < g->nr_pieces && p->nr &&
		       piece_is_any_at(g, p, p->nr - 1)) {
			p->nr--;
			p->least--;
			p[1].skip++;
		}
	}
}

/* `**` is a star: what is between two that holds nothing goes. */
static void join_stars(struct key_glob *g)
{
	size_t from, to = 1;

	for (from = 1; from < g->nr_pieces; from++) {
		struct piece *p = &g->piece[from];

		if (!p->nr && from + 1 < g->nr_pieces)
			p[1].skip += p->skip;
		else
			g->piece[to++] = *p;
	}
	g->nr_pieces = to;
}

static bool is_raw_byte(const struct key_glob *g, const struct element *e)
{
	return e->kind == ELEMENT_SET && e->len == 1 && !e->inverted &&
	       g->range[e->at].low >= RAW_BYTE &&
	       g->range[e->at].low == g->range[e->at].high;
}

/* What keys are made of, the most common first: a guess costs nothing but
 * time when it is wrong. */
static size_t rarest_byte(const char *text, size_t len)
{
	static const char common[] = "e/ta_oi.nsr0l1-dc2mpu3h4g5f6b7v8k9";
	size_t best = 0, rank = 0, i;

	for (i = 0; i < len; i++) {
		const char *found = memchr(common, text[i],
					   sizeof(common) - 1);
		size_t its = found ? (size_t)(found - common) : sizeof(common);

		if (its > rank) {
			rank = its;
			best = i;
		}
	}
	return best;
}

/* What listings ask for, and what a search can begin with. */
static void find_texts(struct key_glob *g)
{
	const struct piece *first = g->piece;
	size_t i;

	for (i = 0; i < g->nr; i++)
		if (g->element[i].kind == ELEMENT_TEXT)
			g->element[i].rare =
				rarest_byte(g->literal.buf + g->element[i].at,
					    g->element[i].len);

	for (i = 0; i < first->nr; i++) {
		const struct element *e = &g->element[first->first + i];

		if (e->kind == ELEMENT_TEXT)
			strbuf_add(&g->prefix, g->literal.buf + e->at, e->len);
		else if (is_raw_byte(g, e))
			strbuf_addch(&g->prefix,
				     g->range[e->at].low - RAW_BYTE);
		else
			break;
	}
	for (i = 0; i < g->nr_pieces; i++)
		g->least += g->piece[i].least + g->piece[i].skip;
}

/* Nearly all keys of most lists are refused by one of these two bytes. */
static void find_ends(struct key_glob *g)
{
	const struct piece *last = &g->piece[g->nr_pieces - 1];
	const struct element *e;

	g->first = g->last = -1;
	if (g->prefix.len)
		g->first = (unsigned char)g->prefix.buf[0];
	g->is_below = g->nr_pieces == 2 && !last->nr && !last->skip &&
		      g->least == g->prefix.len && g->piece->nr <= 1 &&
		      (!g->nr || g->element->kind == ELEMENT_TEXT);
	e = last->nr ? &g->element[last->first + last->nr - 1] : NULL;
	if (e && e->kind == ELEMENT_TEXT)
		g->last = (unsigned char)g->literal.buf[e->at + e->len - 1];
}

int key_glob_new(struct key_glob **out, const char *pattern,
		 struct strbuf *err)
{
	struct key_glob *g;

	*out = NULL;
	if (!*pattern)
		return fail(err, ERR_USAGE, "the pattern is empty; '*' is for "
			    "all keys");
	if (strlen(pattern) > KEY_GLOB_MAX)
		return fail(err, ERR_USAGE, "the pattern is longer than %d "
			    "bytes", KEY_GLOB_MAX);
	if (*pattern == '/')
		return fail(err, ERR_USAGE, "the pattern '%s' begins with '/', "
			    "and no key does: leave it out", pattern);
	g = xcalloc(1, sizeof(*g));
	strbuf_init(&g->text);
	strbuf_init(&g->literal);
	strbuf_init(&g->prefix);
	if (normalise(g, pattern, err)) {
		key_glob_free(g);
		return ERR_USAGE;
	}
	read_pieces(g);
	take_out_skips(g);
	join_stars(g);
	find_texts(g);
	find_ends(g);
	/* bytes that are no characters one by one may be one together */
	g->is_key = g->nr_pieces == 1 && g->prefix.len == g->least &&
		    key_glob_matches(g, g->prefix.buf, g->prefix.len);
	*out = g;
	return 0;
}

void key_glob_free(struct key_glob *g)
{
	if (!g)
		return;
	strbuf_release(&g->text);
	strbuf_release(&g->literal);
	strbuf_release(&g->prefix);
	free(g->element);
	free(g->range);
	free(g->piece);
	free(g);
}

/* ---- matching ------------------------------------------------------------ */

static bool set_has(const struct key_glob *g, const struct element *set,
		    int32_t c)
{
	const struct range *r = g->range + set->at;
	size_t i;

	for (i = 0; i < set->len; i++)
		if (c >= r[i].low && c <= r[i].high)
			return !set->inverted;
	return set->inverted;
}

/* Takes what the element stands for from *s on. */
static bool take(const struct key_glob *g, const struct element *e,
		 const char **s, const char *end)
{
	if (e->kind == ELEMENT_TEXT) {
		if ((size_t)(end - *s) < e->len ||
		    memcmp(*s, g->literal.buf + e->at, e->len))
			return false;
		*s += e->len;
		return true;
	}
	if (*s == end)
		return false;
	if (e->kind == ELEMENT_SET)
		return set_has(g, e, next_char(s, end));
	next_char(s, end);
	return true;
}

static bool take_back(const struct key_glob *g, const struct element *e,
		      const char *start, const char **end)
{
	if (e->kind == ELEMENT_TEXT) {
		if ((size_t)(*end - start) < e->len ||
		    memcmp(*end - e->len, g->literal.buf + e->at, e->len))
			return false;
		*end -= e->len;
		return true;
	}
	if (*end == start)
		return false;
	if (e->kind == ELEMENT_SET)
		return set_has(g, e, last_char(start, end));
	last_char(start, end);
	return true;
}

/* Elements [i, p->nr) from *s on, which is moved if all are there. */
static bool take_piece(const struct key_glob *g, const struct piece *p,
		       size_t i, const char **s, const char *end)
{
	const char *at = *s;

	for (; i < p->nr; i++)
		if (!take(g, &g->element[p->first + i], &at, end))
			return false;
	*s = at;
	return true;
}

static bool skip_chars(const struct piece *p, const char **s, const char *end)
{
	size_t i;

	for (i = 0; i < p->skip; i++) {
		if (*s == end)
			return false;
		next_char(s, end);
	}
	return true;
}

/* memmem(3) prepares tables, for which keys are too short as a rule. */
static const char *find_text(const struct key_glob *g, const struct element *e,
			     const char *s, const char *end)
{
	const char *text = g->literal.buf + e->at, *at;
	int tries;

	for (tries = 0; tries < TRIES_MAX; tries++) {
		if ((size_t)(end - s) < e->len)
			return NULL;
		at = memchr(s + e->rare, text[e->rare],
			    (size_t)(end - s) - e->len + 1);
		if (!at)
			return NULL;
		at -= e->rare;
		if (!memcmp(at, text, e->len))
			return at;
		s = at + 1;
	}
	return memmem(s, (size_t)(end - s), text, e->len);
}

/* The first place from *s on where the piece stands; *s goes behind it. */
static bool find_piece(const struct key_glob *g, const struct piece *p,
		       const char **s, const char *end)
{
	const struct element *e = &g->element[p->first];
	const char *at = *s;

	while ((size_t)(end - at) >= p->least) {
		if (e->kind == ELEMENT_TEXT) {
			at = find_text(g, e, at, end);
			if (!at)
				return false;
			*s = at + e->len;
			if (take_piece(g, p, 1, s, end))
				return true;
			at++;
		} else {
			*s = at;
			if (take_piece(g, p, 0, s, end))
				return true;
			if (at == end)
				return false;
			next_char(&at, end);
		}
	}
	return false;
}

bool key_glob_matches(const struct key_glob *g, const char *key, size_t len)
{
	const struct piece *p = g->piece, *last = p + g->nr_pieces - 1;
	const char *s = key, *end = key + len;
	size_t i;

	if (len < g->least ||
	    (g->first >= 0 && (unsigned char)*key != g->first) ||
	    (g->last >= 0 && (unsigned char)end[-1] != g->last))
		return false;
	if (g->is_below)
		return !memcmp(key, g->prefix.buf, g->prefix.len);
	if (!take_piece(g, p, 0, &s, end))
		return false;
	if (p == last)
		return s == end;
	for (i = last->nr; i; i--)
		if (!take_back(g, &g->element[last->first + i - 1], s, &end))
			return false;
	for (p++; p < last; p++)
		if (!skip_chars(p, &s, end) || !find_piece(g, p, &s, end))
			return false;
	return skip_chars(p, &s, end);
}

/*
 * Both ends move: as long as the text is, each element before the first star
 * has to stand there, the last of them as far as the text goes.
 */
bool key_glob_leads(const struct key_glob *g, const char *text, size_t len)
{
	const struct piece *p = g->piece;
	const char *s = text, *end = text + len;
	size_t i;

	for (i = 0; i < p->nr && s < end; i++) {
		const struct element *e = &g->element[p->first + i];
		size_t left = (size_t)(end - s);

		if (e->kind == ELEMENT_TEXT && e->len > left)
			return !memcmp(s, g->literal.buf + e->at, left);
		if (!take(g, e, &s, end))
			return false;
	}
	return s == end ? i < p->nr || g->nr_pieces > 1 : g->nr_pieces > 1;
}

const char *key_glob_prefix(const struct key_glob *g)
{
	return g->prefix.buf;
}

bool key_glob_is_key(const struct key_glob *g)
{
	return g->is_key;
}

bool key_glob_is_odd(const struct key_glob *g)
{
	return g->is_odd;
}

const char *key_glob_text(const struct key_glob *g)
{
	return g->text.buf;
}
