/*
 * A process group is not enough: a daemon leaves it, and the session, too.
 * Source: proc(5), prctl(2).
 */
#include "lib/base/compat.h"
#include "lib/base/kill-tree.h"

#include <dirent.h>
#include <poll.h>
#include <sys/prctl.h>

#include "lib/base/path.h"
#include "lib/base/strbuf.h"

#define MAX_PASSES 100
#define PASS_MSEC 5
#define STAT_MAX 4096
#define ENVIRON_MAX (4u << 20)

void kill_tree_adopt(void)
{
	prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
}

/* False: it is gone, or dead already. */
static bool read_stat(const char *pid, long *parent, long *session)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	const char *p;
	long group;
	char state = 'X';
	bool there = false;

	strbuf_addf(&path, "/proc/%s/stat", pid);
	if (!read_file(&text, path.buf, STAT_MAX, NULL)) {
		p = strrchr(text.buf, ')');	/* a name may hold any byte */
		there = p && sscanf(p + 1, " %c %ld %ld %ld", &state, parent,
				    &group, session) == 4 &&
			!strchr("ZXx", state);
	}
	strbuf_release(&path);
	strbuf_release(&text);
	return there;
}

/* 1: it has the mark; 0: not; -1: it does not show its environment. */
static int has_mark(const char *pid, const char *mark)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	const char *p;
	int has = -1;

	strbuf_addf(&path, "/proc/%s/environ", pid);
	if (!read_file(&text, path.buf, ENVIRON_MAX, NULL) && text.len) {
		has = 0;
		for (p = text.buf; p < text.buf + text.len && !has;
		     p += strlen(p) + 1)
			has = !strcmp(p, mark);
	}
	strbuf_release(&path);
	strbuf_release(&text);
	return has;
}

static bool is_kept(long pid, const pid_t *keep, size_t nr)
{
	size_t i;

	for (i = 0; i < nr; i++)
		if (keep[i] == (pid_t)pid)
			return true;
	return false;
}

static unsigned kill_once(pid_t session, const char *mark, const pid_t *keep,
			  size_t nr)
{
	long pid, parent = 0, of = 0;
	struct dirent *entry;
	unsigned found = 0;
	DIR *dir = opendir("/proc");
	int marked;

	while (dir && (entry = readdir(dir))) {
		if (!isdigit((unsigned char)*entry->d_name))
			continue;
		pid = strtol(entry->d_name, NULL, 10);
		if (pid == getpid() || is_kept(pid, keep, nr) ||
		    !read_stat(entry->d_name, &parent, &of))
			continue;
		if (of != session) {
			marked = has_mark(entry->d_name, mark);
			if (!marked || (marked < 0 && parent != getpid()))
				continue;
		}
		found++;
		kill((pid_t)pid, SIGKILL);
	}
	if (dir)
		closedir(dir);
	return found;
}

void kill_tree(pid_t session, const char *mark, const pid_t *keep, size_t nr)
{
	int passes;

	if (session > 0) {
		/* at once, also without /proc */
		kill(-session, SIGKILL);
		kill(session, SIGKILL);
	}
	for (passes = 0; passes < MAX_PASSES; passes++) {
		if (!kill_once(session, mark, keep, nr))
			return;
		poll(NULL, 0, PASS_MSEC);
	}
}
