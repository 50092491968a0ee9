/*
 * Where a file system takes two names that differ in case for one, a key must
 * not end up in the directory of another. That of the file itself is found out
 * when it gets its name; here it is about the directories on the way.
 */
#include "lib/base/compat.h"
#include "lib/sync/keys-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"

#include <dirent.h>

/* Found out by the temporary file, which was just made there. */
static bool folds(const struct keys_temp *t)
{
	struct stat made, found;
	char *name = xstrdup(t->name), *p;
	bool same;

	for (p = name; *p; p++)
		if (*p >= 'a' && *p <= 'z')
			*p = (char)(*p - 'a' + 'A');
	same = !fstatat(t->dir, name, &found, AT_SYMLINK_NOFOLLOW) &&
	       !fstat(t->fd, &made) && made.st_ino == found.st_ino &&
	       made.st_dev == found.st_dev;
	free(name);
	return same;
}

/* Exactly this name is in the directory; where that cannot be read nobody
 * knows better. Closes `fd`. */
static bool has_name(int fd, const char *name)
{
	DIR *dir = fdopendir(fd);
	const struct dirent *entry;
	bool found = false;

	if (!dir) {
		close(fd);
		return true;
	}
	while (!found && (entry = readdir(dir)))
		found = !strcmp(entry->d_name, name);
	closedir(dir);
	return found;
}

static bool is_exact(int root, const char *parent)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	int at = openat(root, ".", flags), next;
	bool exact = true;
	size_t len;
	char *name;

	while (exact && at >= 0 && *parent) {
		len = strcspn(parent, "/");
		name = xmemdupz(parent, len);
		next = openat(at, name, flags);
		exact = has_name(at, name);
		free(name);
		at = next;
		parent += len + (parent[len] == '/');
	}
	if (at >= 0)
		close(at);
	return exact;
}

int keys_check_case(struct keys_item *item, struct strbuf *err)
{
	const char *slash = strrchr(item->key, '/');
	struct keys_run *run = item->run;
	char *parent;
	bool known;
	int ret = 0;

	if (!slash || !folds(&item->temp))
		return 0;
	parent = xmemdupz(item->key, (size_t)(slash - item->key));
	/* Most often the next one lies in the same directory. */
	pthread_mutex_lock(&run->lock);
	known = run->exact && !strcmp(run->exact, parent);
	pthread_mutex_unlock(&run->lock);
	if (!known && !is_exact(run->root, parent)) {
		ret = fail(err, ERR_CONFLICT, "cannot write '%s': a directory "
			   "here has a name in another case, and the file "
			   "system takes both for one", item->key);
	} else if (!known) {
		pthread_mutex_lock(&run->lock);
		free(run->exact);
		run->exact = parent;
		parent = NULL;
		pthread_mutex_unlock(&run->lock);
	}
	free(parent);
	return ret;
}
