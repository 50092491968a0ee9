/*
 * match-keys: prints the keys of a list that a pattern means.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/strbuf.h"
#include "lib/exp/store/key-scope.h"
#include "plumbing/key-options.h"
#include "command.h"

static const char *const usage[] = {
	"match-keys [-z] [--packs] [-v] PATTERN",
	NULL
};

/* As much is read at once, and printed at once: it stays in the cache of a
 * processor. A record may be longer, up to the maximum. */
#define BLOCK_SIZE ((size_t)256 << 10)
#define RECORD_MAX ((size_t)16 << 20)

struct matching {
	struct key_scope scope;
	bool inverted;
	char end;		/* of a record */
	char *buf;
	size_t len, alloc;
	uint64_t records;	/* before buf */
	struct strbuf out;
};

static void print_out(struct matching *m, const char *text, size_t len)
{
	if (m->out.len + len > BLOCK_SIZE) {
		out_text(m->out.buf, m->out.len);
		strbuf_reset(&m->out);
	}
	if (len > BLOCK_SIZE / 4)
		out_text(text, len);
	else
		strbuf_add(&m->out, text, len);
}

/*
 * Whole records, each with its end. What is printed is not copied record by
 * record, but as long as one after the other matches. An empty one is no key.
 */
static void match_records(struct matching *m, const char *text, size_t len)
{
	const char *s = text, *end = text + len, *begin = text, *close;

	for (; s < end; s = close + 1) {
		close = memchr(s, m->end, (size_t)(end - s));
		if (close > s && key_scope_has(&m->scope, s,
				(size_t)(close - s)) != m->inverted)
			continue;
		if (s > begin)
			print_out(m, begin, (size_t)(s - begin));
		begin = close + 1;
	}
	if (end > begin)
		print_out(m, begin, (size_t)(end - begin));
}

static int make_room(struct matching *m, struct strbuf *err)
{
	if (m->len < m->alloc)
		return 0;
	if (m->alloc >= RECORD_MAX)
		return fail(err, ERR_CONTENT, "what is read is no list of "
			    "keys: there is no end of a record in %zu bytes%s",
			    m->len, m->end ? "" : "; without -z lines are "
			    "records");
	m->alloc = m->alloc ? 2 * m->alloc : BLOCK_SIZE;
	m->buf = xrealloc(m->buf, m->alloc);
	return 0;
}

/* Reads a block behind what is left of the one before; 0 at the end. */
static ssize_t read_block(struct matching *m, struct strbuf *err)
{
	ssize_t n;

	if (make_room(m, err))
		return ERR_CONTENT;
	do {
		n = read(STDIN_FILENO, m->buf + m->len, m->alloc - m->len);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		fail_errno(err, "cannot read the keys");
		return ERR_FAILED;
	}
	return n;
}

static int match_all(struct matching *m, struct strbuf *err)
{
	for (;;) {
		size_t before = m->len, whole;
		ssize_t n = read_block(m, err);
		const char *last;

		if (n < 0)
			return (int)n;
		if (!n)
			break;
		m->len += (size_t)n;
		last = memrchr(m->buf + before, m->end, (size_t)n);
		if (!last)
			continue;
		whole = (size_t)(last + 1 - m->buf);
		match_records(m, m->buf, whole);
		m->len -= whole;
		memmove(m->buf, m->buf + whole, m->len);
		if (ferror(stdout))
			return 0;
	}
	/* the last may lack its end, and gets it */
	if (m->len && !make_room(m, err)) {
		m->buf[m->len++] = m->end;
		match_records(m, m->buf, m->len);
	}
	return 0;
}

int cmd_match_keys(int argc, const char **argv)
{
	struct matching m = { .out = STRBUF_INIT };
	struct key_options keys = KEY_OPTIONS_INIT;
	struct strbuf err = STRBUF_INIT;
	int nul = 0, inverted = 0, ret;
	const struct option options[] = {
		OPT_BOOL('z', NULL, &nul, "records end with NUL, not newline"),
		OPT_PACKS(&keys.packs),
		OPT_BOOL('v', "invert-match", &inverted,
			 "print the keys that are not meant"),
		OPT_END_OF_TABLE
	};

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ?
				   "one pattern at a time; quote it, or the "
				   "shell expands it" : N_("which pattern?"));
	ret = key_options_begin(&keys, argv[0], NULL, &err);
	if (ret == ERR_USAGE)
		usage_with_options(usage, options, "%s", err.buf);
	m.scope = keys.scope;
	m.inverted = inverted;
	m.end = nul ? '\0' : '\n';
	if (!ret)
		ret = match_all(&m, &err);
	out_text(m.out.buf, m.out.len);
	if (ret)
		error("%s", err.buf);
	free(m.buf);
	strbuf_release(&m.out);
	strbuf_release(&err);
	key_options_release(&keys);
	return exit_status_of(ret);
}
