#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/exp/store/key-scope.h"
#include "lib/exp/conf/secret-name.h"
#include "t/unit/unit.h"

#define PACK "aapfup_20240704T191555"

static bool packs_too;
static const char *results = "results";

static void expect(const char *pattern, const char *key, bool want)
{
	struct key_scope s = { NULL, packs_too, results };
	char *what = xstrfmt("'%s' %s '%s'", pattern, want ? "means" :
			     "does not mean", key);
	struct key_glob *g = NULL;

	check(!key_glob_new(&g, pattern, NULL), pattern);
	s.glob = g;
	check(g && key_scope_has(&s, key, strlen(key)) == want, what);
	key_glob_free(g);
	free(what);
}

#define yes(pattern, key) expect(pattern, key, true)
#define no(pattern, key) expect(pattern, key, false)

static void test_packs(void)
{
	no("*", "project/" PACK ".zip");
	no("project/" PACK ".zip", "project/" PACK ".zip");
	no("*", "bucket/project/" PACK "_best.zip");
	no("*", PACK ".zip");
	yes("*", "project/" PACK ".zip.txt");
	yes("*", "project/" PACK "/x.zip");
	yes("*", "project/x" PACK ".zip");
	yes("*", "project/aapfup_20241304T191555.zip");
	yes("*", "x.zip");
	packs_too = true;
	yes("*", "project/" PACK ".zip");
	no("*", ".git/" PACK ".zip");
	packs_too = false;
}

static void test_private(void)
{
	no("*", ".git/config");
	no("*", ".git");
	no("*", "sub/.git/config");
	no("*", ".GIT/hooks/pre-commit");
	no("*", ".resutil/state");
	no(".git*", ".git/config");
	no("sub/*", "sub/.git/config");
	yes(".git/*", ".git/config");
	yes(".git/", ".git/hooks/x");
	yes("./.git/config", ".git/config");
	yes(".git", ".git");
	yes("sub/.git/*", "sub/.git/config");
	no(".git/*", ".git/modules/x/.git/config");
	yes("*", ".gitignore");
	yes("*", ".github/x");
	yes("*", "a.git/config");
	yes("*", "resutil-conf.yaml");
	no("*", "sub/.resutil-get-12");
	no(".resutil-get-12", ".resutil-get-12");
	no(".resutil-x/*", ".resutil-x/y");
	no("*", "results/" PACK "/record.yaml");
	no("res*", "results/x");
	yes("results/*", "results/x");
	yes("results/x", "results/x");
	yes("*", "results2/x");
	yes("*", "sub/results/x");
	results = "out/results";
	no("out/*", "out/results/x");
	yes("out/results/*", "out/results/x");
	yes("*", "out/x");
	yes("*", "results/x");
	results = NULL;
	yes("*", "results/x");
	results = "results";
}

static void test_secrets(void)
{
	no("*", ".env");
	no("*", "sub/.env.local");
	no("sub/*", "sub/id_rsa");
	no("*", "x.P12");
	no("*", "client_secret_1.json");
	yes(".env", ".env");
	yes("sub/id_rsa", "sub/id_rsa");
	yes("*", ".env.example");
	yes("*", "id_rsa.pub");
	yes("*", "a.env");
	yes("*", "p12");
	check(secret_name(".keystore", 9) == false &&
	      secret_name("a.keystore", 10) && secret_name("_netrc", 6) &&
	      !secret_name("", 0) && !secret_name(".env\0x", 6) &&
	      secret_name(".envx", 4), "names of secrets");
}

static void enters(const char *pattern, const char *dir, bool want)
{
	struct key_scope s = { NULL, false, results };
	char *what = xstrfmt("'%s' %s '%s'", pattern, want ? "enters" :
			     "does not enter", dir);
	struct key_glob *g = NULL;

	check(!key_glob_new(&g, pattern, NULL), pattern);
	s.glob = g;
	check(g && key_scope_enters(&s, dir, strlen(dir)) == want, what);
	key_glob_free(g);
	free(what);
}

static void results_below(const char *dir, const char *want)
{
	struct strbuf key = STRBUF_INIT;
	bool ret = key_scope_results(&key, "/home/p/out/results", dir);

	check(ret == (want != NULL), dir);
	check_str(key.buf, want ? want : "", "results_dir as a key");
	strbuf_release(&key);
}

static void test_results(void)
{
	results_below("/home/p", "out/results");
	results_below("/home/p/", "out/results");
	results_below("/home/p/out", "results");
	results_below("/", "home/p/out/results");
	results_below("/home/p/o", NULL);
	results_below("/home/p/out/results", NULL);
	results_below("/home/p/out/results/x", NULL);
	results_below("/home/q", NULL);
}

static void test_enters(void)
{
	enters("*", "", true);
	enters("*", "a", true);
	enters("*", ".git", false);
	enters("*", "a/.git/b", false);
	enters(".git/*", ".git", true);
	enters(".git/config", ".git", true);
	enters("*", "results", false);
	enters("results/a*", "results", true);
	enters("results/a*", "results/b", false);
	enters("Data/*", "Data2", false);
	enters("Data/x.txt", "Data/x.txt", false);
}

/* ---- walking ------------------------------------------------------------- */

struct told {
	struct strbuf keys;
	int after;		/* ends then, with a code */
};

static int note(const char *key, const struct stat *st, void *data)
{
	struct told *told = data;

	strbuf_addf(&told->keys, "%s%s:%d", told->keys.len ? " " : "", key,
		    (int)st->st_size);
	return told->after && !--told->after ? ERR_NO : 0;
}

static int walk(int root, const char *pattern, struct told *told,
		struct local_keys_left *left)
{
	struct key_scope s = { NULL, false, results };
	struct strbuf err = STRBUF_INIT;
	struct key_glob *g = NULL;
	int ret;

	strbuf_reset(&told->keys);
	if (key_glob_new(&g, pattern, &err))
		return ERR_USAGE;
	s.glob = g;
	ret = local_keys(root, &s, note, told, left, &err);
	if (err.len)
		printf("# %s\n", err.buf);
	key_glob_free(g);
	strbuf_release(&err);
	return ret;
}

static void finds(int root, const char *pattern, const char *want)
{
	struct told told = { STRBUF_INIT, 0 };
	int ret = walk(root, pattern, &told, NULL);

	check_str(ret ? "failed" : told.keys.buf, want, pattern);
	strbuf_release(&told.keys);
}

static void make(const char *dir, const char *path, const char *text)
{
	char *full = xstrfmt("%s/%s", dir, path), *slash = strrchr(full, '/');
	int fd;

	*slash = '\0';
	sys_mkdir_all(full, 0777);
	*slash = '/';
	fd = sys_open(full, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	if (fd < 0 || sys_write_all(fd, text, strlen(text)) || close(fd))
		printf("# cannot make %s\n", full);
	free(full);
}

static void make_tree(int root, const char *dir)
{
	static const char *const paths[] = {
		"Data/a.txt", "Data/sub/b.txt", "Data2/c.txt", "Data-x",
		"Data.txt", ".hidden/x", ".git/config", "results/r", ".env",
		"sub/.env", "sub/\377", PACK ".zip", "sub/.git"
	};
	char *deep = xcalloc(1, 2001);
	size_t i;

	for (i = 0; i < ARRAY_SIZE(paths); i++)
		make(dir, paths[i], paths[i]);
	sys_symlinkat("Data", root, "link");
	sys_symlinkat("Data/a.txt", root, "Data/link.txt");
	if (mkfifoat(root, "fifo", 0666))
		printf("# no fifo\n");
	for (i = 0; i < 2000; i++)
		deep[i] = i % 8 ? 'd' : '/';
	make(dir, deep, "deep");
	free(deep);
}

static void test_left(int root)
{
	struct local_keys_left left = LOCAL_KEYS_LEFT_INIT;
	struct told told = { STRBUF_INIT, 0 };

	check(!walk(root, "*", &told, &left), "all of it");
	check_str(told.keys.buf, ".hidden/x:9 Data-x:6 Data.txt:8 "
		  "Data/a.txt:10 Data/sub/b.txt:14 Data2/c.txt:11 sub/\377:5",
		  "in byte order of the keys");
	check(left.links == 2 && left.others == 1 && left.unreadable == 1,
	      "what was passed over is counted");
	check_str(left.first.buf, "Data/link.txt", "and one is named");
	told.after = 2;
	check(walk(root, "*", &told, NULL) == ERR_NO, "who is told can end it");
	check_str(told.keys.buf, ".hidden/x:9 Data-x:6", "at once");
	strbuf_release(&told.keys);
	strbuf_release(&left.first);
	memset(&left, 0, sizeof(left));
	strbuf_init(&left.first);
	check(!walk(root, "link/*", &told, &left) && left.links == 1 &&
	      !told.keys.len, "a link is not followed");
	check_str(left.first.buf, "link", "and named");
	strbuf_release(&told.keys);
	strbuf_release(&left.first);
}

static void test_walk(void)
{
	struct tempfile *temp;
	int root;

	if (tempfile_scratch_dir(&temp, NULL)) {
		check(false, "a directory to test in");
		return;
	}
	root = open(tempfile_path(temp), O_RDONLY | O_DIRECTORY);
	make_tree(root, tempfile_path(temp));
	test_left(root);
	finds(root, "Data/*", "Data/a.txt:10 Data/sub/b.txt:14");
	finds(root, "Data/", "Data/a.txt:10 Data/sub/b.txt:14");
	finds(root, "Data", "");
	finds(root, "Data/sub/b.txt", "Data/sub/b.txt:14");
	finds(root, "Data/link.txt", "");
	finds(root, "Data/sub/b.txt/", "");
	finds(root, "gone/*", "");
	finds(root, "gone/x", "");
	finds(root, "**/b.txt", "Data/sub/b.txt:14");
	finds(root, "D?ta/*.txt", "Data/a.txt:10 Data/sub/b.txt:14");
	finds(root, "results/*", "results/r:9");
	finds(root, "results/r", "results/r:9");
	finds(root, ".git/", ".git/config:11");
	finds(root, "sub/.git", "sub/.git:8");
	finds(root, ".env", ".env:4");
	finds(root, "[fl]i*", "");
	close(root);
	tempfile_delete(&temp);
}

int main(void)
{
	test_packs();
	test_private();
	test_secrets();
	test_enters();
	test_results();
	test_walk();
	return unit_done();
}
