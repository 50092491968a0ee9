/*
 * Whose value is a secret, told by the name.
 * Source: resutilformat-exp(5), "REDACTED".
 */
#include "lib/base/compat.h"
#include "lib/base/redact.h"
#include "lib/base/alloc.h"
#include "lib/base/glob.h"
#include "lib/base/redact-internal.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"

#define NAME_MAX_WORDS 16
#define NAME_MAX_BYTES 256

static struct strvec added = STRVEC_INIT, allowed = STRVEC_INIT;

/* Words after which, at the end of a name, the value is a password ... */
static const char *const plain_secrets[] = {
	"password", "passwd", "passphrase", "passcode", "secret", "secrets",
	"passwords", "apikey", "secretkey", "accesskey", "privatekey",
	"authkey", "authtoken", "accesstoken", "sshpass", NULL
};

/* ... or mostly, if it does not look like something else. */
static const char *const likely_secrets[] = {
	"pass", "pwd", "pw", "credential", "credentials", "creds", "auth",
	"authorization", "cookie", "bearer", "jwt", NULL
};

/* "PGPASSWORD", "clientsecret" */
static const char *const endings[] = {
	"password", "passwd", "passphrase", "secret", "apikey", "secretkey",
	"accesskey", "privatekey", "authtoken", "accesstoken", NULL
};

/* Before "key": other keys are of maps, songs, and pianos. */
static const char *const key_owners[] = {
	"api", "access", "private", "secret", "encryption", "decryption",
	"signing", "master", "auth", "account", "shared", "ssh", "deploy",
	"service", "storage", "subscription", "app", "application", "client",
	"consumer", "admin", "root", "session", "cookie", "wandb", "openai",
	"anthropic", "aws", "gcp", "azure", "hf", "huggingface", "comet",
	"neptune", "openrouter", "webhook", "license", NULL
};

/* Before "token": those of a vocabulary, and numbers of them. */
static const char *const vocabulary[] = {
	"max", "min", "num", "n", "nr", "no", "number", "total", "pad",
	"padding", "eos", "bos", "unk", "unknown", "cls", "class", "sep",
	"mask", "special", "start", "end", "stop", "begin", "first", "last",
	"new", "prompt", "image", "img", "video", "audio", "text", "word",
	"subword", "next", "prev", "previous", "placeholder", "initializer",
	"trigger", "vocab", "control", "extra", "added", "query", "key",
	"position", "pos", "type", "target", "source", "context", "out",
	"output", "input", "gen", "generated", "think", "thinking", "sos",
	"eot", "eod", "eol", "blank", "per", "of", "instance", "patch",
	"pool", "pooling", "summary", "memory", "mem", "register", "vision",
	"visual", "latent", "object", "frame", "speech", "separator",
	"delimiter", "domain", "language", "lang", NULL
};

/* Before "pass": a filter's, a compiler's, one of several. */
static const char *const pass_kinds[] = {
	"first", "second", "third", "last", "final", "single", "one", "two",
	"multi", "n", "nr", "num", "max", "min", "per", "low", "high", "band",
	"all", "forward", "backward", "fwd", "bwd", "opt", "level", NULL
};

/* "hftoken" in one word; "maxtoken", "subtoken" are none. */
static const char *const token_owners[] = {
	"api", "access", "auth", "bearer", "refresh", "session", "hf", "gh",
	"github", "gitlab", "bot", "id", "user", "app", NULL
};

/* Whether, not what: --use-auth, --no-password. */
static const char *const questions[] = {
	"use", "no", "enable", "disable", "skip", "has", "allow", "require",
	"requires", "is", "need", "needs", "ask", "show", "save", NULL
};

/* Says nothing about what it is: GITHUB_TOKEN_PROD, SECRET_KEY_BASE. */
static const char *const fillers[] = {
	"value", "string", "str", "prod", "production", "dev", "development",
	"staging", "stage", "old", "base", "plain", "raw", "b64",
	"base64", "encoded", "backup", NULL
};

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

struct words {
	char text[NAME_MAX_BYTES + 2 * NAME_MAX_WORDS];
	const char *word[NAME_MAX_WORDS];
	size_t nr;
};

/* "apiKey", "HTTPToken": a capital that begins a word */
static bool begins_word(const char *name, size_t i)
{
	unsigned char c = (unsigned char)name[i];
	unsigned char before = (unsigned char)name[i - 1];

	return isupper(c) && (islower(before) || isdigit(before) ||
			      (isupper(before) &&
			       islower((unsigned char)name[i + 1])));
}

static void end_word(struct words *w, char *start, char **at)
{
	/* password1, but not b64 */
	if (!is_one_of(start, fillers))
		while (*at > start && isdigit((unsigned char)(*at)[-1]))
			*--*at = '\0';
	if (*at == start)
		return;
	if (w->nr == NAME_MAX_WORDS) {	/* the last ones count */
		memmove(w->word, w->word + 1,
			(NAME_MAX_WORDS - 1) * sizeof(*w->word));
		w->nr--;
	}
	w->word[w->nr++] = start;
	++*at;
}

/* Small letters, the end of a long name, without what says nothing. */
static void split(struct words *w, const char *name)
{
	size_t len = strlen(name), i;
	char *start = w->text, *at = w->text;

	if (len > NAME_MAX_BYTES / 2) {
		name += len - NAME_MAX_BYTES / 2;
		len = NAME_MAX_BYTES / 2;
	}
	w->nr = 0;
	for (i = 0; i < len; i++) {
		if (at > start && (!isalnum((unsigned char)name[i]) ||
				   begins_word(name, i))) {
			*at = '\0';
			end_word(w, start, &at);
			start = at;
		}
		if (isalnum((unsigned char)name[i]))
			*at++ = (char)tolower((unsigned char)name[i]);
	}
	*at = '\0';
	if (at > start)
		end_word(w, start, &at);
	while (w->nr > 1 && is_one_of(w->word[w->nr - 1], fillers))
		w->nr--;
}

static bool ends_in(const char *word, const char *const *list)
{
	size_t len = strlen(word), n;

	for (; *list; list++) {
		n = strlen(*list);
		if (len > n && !strcmp(word + len - n, *list))
			return true;
	}
	return false;
}

static bool is_token_word(const char *word)
{
	size_t len = strlen(word);
	bool ret;
	char *owner;

	if (len <= 5 || strcmp(word + len - 5, "token"))
		return false;
	owner = xmemdupz(word, len - 5);
	ret = is_one_of(owner, token_owners);
	free(owner);
	return ret;
}

/* Without dashes in front, small, with '-' for '_'. */
static void add_normal(struct strbuf *out, const char *name)
{
	while (*name == '-')
		name++;
	for (; *name; name++)
		strbuf_addch(out, *name == '_' ? '-' :
				  tolower((unsigned char)*name));
}

void redact_add_name(const char *glob)
{
	struct strbuf text = STRBUF_INIT;

	add_normal(&text, glob);
	strvec_push(&added, text.buf);
	strbuf_release(&text);
}

void redact_allow(const char *glob)
{
	strvec_push(&allowed, glob);
}

void redact_clear_rules(void)
{
	strvec_clear(&added);
	strvec_clear(&allowed);
}

static bool matches(const struct strvec *globs, const char *name,
		    bool normalize)
{
	struct strbuf text = STRBUF_INIT, glob = STRBUF_INIT;
	const char *dot;
	bool ret = false;
	size_t i;

	if (!globs->nr)
		return false;
	add_normal(&text, name);
	dot = strrchr(text.buf, '.');
	for (i = 0; i < globs->nr && !ret; i++) {
		strbuf_reset(&glob);
		if (normalize)
			add_normal(&glob, globs->v[i]);
		else
			strbuf_addstr(&glob, globs->v[i]);
		ret = glob_match(glob.buf, text.buf) ||
		      (dot && glob_match(glob.buf, dot + 1));
	}
	strbuf_release(&glob);
	strbuf_release(&text);
	return ret;
}

bool redact_is_allowed_value(const char *value, size_t len)
{
	bool ret = false;
	char *text;
	size_t i;

	if (!allowed.nr || len > REDACT_OVERLAP)
		return false;
	text = xmemdupz(value, len);
	for (i = 0; i < allowed.nr && !ret; i++)
		ret = glob_match(allowed.v[i], text);
	free(text);
	return ret;
}

static enum secret_name judge_words(const struct words *w)
{
	const char *last = w->word[w->nr - 1];
	const char *before = w->nr > 1 ? w->word[w->nr - 2] : "";

	if (w->nr > 1 && is_one_of(w->word[0], questions))
		return NAME_PLAIN;
	if (is_one_of(last, plain_secrets) || ends_in(last, endings) ||
	    (!strcmp(last, "phrase") && !strcmp(before, "pass")))
		return NAME_SECRET;
	if (!strcmp(last, "pass") && is_one_of(before, pass_kinds))
		return NAME_PLAIN;
	if (is_one_of(last, likely_secrets) || is_token_word(last))
		return NAME_LIKELY;
	if (!strcmp(last, "key") && is_one_of(before, key_owners))
		return NAME_LIKELY;
	if (!strcmp(last, "token") && !is_one_of(before, vocabulary))
		return NAME_LIKELY;
	return NAME_PLAIN;
}

enum secret_name redact_judge_name(const char *name)
{
	struct words w;

	while (*name == '-')
		name++;
	if (!name[0] || !name[1])	/* -p is no name */
		return NAME_PLAIN;
	if (matches(&allowed, name, true))
		return NAME_PLAIN;
	if (matches(&added, name, false))
		return NAME_SECRET;
	split(&w, name);
	return w.nr ? judge_words(&w) : NAME_PLAIN;
}

bool redact_is_secret_name(const char *name)
{
	return redact_judge_name(name) != NAME_PLAIN;
}

/* $TOKEN, ${token}, $(pass x): what a shell would put in; not $ecret */
static bool is_reference(const char *value, size_t len)
{
	size_t i;

	if (len < 2 || *value != '$')
		return false;
	if (value[1] == '{' || value[1] == '(')
		return true;
	for (i = 1; i < len; i++)
		if (!isupper((unsigned char)value[i]) && value[i] != '_' &&
		    !isdigit((unsigned char)value[i]))
			return false;
	return true;
}

static bool is_nothing(const char *value, size_t len)
{
	static const char *const nothing[] = {
		"true", "false", "null", "none", "yes", "no", "on", "off",
		NULL
	};
	size_t i;

	if (!len || (len == 1 && *value == '-') || is_reference(value, len))
		return true;
	for (i = 0; nothing[i]; i++)
		if (strlen(nothing[i]) == len &&
		    !strncasecmp(value, nothing[i], len))
			return true;
	return false;
}

static bool is_number(const char *value, size_t len)
{
	size_t i, digits = 0;
	bool point = false;

	for (i = 0; i < len; i++)
		if (isdigit((unsigned char)value[i]))
			digits++;
		else if (strchr(".-+eE", value[i]))
			point |= value[i] == '.';
		else
			return false;
	return digits && (point || digits < 6);
}

/* "/etc/x" is one; base64 that begins so mostly holds capitals or digits. */
static bool is_path(const char *value, size_t len)
{
	static const char *const suffixes[] = {
		".json", ".yaml", ".yml", ".txt", ".pem", ".key", ".crt",
		".env", ".ini", ".toml", ".cfg", ".p12", ".pub", ".py", NULL
	};
	size_t i, n;

	if (*value == '@' || (len > 1 && !strncmp(value, "./", 2)) ||
	    (len > 2 && !strncmp(value, "../", 3)) ||
	    (len > 1 && !strncmp(value, "~/", 2)))
		return true;
	for (i = 0; suffixes[i]; i++) {
		n = strlen(suffixes[i]);
		if (len > n && !memcmp(value + len - n, suffixes[i], n))
			return true;
	}
	if (*value != '/')
		return false;
	for (i = 1; i < len && islower((unsigned char)value[i]); i++)
		;
	return i > 2 && (i == len || value[i] == '/');
}

/* <pad>, [MASK], {x}: words of a vocabulary and of templates */
static bool is_in_brackets(const char *value, size_t len)
{
	return (*value == '<' && value[len - 1] == '>') ||
	       (*value == '[' && value[len - 1] == ']') ||
	       (*value == '{' && value[len - 1] == '}');
}

static bool is_scheme(const char *value, size_t len)
{
	static const char *const schemes[] = {
		"basic", "bearer", "digest", "token", "oauth", "oauth2",
		"ntlm", "kerberos", "negotiate", "auto", "default", NULL
	};
	size_t i;

	for (i = 0; schemes[i]; i++)
		if (strlen(schemes[i]) == len &&
		    !strncasecmp(schemes[i], value, len))
			return true;
	return false;
}

bool redact_is_secret_value(enum secret_name name, const char *value,
			    size_t len)
{
	if (name == NAME_PLAIN || is_nothing(value, len) ||
	    redact_holds_mark(value, len) ||
	    redact_is_allowed_value(value, len))
		return false;
	return name == NAME_SECRET ||
	       !(len < 4 || is_number(value, len) || is_path(value, len) ||
		 is_in_brackets(value, len) || is_scheme(value, len));
}

bool redact_is_secret(const char *name, const char *value)
{
	return redact_is_secret_value(redact_judge_name(name), value,
				      strlen(value));
}
