/*
 * Who and where: identities of runs, hosts and users. Asked once a process.
 */
#include "lib/base/compat.h"
#include <pwd.h>
#include <sys/random.h>
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/record.h"

#define ID_LEN 36
#define HOST_MAX 255	/* HOST_NAME_MAX of POSIX */
#define USER_MAX 255

bool record_is_id(const char *text)
{
	size_t i;

	for (i = 0; i < ID_LEN; i++) {
		char c = text[i];

		if (i == 8 || i == 13 || i == 18 || i == 23) {
			if (c != '-')
				return false;
		} else if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'f')) {
			return false;
		}
	}
	return !text[ID_LEN];
}

/* 16 bytes; the kernel gives that many at once or is interrupted. */
static void random_bytes(unsigned char *raw, size_t len)
{
	ssize_t got;

	do {
		got = getrandom(raw, len, 0);
	} while (got < 0 && errno == EINTR);
	if (got != (ssize_t)len)
		BUG("the kernel gives no random bytes");
}

void record_new_id(struct strbuf *out)
{
	const char *fixed = getenv("RESUTIL_TEST_ID");
	unsigned char raw[16];
	size_t i;

	if (fixed && record_is_id(fixed)) {
		strbuf_addstr(out, fixed);
		return;
	}
	random_bytes(raw, sizeof(raw));
	raw[6] = (raw[6] & 0x0f) | 0x40;	/* RFC 9562, 5.4: version 4 */
	raw[8] = (raw[8] & 0x3f) | 0x80;	/* and its variant */
	for (i = 0; i < sizeof(raw); i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			strbuf_addch(out, '-');
		strbuf_addf(out, "%02x", raw[i]);
	}
}

const char *record_host(void)
{
	static char host[HOST_MAX + 1];

	if (!*host && (gethostname(host, sizeof(host) - 1) || !*host))
		memcpy(host, "localhost", sizeof("localhost"));
	return host;
}

static bool is_good_user(const char *name)
{
	const char *s;

	if (!name || !*name || strlen(name) > USER_MAX)
		return false;
	for (s = name; *s; s++)
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			return false;
	return utf8_is_valid(name, strlen(name));
}

#ifdef RESUTIL_STATIC
/* The file alone: other data bases are asked by libraries, which a static
 * program does not open. */
static int find_passwd(struct passwd *entry, char *room, size_t size,
		       struct passwd **found)
{
	FILE *f = fopen("/etc/passwd", "re");

	*found = NULL;
	if (!f)
		return -1;
	while (!fgetpwent_r(f, entry, room, size, found) &&
	       entry->pw_uid != geteuid())
		*found = NULL;
	fclose(f);
	return *found ? 0 : -1;
}
#else
static int find_passwd(struct passwd *entry, char *room, size_t size,
		       struct passwd **found)
{
	return getpwuid_r(geteuid(), entry, room, size, found);
}
#endif

/* The environment is asked first: the user data base may be a directory on
 * the network, and recording has to work offline and at once. */
static char *find_user(void)
{
	const char *name = getenv("LOGNAME");
	struct passwd entry, *found = NULL;
	char room[4096];

	if (is_good_user(name))
		return xstrdup(name);
	name = getenv("USER");
	if (is_good_user(name))
		return xstrdup(name);
	if (!find_passwd(&entry, room, sizeof(room), &found) &&
	    found && is_good_user(entry.pw_name))
		return xstrdup(entry.pw_name);
	return xstrfmt("%ju", (uintmax_t)geteuid());
}

const char *record_user(void)
{
	static char *user;

	if (!user)
		user = find_user();
	return user;
}

const char *record_boot_id(void)
{
	static char id[ID_LEN + 1];
	static bool asked;
	ssize_t got;
	int fd;

	if (asked)
		return id;
	asked = true;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return id;
	got = read(fd, id, ID_LEN);
	close(fd);
	id[got > 0 ? got : 0] = '\0';
	if (!record_is_id(id))
		*id = '\0';
	return id;
}
