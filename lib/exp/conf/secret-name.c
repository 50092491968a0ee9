#include "lib/base/compat.h"
#include "lib/exp/conf/secret-name.h"

struct text {
	const char *text;
	size_t len;
};

#define TEXT(s) { s, sizeof(s) - 1 }

/* Names that ssh-keygen(1) gives private keys, and files in which programs
 * keep passwords, and nothing that anybody would miss. */
static const struct text names[] = {
	TEXT(".env"), TEXT(".envrc"), TEXT("id_rsa"), TEXT("id_dsa"),
	TEXT("id_ecdsa"), TEXT("id_ecdsa_sk"), TEXT("id_ed25519"),
	TEXT("id_ed25519_sk"), TEXT(".netrc"), TEXT("_netrc"),
	TEXT(".git-credentials"), TEXT(".pgpass"), TEXT(".my.cnf"),
	TEXT(".pypirc"), TEXT(".s3cfg"), TEXT(".boto"), TEXT(".htpasswd"),
	TEXT("kaggle.json"), TEXT("application_default_credentials.json")
};

/* Containers of keys that are not text, so that no head tells. */
static const struct text suffixes[] = {
	TEXT(".p12"), TEXT(".pfx"), TEXT(".jks"), TEXT(".keystore")
};

static bool ends_with(const char *name, size_t len, const struct text *suffix)
{
	return len > suffix->len && !strncasecmp(name + len - suffix->len,
						 suffix->text, suffix->len);
}

static bool is_template(const char *name, size_t len)
{
	static const struct text templates[] = {
		TEXT(".example"), TEXT(".sample"), TEXT(".template"),
		TEXT(".dist")
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(templates); i++)
		if (ends_with(name, len, &templates[i]))
			return true;
	return false;
}

/* Most names are none of these by two letters: with what those above and
 * `client_secret` begin, and what `suffixes` end in. */
static bool may_begin(const char *name)
{
	static const unsigned char second[256] = {
		['_'] = 'n', ['a'] = 'p', ['c'] = 'l', ['i'] = 'd', ['k'] = 'a'
	};

	return *name == '.' || (second[(unsigned char)*name] &&
		second[(unsigned char)*name] == (unsigned char)name[1]);
}

static bool may_end(char last)
{
	static const bool letters[256] = {
		['2'] = true, ['x'] = true, ['X'] = true, ['s'] = true,
		['S'] = true, ['e'] = true, ['E'] = true
	};

	return letters[(unsigned char)last];
}

bool secret_name(const char *name, size_t len)
{
	static const struct text json = TEXT(".json");
	size_t i;

	if (len < 4)
		return false;
	if (may_end(name[len - 1]))
		for (i = 0; i < ARRAY_SIZE(suffixes); i++)
			if (ends_with(name, len, &suffixes[i]))
				return true;
	if (!may_begin(name))
		return false;
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (names[i].len == len && !memcmp(name, names[i].text, len))
			return true;
	/* clients of Google's, as they are downloaded */
	if (len > 13 && !memcmp(name, "client_secret", 13) &&
	    ends_with(name, len, &json))
		return true;
	/* .env.local, .env.production ...; templates hold no secrets */
	return len > 4 && !memcmp(name, ".env.", 5) && !is_template(name, len);
}
