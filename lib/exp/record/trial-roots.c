#include "lib/base/compat.h"
#include "lib/exp/record/trial-roots.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"

#include <dirent.h>

#define NOTES_DIR ".resutil/trials"
#define HASH_LEN 16

/* FNV-1a, the same on every machine that shares the directory. */
static void add_hash(struct strbuf *out, const char *path)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) *
			UINT64_C(1099511628211);
	strbuf_addf(out, "%016" PRIx64, hash);
}

/* ---- read ---- */

/* As it is written: "." or components that are neither empty nor dots. */
static bool is_clean(const char *path)
{
	if (!strcmp(path, "."))
		return true;
	for (;;) {
		size_t len = strcspn(path, "/");

		if (!len || (len == 1 && *path == '.') ||
		    (len == 2 && !memcmp(path, "..", 2)))
			return false;
		if (!path[len])
			return true;
		path += len + 1;
	}
}

/* The text of a note. A torn one has no LF, or the name of another. */
static int read_note(const char *path, struct strbuf *rel)
{
	struct strbuf hash = STRBUF_INIT;
	int ret = read_own_file(rel, path, PATH_MAX, NULL);

	if (ret)
		return ret == ERR_FAILED ? ret : ERR_NOT_FOUND;
	if (!rel->len || rel->buf[rel->len - 1] != '\n')
		return ERR_NOT_FOUND;
	strbuf_setlen(rel, rel->len - 1);
	add_hash(&hash, rel->buf);
	if (strlen(rel->buf) != rel->len || !is_clean(rel->buf) ||
	    strcmp(hash.buf, path_basename(path)))
		ret = ERR_NOT_FOUND;
	strbuf_release(&hash);
	return ret;
}

/* The project's top may be "/". */
static void add_below(const struct project *p, const char *rel,
		      struct strbuf *out)
{
	strbuf_addstr(out, p->root);
	strbuf_complete_slash(out);
	strbuf_addstr(out, rel);
}

int trial_root_read(const struct project *p, const char *path,
		    struct strbuf *root)
{
	struct strbuf rel = STRBUF_INIT, full = STRBUF_INIT;
	struct strbuf real = STRBUF_INIT;
	struct stat st;
	int ret;

	ret = read_note(path, &rel);
	if (ret)
		goto cleanup;
	add_below(p, rel.buf, &full);
	if (stat(full.buf, &st)) {
		ret = errno == ENOENT || errno == ENOTDIR || errno == ELOOP ?
		      ERR_NOT_FOUND : ERR_FAILED;
		goto cleanup;
	}
	/* A link may have taken the place of a directory. */
	path_real(&real, full.buf);
	if (!S_ISDIR(st.st_mode) || !path_below(real.buf, p->root))
		ret = ERR_NOT_FOUND;
	else
		strbuf_addbuf(root, &real);

cleanup:
	strbuf_release(&real);
	strbuf_release(&full);
	strbuf_release(&rel);
	return ret;
}

void trial_roots_list(const struct project *p, struct strvec *roots)
{
	struct strbuf path = STRBUF_INIT, root = STRBUF_INIT;
	const struct dirent *d;
	size_t len;
	DIR *dir;

	add_below(p, NOTES_DIR, &path);
	dir = opendir(path.buf);
	strbuf_addch(&path, '/');
	len = path.len;
	while (dir && (d = readdir(dir))) {
		if (strlen(d->d_name) != HASH_LEN)
			continue;
		strbuf_setlen(&path, len);
		strbuf_addstr(&path, d->d_name);
		strbuf_reset(&root);
		if (!trial_root_read(p, path.buf, &root))
			strvec_push(roots, root.buf);
	}
	if (dir)
		closedir(dir);
	strvec_sort(roots, true);
	strbuf_release(&root);
	strbuf_release(&path);
}

int trial_root_remove(const struct project *p, const char *path)
{
	struct strbuf root = STRBUF_INIT;
	int ret = trial_root_read(p, path, &root);

	strbuf_release(&root);
	if (ret == ERR_NOT_FOUND)
		return sys_unlink(path);
	errno = EBUSY;
	return -1;
}

/* ---- written ---- */

static void write_note(const struct project *p, const char *rel)
{
	struct strbuf path = STRBUF_INIT, there = STRBUF_INIT;
	struct strbuf line = STRBUF_INIT;

	add_below(p, NOTES_DIR "/", &path);
	add_hash(&path, rel);
	if (!read_note(path.buf, &there))
		goto cleanup;
	strbuf_reset(&path);
	if (project_private(p, "trials/", &path, NULL))
		goto cleanup;
	add_hash(&path, rel);
	strbuf_addf(&line, "%s\n", rel);
	write_file_atomic(path.buf, line.buf, line.len, 0666, 0, NULL);

cleanup:
	strbuf_release(&line);
	strbuf_release(&there);
	strbuf_release(&path);
}

void trial_root_note(struct noted_roots *noted, const char *root)
{
	struct strbuf real = STRBUF_INIT, why = STRBUF_INIT;
	struct project p = PROJECT_INIT;
	const char *rel;

	if (strmap_get(&noted->seen, root))
		return;
	strmap_put(&noted->seen, xstrdup(root), noted);
	path_real(&real, root);
	if (!project_open(&p, real.buf, &why)) {
		rel = path_below(real.buf, p.root);
		if (rel && strlen(rel) < PATH_MAX)
			write_note(&p, *rel ? rel : ".");
		project_release(&p);
	}
	strbuf_release(&why);
	strbuf_release(&real);
}

void noted_roots_release(struct noted_roots *noted)
{
	size_t i;

	for (i = 0; i < noted->seen.nr; i++)
		free((char *)noted->seen.item[i].key);
	strmap_release(&noted->seen);
}
