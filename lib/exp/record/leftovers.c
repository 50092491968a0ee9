#include "lib/base/compat.h"
#include "lib/exp/record/leftovers.h"

#include "lib/base/sys.h"
#include "lib/exp/record/name.h"

#include <dirent.h>
#include <signal.h>

/* What lies deeper is removed, but not counted. */
#define MAX_LEVELS 200

/* As many temporary directories of one name a process makes at most. */
#define TRIES_MAX 1000

/* ---- names --------------------------------------------------------------- */

/* The number between `from` and `end`, as we print numbers; 0: it is none. */
static unsigned long read_number(const char *from, const char *end)
{
	unsigned long nr = 0;

	if (from == end || *from == '0')
		return 0;
	for (; from < end; from++) {
		if (*from < '0' || *from > '9' || nr > INT_MAX / 10)
			return 0;
		nr = nr * 10 + (unsigned long)(*from - '0');
	}
	return nr <= INT_MAX ? nr : 0;
}

/* Cuts ".NUMBER" off the end of what lies between `from` and `*end`. */
static unsigned long cut_number(const char *from, const char **end)
{
	const char *dot = *end;
	unsigned long nr;

	while (dot > from && dot[-1] != '.')
		dot--;
	nr = dot > from ? read_number(dot, *end) : 0;
	if (nr)
		*end = dot - 1;
	return nr;
}

static bool is_name(const char *from, const char *end, struct strbuf *name)
{
	size_t start = name->len;

	strbuf_add(name, from, (size_t)(end - from));
	if (name_is_valid(name->buf + start) ||
	    !strcmp(name->buf + start, NAME_DEBUG))
		return true;
	strbuf_setlen(name, start);
	return false;
}

enum hidden_kind hidden_parse(const char *entry, struct strbuf *name,
			      pid_t *pid)
{
	static const struct {
		const char *suffix;
		enum hidden_kind kind;
	} kinds[] = {
		{ ".tmp", HIDDEN_TMP },
		{ ".rm", HIDDEN_RM },
		{ ".old", HIDDEN_OLD }
	};
	size_t len = strlen(entry), i, n;
	const char *end, *before;
	unsigned long nr, pid_before;

	for (i = 0; i < ARRAY_SIZE(kinds); i++) {
		n = strlen(kinds[i].suffix);
		if (*entry != '.' || len <= n ||
		    strcmp(entry + len - n, kinds[i].suffix))
			continue;
		end = entry + len - n;
		nr = cut_number(entry + 1, &end);
		before = end;
		pid_before = cut_number(entry + 1, &before);
		/* A comment may end in ".5": N is below TRIES_MAX. */
		if (kinds[i].kind == HIDDEN_TMP && nr < TRIES_MAX &&
		    pid_before && is_name(entry + 1, before, name))
			*pid = (pid_t)pid_before;
		else if (nr && is_name(entry + 1, end, name))
			*pid = (pid_t)nr;
		else
			return HIDDEN_NONE;
		return kinds[i].kind;
	}
	return HIDDEN_NONE;
}

bool temp_name_parse(const char *entry, const char *base, pid_t *pid)
{
	static const char suffix[] = ".tmp";
	size_t len = strlen(entry), n = sizeof(suffix) - 1;
	const char *end = entry + len - n;
	unsigned long nr;

	if (len <= n || strcmp(end, suffix) || !cut_number(entry, &end))
		return false;
	nr = cut_number(entry, &end);
	if (!nr || end == entry)
		return false;
	*pid = (pid_t)nr;
	return !base || (strlen(base) == (size_t)(end - entry) &&
			 !memcmp(base, entry, strlen(base)));
}

/* ---- what it is ---------------------------------------------------------- */

struct measure {
	uint64_t bytes;
	int64_t newest;
};

/* By the time of its last change of any kind: what is unpacked gets the times
 * that the pack says. */
static void measure_one(struct measure *m, const struct stat *st)
{
	m->bytes += (uint64_t)st->st_blocks * 512;
	m->newest = MAXIMUM(m->newest, (int64_t)st->st_ctim.tv_sec);
}

static void measure_below(struct measure *m, int at, const char *name,
			  int levels)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
			O_CLOEXEC);
	const struct dirent *entry;
	struct stat st;
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir && fd >= 0)
		close(fd);
	while (dir && (entry = readdir(dir))) {
		if (!strcmp(entry->d_name, ".") ||
		    !strcmp(entry->d_name, "..") ||
		    fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		measure_one(m, &st);
		if (S_ISDIR(st.st_mode) && levels < MAX_LEVELS)
			measure_below(m, fd, entry->d_name, levels + 1);
	}
	if (dir)
		closedir(dir);
}

/* Also when it is of another user: then it is there, but not ours to ask. */
static bool process_is_there(pid_t pid)
{
	return !kill(pid, 0) || errno != ESRCH;
}

bool leftover_look(struct leftover *l, const char *path, pid_t pid, bool dir)
{
	struct measure m = { 0, 0 };
	struct stat st;
	bool left;

	memset(l, 0, sizeof(*l));
	l->fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC |
		     (dir ? O_DIRECTORY : 0));
	/* One that forbids reading to its owner cannot be asked. */
	if (l->fd < 0 && errno != EACCES)
		return false;
	l->hold = l->fd < 0 ? HOLD_UNKNOWN : hold_probe(l->fd);
	left = l->hold != HOLD_HELD && !lstat(path, &st) &&
	       (dir ? S_ISDIR(st.st_mode) : S_ISREG(st.st_mode)) &&
	       (l->fd < 0 || hold_has_name(l->fd, AT_FDCWD, path));
	if (left) {
		measure_one(&m, &st);
		if (dir)
			measure_below(&m, AT_FDCWD, path, 0);
		l->bytes = m.bytes;
		l->age = MAXIMUM((int64_t)time(NULL) - m.newest, INT64_C(0));
		if (l->hold == HOLD_UNKNOWN)
			left = l->age >= HOLD_BLIND_AGE &&
			       !process_is_there(pid);
	}
	if (!left)
		leftover_release(l);
	return left;
}

void leftover_release(struct leftover *l)
{
	if (l->fd >= 0)
		close(l->fd);
	l->fd = -1;
}

void leftover_sweep(const char *path, const char *base)
{
	struct strbuf file = STRBUF_INIT;
	const struct dirent *entry;
	DIR *dir = opendir(path);
	struct leftover l;
	pid_t pid;

	while (dir && (entry = readdir(dir))) {
		if (!temp_name_parse(entry->d_name, base, &pid))
			continue;
		strbuf_reset(&file);
		strbuf_addf(&file, "%s/%s", path, entry->d_name);
		if (!leftover_look(&l, file.buf, pid, false))
			continue;
		sys_unlink(file.buf);
		leftover_release(&l);
	}
	if (dir)
		closedir(dir);
	strbuf_release(&file);
}
