#include "lib/base/compat.h"
#include "lib/exp/store/remotes.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "lib/exp/conf/conf-check.h"
#include "lib/exp/conf/conf-edit.h"
#include "lib/exp/conf/conf-file.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/trust.h"
#include "lib/wrap/yaml.h"


/* No dot: `remotes.NAME.type` has to say which key is meant. */
int remote_check_name(const char *name, struct strbuf *err)
{
	static const char chars[] = "abcdefghijklmnopqrstuvwxyz"
		"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-";
	size_t len = strlen(name);

	if (!len || len > REMOTE_NAME_MAX || *name == '-' ||
	    strspn(name, chars) != len)
		return fail(err, ERR_USAGE, "'%s' cannot be the name of a "
			    "remote (1 to %d letters, digits, '_' and '-', not "
			    "'-' first)", name, REMOTE_NAME_MAX);
	return 0;
}

void remote_conf_release(struct remote_conf *r)
{
	free(r->name);
	free(r->type);
	value_free(r->config);
	memset(r, 0, sizeof(*r));
}

void remote_confs_release(struct remote_confs *r)
{
	size_t i;

	for (i = 0; i < r->nr; i++)
		remote_conf_release(&r->item[i]);
	free(r->item);
	memset(r, 0, sizeof(*r));
}

static void add(struct remote_confs *out, const char *name, const char *type,
		const struct value *config)
{
	struct remote_conf *r;

	out->item = xrealloc_array(out->item, out->nr + 1, sizeof(*r));
	r = &out->item[out->nr++];
	r->name = xstrdup(name);
	r->type = xstrdup(strcmp(type, "gs") ? type : "gcs");
	r->config = config ? value_copy(config) : value_new_map();
}

/* Types and configs were checked when the project was opened; names are only
 * looked at by who asks for remotes. */
static int check_listed_name(const char *name, size_t len, const char *path,
			     struct strbuf *err)
{
	struct strbuf why = STRBUF_INIT;
	int ret = 0;

	if (strlen(name) != len || remote_check_name(name, &why))
		ret = fail(err, ERR_CONTENT, "'%s': %s", path, why.len ?
			   why.buf : "the name of a remote holds a NUL");
	else if (!strcmp(name, REMOTE_ORIGIN))
		ret = fail(err, ERR_CONTENT, "'%s': the remote '%s' is the one "
			   "in 'storage_type'; give the one in 'remotes' "
			   "another name", path, REMOTE_ORIGIN);
	strbuf_release(&why);
	return ret;
}

int remotes_read(struct remote_confs *out, const struct project *p,
		 struct strbuf *err)
{
	const struct value *more = value_map_get(p->conf, "remotes");
	size_t i, nr = more && more->type == VALUE_MAP ? more->u.map.nr : 0;
	int ret = 0;

	memset(out, 0, sizeof(*out));
	add(out, REMOTE_ORIGIN, p->storage_type,
	    value_map_get(p->conf, "storage_config"));
	for (i = 0; !ret && i < nr; i++) {
		const struct value_pair *pair = &more->u.map.pair[i];

		ret = check_listed_name(pair->key, pair->key_len,
					p->conf_path, err);
		if (!ret)
			add(out, pair->key,
			    value_get_text(pair->value, "type"),
			    value_map_get(pair->value, "config"));
	}
	if (ret)
		remote_confs_release(out);
	return ret;
}

static int not_found(const struct remote_confs *all, const char *name,
		     struct strbuf *err)
{
	struct strbuf names = STRBUF_INIT;
	size_t i;
	int ret;

	for (i = 0; i < all->nr; i++)
		strbuf_addf(&names, "%s%s", i ? ", " : "", all->item[i].name);
	ret = fail(err, ERR_NOT_FOUND, "no remote '%s'; there %s: %s", name,
		   all->nr > 1 ? "are" : "is", names.buf);
	strbuf_release(&names);
	return ret;
}

int remotes_find(struct remote_conf *out, const struct project *p,
		 const char *name, struct strbuf *err)
{
	struct remote_confs all = REMOTE_CONFS_INIT;
	size_t i;
	int ret = remotes_read(&all, p, err);

	if (ret)
		return ret;
	if (!name)
		name = REMOTE_ORIGIN;
	for (i = 0; i < all.nr; i++)
		if (!strcmp(all.item[i].name, name))
			break;
	if (i < all.nr) {
		*out = all.item[i];
		memset(&all.item[i], 0, sizeof(all.item[i]));
	} else {
		ret = not_found(&all, name, err);
	}
	remote_confs_release(&all);
	return ret;
}

/* May the change be made, by what the conf says now? */
static int check_change(const struct strbuf *text, const struct project *p,
			const char *name, bool adds, struct strbuf *err)
{
	struct value *conf = NULL;
	const struct value *remotes;
	int ret = yaml_parse(&conf, text->buf, text->len, p->conf_path, err);

	if (ret)
		return ret;
	remotes = value_map_get(conf, "remotes");
	if (adds && value_map_get(remotes, name))
		ret = fail(err, ERR_CONFLICT, "there is a remote '%s' already; "
			   "remove it with 'resutil remote rm %s', or choose "
			   "another name", name, name);
	else if (!adds && !value_map_get(remotes, name))
		ret = fail(err, ERR_NOT_FOUND, "no remote '%s' in '%s'", name,
			   p->conf_path);
	value_free(conf);
	return ret;
}

/* What was noted of a remote that is no more would be believed of the next one
 * of its name: its ledger, and uploads that nobody can go on with. */
static int remove_notes(const struct project *p, const char *name,
			struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT;
	int ret = 0;

	strbuf_addf(&path, "%s/.resutil/remotes/%s.log", p->root, name);
	if (sys_unlink(path.buf) && errno != ENOENT && errno != ENOTDIR)
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	strbuf_reset(&path);
	strbuf_addf(&path, "%s/.resutil/uploads/%s", p->root, name);
	if (!ret && sys_remove_tree(path.buf) && errno != ENOTDIR)
		ret = fail_errno(err, "cannot remove '%s'", path.buf);
	strbuf_release(&path);
	return ret;
}

static int change(const struct project *p, const char *name,
		  const struct value *value, struct strbuf *err)
{
	struct conf_file file = CONF_FILE_INIT;
	char *key = xstrfmt("remotes.%s", name);
	int ret = conf_file_open(&file, p, err);

	if (!ret)
		ret = check_change(&file.text, p, name, value != NULL, err);
	if (!ret)
		ret = conf_edit(&file.text, key, value, err);
	if (!ret && value)
		ret = remove_notes(p, name, err);
	if (!ret)
		ret = conf_file_write(&file, err);
	if (!ret && !value)
		ret = remove_notes(p, name, err);
	conf_file_close(&file);
	free(key);
	return ret;
}

static int refuse_origin(const char *name, struct strbuf *err)
{
	if (strcmp(name, REMOTE_ORIGIN))
		return 0;
	return fail(err, ERR_USAGE, "'%s' is the store in storage_type and "
		    "storage_config; it is changed with 'resutil init --force'",
		    REMOTE_ORIGIN);
}

int remotes_add(const struct project *p, const struct remote_conf *r,
		struct strbuf *err)
{
	struct value *value;
	int ret = remote_check_name(r->name, err);

	if (!ret)
		ret = refuse_origin(r->name, err);
	if (!ret)
		ret = conf_check_storage_config(r->type, r->config, err);
	if (ret)
		return ret;
	value = value_new_map();
	value_map_set_str(value, "type", r->type);
	value_map_set(value, "config", value_copy(r->config));
	ret = change(p, r->name, value, err);
	value_free(value);
	/* Where that cannot be noted, it has to be said later. */
	if (!ret)
		trust_follow(p, NULL);
	return ret;
}

int remotes_remove(const struct project *p, const char *name,
		   struct strbuf *err)
{
	int ret = remote_check_name(name, err);

	if (!ret)
		ret = refuse_origin(name, err);
	if (!ret)
		ret = change(p, name, NULL, err);
	if (!ret)
		trust_follow(p, NULL);
	return ret;
}

/* ---- another store ------------------------------------------------------- */

/* All keys of storage_config that say where a store is or how it is reached.
 * Others are not ours, and stay. */
static bool is_store_key(const char *key)
{
	static const char *const keys[] = {
		"acknowledge_abuse", "addressing", "anonymous", "api_root",
		"backet_name", "base_folder_id", "bucket_name", "endpoint_url",
		"host", "key_file_path", "path", "port", "prefix", "profile",
		"region", "ssh_config", "user", "user_project"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(keys); i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

/* One key at a time, so that comments between them stay. */
static int edit_config(struct strbuf *text, const char *base,
		       const struct value *old, const struct value *new,
		       struct strbuf *err)
{
	struct strbuf key = STRBUF_INIT;
	size_t i;
	int ret = 0;

	for (i = 0; !ret && i < new->u.map.nr; i++) {
		const struct value_pair *pair = &new->u.map.pair[i];

		strbuf_reset(&key);
		strbuf_addf(&key, "%s.%s", base, pair->key);
		ret = conf_edit(text, key.buf, pair->value, err);
	}
	for (i = 0; !ret && old && old->type == VALUE_MAP &&
	     i < old->u.map.nr; i++) {
		const struct value_pair *pair = &old->u.map.pair[i];

		if (!is_store_key(pair->key) || value_map_get(new, pair->key))
			continue;
		strbuf_reset(&key);
		strbuf_addf(&key, "%s.%s", base, pair->key);
		ret = conf_edit(text, key.buf, NULL, err);
	}
	strbuf_release(&key);
	return ret;
}

/* In the text of a conf that may have been changed since it was read. */
static int edit_store(struct strbuf *text, const struct project *p,
		      const struct remote_conf *r, struct strbuf *err)
{
	bool origin = !strcmp(r->name, REMOTE_ORIGIN);
	char *type = origin ? xstrdup("storage_type") :
			      xstrfmt("remotes.%s.type", r->name);
	char *base = origin ? xstrdup("storage_config") :
			      xstrfmt("remotes.%s.config", r->name);
	struct value *conf = NULL, *new_type = value_new_str(r->type);
	const struct value *remote;
	int ret = yaml_parse(&conf, text->buf, text->len, p->conf_path, err);

	if (ret)
		goto cleanup;
	remote = origin ? conf : value_map_get(value_map_get(conf, "remotes"),
					       r->name);
	if (!remote)
		ret = fail(err, ERR_NOT_FOUND, "no remote '%s' in '%s'",
			   r->name, p->conf_path);
	if (!ret)
		ret = conf_edit(text, type, new_type, err);
	if (!ret)
		ret = edit_config(text, base, value_map_get(remote, origin ?
				  "storage_config" : "config"), r->config,
				  err);

cleanup:
	value_free(new_type);
	value_free(conf);
	free(base);
	free(type);
	return ret;
}

int remotes_set(const struct project *p, const struct remote_conf *r,
		struct strbuf *err)
{
	struct conf_file file = CONF_FILE_INIT;
	int ret = conf_check_storage_config(r->type, r->config, err);

	if (!ret)
		ret = conf_file_open(&file, p, err);
	if (!ret)
		ret = edit_store(&file.text, p, r, err);
	if (!ret)
		ret = conf_file_write(&file, err);
	conf_file_close(&file);
	if (!ret)
		trust_follow(p, NULL);
	return ret;
}
