/*
 * Words and texts without what is secret in them.
 * Source: resutilformat-exp(5), "REDACTED".
 */
#include "lib/base/compat.h"
#include "lib/base/redact.h"
#include "lib/base/alloc.h"
#include "lib/base/path.h"
#include "lib/base/redact-internal.h"
#include "lib/base/strbuf.h"
#include "lib/base/strmap.h"
#include "lib/base/strvec.h"

#define MARK "<redacted:"
#define MARK_MAX_DIGITS 9

/* A value is looked for at other places, too: not one that is so short that
 * it is a word by chance, and not more than these. */
#define KNOWN_MIN_BYTES 6
#define KNOWN_MAX 64

#define NAME_MAX_LOOK_BACK 128
#define COMMAND_MAX_LOOK_BACK 256

enum text_flags {
	TEXT_NAMES = 1 << 0,	/* NAME=VALUE and the like count */
	TEXT_WORD = 1 << 1,	/* a whole word: NAME=VALUE up to its end */
	TEXT_PROGRAM = 1 << 2,	/* of a shell or another language */
	TEXT_HEADER = 1 << 3	/* NAME:VALUE of HTTP */
};

struct span {
	size_t start, len;
	char *why;
};

struct spans {
	struct span *item;
	size_t nr, alloc;
};

void redaction_release(struct redaction *r)
{
	size_t i;

	/* memory that is given back may be seen by others of this process */
	for (i = 0; i < r->values.nr; i++)
		explicit_bzero((char *)r->values.v[i],
			       strlen(r->values.v[i]));
	strmap_release(&r->numbers);
	strvec_release(&r->values);
	strvec_release(&r->reasons);
	r->before = 0;
}

/* At "<redacted:"; its length, or 0. */
static size_t mark_at(const char *p, const char *end, size_t *nr)
{
	const char *digits = p + sizeof(MARK) - 1, *q = digits;

	if ((size_t)(end - p) < sizeof(MARK) ||
	    memcmp(p, MARK, sizeof(MARK) - 1))
		return 0;
	for (*nr = 0; q < end && q - digits < MARK_MAX_DIGITS &&
	     isdigit((unsigned char)*q); q++)
		*nr = *nr * 10 + (size_t)(*q - '0');
	return q > digits && q < end && *q == '>' && *nr ?
	       (size_t)(q + 1 - p) : 0;
}

size_t redact_find_mark(const char *text, const char **at, size_t *nr)
{
	const char *end = text + strlen(text), *p = text;
	size_t len;

	for (; (p = strstr(p, MARK)); p++) {
		len = mark_at(p, end, nr);
		if (len) {
			*at = p;
			return len;
		}
	}
	return 0;
}

bool redact_holds_mark(const char *text, size_t len)
{
	const char *p = text, *end = text + len;
	size_t nr;

	for (; (p = memmem(p, (size_t)(end - p), MARK, sizeof(MARK) - 1)); p++)
		if (mark_at(p, end, &nr))
			return true;
	return false;
}

void redact_reserve(struct redaction *r, const char *text)
{
	const char *at;
	size_t nr, len;

	while ((len = redact_find_mark(text, &at, &nr))) {
		r->before = MAXIMUM(r->before, nr);
		text = at + len;
	}
}

static void add_mark(struct redaction *r, const char *value, size_t len,
		     const char *why, struct strbuf *out)
{
	char *text = xmemdupz(value, len);
	uintptr_t nr = (uintptr_t)strmap_get(&r->numbers, text);

	if (!nr) {
		const char *kept = strvec_push(&r->values, text);

		strvec_push(&r->reasons, why);
		nr = r->values.nr;
		strmap_put(&r->numbers, kept, (void *)nr);
	}
	strbuf_addf(out, MARK "%zu>", r->before + (size_t)nr);
	explicit_bzero(text, len);
	free(text);
}

static void add_span(struct spans *s, const char *text, const char *at,
		     size_t len, char *why)
{
	struct span *span;

	ARRAY_GROW(s->item, s->nr + 1, s->alloc);
	span = &s->item[s->nr++];
	span->start = (size_t)(at - text);
	span->len = len;
	span->why = why;
}

static void find_shapes(struct spans *s, const char *text, size_t len)
{
	const char *at, *kind;
	size_t n, from;

	for (from = 0; (n = redact_next_token(text, len, from, &at, &kind));
	     from = (size_t)(at - text) + n)
		add_span(s, text, at, n, xstrdup(kind));
	for (from = 0; (n = redact_next_context(text, len, from, &at, &kind));
	     from = (size_t)(at - text) + n)
		add_span(s, text, at, n, xstrdup(kind));
}

static bool is_word_char(char c)
{
	return isalnum((unsigned char)c) || c == '_';
}

/* Where one stands as a word of its own, between two marks. */
static void find_value(struct spans *s, const char *text, const char *from,
		       const char *to, const char *end, const char *value,
		       const char *why)
{
	size_t n = strlen(value);
	const char *p = from;

	while ((p = memmem(p, (size_t)(to - p), value, n))) {
		if ((p == text || !is_word_char(p[-1]) ||
		     !is_word_char(*p)) &&
		    (p + n == end || !is_word_char(p[n]) ||
		     !is_word_char(p[n - 1])))
			add_span(s, text, p, n, xstrdup(why));
		p += n;
	}
}

static void find_known(struct spans *s, const struct redaction *r,
		       const char *text, size_t len)
{
	const char *end = text + len, *from = text, *to;
	size_t i, nr, mark;

	if (!r->values.nr)
		return;
	/* --password redacted: not what was put in for another */
	for (; from < end; from = to + mark) {
		for (mark = 0, to = from; to < end; to++)
			if (*to == '<' && (mark = mark_at(to, end, &nr)))
				break;
		for (i = 0; i < r->values.nr && i < KNOWN_MAX; i++)
			if (strlen(r->values.v[i]) >= KNOWN_MIN_BYTES)
				find_value(s, text, from, to, end,
					   r->values.v[i], r->reasons.v[i]);
	}
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static bool is_name_char(char c)
{
	return is_word_char(c) || c == '-' || c == '.';
}

/*
 * The name that ends at `p` (its last byte and one), over one quote, which may
 * have a ']' behind it (environ["TOKEN"]), and over blanks before `=` and ':'.
 * NULL: none.
 */
static char *name_before(const char *text, const char *p, const char **start)
{
	const char *end;

	while (p > text && is_blank(p[-1]))
		p--;
	if (p > text + 1 && p[-1] == ']' && strchr("\"'", p[-2]))
		p--;
	if (p > text && strchr("\"'", p[-1]))
		p--;
	end = p;
	while (p > text && end - p < NAME_MAX_LOOK_BACK && is_name_char(p[-1]))
		p--;
	*start = p;
	return end - p > 1 ? xmemdupz(p, (size_t)(end - p)) : NULL;
}

/*
 * Where a value ends that begins at *value, in a text of more than it: behind
 * a quote at the next one, else where words end in most languages.
 */
static const char *value_end(const char **value, const char *end)
{
	const char *p = *value;
	char quote;

	if (p < end && (*p == '"' || *p == '\'')) {
		quote = *p++;
		*value = p;
		while (p < end && *p != quote && *p != '\n')
			p += *p == '\\' && p + 1 < end ? 2 : 1;
		return MINIMUM(p, end);
	}
	/* a blank behind a backslash is of the word */
	while (p < end && !strchr(" \t\r\n,;&|)]}\"'`<>", *p))
		p += *p == '\\' && p + 1 < end && is_blank(p[1]) ? 2 : 1;
	return p;
}

/* getpass(), os.environ["TOKEN"]: how to come to it, not what it is */
static bool is_expression(const char *value, const char *end)
{
	return !strchr("\"'", value[-1]) &&
	       (memchr(value, '(', (size_t)(end - value)) ||
		memchr(value, '[', (size_t)(end - value)));
}

/* "password: {pw}" of a template; {"password": {"hash": ...}} */
static bool is_opening(const char *value, const char *stop, const char *end)
{
	if (strchr("\"'", value[-1]))
		return false;
	return (*value == '{' && stop < end && *stop == '}') ||
	       (stop == value + 1 && strchr("{[", *value));
}

/*
 * Whether a value follows at once: NAME:VALUE is mostly host:port, or a path
 * behind a name; not in a header, nor in a map of Hydra ({api_key:x,n:3}).
 */
static bool is_tight_map(const char *text, const char *start, const char *name,
			 const char *value, enum text_flags flags)
{
	if (*value == '/')
		return false;
	if (start == text)
		return flags & TEXT_HEADER;
	if (flags & TEXT_PROGRAM)
		return strchr("\"'", start[-1]) && strchr(name, '-');
	return strchr("{,", start[-1]);
}

/* Of a presigned URL: whoever has it may do what it says. */
static bool is_signature(const char *name, const char *start, const char *text)
{
	size_t len = strlen(name);

	return start > text && strchr("?&", start[-1]) &&
	       (!strcasecmp(name, "sig") ||
		(len >= 9 && !strcasecmp(name + len - 9, "signature")));
}

/* What is in no quotes: x = y of a program is an expression, x == y, too. */
static bool may_be_value(const char *text, const char *start, const char *name,
			 const char *p, const char *value,
			 enum text_flags flags)
{
	bool tight = value == p + 1;

	if (*p == ':')
		return !tight || is_tight_map(text, start, name, value, flags);
	return tight && !((flags & TEXT_PROGRAM) && *value == '=');
}

/*
 * At `=` or ':'. Returns where to go on: a value that was looked at is not
 * looked at again.
 */
static const char *judge_assignment(struct spans *s, const char *text,
				    const char *end, const char *p,
				    enum text_flags flags)
{
	const char *start, *value = p + 1, *stop;
	char *name = name_before(text, p, &start);
	enum secret_name kind;

	if (!name)
		return p + 1;
	kind = redact_judge_name(name);
	if (kind == NAME_PLAIN && is_signature(name, start, text))
		kind = NAME_LIKELY;
	while (value < end && is_blank(*value))
		value++;
	if (kind == NAME_PLAIN || value >= end ||
	    (!strchr("\"'", *value) && !may_be_value(text, start, name, p,
						    value, flags))) {
		free(name);
		return p + 1;
	}
	stop = end;
	if (!((flags & TEXT_WORD) && *p == '=' && start == text &&
	      value == p + 1 && (*text == '-' || !(flags & TEXT_PROGRAM))) ||
	    !redact_is_secret_value(kind, value, (size_t)(stop - value)))
		stop = value_end(&value, end);
	if (stop > value &&
	    redact_is_secret_value(kind, value, (size_t)(stop - value)) &&
	    !is_opening(value, stop, end) &&
	    !((flags & TEXT_PROGRAM) && is_expression(value, stop)))
		add_span(s, text, value, (size_t)(stop - value),
			 xstrfmt("%s %s", *start == '-' ? "option" : "name",
				 name));
	free(name);
	return MAXIMUM(stop, p + 1);
}

/* At "--" in a text of several words: --NAME VALUE */
static void judge_option(struct spans *s, const char *text, const char *end,
			 const char *p)
{
	const char *q = p, *value, *stop;
	enum secret_name kind;
	char *name;

	while (q < end && is_name_char(*q) && q - p < NAME_MAX_LOOK_BACK)
		q++;
	if (q == end || !is_blank(*q))
		return;
	for (value = q; value < end && is_blank(*value); value++)
		;
	if (value == end || *value == '-')
		return;
	name = xmemdupz(p, (size_t)(q - p));
	kind = redact_judge_name(name);
	stop = value_end(&value, end);
	if (kind != NAME_PLAIN &&
	    redact_is_secret_value(kind, value, (size_t)(stop - value)))
		add_span(s, text, value, (size_t)(stop - value),
			 xstrfmt("option %s", name));
	free(name);
}

/* Whether `program` and a blank stand at `q`, before `p`. */
static bool is_program_at(const char *text, const char *q, const char *p,
			  const char *program)
{
	size_t len = strlen(program);

	return (size_t)(p - q) > len && !memcmp(q, program, len) &&
	       is_blank(q[len]) && (q == text || !is_name_char(q[-1]));
}

/* Whether it is that of the command of a shell that `p` is in. */
static bool is_command_of(const char *text, const char *p, const char *program)
{
	const char *q = p;

	while (q > text && !strchr(";|&\n(`", q[-1]) &&
	       p - q < COMMAND_MAX_LOOK_BACK)
		if (is_program_at(text, --q, p, program))
			return true;
	return false;
}

/* The same, with nothing but blanks between. */
static bool is_right_behind(const char *text, const char *p,
			    const char *program)
{
	const char *q = p;

	while (q > text && is_blank(q[-1]))
		q--;
	return (size_t)(q - text) >= strlen(program) &&
	       is_program_at(text, q - strlen(program), p, program);
}

/* At "-u" or "-p" of a shell's text: curl -u NAME:X, sshpass -p X */
static void judge_letter(struct spans *s, const char *text, const char *end,
			 const char *p)
{
	const char *value = p + 2, *stop;

	while (value < end && is_blank(*value))
		value++;
	/* sshpass -p X ssh -p 22 */
	if (value == end || !(p[1] == 'p' ?
			      is_right_behind(text, p, "sshpass") :
			      is_command_of(text, p, "curl")))
		return;
	stop = value_end(&value, end);
	if (p[1] != 'p') {
		value = memchr(value, ':', (size_t)(stop - value));
		if (!value)
			return;
		value++;
	}
	if (redact_is_secret_value(NAME_SECRET, value, (size_t)(stop - value)))
		add_span(s, text, value, (size_t)(stop - value),
			 xstrfmt("option -%c", p[1]));
}

static void find_names(struct spans *s, const char *text, size_t len,
		       enum text_flags flags)
{
	const char *p = text, *end = text + len;

	while (p < end) {
		if (*p == '=' || *p == ':') {
			p = judge_assignment(s, text, end, p, flags);
			continue;
		}
		if (*p == '-' && end - p > 3 && p[1] == '-' &&
		    (p == text || is_blank(p[-1])))
			judge_option(s, text, end, p);
		else if ((flags & TEXT_PROGRAM) && *p == '-' && end - p > 2 &&
			 strchr("uUp", p[1]) && p > text && is_blank(p[-1]))
			judge_letter(s, text, end, p);
		p++;
	}
}

static int by_start(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	if (x->start != y->start)
		return x->start < y->start ? -1 : 1;
	return x->len > y->len ? -1 : x->len < y->len;
}

/* Writes `text` without its spans, which may overlap; frees them. */
static bool write_out(struct redaction *r, const char *text, size_t len,
		      struct spans *s, struct strbuf *out)
{
	size_t at = 0, i = 0, next, stop;

	if (s->nr)
		qsort(s->item, s->nr, sizeof(*s->item), by_start);
	while (i < s->nr) {
		stop = s->item[i].start + s->item[i].len;
		for (next = i + 1; next < s->nr && s->item[next].start < stop;
		     next++)
			stop = MAXIMUM(stop, s->item[next].start +
					     s->item[next].len);
		strbuf_add(out, text + at, s->item[i].start - at);
		add_mark(r, text + s->item[i].start, stop - s->item[i].start,
			 s->item[i].why, out);
		at = stop;
		i = next;
	}
	strbuf_add(out, text + at, len - at);
	for (i = 0; i < s->nr; i++)
		free(s->item[i].why);
	free(s->item);
	return at > 0;
}

static bool redact_any(struct redaction *r, const char *text, size_t len,
		       enum text_flags flags, struct strbuf *out)
{
	struct spans s = { NULL, 0, 0 };

	find_shapes(&s, text, len);
	find_known(&s, r, text, len);
	if (flags & TEXT_NAMES)
		find_names(&s, text, len, flags);
	return write_out(r, text, len, &s, out);
}

bool redact_text(struct redaction *r, const char *text, struct strbuf *out)
{
	return redact_any(r, text, strlen(text), 0, out);
}

bool redact_command(struct redaction *r, const char *text, struct strbuf *out)
{
	return redact_any(r, text, strlen(text), TEXT_NAMES | TEXT_PROGRAM,
			  out);
}

bool redact_value(struct redaction *r, const char *name, const char *value,
		  struct strbuf *out)
{
	char *why;

	if (!redact_is_secret(name, value))
		return redact_any(r, value, strlen(value), TEXT_NAMES, out);
	why = xstrfmt("name %s", name);
	add_mark(r, value, strlen(value), why, out);
	free(why);
	return true;
}

/*
 * Programs that are told what is secret in ways of their own, and are often
 * seen in front of others, or behind them.
 */
static const char *const own_ways[] = {
	"sshpass", "curl", "papermill", "wandb", "ssh", NULL
};

static const char *own_way_of(const char *word)
{
	const char *name = path_basename(word);
	size_t i;

	for (i = 0; own_ways[i]; i++)
		if (!strcmp(name, own_ways[i]))
			return own_ways[i];
	return NULL;
}

static const char *behind_colon(const char *word)
{
	const char *colon = strchr(word, ':');

	return colon && colon[1] ? colon + 1 : NULL;
}

/* curl -u NAME:X, -uNAME:X, --user NAME:X, --user=NAME:X */
static const char *curl_password(const char *option, const char *word)
{
	if (!strcmp(option, "-u") || !strcmp(option, "--user") ||
	    !strcmp(option, "-U") || !strcmp(option, "--proxy-user") ||
	    (*word == '-' && (word[1] == 'u' || word[1] == 'U')) ||
	    !strncmp(word, "--user=", 7) ||
	    !strncmp(word, "--proxy-user=", 13))
		return behind_colon(word);
	return NULL;
}

/* papermill ... -p NAME X */
static bool is_parameter(const char *option, const char *name,
			 const char *word)
{
	return (!strcmp(option, "-p") || !strcmp(option, "-r") ||
		!strcmp(option, "--parameters") ||
		!strcmp(option, "--parameters_raw")) &&
	       redact_is_secret(name, word);
}

static const char *known_password(const char *program,
				  const char *const *argv, size_t i)
{
	const char *word = argv[i], *before = i ? argv[i - 1] : "";

	if (!program)
		return NULL;
	if (!strcmp(program, "sshpass") && !strcmp(before, "-p"))
		return *word ? word : NULL;
	if (!strcmp(program, "sshpass") && !strncmp(word, "-p", 2) && word[2])
		return word + 2;
	if (!strcmp(program, "curl"))
		return curl_password(before, word);
	if (!strcmp(program, "papermill") && i > 1 &&
	    is_parameter(argv[i - 2], before, word))
		return word;
	/* what is that long is no host or user */
	if (!strcmp(program, "wandb") && !strcmp(before, "login") &&
	    *word != '-' && strlen(word) >= 20)
		return word;
	return NULL;
}

/* Whether `word` can be the value of the secret option before it. */
static bool is_value(enum secret_name kind, const char *word)
{
	size_t len = strlen(word);

	if (*word == '-' && (word[1] == '-' || len < 4 || kind != NAME_SECRET))
		return false;
	return redact_is_secret_value(kind, word, len);
}

static bool redact_word(struct redaction *r, const char *const *argv,
			size_t i, const char *program, struct strbuf *out)
{
	const char *word = argv[i], *before = i ? argv[i - 1] : "", *found;
	enum text_flags flags = TEXT_NAMES | TEXT_WORD;
	char *why;
	int n;

	found = known_password(program, argv, i);
	if (found && redact_holds_mark(found, strlen(found)))
		found = NULL;
	if (!found && *before == '-' && !strchr(before, '=') &&
	    is_value(redact_judge_name(before), word))
		found = word;
	if (found) {
		n = word[1] == '-' ? (int)strcspn(word, "=") : 2;
		why = found > word && *word == '-' ?
		      xstrfmt("option %.*s", n, word) :
		      xstrfmt("option %s", before);
		/* curl -u TOKEN:x-oauth-basic */
		redact_any(r, word, (size_t)(found - word), 0, out);
		add_mark(r, found, strlen(found), why, out);
		free(why);
		return true;
	}
	if (!strcmp(before, "-c") || !strcmp(before, "-e") ||
	    !strcmp(before, "-lc") || strchr(word, '\n') ||
	    (program && !strcmp(program, "ssh")))
		flags |= TEXT_PROGRAM;
	if (!strcmp(before, "-H") || !strcmp(before, "--header"))
		flags |= TEXT_HEADER;
	return redact_any(r, word, strlen(word), flags, out);
}

/* What was found late may stand in front, too. */
static bool redact_earlier(struct redaction *r, struct strvec *words)
{
	struct strvec again = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	bool found = false;
	size_t i;

	for (i = 0; i < words->nr; i++) {
		struct spans s = { NULL, 0, 0 };
		size_t len = strlen(words->v[i]);

		strbuf_reset(&text);
		find_known(&s, r, words->v[i], len);
		found |= write_out(r, words->v[i], len, &s, &text);
		strvec_push(&again, text.buf);
	}
	strvec_release(words);
	*words = again;
	strbuf_release(&text);
	return found;
}

bool redact_argv(struct redaction *r, const char *const *argv,
		 struct strvec *out)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf text = STRBUF_INIT;
	const char *program = NULL, *way;
	bool found = false;
	size_t i;

	for (i = 0; argv[i] && !r->values.nr; i++)
		redact_reserve(r, argv[i]);
	for (i = 0; argv[i]; i++) {
		strbuf_reset(&text);
		found |= redact_word(r, argv, i, program, &text);
		strvec_push(&words, text.buf);
		way = own_way_of(argv[i]);
		if (way)
			program = way;
	}
	if (found)
		redact_earlier(r, &words);
	strvec_pushv(out, words.v);
	strvec_release(&words);
	strbuf_release(&text);
	return found;
}
