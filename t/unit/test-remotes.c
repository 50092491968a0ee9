#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "lib/exp/conf/project.h"
#include "lib/exp/store/remotes.h"
#include "t/unit/unit.h"

#include <sys/wait.h>

static struct strbuf root = STRBUF_INIT, conf_path = STRBUF_INIT;

#define HEAD							\
	"# our project\n"					\
	"project_name: P  # do not rename\n"			\
	"results_dir: results\n"				\
	"storage_type: gs\n"					\
	"storage_config:\n"					\
	"  backet_name: lab  # sic\n"				\
	"lab: {room: 7}\n"

static void write_conf(const char *text)
{
	if (write_file_atomic(conf_path.buf, text, strlen(text), 0666, 0,
			      NULL))
		BUG("cannot write '%s'", conf_path.buf);
}

static void conf_is(const char *want, const char *what)
{
	struct strbuf text = STRBUF_INIT;

	read_file(&text, conf_path.buf, CONF_MAX_BYTES, NULL);
	check_str(text.buf, want, what);
	strbuf_release(&text);
}

static int open_project(struct project *p)
{
	struct strbuf err = STRBUF_INIT;
	int ret = project_open(p, root.buf, &err);

	if (ret)
		printf("# %s\n", err.buf);
	strbuf_release(&err);
	return ret;
}

/* "name=type:config ..." of all, or the code. */
static void remotes_are(const char *want, const char *what)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct remote_confs all = REMOTE_CONFS_INIT;
	struct project p = PROJECT_INIT;
	size_t i;
	int ret = open_project(&p);

	if (!ret)
		ret = remotes_read(&all, &p, &err);
	for (i = 0; i < all.nr; i++) {
		strbuf_addf(&out, "%s%s=%s:", i ? " " : "", all.item[i].name,
			    all.item[i].type);
		value_format(&out, all.item[i].config);
	}
	if (ret)
		strbuf_addf(&out, "%d %s", ret, err.buf);
	check_str(out.buf, want, what);
	remote_confs_release(&all);
	project_release(&p);
	strbuf_release(&out);
	strbuf_release(&err);
}

static int change_at(const char *name, const char *type, const char *path,
		     struct strbuf *err)
{
	struct remote_conf r = { (char *)name, (char *)type, NULL };
	struct project p = PROJECT_INIT;
	int ret = open_project(&p);

	if (ret)
		return ret;
	if (type) {
		r.config = value_new_map();
		if (path)
			value_map_set_str(r.config, "path", path);
		ret = remotes_add(&p, &r, err);
		value_free(r.config);
	} else {
		ret = remotes_remove(&p, name, err);
	}
	project_release(&p);
	return ret;
}

static void test_read(void)
{
	char *message;

	write_conf(HEAD);
	remotes_are("origin=gcs:{\"backet_name\": \"lab\"}",
		    "origin alone, and gs is gcs");
	write_conf(HEAD "remotes:\n");
	remotes_are("origin=gcs:{\"backet_name\": \"lab\"}",
		    "remotes without a value");
	write_conf(HEAD "remotes:\n"
		   "  z:\n    type: dir\n    config:\n      path: /z\n"
		   "  a: {type: gs, config: {bucket_name: 7}}\n");
	remotes_are("origin=gcs:{\"backet_name\": \"lab\"} "
		    "z=dir:{\"path\": \"/z\"} a=gcs:{\"bucket_name\": 7}",
		    "origin first, then as in the conf");
	write_conf(HEAD "remotes:\n"
		   "  origin: {type: dir, config: {path: x}}\n");
	message = xstrfmt("%d '%s': the remote 'origin' is the one in "
			  "'storage_type'; give the one in 'remotes' another "
			  "name", ERR_CONTENT, conf_path.buf);
	remotes_are(message, "a second origin");
	free(message);
	write_conf(HEAD "remotes:\n  ../x: {type: dir, config: {path: x}}\n");
	message = xstrfmt("%d '%s': '../x' cannot be the name of a remote (1 "
			  "to 64 letters, digits, '_' and '-', not '-' first)",
			  ERR_CONTENT, conf_path.buf);
	remotes_are(message, "a name that is a path");
	free(message);
}

static void test_find(void)
{
	struct strbuf err = STRBUF_INIT;
	struct project p = PROJECT_INIT;
	struct remote_conf r = { NULL, NULL, NULL };

	write_conf(HEAD "remotes:\n  a: {type: dir, config: {path: x}}\n"
		   "  b: {type: dir, config: {path: y}}\n");
	check(!open_project(&p), "a project with three remotes");
	check(!remotes_find(&r, &p, NULL, &err), "origin by default");
	check_str(r.name, "origin", "its name");
	remote_conf_release(&r);
	check(!remotes_find(&r, &p, "b", &err), "one by its name");
	check_str(value_get_text(r.config, "path"), "y", "its path");
	remote_conf_release(&r);
	check(remotes_find(&r, &p, "c", &err) == ERR_NOT_FOUND &&
	      !r.name && !r.config, "none of that name");
	check_str(err.buf, "no remote 'c'; there are: origin, a, b",
		  "says which there are");
	project_release(&p);
	strbuf_release(&err);
}

static void test_names(void)
{
	char name[REMOTE_NAME_MAX + 2];

	check(!remote_check_name("a", NULL) &&
	      !remote_check_name("Lab_2-x", NULL), "good names");
	check(remote_check_name("", NULL) == ERR_USAGE &&
	      remote_check_name("-a", NULL) == ERR_USAGE &&
	      remote_check_name(".a", NULL) == ERR_USAGE &&
	      remote_check_name("a.b", NULL) == ERR_USAGE &&
	      remote_check_name("a/b", NULL) == ERR_USAGE &&
	      remote_check_name("a:b", NULL) == ERR_USAGE &&
	      remote_check_name("a b", NULL) == ERR_USAGE &&
	      remote_check_name("\xc3\xa9", NULL) == ERR_USAGE, "bad names");
	memset(name, 'x', sizeof(name));
	name[REMOTE_NAME_MAX] = '\0';
	check(!remote_check_name(name, NULL), "the longest name");
	name[REMOTE_NAME_MAX] = 'x';
	name[REMOTE_NAME_MAX + 1] = '\0';
	check(remote_check_name(name, NULL) == ERR_USAGE, "one longer");
}

static void test_change(void)
{
	struct strbuf err = STRBUF_INIT;

	write_conf(HEAD);
	check(chmod(conf_path.buf, 0640) == 0, "a conf for the group");
	check(!change_at("a", "dir", "../s", &err), "a remote is added");
	conf_is(HEAD "remotes:\n  a:\n    type: dir\n    config:\n"
		"      path: ../s\n", "and nothing else changes");
	check(change_at("a", "dir", "x", &err) == ERR_CONFLICT,
	      "a second one of that name");
	check(!change_at("b", "dir", "/b", &err), "one of another name");
	check(change_at("c", "dir", NULL, &err) == ERR_USAGE,
	      "a config that lacks something");
	check(change_at("c", "nfs", "x", &err) == ERR_USAGE,
	      "an unknown type");
	check(change_at("origin", "dir", "x", &err) == ERR_USAGE,
	      "origin cannot be added");
	check(change_at("a.b", "dir", "x", &err) == ERR_USAGE, "a bad name");
	check(change_at("origin", NULL, NULL, &err) == ERR_USAGE,
	      "origin cannot be removed");
	check(change_at("c", NULL, NULL, &err) == ERR_NOT_FOUND,
	      "what is not there cannot be removed");
	check(change_at("../a", NULL, NULL, &err) == ERR_USAGE,
	      "what cannot be there either");
	conf_is(HEAD "remotes:\n  a:\n    type: dir\n    config:\n"
		"      path: ../s\n  b:\n    type: dir\n    config:\n"
		"      path: /b\n", "refusals change nothing");
	check(!change_at("a", NULL, NULL, &err), "the first is removed");
	conf_is(HEAD "remotes:\n  b:\n    type: dir\n    config:\n"
		"      path: /b\n", "the other stays");
	check(!change_at("b", NULL, NULL, &err), "the last is removed");
	conf_is(HEAD "remotes: {}\n", "no remote is left");
	check(!change_at("b", "dir", "/b", &err), "and one is added again");
	remotes_are("origin=gcs:{\"backet_name\": \"lab\"} "
		    "b=dir:{\"path\": \"/b\"}", "as can be read");
	strbuf_release(&err);
}

static void test_mode(void)
{
	struct stat st;

	check(!stat(conf_path.buf, &st) && (st.st_mode & 0777) == 0640,
	      "the mode of the conf stays");
}

static bool has_ledger(void)
{
	struct strbuf path = STRBUF_INIT;
	bool ret;

	strbuf_addf(&path, "%s/.resutil/remotes/a.log", root.buf);
	ret = path_exists(path.buf);
	strbuf_release(&path);
	return ret;
}

static void make_ledger(void)
{
	struct strbuf path = STRBUF_INIT;

	strbuf_addf(&path, "%s/.resutil/remotes", root.buf);
	if (sys_mkdir_all(path.buf, 0777))
		BUG("cannot make '%s'", path.buf);
	strbuf_addstr(&path, "/a.log");
	if (write_file_atomic(path.buf, "x\n", 2, 0666, 0, NULL))
		BUG("cannot write '%s'", path.buf);
	strbuf_release(&path);
}

static void test_ledger(void)
{
	write_conf(HEAD);
	make_ledger();
	check(!change_at("a", "dir", "x", NULL) && !has_ledger(),
	      "a new remote has no notes of an older one");
	make_ledger();
	check(change_at("a", "dir", "x", NULL) == ERR_CONFLICT &&
	      has_ledger(), "what is refused leaves them");
	check(!change_at("a", NULL, NULL, NULL) && !has_ledger(),
	      "they go with the remote");
}

/* Each of several processes adds its own; none is lost. */
static void test_together(void)
{
	struct project p = PROJECT_INIT;
	struct remote_confs all = REMOTE_CONFS_INIT;
	bool good = true;
	int i, status;

	write_conf(HEAD);
	for (i = 0; i < 8; i++) {
		char name[16];

		snprintf(name, sizeof(name), "r%d", i);
		fflush(stdout);
		if (!fork())
			_exit(change_at(name, "dir", name, NULL) ? 1 : 0);
	}
	for (i = 0; i < 8; i++)
		good = wait(&status) > 0 && !status && good;
	check(good, "eight at once");
	check(!open_project(&p) && !remotes_read(&all, &p, NULL) &&
	      all.nr == 9, "are all there");
	remote_confs_release(&all);
	project_release(&p);
}

int main(void)
{
	struct tempfile *dir = NULL;

	if (tempfile_scratch_dir(&dir, NULL))
		BUG("no scratch directory");
	path_real(&root, tempfile_path(dir));
	strbuf_addf(&conf_path, "%s/" CONF_FILE, root.buf);
	test_read();
	test_find();
	test_names();
	test_change();
	test_mode();
	test_ledger();
	test_together();
	tempfile_delete(&dir);
	strbuf_release(&root);
	strbuf_release(&conf_path);
	return unit_done();
}
