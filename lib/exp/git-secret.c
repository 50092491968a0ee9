#include "lib/base/compat.h"
#include "lib/exp/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/path.h"

/* Names that ssh-keygen(1) gives private keys, and netrc-like files. */
static const char *const names[] = {
	".env", "id_rsa", "id_dsa", "id_ecdsa", "id_ecdsa_sk", "id_ed25519",
	"id_ed25519_sk", ".netrc", "_netrc", ".git-credentials", ".pgpass"
};

/* Containers of keys that are not text, so that no head tells. */
static const char *const suffixes[] = { ".p12", ".pfx", ".jks", ".keystore" };

static bool ends_with(const char *text, const char *suffix)
{
	size_t len = strlen(text), n = strlen(suffix);

	return len > n && !strcasecmp(text + len - n, suffix);
}

bool git_secret_name(const char *path)
{
	const char *name = path_basename(path);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (!strcmp(name, names[i]))
			return true;
	for (i = 0; i < ARRAY_SIZE(suffixes); i++)
		if (ends_with(name, suffixes[i]))
			return true;
	/* .env.local, .env.production ...; templates hold no secrets */
	return !strncmp(name, ".env.", 5) && !ends_with(name, ".example") &&
	       !ends_with(name, ".sample") && !ends_with(name, ".template") &&
	       !ends_with(name, ".dist");
}

/*
 * "-----BEGIN RSA PRIVATE KEY-----" (RFC 7468 and what came before it), also
 * inside JSON, as in the key files of cloud services; PuTTY's own form.
 */
bool git_secret_text(const char *text, size_t len)
{
	static const char begin[] = "-----BEGIN ";
	static const char putty[] = "PuTTY-User-Key-File-";
	const char *end = text + len, *p = text;

	if (len >= sizeof(putty) - 1 && !memcmp(text, putty, sizeof(putty) - 1))
		return true;
	while ((p = memmem(p, (size_t)(end - p), begin, sizeof(begin) - 1))) {
		size_t rest, n;

		p += sizeof(begin) - 1;
		rest = MINIMUM((size_t)(end - p), 64);
		for (n = 0; n < rest; n++)
			if (!isupper((unsigned char)p[n]) &&
			    !isdigit((unsigned char)p[n]) && p[n] != ' ')
				break;
		if (n + 5 <= (size_t)(end - p) && !memcmp(p + n, "-----", 5) &&
		    (memmem(p, n, "PRIVATE KEY", 11)))
			return true;
	}
	return false;
}

int git_secret_file(int fd)
{
	char *head = xmalloc(GIT_SECRET_HEAD);
	size_t len = 0;
	int ret;

	while (len < GIT_SECRET_HEAD) {
		ssize_t n = pread(fd, head + len, GIT_SECRET_HEAD - len,
				  (off_t)len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			int saved = errno;

			free(head);
			errno = saved;
			return -1;
		}
		if (!n)
			break;
		len += (size_t)n;
	}
	ret = git_secret_text(head, len);
	free(head);
	return ret;
}
