#include "lib/base/compat.h"
#include "lib/exp/recording/held-dir.h"
#include "lib/base/path.h"
#include "lib/exp/record/leftovers.h"

/* How often a record was written nobody can tell; not as often as this. */
#define REVISIONS_LOST 1000000000

int held_dir_open(const char *dir)
{
	return open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
}

bool held_dir_is_at(int held, const char *path)
{
	struct stat ours, there;

	return held >= 0 && !fstat(held, &ours) && !lstat(path, &there) &&
	       ours.st_dev == there.st_dev && ours.st_ino == there.st_ino;
}

bool held_dir_path(int held, struct strbuf *path)
{
	static const char deleted[] = " (deleted)";
	const size_t len_deleted = sizeof(deleted) - 1;
	char link[64], text[PATH_MAX];
	ssize_t len;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", held);
	len = held < 0 ? 0 : readlink(link, text, sizeof(text) - 1);
	if (len <= 0)
		return false;
	text[len] = '\0';
	/* The kernel says so of one that is gone; a name may end so, too. */
	if ((size_t)len > len_deleted && !held_dir_is_at(held, text) &&
	    !strcmp(text + len - len_deleted, deleted))
		text[(size_t)len - len_deleted] = '\0';
	strbuf_addstr(path, text);
	return true;
}

bool held_dir_is_being_removed(const char *path)
{
	struct strbuf name = STRBUF_INIT;
	bool ours;
	pid_t pid;

	ours = hidden_parse(path_basename(path), &name, &pid) != HIDDEN_NONE;
	strbuf_release(&name);
	return ours;
}

void held_dir_raise_revision(struct value *record)
{
	int64_t revision = 0;

	value_get_int(record, "revision", &revision);
	revision = MINIMUM(revision, INT64_MAX - REVISIONS_LOST);
	value_map_set_int(record, "revision", revision + REVISIONS_LOST);
}
