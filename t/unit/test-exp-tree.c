#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/exp/record/exp-tree.h"
#include "t/unit/unit.h"

#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

static char top[] = "/tmp/resutil-exp-tree.XXXXXX";

static void put(const char *path, size_t size)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	if (fd < 0 || ftruncate(fd, (off_t)size) || close(fd))
		abort();
}

static void enter_new(const char *name)
{
	if (chdir(top) || mkdir(name, 0777) || chdir(name))
		abort();
}

static void list(struct strbuf *out, const struct exp_tree *tree)
{
	size_t i;

	strbuf_reset(out);
	for (i = 0; i < tree->nr; i++)
		strbuf_addf(out, "%s%s", i ? " " : "", tree->entry[i].path);
}

static bool is_in_order(const struct exp_tree *tree)
{
	size_t i;

	for (i = tree->has_record ? 2 : 1; i < tree->nr; i++)
		if (strcmp(tree->entry[i - 1].path, tree->entry[i].path) >= 0)
			return false;
	return true;
}

static void check_list(const char *want, const char *what)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;

	check(!exp_tree_read(&tree, ".", &err), what);
	list(&got, &tree);
	check_str(got.buf, want, what);
	check(is_in_order(&tree), "byte order of whole paths");
	exp_tree_release(&tree);
	strbuf_release(&got);
	strbuf_release(&err);
}

static void test_order(void)
{
	enter_new("order");
	mkdir("a", 0777);
	put("a/z", 1);
	mkdir("a/!", 0777);
	put("a/!/x", 1);
	put("a.txt", 1);
	put("a0", 1);
	put("a!", 1);
	mkdir("a-", 0777);
	put("a-/b", 1);
	mkdir("ab", 0777);
	put("A", 1);
	put("\xff", 1);
	put("\x01", 1);
	check_list("\x01 A a! a-/ a-/b a.txt a/ a/!/ a/!/x a/z a0 ab/ \xff",
		   "a directory's slash counts");
}

/* All bytes that a name can hold, as files and as directories. */
static void test_all_bytes(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf name = STRBUF_INIT, err = STRBUF_INIT;
	int c;

	enter_new("bytes");
	for (c = 1; c < 256; c++) {
		if (c == '/')
			continue;
		strbuf_reset(&name);
		strbuf_addch(&name, 'a');
		strbuf_addch(&name, c);
		if (c % 2) {
			put(name.buf, 0);
			continue;
		}
		mkdir(name.buf, 0777);
		strbuf_addstr(&name, "/x");
		put(name.buf, 0);
	}
	mkdir("a", 0777);
	put("a/x", 0);
	check(!exp_tree_read(&tree, ".", &err), "names of all bytes");
	check(tree.nr == 254 + 127 + 2, "all are there");
	check(is_in_order(&tree), "in byte order");
	exp_tree_release(&tree);
	strbuf_release(&name);
	strbuf_release(&err);
}

static void test_record(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT;

	enter_new("record");
	mkdir("sub", 0777);
	put("sub/resutil-exp.yaml", 1);
	put("sub/resutil-exp.yaml.1.2.tmp", 1);
	put("resutil-exp.yaml", 7);
	put("resutil-exp.yaml.1.2.tmp", 1);
	put("resutil-exp.yaml.1.2.tmpx", 1);
	put("resutil-exp.yaml..2.tmp", 1);
	put("resutil-exp.yaml.1.x.tmp", 1);
	mkdir("resutil-exp.yaml.3.4.tmp", 0777);
	put("a", 2);
	check_list("resutil-exp.yaml a resutil-exp.yaml..2.tmp "
		   "resutil-exp.yaml.1.2.tmpx resutil-exp.yaml.1.x.tmp "
		   "resutil-exp.yaml.3.4.tmp/ sub/ sub/resutil-exp.yaml "
		   "sub/resutil-exp.yaml.1.2.tmp",
		   "the record first, what its writer left is left out");
	check(!exp_tree_read(&tree, ".", &err) && tree.has_record &&
	      tree.entry[0].size == 7 && tree.bytes == 14,
	      "bytes are those of all files");
	exp_tree_release(&tree);

	unlink("resutil-exp.yaml");
	check(!exp_tree_read(&tree, ".", &err) && !tree.has_record,
	      "no record");
	if (symlink("a", "resutil-exp.yaml"))
		abort();
	check(!exp_tree_read(&tree, ".", &err) && !tree.has_record &&
	      tree.nr == 9, "a link in its place is a link like any other");
	exp_tree_release(&tree);
	strbuf_release(&err);
}

static void make_socket(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		abort();
	close(fd);
}

static void test_kinds(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT, got = STRBUF_INIT;

	enter_new("kinds");
	mkdir("d", 0777);
	chmod("d", 01755);
	put("d/x", 5);
	chmod("d/x", 04711);
	if (symlink("nowhere", "dangling") || symlink("d", "to-dir") ||
	    mkfifo("d/pipe\n", 0666))
		abort();
	make_socket("sock");
	check(!exp_tree_read(&tree, ".", &err), "all kinds");
	list(&got, &tree);
	check_str(got.buf, "d/ d/x dangling to-dir", "links are not followed");
	check(tree.nr == 4 && tree.entry[0].mode == (S_IFDIR | 01755) &&
	      !tree.entry[0].size && tree.entry[1].mode == (S_IFREG | 04711) &&
	      tree.entry[1].size == 5 && S_ISLNK(tree.entry[2].mode) &&
	      tree.entry[2].size == strlen("nowhere"), "modes and sizes");
	check(tree.skipped.nr == 2, "two were skipped");
	check_str(tree.skipped.v[0], "\"d/pipe\\n\" (FIFO)", "a pipe");
	check_str(tree.skipped.v[1], "sock (socket)", "a socket");
	check(tree.bytes == 5, "bytes of files only");
	exp_tree_release(&tree);
	strbuf_release(&err);
	strbuf_release(&got);
}

/* Names of 250 bytes until a path is as long as it may be. */
static void make_deep(unsigned levels, size_t last)
{
	char name[256];
	unsigned i;

	memset(name, 'n', sizeof(name));
	name[249] = '\0';
	for (i = 0; i < levels; i++)
		if (mkdir(name, 0777) || chdir(name))
			abort();
	name[249] = 'n';
	name[last] = '\0';
	put(name, 3);
}

static void test_deep(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT;
	const struct exp_entry *last;

	/* 262 levels of 250 bytes with their slashes, then 35: 65535 */
	enter_new("deep");
	make_deep(262, 35);
	if (chdir(top) || chdir("deep"))
		abort();
	check(!exp_tree_read(&tree, ".", &err), "a path of 65535 bytes");
	last = &tree.entry[tree.nr - 1];
	check(tree.nr == 263 && last->path_len == EXP_TREE_PATH_MAX &&
	      strlen(last->path) == last->path_len && last->size == 3,
	      "is there as a whole");
	exp_tree_release(&tree);

	enter_new("too-deep");
	make_deep(262, 36);
	if (chdir(top) || chdir("too-deep"))
		abort();
	check(exp_tree_read(&tree, ".", &err) == ERR_FAILED &&
	      strstr(err.buf, "longer than 65535 bytes"),
	      "one of 65536 bytes is refused");
	check(tree.fd < 0 && !tree.nr, "and nothing is left");
	exp_tree_release(&tree);
	strbuf_release(&err);
}

/* Each level is come back to: there is more in it after what is deeper. */
static void test_come_back(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT;
	unsigned i;

	enter_new("back");
	for (i = 0; i < 300; i++) {
		put("z", 1);
		if (mkdir("y", 0777) || mkdir("m", 0777) || chdir("y"))
			abort();
		put("f", 1);
		if (chdir("../m"))
			abort();
	}
	if (chdir(top) || chdir("back"))
		abort();
	check(!exp_tree_read(&tree, ".", &err), "a deep tree with branches");
	check(tree.nr == 4 * 300, "all of it");
	check(is_in_order(&tree), "in order");
	exp_tree_release(&tree);
	strbuf_release(&err);
}

static void test_missing(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT;

	enter_new("missing");
	put("file", 1);
	check(exp_tree_read(&tree, "gone", &err) == ERR_NOT_FOUND, "missing");
	check_str(err.buf, "no directory 'gone'", "is said");
	strbuf_reset(&err);
	check(exp_tree_read(&tree, "a\nb", &err) == ERR_NOT_FOUND, "missing");
	check_str(err.buf, "no directory '\"a\\nb\"'", "and quoted");
	strbuf_reset(&err);
	check(exp_tree_read(&tree, "file", &err) == ERR_NOT_FOUND, "a file");
	check_str(err.buf, "'file' is not a directory", "is said");
	if (mkdir("empty", 0777) || symlink("empty", "link"))
		abort();
	check(!exp_tree_read(&tree, "link", &err) && !tree.nr &&
	      !tree.has_record, "the top may be a link, and empty");
	exp_tree_release(&tree);
	exp_tree_release(&tree);
	strbuf_release(&err);
}

/* What permissions mean is only seen without root's powers. */
static void test_unreadable(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT;

	enter_new("unreadable");
	mkdir("d", 0777);
	put("d/file\t", 1);
	chmod("d/file\t", 0200);
	put("d/mine", 1);
	chmod("d/mine", 0400);
	if (chown("d/mine", 65534, 65534) || chown("d", 65534, 65534) ||
	    chown("d/file\t", 65534, 65534) || seteuid(65534)) {
		check(geteuid() != 0, "an ordinary user has no powers to drop");
	}
	check(exp_tree_read(&tree, ".", &err) == ERR_FAILED,
	      "an unreadable file");
	check_str(err.buf, "cannot read '\"./d/file\\t\"': Permission denied",
		  "is named");
	strbuf_reset(&err);
	chmod("d/file\t", 0600);
	check(!exp_tree_read(&tree, ".", &err), "readable for its owner only");
	chmod("d", 0000);
	check(exp_tree_read(&tree, ".", &err) == ERR_FAILED,
	      "an unreadable directory");
	check_str(err.buf, "cannot read the directory './d/': Permission "
		  "denied", "is named");
	chmod("d", 0700);
	if (seteuid(getuid()))
		abort();
	exp_tree_release(&tree);
	strbuf_release(&err);
}

static bool is_same_tree(const struct exp_tree *a, const struct exp_tree *b)
{
	size_t i;

	if (a->nr != b->nr || a->bytes != b->bytes ||
	    a->has_record != b->has_record || a->skipped.nr != b->skipped.nr)
		return false;
	for (i = 0; i < a->skipped.nr; i++)
		if (strcmp(a->skipped.v[i], b->skipped.v[i]))
			return false;
	for (i = 0; i < a->nr; i++)
		if (strcmp(a->entry[i].path, b->entry[i].path) ||
		    a->entry[i].path_len != b->entry[i].path_len ||
		    a->entry[i].mode != b->entry[i].mode ||
		    a->entry[i].size != b->entry[i].size ||
		    a->entry[i].mtime != b->entry[i].mtime)
			return false;
	return true;
}

/* Enough of it that threads are started; some of it deeper than is given. */
static void make_wide(struct strbuf *path, int depth)
{
	size_t len = path->len;
	int i;

	for (i = 0; i < 40; i++) {
		strbuf_addf(path, "f%d", i * 7 % 40);
		put(path->buf, (size_t)i);
		strbuf_setlen(path, len);
	}
	for (i = 0; depth && i < 3; i++) {
		strbuf_addf(path, "%c.d", 'e' + i);
		mkdir(path->buf, 0777);
		strbuf_addch(path, '/');
		make_wide(path, i == 1 ? depth - 1 : MINIMUM(depth - 1, 2));
		strbuf_setlen(path, len);
	}
	strbuf_addstr(path, "fifo");
	mkfifo(path->buf, 0666);
	strbuf_setlen(path, len);
}

static void test_jobs(void)
{
	struct exp_tree one = EXP_TREE_INIT, tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT, path = STRBUF_INIT;
	unsigned jobs;
	int i;

	enter_new("jobs");
	make_wide(&path, 12);
	put("resutil-exp.yaml", 3);
	check(!exp_tree_read(&one, ".", &err) && is_in_order(&one) &&
	      one.nr > 2000 && one.has_record, "a wide and deep tree");
	for (jobs = 2; jobs < 40; jobs += 9)
		for (i = 0; i < 5; i++)
			check(!exp_tree_read_by(&tree, ".", jobs, &err) &&
			      is_same_tree(&one, &tree),
			      "the same by several threads");
	check(!exp_tree_read_by(&tree, ".", 0, &err) &&
	      is_same_tree(&one, &tree), "and by all of them");
	exp_tree_release(&one);
	exp_tree_release(&tree);
	if (geteuid()) {
		chmod("f.d/f.d/e.d", 0);
		chmod("g.d", 0);
		for (i = 0; i < 5; i++) {
			check(exp_tree_read_by(&tree, ".", 4, &err) ==
			      ERR_FAILED && !tree.nr, "unreadable for threads");
			check(strstr(err.buf, "d' ") || strstr(err.buf, "d/'"),
			      "and one is named");
			strbuf_reset(&err);
		}
		chmod("f.d/f.d/e.d", 0755);
		chmod("g.d", 0755);
	}
	strbuf_release(&path);
	strbuf_release(&err);
}

/* More names in one directory than are read before they are looked at. */
static void test_flat(void)
{
	struct exp_tree one = EXP_TREE_INIT, tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT, path = STRBUF_INIT;
	int i;

	enter_new("flat");
	put("resutil-exp.yaml", 9);
	mkfifo("g", 0666);
	for (i = 0; i < 9000; i++) {
		strbuf_reset(&path);
		strbuf_addf(&path, "f%d", i * 7919 % 9000);
		if (i % 1000)
			put(path.buf, (size_t)i);
		else
			mkdir(path.buf, 0777);
		if (i % 2000)
			continue;
		strbuf_addstr(&path, "/x");
		put(path.buf, 1);
	}
	check(!exp_tree_read(&one, ".", &err) && is_in_order(&one) &&
	      one.nr == 9006 && one.has_record, "a flat tree");
	for (i = 2; i < 6; i++)
		check(!exp_tree_read_by(&tree, ".", (unsigned)i, &err) &&
		      is_same_tree(&one, &tree),
		      "the same when threads look at names");
	exp_tree_release(&one);
	exp_tree_release(&tree);
	if (geteuid()) {
		chmod("f8765", 0);
		check(exp_tree_read_by(&tree, ".", 4, &err) == ERR_FAILED &&
		      strstr(err.buf, "f8765'"), "what is unreadable is named");
	}
	strbuf_release(&path);
	strbuf_release(&err);
}

#define MANY 50000

/* A name is 15 bytes and its NUL; a sanitizer takes room of its own. */
static void test_memory(void)
{
	struct exp_tree tree = EXP_TREE_INIT;
	struct strbuf err = STRBUF_INIT, name = STRBUF_INIT;
	struct rusage before, after;
	long grown;
	int i;

	enter_new("memory");
	for (i = 0; i < MANY; i++) {
		strbuf_reset(&name);
		strbuf_addf(&name, "file-%010d", (i * 7919) % MANY);
		put(name.buf, 0);
	}
	getrusage(RUSAGE_SELF, &before);
	check(!exp_tree_read(&tree, ".", &err) && tree.nr == MANY,
	      "many files in one directory");
	getrusage(RUSAGE_SELF, &after);
	check(is_in_order(&tree), "in order");
	grown = after.ru_maxrss - before.ru_maxrss;
	printf("# %ld KiB for %d entries\n", grown, MANY);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	check(grown < MANY / 1024 * (64 + 16) + 512,
	      "at most 64 bytes and the path an entry, and half a MiB");
#endif
	exp_tree_release(&tree);
	strbuf_release(&name);
	strbuf_release(&err);
}

int main(void)
{
	if (!mkdtemp(top) || chmod(top, 0755))
		abort();
	test_memory();	/* first: what was used once counts */
	test_order();
	test_jobs();
	test_flat();
	test_all_bytes();
	test_record();
	test_kinds();
	test_deep();
	test_come_back();
	test_missing();
	test_unreadable();
	if (chdir("/") || sys_remove_tree(top))
		check(false, "the scratch directory is removed");
	return unit_done();
}
