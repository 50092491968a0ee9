#include "lib/base/compat.h"
#include "lib/base/proc-env.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"

#include <dirent.h>

/* What execve(2) takes is less. */
#define ENVIRON_MAX (8u << 20)
#define MAX_ANCESTORS 64

/* The process that started `pid`; 0 when that is not known. */
static pid_t parent_of(pid_t pid)
{
	struct strbuf text = STRBUF_INIT;
	char path[64];
	const char *at;
	long parent = 0;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	if (!read_file(&text, path, 8192, NULL)) {
		/* the second field may hold anything, also ") R 1" */
		at = strrchr(text.buf, ')');
		if (!at || sscanf(at, ") %*c %ld", &parent) != 1)
			parent = 0;
	}
	strbuf_release(&text);
	return (pid_t)parent;
}

static size_t list_own(pid_t *own)
{
	size_t nr = 0;
	pid_t pid = getpid();

	while (pid > 1 && nr < MAX_ANCESTORS) {
		own[nr++] = pid;
		pid = parent_of(pid);
	}
	return nr;
}

static bool has(const struct strbuf *environ_text, const char *assignment)
{
	const char *at = environ_text->buf;
	const char *end = at + environ_text->len;

	for (; at < end; at += strlen(at) + 1)
		if (!strcmp(at, assignment))
			return true;
	return false;
}

pid_t proc_env_find(const char *assignment)
{
	pid_t own[MAX_ANCESTORS], found = 0;
	size_t nr = list_own(own), i;
	struct strbuf text = STRBUF_INIT;
	const struct dirent *entry;
	DIR *dir = opendir("/proc");
	char path[64];
	long pid;

	while (dir && !found && (entry = readdir(dir))) {
		pid = strtol(entry->d_name, NULL, 10);
		for (i = 0; i < nr && own[i] != pid; i++)
			;
		if (pid <= 0 || i < nr)
			continue;
		snprintf(path, sizeof(path), "/proc/%ld/environ", pid);
		strbuf_reset(&text);
		if (!read_file(&text, path, ENVIRON_MAX, NULL) &&
		    has(&text, assignment))
			found = (pid_t)pid;
	}
	if (dir)
		closedir(dir);
	strbuf_release(&text);
	return found;
}
