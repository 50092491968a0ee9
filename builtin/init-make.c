#include "lib/base/compat.h"
#include "builtin/init-make.h"
#include "builtin/key-file.h"
#include "builtin/store-kind.h"
#include "builtin/store-settings.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/conf/conf-edit.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/yaml.h"

#define IGNORE_MAX_BYTES (4u << 20)

/* Enough of a random id to tell two projects of one name apart. */
#define STORE_ID_LEN 8

static const char results_comment[] =
	"# Experiments are shared through the store of this project (see\n"
	"# resutil-conf.yaml), not through git, which ignores everything in\n"
	"# this directory but this file.\n";

struct made_file {
	char *path;
	bool was_there;
	mode_t mode;
	struct strbuf before;
};

/* What has been made so far. */
struct undo {
	struct strvec dirs;
	struct made_file file[2];
	size_t nr;
	char *private_dir;
};

void init_plan_release(struct init_plan *plan)
{
	strbuf_release(&plan->root);
	strbuf_release(&plan->name);
	strbuf_release(&plan->results_dir);
	strbuf_release(&plan->type);
	strbuf_release(&plan->own_store);
	strbuf_release(&plan->conf);
	value_free(plan->given);
	value_free(plan->config);
	value_free(plan->merged);
}

int init_choose_store(struct init_plan *plan, struct strbuf *err)
{
	struct strbuf id = STRBUF_INIT;
	size_t len;
	unsigned nr;
	int ret;

	strbuf_reset(&plan->own_store);
	ret = path_xdg(&plan->own_store, "XDG_DATA_HOME", ".local/share", NULL);
	if (ret)
		return fail(err, ERR_USAGE, "there is no place for a store, "
			    "since HOME is not set; name one with -o path=DIR");
	record_new_id(&id);
	strbuf_addf(&plan->own_store, "/stores/%s-%.*s", plan->name.buf,
		    STORE_ID_LEN, id.buf);
	strbuf_release(&id);
	len = plan->own_store.len;
	for (nr = 2; path_exists(plan->own_store.buf); nr++) {
		strbuf_setlen(&plan->own_store, len);
		strbuf_addf(&plan->own_store, "-%u", nr);
	}
	return 0;
}

static bool has_line(const struct strbuf *text, const char *line)
{
	size_t len = strlen(line);
	const char *p = text->buf;

	while (*p) {
		size_t eol = strcspn(p, "\n");
		size_t end = eol;

		while (end && (p[end - 1] == '\r' || p[end - 1] == ' '))
			end--;
		if (end == len && !memcmp(p, line, len))
			return true;
		p += eol + (p[eol] == '\n');
	}
	return false;
}

static void follow_link(struct strbuf *path)
{
	char *real = realpath(path->buf, NULL);

	if (!real)
		return;
	strbuf_reset(path);
	strbuf_addstr(path, real);
	free(real);
}

/*
 * Adds `comment` and `lines` to the end of a .gitignore, unless all the lines
 * are there already.
 */
static int add_to_gitignore(struct undo *undo, const char *dir,
			    const char *comment, const char *const *lines,
			    struct strbuf *err)
{
	struct made_file *file = &undo->file[undo->nr];
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	bool missing = false;
	struct stat st;
	size_t i;
	int ret = 0;

	strbuf_addf(&path, "%s/.gitignore", dir);
	/* The user's own file keeps its mode, and its place behind a link. */
	follow_link(&path);
	file->was_there = !stat(path.buf, &st);
	file->mode = file->was_there ? st.st_mode & 0777 : 0666;
	if (file->was_there)
		ret = read_file(&text, path.buf, IGNORE_MAX_BYTES, err);
	if (ret)
		goto cleanup;
	for (i = 0; lines[i]; i++)
		missing = missing || !has_line(&text, lines[i]);
	if (!missing)
		goto cleanup;

	strbuf_init(&file->before);
	strbuf_addbuf(&file->before, &text);
	if (text.len && text.buf[text.len - 1] != '\n')
		strbuf_addch(&text, '\n');
	if (text.len)
		strbuf_addch(&text, '\n');
	strbuf_addstr(&text, comment);
	for (i = 0; lines[i]; i++)
		strbuf_addf(&text, "%s\n", lines[i]);
	ret = write_file_atomic(path.buf, text.buf, text.len, file->mode,
				TEMPFILE_SYNC, err);
	if (!ret) {
		file->path = strbuf_detach(&path, NULL);
		undo->nr++;
	} else {
		strbuf_release(&file->before);
	}

cleanup:
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

/* In a .gitignore a few characters mean something, and a pattern without a
 * slash matches in every directory. */
bool init_key_pattern(const struct init_plan *plan, struct strbuf *out)
{
	const char *key = value_get_text(plan->config, "key_file_path");
	struct strbuf path = STRBUF_INIT;
	const char *below;
	bool ret = false;

	if (!key || !*key)
		return false;
	key_file_path(&path, plan->root.buf, key);
	below = path_below(path.buf, plan->root.buf);
	if (below && *below) {
		if (strchr("#!", *below))
			strbuf_addch(out, '\\');
		for (; *below; below++) {
			if (strchr("*?[\\", *below) ||
			    (*below == ' ' && !below[1]))
				strbuf_addch(out, '\\');
			strbuf_addch(out, *below);
		}
		ret = true;
	}
	strbuf_release(&path);
	return ret;
}

/* All keys of one map, each in its place; others stay. */
static int edit_config(struct strbuf *text, const struct value *config,
		       struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < config->u.map.nr; i++) {
		const struct value *value = config->u.map.pair[i].value;

		strbuf_reset(&path);
		strbuf_addf(&path, "storage_config.%s",
			    config->u.map.pair[i].key);
		ret = conf_edit(text, path.buf, value->type == VALUE_NULL ?
				NULL : value, err);
	}
	strbuf_release(&path);
	return ret;
}

static int edit_str(struct strbuf *text, const char *key, const char *str,
		    struct strbuf *err)
{
	struct value *value = value_new_str(str);
	int ret = conf_edit(text, key, value, err);

	value_free(value);
	return ret;
}

static int edit_conf(const struct init_plan *plan, struct strbuf *out,
		     struct strbuf *err)
{
	struct value *old = NULL;
	const char *type;
	int ret;

	strbuf_addbuf(out, &plan->conf);
	ret = yaml_parse(&old, out->buf, out->len, CONF_FILE, err);
	if (ret)
		return ret;
	ret = edit_str(out, "project_name", plan->name.buf, err);
	if (!ret)
		ret = edit_str(out, "results_dir", plan->results_dir.buf, err);
	type = value_get_text(old, "storage_type");
	if (!ret && type && !strcmp(type, plan->type.buf))
		ret = edit_config(out, plan->config, err);
	else if (!ret)
		ret = conf_edit(out, "storage_config", plan->config, err);
	if (!ret)
		ret = edit_str(out, "storage_type", plan->type.buf, err);
	value_free(old);
	return ret;
}

/* In the order in which the Python Resutil writes them. */
static void write_conf(const struct init_plan *plan, struct strbuf *out)
{
	struct value *conf = value_new_map();

	value_map_set_str(conf, "project_name", plan->name.buf);
	value_map_set_str(conf, "results_dir", plan->results_dir.buf);
	value_map_set(conf, "storage_config", value_copy(plan->config));
	value_map_set_str(conf, "storage_type", plan->type.buf);
	yaml_write(out, conf);
	value_free(conf);
}

int init_conf_text(const struct init_plan *plan, struct strbuf *out,
		   struct strbuf *err)
{
	if (plan->has_conf)
		return edit_conf(plan, out, err);
	write_conf(plan, out);
	return 0;
}

static int make_store(struct undo *undo, struct init_plan *plan,
		      struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	if (plan->kind->is_dir) {
		path_absolute(&path, plan->root.buf,
			      value_get_text(plan->config, "path"));
		/* Another init may have chosen the same name just now. */
		if (plan->own_store.len && path_exists(path.buf))
			ret = fail(err, ERR_CONFLICT, "the store '%s' has "
				   "just appeared; try again", path.buf);
		else
			ret = store_dir_make(path.buf, &undo->dirs, err);
		plan->made_store = undo->dirs.nr &&
			!strcmp(undo->dirs.v[undo->dirs.nr - 1], path.buf);
	}
	strbuf_release(&path);
	return ret;
}

/* What git leaves out of results_dir. */
static const char *const results_lines[] = { "*", "!.gitignore", NULL };

bool init_results_ignored(const struct init_plan *plan)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	struct strbuf ignored = STRBUF_INIT;
	bool all;
	size_t i;

	path_absolute(&path, plan->root.buf, plan->results_dir.buf);
	strbuf_addstr(&path, "/.gitignore");
	all = !read_file(&text, path.buf, IGNORE_MAX_BYTES, &ignored);
	for (i = 0; all && results_lines[i]; i++)
		all = has_line(&text, results_lines[i]);
	strbuf_release(&path);
	strbuf_release(&text);
	strbuf_release(&ignored);
	return all;
}

static int make_results(struct undo *undo, const struct init_plan *plan,
			struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	path_absolute(&path, plan->root.buf, plan->results_dir.buf);
	ret = store_dir_make(path.buf, &undo->dirs, err);
	if (!ret && plan->gitignore)
		ret = add_to_gitignore(undo, path.buf, results_comment,
				       results_lines, err);
	strbuf_release(&path);
	return ret;
}

static int ignore_key(struct undo *undo, const struct init_plan *plan,
		      struct strbuf *err)
{
	struct strbuf pattern = STRBUF_INIT;
	const char *lines[2] = { NULL, NULL };
	int ret = 0;

	if (plan->gitignore_key && init_key_pattern(plan, &pattern)) {
		lines[0] = pattern.buf;
		ret = add_to_gitignore(undo, plan->root.buf,
				       "# Resutil config file\n", lines, err);
	}
	strbuf_release(&pattern);
	return ret;
}

static int make_private(struct undo *undo, const struct init_plan *plan,
			struct strbuf *err)
{
	struct project p = PROJECT_INIT;
	struct strbuf path = STRBUF_INIT;
	int ret;

	p.root = plan->root.buf;
	strbuf_addf(&path, "%s/.resutil", plan->root.buf);
	if (!path_exists(path.buf))
		undo->private_dir = xstrdup(path.buf);
	strbuf_reset(&path);
	ret = project_private(&p, NULL, &path, err);
	strbuf_release(&path);
	return ret;
}

/* Last: from here on it is a project. */
static int make_conf(const struct init_plan *plan, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	unsigned flags = TEMPFILE_SYNC;
	int ret = init_conf_text(plan, &text, err);

	if (!plan->has_conf)
		flags |= TEMPFILE_NOREPLACE;
	strbuf_addf(&path, "%s/" CONF_FILE, plan->root.buf);
	if (!ret)
		ret = write_file_atomic(path.buf, text.buf, text.len, 0666,
					flags, err);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

/* Nothing is removed that holds what others have put there meanwhile. */
static void take_back(struct undo *undo)
{
	if (undo->private_dir)
		sys_remove_tree(undo->private_dir);
	while (undo->nr) {
		struct made_file *file = &undo->file[--undo->nr];

		if (file->was_there)
			write_file_atomic(file->path, file->before.buf,
					  file->before.len, file->mode,
					  TEMPFILE_SYNC, NULL);
		else
			sys_unlink(file->path);
		free(file->path);
		strbuf_release(&file->before);
	}
	store_dir_unmake(&undo->dirs);
}

static void undo_release(struct undo *undo)
{
	while (undo->nr) {
		struct made_file *file = &undo->file[--undo->nr];

		free(file->path);
		strbuf_release(&file->before);
	}
	strvec_release(&undo->dirs);
	free(undo->private_dir);
}

int init_make(struct init_plan *plan, struct strbuf *err)
{
	struct undo undo = { .dirs = STRVEC_INIT };
	int ret;

	ret = store_dir_make(plan->root.buf, &undo.dirs, err);
	if (!ret)
		ret = make_store(&undo, plan, err);
	if (!ret)
		ret = make_results(&undo, plan, err);
	if (!ret)
		ret = ignore_key(&undo, plan, err);
	if (!ret)
		ret = make_private(&undo, plan, err);
	if (!ret)
		ret = make_conf(plan, err);
	if (ret)
		take_back(&undo);
	undo_release(&undo);
	return ret;
}
