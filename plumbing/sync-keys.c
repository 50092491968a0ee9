/*
 * sync-keys: compares a directory here with a store, and makes them alike, for
 * the keys of a pattern.
 */
#include "lib/base/compat.h"
#include "command.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/items.h"
#include "lib/base/key-glob.h"
#include "lib/base/key-sort.h"
#include "lib/base/output.h"
#include "lib/base/parse-options.h"
#include "lib/base/path.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/store/http-conf.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/sheet/rows.h"
#include "lib/sync/keys.h"
#include "plumbing/key-options.h"
#include "plumbing/object-store.h"
#include "plumbing/store-options.h"
#include "transport/transport.h"

static const char *const usage[] = {
	"sync-keys [--remote=REMOTE] [--root=DIR] [--packs] [--keep] [-n] "
		"[-j N] [--limit-rate RATE] [--stdin] [-z] "
		"[--json | --format FORMAT] "
		"(--compare|--download|--upload|--remove|--delete) "
		"PATTERN",
	NULL
};

#define ODD_SHOWN 3

struct sync {
	struct sync_keys_options options;
	const char *remote, *root, *limit_rate, *pattern;
	int jobs, packs, keep, dry_run, from_stdin;
	int compare, download, upload, remove, delete;
	struct rows rows;
	struct transport *store;	/* NULL: none is asked */
	char *real;		/* realpath(3) of root */
	int fd;			/* of root */
	struct key_glob *glob;
	struct key_scope scope;
	struct strbuf results;	/* of the scope */
	struct strvec without;
	struct local_keys_left left;
	struct items items;
	uint64_t nr, odd;
};

/* ---- what became of each ------------------------------------------------- */

static struct value *size_or_none(uint64_t size)
{
	return size == OBJECT_SIZE_UNKNOWN ? NULL :
					     value_new_int((int64_t)size);
}

static struct value *get_status(const void *row, void *data UNUSED)
{
	return value_new_str(((const struct sync_keys_result *)row)->status);
}

static struct value *get_here(const void *row, void *data UNUSED)
{
	return size_or_none(((const struct sync_keys_result *)row)->size_here);
}

static struct value *get_there(const void *row, void *data UNUSED)
{
	return size_or_none(((const struct sync_keys_result *)row)->
			    size_there);
}

static struct value *get_bytes(const void *row, void *data UNUSED)
{
	const struct sync_keys_result *r = row;

	return value_new_int((int64_t)r->bytes);
}

static struct value *get_key(const void *row, void *data UNUSED)
{
	const struct sync_keys_result *r = row;

	return value_new_text(r->key, strlen(r->key));
}

static struct value *get_message(const void *row, void *data UNUSED)
{
	const struct sync_keys_result *r = row;

	return r->code ? value_new_text(r->message, strlen(r->message)) : NULL;
}

static const struct row_field fields[] = {
	{ .name = "status", .help = "what became of it", .get = get_status },
	{ .name = "size_here", .help = "bytes here", .right = true,
	  .get = get_here },
	{ .name = "size_there", .help = "bytes in the store", .right = true,
	  .get = get_there },
	{ .name = "key", .help = "the name, here and in the store",
	  .get = get_key },
	{ .name = "bytes", .help = "bytes that were moved", .get = get_bytes,
	  .hidden = true },
	{ .name = "message", .help = "why it failed", .get = get_message,
	  .hidden = true },
	ROW_FIELD_END
};

static void add_size(struct strbuf *out, uint64_t size)
{
	if (size == OBJECT_SIZE_UNKNOWN)
		strbuf_addstr(out, "-\t");
	else
		strbuf_addf(out, "%" PRIu64 "\t", size);
}

static void print_line(const struct sync_keys_result *r, bool nul)
{
	struct strbuf line = STRBUF_INIT;

	strbuf_addf(&line, "%s\t", r->status);
	add_size(&line, r->size_here);
	add_size(&line, r->size_there);
	if (nul)
		strbuf_addstr(&line, r->key);
	else
		quote_c(&line, r->key, strlen(r->key));
	strbuf_addch(&line, nul ? '\0' : '\n');
	out_text(line.buf, line.len);
	strbuf_release(&line);
}

/* There may be a million of them: some, and then their number. */
static void tell_odd(struct sync *s, const struct sync_keys_result *r)
{
	if (++s->odd <= ODD_SHOWN)
		warning("%s, so nothing can use it; rename it with the "
			"store's own tools", r->message);
	if (r->code)
		items_count(&s->items, r->code);
}

/* For sync_keys(): by any thread, one at a time. */
static int print(const struct sync_keys_result *r, void *data)
{
	struct sync *s = data;

	s->nr++;
	if (!strcmp(r->status, "odd")) {
		tell_odd(s, r);
		return 0;
	}
	if (s->rows.state)
		rows_add(&s->rows, r);
	else
		print_line(r, s->rows.nul);
	/* The next one may take long. */
	if (r->bytes)
		out_flush();
	items_count(&s->items, r->code);
	if (r->code && !strstr(r->message, r->key))
		error("'%s': %s", r->key, r->message);
	else if (r->code)
		error("%s", r->message);
	return 0;
}

/* ---- what is meant ------------------------------------------------------- */

static bool is_about_here(const struct sync *s)
{
	return s->options.action != SYNC_KEYS_DOWNLOAD &&
	       s->options.action != SYNC_KEYS_REMOVE;
}

static bool is_about_store(const struct sync *s)
{
	return s->options.action != SYNC_KEYS_UPLOAD &&
	       s->options.action != SYNC_KEYS_DELETE;
}

static int open_root(struct sync *s, struct strbuf *err)
{
	s->fd = open(s->root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->real = s->fd < 0 ? NULL : realpath(s->root, NULL);
	return s->real ? 0 : fail_errno(err, "cannot use '%s' as the root",
					s->root);
}

/* A directory that lies below the root, or is none that the root knows. */
static void leave_out(struct sync *s, const char *path)
{
	struct strbuf real = STRBUF_INIT;
	const char *below;

	path_real(&real, path);
	below = path_below(real.buf, s->real);
	if (below && *below)
		strvec_push(&s->without, below);
	strbuf_release(&real);
}

/* Whether key_scope has a rule for it by which it may be named. */
static bool may_be_named(const char *path)
{
	return !strcmp(path, the_project->results_path) ||
	       !strcmp(path_basename(path), ".resutil");
}

/* Nobody means to upload a store into itself, or to delete it like that. */
static void set_scope(struct sync *s)
{
	struct strvec paths = STRVEC_INIT;
	const char *url = s->store ? transport_url(s->store) : "";
	size_t i;

	s->scope.glob = s->glob;
	s->scope.packs = s->packs;
	if (!strncmp(url, "dir:", 4))
		leave_out(s, url + 4);
	if (the_project) {
		project_private_paths(the_project, &paths);
		for (i = 0; i < paths.nr; i++)
			if (!may_be_named(paths.v[i]))
				leave_out(s, paths.v[i]);
		if (key_scope_results(&s->results, the_project->results_path,
				      s->real))
			s->scope.results = s->results.buf;
	}
	s->options.without = &s->without;
	strvec_release(&paths);
}

static int add_name(const char *name, void *data)
{
	struct sync *s = data;
	struct strbuf err = STRBUF_INIT;

	if (key_sort_add(s->options.only, name, strlen(name), NULL, 0, &err))
		die_code(ERR_FAILED, &err);
	return 0;
}

static int read_names(struct sync *s, struct strbuf *err)
{
	static const char *const none[] = { NULL };
	struct items read = { 0 };

	s->options.only = key_sort_new(0);
	return items_each(&read, none, stdin, s->rows.nul ? '\0' : '\n',
			  add_name, s, err);
}

/* ---- nothing matches ----------------------------------------------------- */

static int stop_at_one(const struct object *o UNUSED, void *data UNUSED)
{
	return ERR_NO;
}

/* Of a pattern that is one key. */
static bool lies_below(struct sync *s)
{
	const char *key = key_glob_prefix(s->glob);
	struct strbuf prefix = STRBUF_INIT;
	struct stat st;
	bool below = false;

	if (is_about_here(s))
		below = !fstatat(s->fd, key, &st, AT_SYMLINK_NOFOLLOW) &&
			S_ISDIR(st.st_mode);
	strbuf_addf(&prefix, "%s/", key);
	if (!below && is_about_store(s))
		below = transport_list(s->store, prefix.buf, LIST_ONE_LEVEL,
				       stop_at_one, NULL, NULL) == ERR_NO;
	strbuf_release(&prefix);
	return below;
}

static int fail_nothing(struct sync *s, struct strbuf *err)
{
	struct strbuf hint = STRBUF_INIT, where = STRBUF_INIT;
	const char *text = key_glob_text(s->glob);
	int ret;

	if (is_about_here(s))
		strbuf_addstr(&where, " here");
	if (is_about_store(s))
		strbuf_addf(&where, "%s in '%s'", where.len ? " or" : "",
			    transport_url(s->store));
	if (key_glob_is_key(s->glob) && lies_below(s))
		strbuf_addf(&hint, _("; '%s/' means all below"), text);
	else if (key_glob_is_odd(s->glob))
		strbuf_addstr(&hint, "; its '[' has no ']', and so stands for "
			      "itself");
	ret = fail(err, ERR_NOT_FOUND, "nothing matches '%s'%s%s", text,
		   where.buf, hint.buf);
	strbuf_release(&where);
	strbuf_release(&hint);
	return ret;
}

/* What is here and is no file; nothing is known of what cannot be read. */
static void tell_left(struct sync *s)
{
	const struct local_keys_left *left = &s->left;
	uint64_t nr = left->links + left->others;

	if (left->unreadable) {
		error("%" PRIu64 " %s here cannot be read, so what is there "
		      "is not known", left->unreadable,
		      left->unreadable == 1 ? "directory" : "directories");
		items_count(&s->items, ERR_FAILED);
	}
	if (!is_about_here(s) || !nr)
		return;
	if (nr == 1)
		warning("'%s' here is a link or no file, and is passed over",
			left->first.buf);
	else
		warning("%" PRIu64 " things here are links or no files, and "
			"are passed over, such as '%s'", nr, left->first.buf);
}

/* ---- the command --------------------------------------------------------- */

static int sync_all(struct sync *s, struct strbuf *err)
{
	int ret;

	ret = key_glob_new(&s->glob, s->pattern, err);
	if (!ret)
		ret = open_root(s, err);
	if (!ret && s->from_stdin)
		ret = read_names(s, err);
	if (ret)
		return ret;
	set_scope(s);
	ret = sync_keys(s->store, s->fd, &s->scope, &s->options, print, s,
			err);
	if (s->odd > ODD_SHOWN)
		warning("%" PRIu64 " keys like these in all", s->odd);
	tell_left(s);
	if (!ret && !s->nr && !s->items.failed && !s->from_stdin)
		ret = fail_nothing(s, err);
	return ret;
}

static void set_action(struct sync *s, const struct option *options)
{
	const int given[] = {
		[SYNC_KEYS_COMPARE] = s->compare,
		[SYNC_KEYS_DOWNLOAD] = s->download,
		[SYNC_KEYS_UPLOAD] = s->upload,
		[SYNC_KEYS_REMOVE] = s->remove,
		[SYNC_KEYS_DELETE] = s->delete,
	};
	size_t i, nr = 0;

	for (i = 0; i < ARRAY_SIZE(given); i++)
		if (given[i]) {
			s->options.action = (enum sync_keys_action)i;
			nr++;
		}
	if (nr != 1)
		usage_with_options(usage, options, "one of --compare, "
				   "--download, --upload, --remove and "
				   "--delete");
	s->options.dry_run = s->dry_run;
	s->options.keep = s->keep;
	s->options.jobs = (unsigned)s->jobs;
	s->options.progress = true;
	s->options.left = &s->left;
}

static void sync_release(struct sync *s)
{
	transport_close(s->store);
	key_sort_free(s->options.only);
	key_glob_free(s->glob);
	strbuf_release(&s->results);
	strbuf_release(&s->left.first);
	strvec_release(&s->without);
	free(s->real);
	if (s->fd >= 0)
		close(s->fd);
}

int cmd_sync_keys(int argc, const char **argv)
{
	struct sync s = {
		.root = ".", .rows.fields = fields, .fd = -1,
		.results = STRBUF_INIT, .without = STRVEC_INIT,
		.left = LOCAL_KEYS_LEFT_INIT
	};
	struct strbuf err = STRBUF_INIT;
	const struct option options[] = {
		OPT_STORE(&s.remote),
		{ .type = OPTION_STRING, .name = "root", .value = &s.root,
		  .argh = "DIR", .arg = ARG_DIR,
		  .help = "the directory here (default: the current one)" },
		OPT_BOOL(0, "compare", &s.compare, "say what is where"),
		OPT_BOOL(0, "download", &s.download, "get what differs"),
		OPT_BOOL(0, "upload", &s.upload, "put what differs"),
		OPT_BOOL(0, "remove", &s.remove, "remove from the store"),
		OPT_BOOL(0, "delete", &s.delete, "delete here"),
		OPT_PACKS(&s.packs),
		OPT_BOOL(0, "keep", &s.keep,
			 "leave what is there, whatever it holds"),
		OPT_BOOL('n', "dry-run", &s.dry_run,
			 "only tell what would be done"),
		OPT_NUMBER('j', "jobs", &s.jobs, "N", "transfers at once"),
		OPT_LIMIT_RATE(&s.limit_rate),
		OPT_BOOL(0, "stdin", &s.from_stdin,
			 "only keys that are read there, one a line"),
		OPT_ROWS(&s.rows),
		OPT_END_OF_TABLE
	};
	int ret;

	argc = parse_options(argc, argv, options, usage, 0);
	if (argc != 1)
		usage_with_options(usage, options, argc ? "one pattern at a "
				   "time; quote it, so that the shell leaves "
				   "it alone" : N_("which keys?"));
	set_action(&s, options);
	if ((s.rows.json || s.rows.format) && rows_begin(&s.rows, &err))
		usage_with_options(usage, options, "%s", err.buf);
	s.pattern = argv[0];
	alloc_keep_freed();
	ret = http_conf_limit_rate(s.limit_rate, &err);
	/* To delete something here, no store is needed. */
	if (!ret && (s.remote || s.options.action != SYNC_KEYS_DELETE))
		s.store = object_store_need(s.remote);
	if (!ret)
		ret = sync_all(&s, &err);
	if (s.rows.state)
		rows_end(&s.rows);
	if (ret)
		error("%s", err.buf);
	sync_release(&s);
	strbuf_release(&err);
	return ret ? exit_status_of(ret) : items_status(&s.items);
}
