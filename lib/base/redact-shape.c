/*
 * Secrets that are told by their shape: who gives them out gives them a
 * beginning that says so.
 * Source: resutilformat-exp(5), "REDACTED".
 */
#include "lib/base/compat.h"
#include "lib/base/redact.h"
#include "lib/base/redact-internal.h"

/* Parts of a web token, so that a text of nothing but beginnings is looked at
 * once; real ones have a few hundred bytes before the second. */
#define JWT_MAX_HEAD 1024
#define USERINFO_MAX 1024
#define MAX_LOOK 256

enum chars { ALNUM, UPPER, WORD, DASHED, ANY_KEY };

static bool is_of(unsigned char c, enum chars set)
{
	switch (set) {
	case UPPER:
		return isupper(c) || isdigit(c);
	case ALNUM:
		return isalnum(c);
	case WORD:
		return isalnum(c) || c == '_';
	case DASHED:
		return isalnum(c) || c == '-';
	case ANY_KEY:
		return isalnum(c) || c == '_' || c == '-';
	}
	return false;
}

/* What must follow the beginning: so many bytes (`exact`: no more). */
static const struct shape {
	const char *prefix, *kind;
	size_t min;
	enum chars chars;
	bool exact, mixed;	/* mixed: letters and digits */
} shapes[] = {
	{ "AKIA", "shape AKIA", 16, UPPER, true, false },
	{ "ASIA", "shape ASIA", 16, UPPER, true, false },
	{ "AIza", "shape AIza", 35, ANY_KEY, false, false },
	{ "ghp_", "shape ghp_", 36, ALNUM, false, false },
	{ "gho_", "shape gho_", 36, ALNUM, false, false },
	{ "ghs_", "shape ghs_", 36, ALNUM, false, false },
	{ "ghu_", "shape ghu_", 36, ALNUM, false, false },
	{ "ghr_", "shape ghr_", 36, ALNUM, false, false },
	{ "github_pat_", "shape github_pat_", 22, WORD, false, false },
	{ "glpat-", "shape glpat-", 20, ANY_KEY, false, false },
	{ "xoxa-", "shape xoxa-", 10, DASHED, false, true },
	{ "xoxb-", "shape xoxb-", 10, DASHED, false, true },
	{ "xoxp-", "shape xoxp-", 10, DASHED, false, true },
	{ "xoxr-", "shape xoxr-", 10, DASHED, false, true },
	{ "xoxs-", "shape xoxs-", 10, DASHED, false, true },
	{ "xapp-", "shape xapp-", 10, DASHED, false, true },
	{ "sk-proj-", "shape sk-", 20, ANY_KEY, false, true },
	{ "sk-ant-", "shape sk-", 20, ANY_KEY, false, true },
	{ "sk-or-v1-", "shape sk-", 20, ALNUM, false, true },
	{ "sk-svcacct-", "shape sk-", 20, ANY_KEY, false, true },
	{ "sk-", "shape sk-", 20, ALNUM, false, true },
	{ "sk_live_", "shape sk_live_", 16, ALNUM, false, true },
	{ "rk_live_", "shape rk_live_", 16, ALNUM, false, true },
	{ "hf_", "shape hf_", 30, ALNUM, false, false },
	{ "ya29.", "shape ya29.", 20, ANY_KEY, false, false },
	{ "ya29.c.", "shape ya29.", 20, ANY_KEY, false, false },
	{ "1//0", "shape 1//0", 30, ANY_KEY, false, true },
	{ "npm_", "shape npm_", 36, ALNUM, false, false },
	{ "pypi-", "shape pypi-", 50, ANY_KEY, false, true },
	{ "GOCSPX-", "shape GOCSPX-", 20, ANY_KEY, false, false },
	{ "AGE-SECRET-KEY-1", "shape AGE-SECRET-KEY-1", 50, UPPER, false,
	  false },
};

/*
 * Which beginnings a byte at the first, second and third place may belong to,
 * one bit each: most positions of most texts are done after one look. (As all
 * bytes of a changed file pass here.)
 */
enum {
	B_AWS = 1 << 0, B_GOOGLE = 1 << 1, B_GH = 1 << 2, B_GITHUB = 1 << 3,
	B_GITLAB = 1 << 4, B_SLACK = 1 << 5, B_SK = 1 << 6, B_HF = 1 << 7,
	B_YA = 1 << 8, B_JWT = 1 << 9, B_PEM = 1 << 10, B_PUTTY = 1 << 11,
	B_NPM = 1 << 12, B_PYPI = 1 << 13, B_GOC = 1 << 14, B_AGE = 1 << 15,
	B_REFRESH = 1 << 16
};

static const uint32_t first_bits[256] = {
	['A'] = B_AWS | B_GOOGLE | B_AGE, ['G'] = B_GOC, ['P'] = B_PUTTY,
	['g'] = B_GH | B_GITHUB | B_GITLAB, ['x'] = B_SLACK, ['s'] = B_SK,
	['r'] = B_SK, ['h'] = B_HF, ['y'] = B_YA, ['e'] = B_JWT,
	['-'] = B_PEM, ['n'] = B_NPM, ['p'] = B_PYPI, ['1'] = B_REFRESH
};

static const uint32_t second_bits[256] = {
	['K'] = B_AWS, ['S'] = B_AWS, ['I'] = B_GOOGLE, ['h'] = B_GH,
	['i'] = B_GITHUB, ['l'] = B_GITLAB, ['o'] = B_SLACK, ['a'] = B_SLACK |
	B_YA, ['k'] = B_SK, ['f'] = B_HF, ['y'] = B_JWT | B_PYPI,
	['-'] = B_PEM, ['u'] = B_PUTTY, ['p'] = B_NPM, ['O'] = B_GOC,
	['G'] = B_AGE, ['/'] = B_REFRESH
};

static const uint32_t third_bits[256] = {
	['I'] = B_AWS, ['z'] = B_GOOGLE, ['p'] = B_GH | B_GITLAB | B_SLACK |
	B_PYPI, ['o'] = B_GH, ['s'] = B_GH, ['u'] = B_GH, ['r'] = B_GH,
	['t'] = B_GITHUB, ['x'] = B_SLACK, ['-'] = B_SK | B_PEM, ['_'] = B_SK |
	B_HF, ['2'] = B_YA, ['J'] = B_JWT, ['T'] = B_PUTTY, ['m'] = B_NPM,
	['C'] = B_GOC, ['E'] = B_AGE, ['/'] = B_REFRESH
};

/* A token begins where no word goes on; `\n` in JSON and programs is no word.
 */
static bool at_boundary(const char *text, const char *p)
{
	if (p == text || !is_of((unsigned char)p[-1], WORD))
		return true;
	return p - text > 1 && p[-2] == '\\' && strchr("nrt", p[-1]);
}

static size_t run_of(const char *p, const char *end, enum chars set)
{
	const char *start = p;

	while (p < end && is_of((unsigned char)*p, set))
		p++;
	return (size_t)(p - start);
}

static bool is_mixed(const char *p, size_t len)
{
	bool letter = false, digit = false;
	size_t i;

	for (i = 0; i < len && !(letter && digit); i++) {
		letter |= !!isalpha((unsigned char)p[i]);
		digit |= !!isdigit((unsigned char)p[i]);
	}
	return letter && digit;
}

static size_t match_shape(const struct shape *s, const char *p,
			  const char *end)
{
	size_t n = strlen(s->prefix), run;
	const char *limit;

	if ((size_t)(end - p) < n + s->min || memcmp(p, s->prefix, n))
		return 0;
	/* what is not taken must not have been read for long */
	limit = MINIMUM(end, p + n + MAX_LOOK);
	run = run_of(p + n, limit, s->chars);
	if (run < s->min || (s->mixed && !is_mixed(p + n, run)))
		return 0;
	if (p + n + run == limit)
		run = run_of(p + n, end, s->chars);
	if (s->exact && (run > s->min || (p + n + run < end &&
			 is_of((unsigned char)p[n + run], ALNUM))))
		return 0;
	return n + run;
}

/* RFC 7519: {" is "eyJ" in base64url, of the header and of the claims. */
static size_t match_jwt(const char *p, const char *end)
{
	const char *limit = MINIMUM(end, p + JWT_MAX_HEAD), *at = p;
	size_t head = run_of(p, limit, ANY_KEY), body;

	at += head;
	if (head < 10 || end - at < 12 || memcmp(at, ".eyJ", 4))
		return 0;
	body = run_of(at + 1, end, ANY_KEY);
	if (body < 10)
		return 0;
	at += 1 + body;
	if (at < end && *at == '.')
		at += 1 + run_of(at + 1, end, ANY_KEY);
	return (size_t)(at - p);
}

/*
 * "-----BEGIN RSA PRIVATE KEY-----" (RFC 7468 and what came before it), also
 * inside JSON, as in the key files of cloud services. Up to its end, or to
 * that of the text.
 */
static size_t match_pem(const char *p, const char *end)
{
	static const char begin[] = "-----BEGIN ", ending[] = "-----END ";
	const char *label = p + sizeof(begin) - 1, *at, *close;
	size_t n;

	if ((size_t)(end - p) < sizeof(begin) - 1 ||
	    memcmp(p, begin, sizeof(begin) - 1))
		return 0;
	for (n = 0; n < 64 && label + n < end; n++)
		if (!is_of((unsigned char)label[n], UPPER) && label[n] != ' ')
			break;
	at = label + n;
	if (end - at < 5 || memcmp(at, "-----", 5) ||
	    !memmem(label, n, "PRIVATE KEY", 11))
		return 0;
	at = memmem(at, (size_t)(end - at), ending, sizeof(ending) - 1);
	if (!at)
		return (size_t)(end - p);
	at += sizeof(ending) - 1;
	close = memmem(at, (size_t)MINIMUM(end - at, 80), "-----", 5);
	return (size_t)((close ? close + 5 : at) - p);
}

static size_t match_putty(const char *p, const char *end)
{
	static const char begin[] = "PuTTY-User-Key-File-";
	size_t n = sizeof(begin) - 1;

	return (size_t)(end - p) > n && !memcmp(p, begin, n) ?
	       (size_t)(end - p) : 0;
}

static size_t match(const char *text, const char *p, const char *end,
		    unsigned bits, const char **kind)
{
	size_t i, len;

	*kind = "private key";
	if (bits & B_PEM)
		return match_pem(p, end);
	if (bits & B_PUTTY)
		return match_putty(p, end);
	if (!at_boundary(text, p))
		return 0;
	*kind = "shape eyJ";
	if (bits & B_JWT)
		return match_jwt(p, end);
	for (i = 0; i < ARRAY_SIZE(shapes); i++) {
		len = match_shape(&shapes[i], p, end);
		*kind = shapes[i].kind;
		if (len)
			return len;
	}
	return 0;
}

static unsigned bits_at(const unsigned char *p)
{
	return first_bits[p[0]] & second_bits[p[1]] & third_bits[p[2]];
}

size_t redact_next_token(const char *text, size_t len, size_t from,
			 const char **at, const char **kind)
{
	const unsigned char *p = (const unsigned char *)text + from;
	const unsigned char *end = (const unsigned char *)text + len;
	unsigned bits;
	size_t n;

	for (; end - p > 8; p++) {
		/* Four places at once, without a branch for each: those that
		 * one letter fits are too many to be foreseen. */
		while (end - p > 12 && !(bits_at(p) | bits_at(p + 1) |
					 bits_at(p + 2) | bits_at(p + 3)))
			p += 4;
		bits = bits_at(p);
		if (!bits)
			continue;
		n = match(text, (const char *)p, text + len, bits, kind);
		if (!n)
			continue;
		if (redact_is_allowed_value((const char *)p, n)) {
			p += n - 1;
			continue;
		}
		*at = (const char *)p;
		return n;
	}
	return 0;
}

size_t redact_find_token(const char *text, size_t len, const char **at,
			 const char **kind)
{
	return redact_next_token(text, len, 0, at, kind);
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* At "://": the password, or a user's name that is as long as a token. */
static size_t match_userinfo(const char *p, const char *end, const char **at)
{
	const char *host = p + 3, *stop = NULL, *colon = NULL;
	const char *limit = MINIMUM(end, host + USERINFO_MAX);

	/* a URL ends at a blank or quote; of several '@' the last counts */
	for (p = host; p < limit && !strchr("/?#\"'<>` \t\n", *p); p++) {
		if (*p == '@')
			stop = p;
		if (*p == ':' && !colon && !stop)
			colon = p;
	}
	if (!stop)
		return 0;
	if (colon && colon < stop)
		*at = colon + 1;
	else if (stop - host >= 20 &&
		 is_mixed(host, (size_t)(stop - host)))
		*at = host;
	else
		return 0;
	if (!redact_is_secret_value(NAME_SECRET, *at, (size_t)(stop - *at)))
		return 0;
	return (size_t)(stop - *at);
}

/* At "://": the address is the secret: who has it may post. */
static size_t match_webhook(const char *p, const char *end, const char **at)
{
	static const char *const hooks[] = {
		"hooks.slack.com/services/", "discord.com/api/webhooks/",
		"discordapp.com/api/webhooks/", "api.telegram.org/bot", NULL
	};
	size_t i, n;

	p += 3;
	for (i = 0; hooks[i]; i++) {
		n = strlen(hooks[i]);
		if ((size_t)(end - p) <= n || memcmp(p, hooks[i], n))
			continue;
		*at = p + n;
		for (p += n; p < end && !strchr("?#\"'<>` \t\n", *p); p++)
			;
		n = (size_t)(p - *at);
		return is_mixed(*at, n) && !redact_holds_mark(*at, n) ? n : 0;
	}
	return 0;
}

/* At "uthorization": what follows, without the name of the scheme. */
static size_t match_authorization(const char *p, const char *end,
				  const char **at)
{
	static const char *const schemes[] = {
		"bearer", "basic", "token", "digest", "apikey", NULL
	};
	const char *value;
	size_t i, n;

	p += strlen("uthorization");
	while (p < end && strchr("\"'", *p))
		p++;
	while (p < end && is_space(*p))
		p++;
	if (p == end || (*p != ':' && *p != '='))
		return 0;
	for (p++; p < end && (is_space(*p) || strchr("\"'", *p)); p++)
		;
	for (i = 0; schemes[i]; i++) {
		n = strlen(schemes[i]);
		if ((size_t)(end - p) > n && is_space(p[n]) &&
		    !strncasecmp(p, schemes[i], n)) {
			for (p += n; p < end && is_space(*p); p++)
				;
			break;
		}
	}
	for (value = p; p < end && !strchr("\"'\r\n", *p); p++)
		;
	while (p > value && is_space(p[-1]))
		p--;
	*at = value;
	return redact_is_secret_value(NAME_LIKELY, value,
				      (size_t)(p - value)) ?
	       (size_t)(p - value) : 0;
}

size_t redact_next_context(const char *text, size_t len, size_t from,
			   const char **at, const char **kind)
{
	const char *p = text + from, *end = text + len;
	size_t n;

	for (; end - p > 3; p++) {
		if (*p == ':' && p[1] == '/' && p[2] == '/') {
			n = match_userinfo(p, end, at);
			*kind = "password in a URL";
			if (!n) {
				n = match_webhook(p, end, at);
				*kind = "URL of a webhook";
			}
		} else if ((*p == 'u' || *p == 'U') && end - p > 13 &&
			   !strncasecmp(p, "uthorization", 12)) {
			n = match_authorization(p, end, at);
			*kind = "name Authorization";
		} else {
			continue;
		}
		if (n && !redact_is_allowed_value(*at, n))
			return n;
	}
	return 0;
}
