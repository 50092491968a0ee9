#include "lib/base/compat.h"
#include "lib/exp/conf/project.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/wrap/yaml.h"

#define PRIVATE_DIR ".resutil"

/* Leaves the directory that holds the conf in `root`. */
static int find_root(struct strbuf *root, const char *start, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	char *first;
	int ret = 0;

	path_real(root, start ? start : ".");
	first = xstrdup(root->buf);
	for (;;) {
		strbuf_reset(&path);
		strbuf_addbuf(&path, root);
		strbuf_complete_slash(&path);
		strbuf_addstr(&path, CONF_FILE);
		if (path_exists(path.buf))
			break;
		if (root->len <= 1) {
			ret = fail(err, ERR_NOT_FOUND, "no '%s' in '%s' or "
				   "above it; make a project with 'resutil "
				   "init'", CONF_FILE, first);
			break;
		}
		while (root->len > 1 && root->buf[root->len - 1] != '/')
			strbuf_setlen(root, root->len - 1);
		if (root->len > 1)
			strbuf_setlen(root, root->len - 1);
	}
	free(first);
	strbuf_release(&path);
	return ret;
}

static int read_conf(struct project *p, struct strbuf *err)
{
	struct strbuf text = STRBUF_INIT;
	int ret;

	ret = read_file(&text, p->conf_path, CONF_MAX_BYTES, err);
	if (!ret)
		ret = yaml_parse(&p->conf, text.buf, text.len, p->conf_path,
				 err);
	strbuf_release(&text);
	return ret;
}

/* The conf has been checked: its texts are there. */
static void take_settings(struct project *p)
{
	const char *dir = value_get_text(p->conf, "results_dir");
	const char *type = value_get_text(p->conf, "storage_type");
	struct strbuf path = STRBUF_INIT;

	path_absolute(&path, p->root, dir);
	p->results_path = strbuf_detach(&path, NULL);
	p->results_dir = xstrdup(*dir == '/' ? p->results_path :
				 path_below(p->results_path, p->root));
	p->name = xstrdup(value_get_text(p->conf, "project_name"));
	p->storage_type = xstrdup(strcmp(type, "gs") ? type : "gcs");
}

int project_open(struct project *p, const char *start, struct strbuf *err)
{
	struct strbuf root = STRBUF_INIT;
	int ret;

	memset(p, 0, sizeof(*p));
	ret = find_root(&root, start, err);
	if (ret)
		goto cleanup;
	p->root = xstrdup(root.buf);
	strbuf_complete_slash(&root);
	strbuf_addstr(&root, CONF_FILE);
	p->conf_path = xstrdup(root.buf);

	ret = read_conf(p, err);
	if (!ret)
		ret = conf_check(p->conf, p->conf_path, p->root, err);
	if (!ret)
		take_settings(p);

cleanup:
	if (ret)
		project_release(p);
	strbuf_release(&root);
	return ret;
}

void project_release(struct project *p)
{
	free(p->root);
	free(p->conf_path);
	free(p->name);
	free(p->results_dir);
	free(p->results_path);
	free(p->storage_type);
	value_free(p->conf);
	memset(p, 0, sizeof(*p));
}

int project_need_results(const struct project *p, struct strbuf *err)
{
	if (path_exists(p->results_path) && !path_is_dir(p->results_path))
		return fail(err, ERR_FAILED, "results_dir '%s' is not a "
			    "directory; move it away, or set results_dir in "
			    "'%s'", p->results_path, p->conf_path);
	if (sys_mkdir_all(p->results_path, 0777)) {
		fail_errno(err, "cannot make results_dir '%s'",
			   p->results_path);
		return ERR_FAILED;
	}
	if (access(p->results_path, W_OK | X_OK)) {
		fail_errno(err, "cannot write into results_dir '%s'",
			   p->results_path);
		return ERR_FAILED;
	}
	return 0;
}

/*
 * Another process may do the same at this moment: both are content. It is not
 * synced, so a power failure may leave it empty: then it is written again.
 */
static int make_private_dir(const char *dir, struct strbuf *err)
{
	struct strbuf ignore = STRBUF_INIT;
	bool is_empty;
	struct stat st;
	int ret = 0;

	strbuf_addf(&ignore, "%s/.gitignore", dir);
	is_empty = !lstat(ignore.buf, &st) && S_ISREG(st.st_mode) &&
		   !st.st_size;
	if (!is_empty && path_exists(ignore.buf))
		goto cleanup;
	if (sys_mkdir(dir, 0777) && errno != EEXIST) {
		fail_errno(err, "cannot make '%s'", dir);
		ret = ERR_FAILED;
		goto cleanup;
	}
	ret = write_file_atomic(ignore.buf, "*\n", 2, 0666,
				is_empty ? 0 : TEMPFILE_NOREPLACE, err);
	if (ret == ERR_CONFLICT) {
		if (err)
			strbuf_reset(err);
		ret = 0;
	}

cleanup:
	strbuf_release(&ignore);
	return ret;
}

int project_private(const struct project *p, const char *sub,
		    struct strbuf *out, struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	strbuf_addstr(&path, p->root);
	strbuf_complete_slash(&path);
	strbuf_addstr(&path, PRIVATE_DIR);
	ret = make_private_dir(path.buf, err);
	if (ret)
		goto cleanup;
	if (sub) {
		strbuf_addf(&path, "/%s", sub);
		if (path.buf[path.len - 1] == '/' &&
		    sys_mkdir_all(path.buf, 0777)) {
			fail_errno(err, "cannot make '%s'", path.buf);
			ret = ERR_FAILED;
			goto cleanup;
		}
	}
	strbuf_addbuf(out, &path);

cleanup:
	strbuf_release(&path);
	return ret;
}

void project_exp_path(const struct project *p, const char *name,
		      struct strbuf *out)
{
	/* Whatever the caller forgot to look at, it stays in its place. */
	if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
	    !strcmp(name, ".."))
		BUG("'%s' would be a path, not a name", name);
	strbuf_addstr(out, p->results_path);
	strbuf_complete_slash(out);
	strbuf_addstr(out, name);
}

/*
 * FNV-1a, 64 bits. The name of a cache needs no cryptographic hash, and must
 * not load libcrypto: what is cached is checked against the files it is about.
 */
static uint64_t hash_path(const char *path)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	for (; *path; path++)
		hash = (hash ^ (unsigned char)*path) *
			UINT64_C(0x100000001b3);
	return hash;
}

int project_cache_path(const struct project *p, struct strbuf *out,
		       struct strbuf *err)
{
	int ret = path_xdg(out, "XDG_CACHE_HOME", ".cache", err);

	if (!ret)
		strbuf_addf(out, "/%016" PRIx64 "/", hash_path(p->root));
	return ret;
}

int project_cache(const struct project *p, struct strbuf *out,
		  struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret;

	ret = project_cache_path(p, &path, err);
	if (ret)
		goto cleanup;
	if (sys_mkdir_all(path.buf, 0700)) {
		fail_errno(err, "cannot make '%s'", path.buf);
		ret = ERR_FAILED;
		goto cleanup;
	}
	strbuf_addbuf(out, &path);

cleanup:
	strbuf_release(&path);
	return ret;
}

/*
 * A place of one store's configuration. A store that holds the project itself
 * is left out: it would take all code with it.
 */
static void add_place(const struct project *p, struct strvec *out,
		      const char *place)
{
	struct strbuf path = STRBUF_INIT;

	if (!place || !*place)
		return;
	path_absolute(&path, p->root, place);
	if (!path_below(p->root, path.buf))
		strvec_push(out, path.buf);
	strbuf_release(&path);
}

static void add_store(const struct project *p, struct strvec *out,
		      const char *type, const struct value *config)
{
	if (type && !strcmp(type, "dir"))
		add_place(p, out, value_get_text(config, "path"));
	add_place(p, out, value_get_text(config, "key_file_path"));
}

void project_private_paths(const struct project *p, struct strvec *out)
{
	const struct value *remotes = value_map_get(p->conf, "remotes");
	size_t i;

	strvec_push(out, p->results_path);
	strvec_pushf(out, "%s%s" PRIVATE_DIR, p->root,
		     strcmp(p->root, "/") ? "/" : "");
	add_store(p, out, p->storage_type,
		  value_map_get(p->conf, "storage_config"));
	if (!remotes || remotes->type != VALUE_MAP)
		return;
	for (i = 0; i < remotes->u.map.nr; i++) {
		const struct value *remote = remotes->u.map.pair[i].value;

		add_store(p, out, value_get_text(remote, "type"),
			  value_map_get(remote, "config"));
	}
}
