#include "lib/base/compat.h"
#include "lib/exp/conf/conf-file.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/conf-edit.h"
#include "lib/wrap/yaml.h"

#define LOCK_FILE "conf.lock"		/* of a project, in .resutil/ */
#define USER_FILE "/config.yaml"

int conf_file_user_path(struct strbuf *path, struct strbuf *err)
{
	int ret = path_xdg(path, "XDG_CONFIG_HOME", ".config", err);

	if (!ret)
		strbuf_addstr(path, USER_FILE);
	return ret;
}

static int find_lock(struct strbuf *path, const struct conf_file *f,
		     struct strbuf *err)
{
	int ret;

	if (f->project)
		return project_private(f->project, LOCK_FILE, path, err);
	ret = path_xdg(path, "XDG_CONFIG_HOME", ".config", err);
	if (!ret && sys_mkdir_all_synced(path->buf, 0777))
		ret = fail_errno(err, "cannot make the directory '%s'",
				 path->buf);
	strbuf_addstr(path, USER_FILE ".lock");
	return ret;
}

static int take_lock(struct conf_file *f, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = find_lock(&path, f, err);

	if (ret)
		goto cleanup;
	f->lock = filelock_open(path.buf, 0666);
	if (f->lock < 0)
		ret = fail_errno(err, "cannot lock '%s'", path.buf);

cleanup:
	strbuf_release(&path);
	return ret;
}

/* Who keeps such files elsewhere has a link, which stays. */
static void follow_link(struct conf_file *f)
{
	char *real = realpath(f->path.buf, NULL);
	struct stat st;

	if (!real)
		return;
	strbuf_reset(&f->path);
	strbuf_addstr(&f->path, real);
	free(real);
	if (!stat(f->path.buf, &st))
		f->mode = st.st_mode & 0777;
}

int conf_file_open(struct conf_file *f, const struct project *project,
		   struct strbuf *err)
{
	int ret;

	f->project = project;
	ret = take_lock(f, err);
	if (!ret && project)
		strbuf_addstr(&f->path, project->conf_path);
	else if (!ret)
		ret = conf_file_user_path(&f->path, err);
	if (ret)
		return ret;
	follow_link(f);
	if (!project && !path_exists(f->path.buf))
		return 0;
	ret = read_file(&f->text, f->path.buf, CONF_MAX_BYTES, err);
	/* a link that leads nowhere */
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* The key, or the outermost of the maps that hold nothing but it. */
static char *key_to_go(const struct value *root, const char *key)
{
	char *go = xstrdup(key), *dot;

	while ((dot = strrchr(go, '.'))) {
		const struct value *map;

		*dot = '\0';
		map = value_get(root, go);
		if (!map || map->type != VALUE_MAP || map->u.map.nr != 1) {
			*dot = '.';
			break;
		}
	}
	return go;
}

static int take_out(struct conf_file *f, const struct value *root,
		    const char *key, struct strbuf *err)
{
	char *go = key_to_go(root, key);
	int ret = value_get(root, key) ? conf_edit(&f->text, go, NULL, err) :
					 0;

	free(go);
	return ret;
}

/* No map is there yet, or an empty one: `{}`. Comments stay. */
static void begin_map(struct conf_file *f, const char *key,
		      const struct value *value)
{
	struct value *map = value_new_map();

	value_set(map, key, value_copy(value));
	strbuf_trim(&f->text);
	if (f->text.len >= 2 &&
	    !memcmp(f->text.buf + f->text.len - 2, "{}", 2))
		strbuf_setlen(&f->text, f->text.len - 2);
	if (f->text.len && f->text.buf[f->text.len - 1] != '\n')
		strbuf_addch(&f->text, '\n');
	yaml_write(&f->text, map);
	value_free(map);
}

int conf_file_edit(struct conf_file *f, const char *key,
		   const struct value *value, struct strbuf *err)
{
	struct value *root = NULL;
	int ret = yaml_parse(&root, f->text.buf, f->text.len, f->path.buf, err);

	if (ret)
		return ret;
	if (root->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "'%s' must be a map of keys",
			   f->path.buf);
	else if (!value)
		ret = take_out(f, root, key, err);
	else if (root->u.map.nr)
		ret = conf_edit(&f->text, key, value, err);
	else
		begin_map(f, key, value);
	value_free(root);
	return ret;
}

int conf_file_write(struct conf_file *f, struct strbuf *err)
{
	const struct project *p = f->project;
	struct value *conf = NULL;
	int ret = yaml_parse(&conf, f->text.buf, f->text.len, f->path.buf, err);

	if (!ret && conf->type != VALUE_MAP)
		ret = fail(err, ERR_CONTENT, "'%s' must be a map of keys",
			   f->path.buf);
	if (!ret && p)
		ret = conf_check(conf, p->conf_path, p->root, err);
	value_free(conf);
	if (ret)
		return ret;
	return write_file_atomic(f->path.buf, f->text.buf, f->text.len,
				 f->mode, TEMPFILE_SYNC, err);
}

void conf_file_close(struct conf_file *f)
{
	if (f->lock >= 0)
		close(f->lock);
	f->lock = -1;
	strbuf_release(&f->path);
	strbuf_release(&f->text);
}
