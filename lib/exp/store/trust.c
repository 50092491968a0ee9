/*
 * The file: one line a project, the path of its directory (C-quoted where it
 * must be), a TAB, and the sections as compact JSON, or `*` and a random mark
 * that lies in .resutil of a project which `init` made. The text itself rather
 * than a hash of it: that needs no library, and no two texts are the same.
 */
#include "lib/base/compat.h"
#include "lib/exp/store/trust.h"

#include "lib/base/error.h"
#include "lib/base/filelock.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/ssh-conf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/conf/settings.h"
#include "lib/exp/record/record.h"
#include "lib/exp/store/remotes.h"
#include "lib/wrap/json.h"

#define TRUST_MAX_BYTES (16u << 20)
#define SECTIONS_MAX_BYTES (64u << 10)
#define SSH_CONFIG_MAX_BYTES (32u << 10)
#define SSH_CONFIG "ssh_config"

/* In .resutil, which git ignores: a clone has none, or a wrong one. */
#define MARK_FILE "made-here"
#define MARK_MAX_BYTES 64

static const char *const sections[] = { "hooks", "meta" };

static int trusted_path(struct strbuf *out, struct strbuf *err)
{
	int ret = path_xdg(out, "XDG_DATA_HOME", ".local/share", err);

	if (!ret)
		strbuf_addstr(out, "/trusted");
	return ret;
}

/* `gpu: no` runs nothing. */
static bool is_switch(const struct value *value)
{
	const char *text = value_text(value);
	bool yes;

	return value->type == VALUE_BOOL || value->type == VALUE_NULL ||
	       (text && settings_parse_bool(text, &yes));
}

static bool runs_something(const struct value *section)
{
	size_t i;

	if (!section || section->type == VALUE_NULL)
		return false;
	if (section->type != VALUE_MAP)
		return true;
	for (i = 0; i < section->u.map.nr; i++)
		if (!is_switch(section->u.map.pair[i].value))
			return true;
	return false;
}

/* ---- ssh_config of stores ------------------------------------------------ */

/* What a store of type ssh has as ssh_config, lent, or NULL. */
static const char *ssh_config_of(const char *type, const struct value *config)
{
	const char *text = type && !strcmp(type, "ssh") ?
			   value_get_text(config, SSH_CONFIG) : NULL;

	return text && *text ? text : NULL;
}

typedef void (*ssh_config_fn)(const struct project *p, const char *remote,
			      const char *name, void *data);

/* Calls fn for each remote that has one; origin is named NULL. */
static void each_ssh_config(const struct project *p, ssh_config_fn fn,
			    void *data)
{
	const struct value *remotes = value_map_get(p->conf, "remotes");
	const char *name = ssh_config_of(p->storage_type, value_map_get(
					 p->conf, "storage_config"));
	size_t i;

	if (name)
		fn(p, NULL, name, data);
	for (i = 0; remotes && remotes->type == VALUE_MAP &&
		    i < remotes->u.map.nr; i++) {
		const struct value_pair *pair = &remotes->u.map.pair[i];

		name = ssh_config_of(value_get_text(pair->value, "type"),
				     value_map_get(pair->value, "config"));
		if (name)
			fn(p, pair->key, name, data);
	}
}

struct ssh_texts {
	struct value *map;
	bool unreadable;
};

/*
 * What is trusted is the file as it is now, not only its name: list and status
 * would run it, which otherwise run nothing, so a `git pull` must not be able
 * to change it. A file that is not there yet has a text when it comes.
 */
static void add_ssh_text(const struct project *p, const char *remote,
			 const char *name, void *data)
{
	struct ssh_texts *texts = data;
	struct value *one = value_new_map();
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret;

	ssh_config_path(&path, p->root, name);
	ret = read_file(&text, path.buf, SSH_CONFIG_MAX_BYTES, NULL);
	value_map_set(one, "path", value_new_text(path.buf, path.len));
	value_map_set(one, "text", ret ? value_new_null() :
		      value_new_text(text.buf, text.len));
	value_map_set(texts->map, remote ? remote : REMOTE_ORIGIN, one);
	texts->unreadable = texts->unreadable || (ret && ret != ERR_NOT_FOUND);
	strbuf_release(&path);
	strbuf_release(&text);
}

static void list_ssh_config(const struct project *p, const char *remote,
			    const char *name, void *data)
{
	struct strbuf text = STRBUF_INIT, path = STRBUF_INIT;

	ssh_config_path(&path, p->root, name);
	if (remote)
		strbuf_addf(&text, "remotes.%s." SSH_CONFIG ": ", remote);
	else
		strbuf_addstr(&text, "storage_config." SSH_CONFIG ": ");
	strbuf_addf(&text, "ssh -F %s", path.buf);
	strvec_push((struct strvec *)data, text.buf);
	strbuf_release(&text);
	strbuf_release(&path);
}

/* ---- what is trusted ----------------------------------------------------- */

enum wanted { WANTS_NOTHING, WANTS_TRUST, WANTS_UNREADABLE };

/* Whether there is something to trust, and its text. */
static enum wanted get_sections(const struct project *p, struct strbuf *out)
{
	struct ssh_texts texts = { value_new_map(), false };
	struct value *map = value_new_map();
	bool needed = false;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct value *v = value_map_get(p->conf, sections[i]);

		if (!v || v->type == VALUE_NULL)
			continue;
		value_map_set(map, sections[i], value_copy(v));
		needed = needed || runs_something(v);
	}
	for (i = 0; settings_exemptions[i]; i++) {
		const struct value *v = value_get(p->conf,
						  settings_exemptions[i]);

		if (!v || v->type == VALUE_NULL)
			continue;
		value_map_set(map, settings_exemptions[i], value_copy(v));
		needed = true;
	}
	each_ssh_config(p, add_ssh_text, &texts);
	if (texts.map->u.map.nr) {
		value_map_set(map, SSH_CONFIG, texts.map);
		needed = true;
	} else {
		value_free(texts.map);
	}
	json_write(out, map);
	value_free(map);
	return texts.unreadable ? WANTS_UNREADABLE :
	       needed ? WANTS_TRUST : WANTS_NOTHING;
}

/* ---- the mark of init --------------------------------------------------- */

static bool is_mine(const char *path, bool follow)
{
	struct stat st;

	return !(follow ? stat(path, &st) : lstat(path, &st)) &&
	       st.st_uid == geteuid();
}

/* Whether the conf, a link to it included, can only be what the user wrote:
 * who may put another file in its place becomes its owner. */
static bool mark_holds(const struct project *p, const char *mark)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	bool holds;

	strbuf_addf(&path, "%s/.resutil/" MARK_FILE, p->root);
	holds = !read_own_file(&text, path.buf, MARK_MAX_BYTES, NULL) &&
		is_mine(path.buf, false) && is_mine(p->conf_path, false) &&
		is_mine(p->conf_path, true);
	strbuf_trim(&text);
	holds = holds && record_is_id(text.buf) && !strcmp(text.buf, mark);
	strbuf_release(&path);
	strbuf_release(&text);
	return holds;
}

static int make_mark(const struct project *p, struct strbuf *mark,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	int ret = project_private(p, MARK_FILE, &path, err);

	record_new_id(mark);
	strbuf_addf(&text, "%s\n", mark->buf);
	if (!ret)
		ret = write_file_atomic(path.buf, text.buf, text.len, 0600, 0,
					err);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

/* ---- the file ----------------------------------------------------------- */

/* Only what nobody else could have written counts. */
static int read_trusted(struct strbuf *out, const char *path,
			struct strbuf *err)
{
	struct stat st;

	if (lstat(path, &st))
		return errno == ENOENT ? 0 :
		       fail_errno(err, "cannot look at '%s'", path);
	if (st.st_uid != geteuid() || (st.st_mode & 022))
		return fail(err, ERR_CONTENT, "'%s' is not used, for others "
			    "could have written it; remove it, or make it "
			    "yours alone with 'chmod 600'", path);
	return read_own_file(out, path, TRUST_MAX_BYTES, err);
}

/* The line of `root` in the text: its rest behind the TAB, lent. */
static const char *find_line(const struct strbuf *text, const char *root,
			     size_t *start, size_t *len)
{
	struct strbuf key = STRBUF_INIT;
	const char *line = text->buf, *found = NULL;

	quote_c(&key, root, strlen(root));
	strbuf_addch(&key, '\t');
	while (*line && !found) {
		size_t size = strcspn(line, "\n");

		if (size >= key.len && !memcmp(line, key.buf, key.len)) {
			found = line + key.len;
			*start = (size_t)(line - text->buf);
			*len = size;
		}
		line += size + (line[size] == '\n');
	}
	strbuf_release(&key);
	return found;
}

/* now: NULL when a part of it cannot be read. */
static bool line_allows(const struct project *p, const char *rest, size_t len,
			const struct strbuf *now)
{
	struct strbuf said = STRBUF_INIT;
	bool allows;

	strbuf_add(&said, rest, len);
	allows = *said.buf == '*' ? mark_holds(p, said.buf + 1) :
				    now && !strcmp(said.buf, now->buf);
	strbuf_release(&said);
	return allows;
}

enum trust trust_of(const struct project *p)
{
	struct strbuf now = STRBUF_INIT, path = STRBUF_INIT;
	struct strbuf text = STRBUF_INIT;
	enum trust ret = TRUST_NO;
	const char *rest;
	size_t start, len;
	enum wanted wanted = get_sections(p, &now);

	if (wanted == WANTS_NOTHING) {
		ret = TRUST_NOTHING;
		goto cleanup;
	}
	if (trusted_path(&path, NULL) || read_trusted(&text, path.buf, NULL))
		goto cleanup;
	rest = find_line(&text, p->root, &start, &len);
	if (rest)
		ret = line_allows(p, rest, len - (size_t)
				  (rest - text.buf - start),
				  wanted == WANTS_TRUST ? &now : NULL) ?
		      TRUST_YES : TRUST_CHANGED;

cleanup:
	strbuf_release(&now);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

bool trust_allows(const struct project *p)
{
	return trust_of(p) == TRUST_YES;
}

const char *trust_word(enum trust trust)
{
	static const char *const words[] = {
		[TRUST_NOTHING] = "nothing", [TRUST_YES] = "yes",
		[TRUST_NO] = "no", [TRUST_CHANGED] = "changed",
	};

	return words[trust];
}

static void describe_one(struct strbuf *out, const struct value *value)
{
	const struct value *argv = value;
	struct strvec words = STRVEC_INIT;
	size_t i;

	if (value->type == VALUE_MAP && value_map_get(value, "argv"))
		argv = value_map_get(value, "argv");
	if (argv->type != VALUE_LIST) {
		value_format(out, argv);
		return;
	}
	for (i = 0; i < argv->u.list.nr; i++) {
		struct strbuf word = STRBUF_INIT;

		value_format(&word, argv->u.list.item[i]);
		strvec_push(&words, word.buf);
		strbuf_release(&word);
	}
	quote_shell_argv(out, words.v);
	strvec_release(&words);
}

/* hooks may be several: each stands for itself. */
static void describe(struct strbuf *out, const struct value *value)
{
	const struct value *item;
	bool several = false;
	size_t i;

	for (i = 0; value->type == VALUE_LIST && i < value->u.list.nr; i++) {
		item = value->u.list.item[i];
		several = several || item->type == VALUE_LIST ||
			  item->type == VALUE_MAP;
	}
	if (!several) {
		describe_one(out, value);
		return;
	}
	for (i = 0; i < value->u.list.nr; i++) {
		if (i)
			strbuf_addstr(out, "; ");
		describe_one(out, value->u.list.item[i]);
	}
}

void trust_list(const struct project *p, struct strvec *out)
{
	struct strbuf text = STRBUF_INIT;
	size_t i, k;

	for (i = 0; i < ARRAY_SIZE(sections); i++) {
		const struct value *v = value_map_get(p->conf, sections[i]);

		for (k = 0; v && v->type == VALUE_MAP && k < v->u.map.nr; k++) {
			const struct value_pair *pair = &v->u.map.pair[k];

			if (is_switch(pair->value))
				continue;
			strbuf_reset(&text);
			strbuf_addf(&text, "%s.%s: ", sections[i], pair->key);
			describe(&text, pair->value);
			strvec_push(out, text.buf);
		}
	}
	each_ssh_config(p, list_ssh_config, out);
	for (i = 0; settings_exemptions[i]; i++) {
		const struct value *v = value_get(p->conf,
						  settings_exemptions[i]);

		if (!v || v->type == VALUE_NULL)
			continue;
		strbuf_reset(&text);
		strbuf_addf(&text, "%s: no secret is ", settings_exemptions[i]);
		describe_one(&text, v);
		strvec_push(out, text.buf);
	}
	strbuf_release(&text);
}

int trust_check_store(const struct project *p, const char *name,
		      const char *type, const struct value *config,
		      struct strbuf *err)
{
	const char *file = ssh_config_of(type, config);

	if (!file || trust_allows(p))
		return 0;
	return fail(err, ERR_FAILED, "the remote '%s' has '%s' '%s', "
		    "which could make ssh run commands, and this project "
		    "is not trusted here; look at that file, then trust the "
		    "project with 'resutil config --trust'",
		    name ? name : REMOTE_ORIGIN, SSH_CONFIG, file);
}

/* ---- changing it -------------------------------------------------------- */

/* The lock is a file of its own, since the other one is replaced. */
static int take_lock(int *fd, const char *path, struct strbuf *err)
{
	struct strbuf name = STRBUF_INIT, dir = STRBUF_INIT;
	int ret = 0;

	strbuf_add(&dir, path, (size_t)(path_basename(path) - path));
	strbuf_addf(&name, "%s.lock", path);
	if (sys_mkdir_all_synced(dir.buf, 0700))
		ret = fail_errno(err, "cannot make '%s'", dir.buf);
	if (!ret) {
		*fd = filelock_open(name.buf, 0600);
		if (*fd < 0)
			ret = fail_errno(err, "cannot lock '%s'", name.buf);
	}
	strbuf_release(&name);
	strbuf_release(&dir);
	return ret == ERR_NOT_FOUND ? ERR_FAILED : ret;
}

/* said NULL: the line goes. */
static int set_line(const char *root, const char *said, bool *was,
		    struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t start, len;
	int fd = -1, ret;

	*was = false;
	ret = trusted_path(&path, err);
	if (!ret)
		ret = take_lock(&fd, path.buf, err);
	if (!ret)
		ret = read_trusted(&text, path.buf, err);
	if (ret)
		goto cleanup;
	while (find_line(&text, root, &start, &len)) {
		strbuf_splice(&text, start, len + (start + len < text.len),
			      "", 0);
		*was = true;
	}
	if (!said && !*was)
		goto cleanup;
	if (text.len && text.buf[text.len - 1] != '\n')
		strbuf_addch(&text, '\n');
	if (said) {
		quote_c(&text, root, strlen(root));
		strbuf_addf(&text, "\t%s\n", said);
	}
	if (text.len > TRUST_MAX_BYTES)
		ret = fail(err, ERR_CONTENT, "'%s' would become too large; "
			   "take projects out of it with 'resutil config "
			   "--untrust DIR'", path.buf);
	else
		ret = write_file_atomic(path.buf, text.buf, text.len, 0600,
					TEMPFILE_SYNC, err);

cleanup:
	if (fd >= 0)
		close(fd);
	strbuf_release(&path);
	strbuf_release(&text);
	return ret;
}

int trust_add(const struct project *p, struct strbuf *err)
{
	struct strbuf now = STRBUF_INIT;
	bool was;
	int ret;

	if (get_sections(p, &now) == WANTS_UNREADABLE)
		ret = fail(err, ERR_CONTENT, "'%s': a file that '%s' names "
			   "cannot be read, is no regular file, or is larger "
			   "than %u KiB", p->conf_path, SSH_CONFIG,
			   SSH_CONFIG_MAX_BYTES >> 10);
	else if (now.len > SECTIONS_MAX_BYTES)
		ret = fail(err, ERR_CONTENT, "'%s': 'hooks', 'meta' and the "
			   "files of '%s' are larger than %u KiB together, "
			   "which nobody can have read", p->conf_path,
			   SSH_CONFIG, SECTIONS_MAX_BYTES >> 10);
	else
		ret = set_line(p->root, now.buf, &was, err);
	strbuf_release(&now);
	return ret;
}

int trust_follow(const struct project *before, struct strbuf *err)
{
	enum trust was = trust_of(before);
	struct project now = PROJECT_INIT;
	int ret;

	if (was == TRUST_NO || was == TRUST_CHANGED)
		return 0;
	ret = project_open(&now, before->root, err);
	/* what `init` said of it reaches further, and stays */
	if (!ret && trust_of(&now) > TRUST_YES)
		ret = trust_add(&now, err);
	project_release(&now);
	return ret;
}

int trust_add_own(const struct project *p, struct strbuf *err)
{
	struct strbuf said = STRBUF_INIT, mark = STRBUF_INIT;
	bool was;
	int ret = make_mark(p, &mark, err);

	strbuf_addf(&said, "*%s", mark.buf);
	if (!ret)
		ret = set_line(p->root, said.buf, &was, err);
	strbuf_release(&said);
	strbuf_release(&mark);
	return ret;
}

int trust_remove(const char *root, bool *was, struct strbuf *err)
{
	return set_line(root, NULL, was, err);
}
