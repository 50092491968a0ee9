#include "lib/base/compat.h"
#include "lib/exp/check/check.h"

#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/exp/check/check-internal.h"
#include "lib/exp/record/exp-list.h"
#include "lib/exp/record/exp-remove.h"

#include <dirent.h>

/* From the root, if it is below it. */
static const char *shown(const struct check *c, const char *path)
{
	const char *below = path_below(path, c->p->root);

	return below && *below ? below : path;
}

void check_found(struct check *c, const struct finding *f, const char *path,
		 const char *fmt, ...)
{
	struct finding found = *f;
	struct strbuf text = STRBUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	found.where = shown(c, path);
	found.text = text.buf;
	finding_list_add(&c->found, &found);
	strbuf_release(&text);
}

void check_leftover(struct check *c, const char *id, const char *path,
		    const char *name, const struct leftover *l,
		    int (*take)(struct check *c, const char *path),
		    const char *what)
{
	const struct check_options *o = c->options;
	struct finding f = { .level = FINDING_LEFTOVER, .id = id,
			     .name = name, .bytes = l->bytes };

	if (!(o->flags & CHECK_PRUNE)) {
		check_found(c, &f, path, "%s; 'resutil gc' removes it", what);
	} else if (finding_is_kept(o, id)) {
		check_found(c, &f, path, "%s; --keep leaves it", what);
	} else if (l->age < (int64_t)o->older_than) {
		check_found(c, &f, path, "%s; it is too young to be removed",
			    what);
	} else if (o->flags & CHECK_DRY_RUN) {
		f.state = FINDING_WOULD;
		check_found(c, &f, path, "%s", what);
	} else if (!take(c, path) || errno == ENOENT) {
		f.state = FINDING_REMOVED;
		check_found(c, &f, path, "%s", what);
	} else if (errno == EBUSY || errno == EWOULDBLOCK) {
		/* since it was looked at: another gc, or who has use for it */
		check_found(c, &f, path, "%s; somebody is at work on it now",
			    what);
	} else {
		c->failed++;
		check_found(c, &f, path, "%s; it cannot be removed: %s", what,
			    strerror(errno));
	}
}

static void add_entries(DIR *dir, struct strvec *out)
{
	const struct dirent *entry;

	while (dir && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
			strvec_push(out, entry->d_name);
	if (dir)
		closedir(dir);
}

void check_entries(const char *path, struct strvec *out)
{
	add_entries(opendir(path), out);
}

void check_own_entries(const char *path, struct strvec *out)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !dir)
		close(fd);
	add_entries(dir, out);
}

/* ---- hidden directories in results_dir ----------------------------------- */

static void put_back(struct check *c, const char *path, const char *name)
{
	struct finding f = { .level = FINDING_ERROR, .id = "displaced",
			     .name = name };
	struct strbuf to = STRBUF_INIT;

	project_exp_path(c->p, name, &to);
	if (!(c->options->flags & CHECK_REPAIR)) {
		check_found(c, &f, path, "'%s' was put aside by a pull that "
			    "died; 'resutil fsck --repair' puts it back", name);
	} else if (c->options->flags & CHECK_DRY_RUN) {
		f.state = FINDING_WOULD;
		check_found(c, &f, path, "'%s' was put aside by a pull that "
			    "died", name);
	} else if (!sys_rename_noreplace(path, to.buf) &&
		   !sys_fsync_dir(c->p->results_path)) {
		f.state = FINDING_MENDED;
		check_found(c, &f, path, "'%s' was put aside by a pull that "
			    "died, and is put back", name);
	} else {
		c->failed++;
		check_found(c, &f, path, "'%s' was put aside by a pull that "
			    "died, and cannot be put back: %s", name,
			    strerror(errno));
	}
	strbuf_release(&to);
}

static int remove_dir(struct check *c UNUSED, const char *path)
{
	return exp_remove_tree(path);
}

static void look_at_hidden(struct check *c, const char *entry)
{
	struct strbuf name = STRBUF_INIT, path = STRBUF_INIT;
	enum hidden_kind kind;
	struct leftover l;
	pid_t pid;

	kind = hidden_parse(entry, &name, &pid);
	project_exp_path(c->p, entry, &path);
	if (kind == HIDDEN_NONE || !leftover_look(&l, path.buf, pid, true))
		goto cleanup;
	if (kind == HIDDEN_OLD && !exp_name_is_taken(c->p, name.buf))
		put_back(c, path.buf, name.buf);
	else
		check_leftover(c, "hidden-dir", path.buf, name.buf, &l,
			       remove_dir, kind == HIDDEN_TMP ?
			       "what a command that died was making" :
			       "what a command that died was removing");
	leftover_release(&l);

cleanup:
	strbuf_release(&path);
	strbuf_release(&name);
}

static void check_hidden(struct check *c)
{
	struct strvec entries = STRVEC_INIT;
	size_t i;

	check_entries(c->p->results_path, &entries);
	strvec_sort(&entries, false);
	for (i = 0; i < entries.nr; i++)
		if (*entries.v[i] == '.')
			look_at_hidden(c, entries.v[i]);
	strvec_release(&entries);
}

/* ---- all of it ----------------------------------------------------------- */

static int tell(struct check *c, finding_fn fn, void *data, struct strbuf *err)
{
	int ret;

	finding_list_sort(&c->found);
	ret = finding_list_each(&c->found, fn, data);
	if (!ret && c->failed)
		ret = fail(err, ERR_FAILED, "%d thing%s could not be removed "
			   "or mended", c->failed, c->failed == 1 ? "" : "s");
	return ret;
}

int check_project(const struct project *p,
		  const struct check_options *options, finding_fn fn,
		  void *data, struct strbuf *err)
{
	struct check c = { .p = p, .options = options,
			   .found = FINDING_LIST_INIT, .names = STRVEC_INIT };
	int ret;

	check_hidden(&c);
	ret = exp_list_names(p, &c.names, err);
	if (!ret)
		ret = check_records(&c, err);
	if (!ret) {
		check_private(&c);
		ret = tell(&c, fn, data, err);
	}
	free(c.exp);
	strvec_release(&c.names);
	finding_list_release(&c.found);
	return ret;
}
