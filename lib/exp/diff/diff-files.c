#include "lib/base/compat.h"
#include "lib/exp/diff/diff-files.h"

#include "lib/base/alloc.h"
#include "lib/base/beneath.h"
#include "lib/base/quote.h"
#include "lib/base/workers.h"
#include "lib/exp/record/exp-tree.h"
#include "lib/exp/record/record.h"
#include "lib/wrap/zstream.h"

#define READ_ROOM (128u << 10)
#define TARGET_MAX 65536

int diff_tree_read(struct diff_tree *tree, const char *dir,
		   struct strbuf *err)
{
	struct exp_tree walked = EXP_TREE_INIT;
	size_t i;
	int ret = exp_tree_read_any(&walked, dir, err);

	for (i = 0; !ret && i < walked.nr; i++) {
		const struct exp_entry *entry = &walked.entry[i];

		if (!S_ISDIR(entry->mode))
			diff_tree_add(tree, entry->path, entry->mode,
				      entry->size, 0);
	}
	exp_tree_release(&walked);
	tree->dir = xstrdup(dir);
	tree->has_crc = false;
	diff_tree_sort(tree);
	return ret;
}

void diff_tree_add(struct diff_tree *tree, const char *path, uint32_t mode,
		   uint64_t size, uint32_t crc)
{
	struct diff_file *file;

	ARRAY_GROW(tree->file, tree->nr + 1, tree->alloc);
	file = &tree->file[tree->nr++];
	file->path = xstrdup(path);
	file->mode = mode;
	file->size = size;
	file->crc = crc;
	tree->has_crc = true;
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct diff_file *)a)->path,
		      ((const struct diff_file *)b)->path);
}

void diff_tree_sort(struct diff_tree *tree)
{
	if (tree->nr)
		qsort(tree->file, tree->nr, sizeof(*tree->file),
		      compare_files);
}

void diff_tree_release(struct diff_tree *tree)
{
	size_t i;

	for (i = 0; i < tree->nr; i++)
		free(tree->file[i].path);
	free(tree->file);
	free(tree->dir);
	memset(tree, 0, sizeof(*tree));
}

bool diff_is_output(const char *path)
{
	return strcmp(path, RECORD_FILE) && strcmp(path, "votakvot.yaml") &&
	       strcmp(path, "uncommited.patch") &&
	       strncmp(path, "uncommited_files/", 17);
}

/* Two files of one name and size. */
struct pair {
	struct work work;
	const struct diff_tree *tree_a, *tree_b;
	int fd_a, fd_b;		/* of the directories; -1: in a store */
	const struct diff_file *a, *b;
	bool differs;
	int error;		/* errno of what could not be read */
};

static ssize_t read_full(int fd, char *buffer, size_t room)
{
	size_t len = 0;

	while (len < room) {
		ssize_t got = read(fd, buffer + len, room - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (!got)
			break;
		len += (size_t)got;
	}
	return (ssize_t)len;
}

/* False, and errno in `pair`: one of them cannot be read. */
static bool compare_bytes(struct pair *pair, int a, int b)
{
	char *buffer = xmalloc(2 * (size_t)READ_ROOM);
	ssize_t got, other;

	do {
		got = read_full(a, buffer, READ_ROOM);
		other = got < 0 ? 0 : read_full(b, buffer + READ_ROOM,
						READ_ROOM);
		if (got < 0 || other < 0) {
			pair->error = errno;
			break;
		}
		pair->differs = got != other ||
				memcmp(buffer, buffer + READ_ROOM,
				       (size_t)got);
	} while (got && !pair->differs);
	free(buffer);
	return !pair->error;
}

static void compare_crc(struct pair *pair, int fd, uint32_t crc)
{
	char *buffer = xmalloc(READ_ROOM);
	uint32_t sum = 0;
	ssize_t got;

	while ((got = read_full(fd, buffer, READ_ROOM)) > 0)
		sum = zcrc32(sum, buffer, (size_t)got);
	if (got < 0)
		pair->error = errno;
	pair->differs = sum != crc;
	free(buffer);
}

/* What a link leads to is its content. */
static uint32_t crc_of_link(struct pair *pair, int dirfd, const char *path)
{
	char *target = xmalloc(TARGET_MAX);
	const char *base;
	int dir = open_parent_beneath(dirfd, path, &base);
	ssize_t len = dir < 0 ? -1 : readlinkat(dir, base, target, TARGET_MAX);
	uint32_t sum = 0;

	if (len < 0)
		pair->error = errno;
	else
		sum = zcrc32(0, target, (size_t)len);
	if (dir >= 0)
		close(dir);
	free(target);
	return sum;
}

static void compare_links(struct pair *pair)
{
	uint32_t a = pair->fd_a < 0 ? pair->a->crc :
		     crc_of_link(pair, pair->fd_a, pair->a->path);
	uint32_t b = pair->fd_b < 0 ? pair->b->crc :
		     crc_of_link(pair, pair->fd_b, pair->b->path);

	pair->differs = a != b;
}

static int open_one(struct pair *pair, int dirfd, const char *path)
{
	int fd = open_beneath(dirfd, path, O_RDONLY | O_NONBLOCK);

	if (fd < 0)
		pair->error = errno;
	return fd;
}

static void compare_pair(struct work *work, unsigned worker UNUSED)
{
	struct pair *pair = (struct pair *)work;
	int a = -1, b = -1;

	if (S_ISLNK(pair->a->mode)) {
		compare_links(pair);
		return;
	}
	if (pair->fd_a < 0 && pair->fd_b < 0) {
		pair->differs = pair->a->crc != pair->b->crc;
		return;
	}
	if (pair->fd_a >= 0)
		a = open_one(pair, pair->fd_a, pair->a->path);
	if (pair->fd_b >= 0 && !pair->error)
		b = open_one(pair, pair->fd_b, pair->b->path);
	if (!pair->error && a >= 0 && b >= 0)
		compare_bytes(pair, a, b);
	else if (!pair->error && a >= 0)
		compare_crc(pair, a, pair->b->crc);
	else if (!pair->error)
		compare_crc(pair, b, pair->a->crc);
	if (b >= 0)
		close(b);
	if (a >= 0)
		close(a);
}

struct pairs {
	struct pair *pair;
	size_t nr, alloc;
};

static void add(struct findings *out, const struct diff_file *a,
		const struct diff_file *b, const char *why)
{
	const struct diff_file *any = a ? a : b;
	struct strbuf name = STRBUF_INIT;
	struct finding *finding;

	strbuf_addf(&name, "file:%s", any->path);
	finding = findings_add(out, DIFF_FILES, DIFF_CANNOT_ACT, 0, name.buf);
	finding->status = !a ? 'A' : !b ? 'D' : 'M';
	finding->size_a = a ? (int64_t)a->size : -1;
	finding->size_b = b ? (int64_t)b->size : -1;
	if (why)
		finding_why(finding, "%s", why);
	strbuf_release(&name);
}

static void meet(struct findings *out, struct pairs *pairs,
		 const struct diff_file *a, const struct diff_file *b)
{
	struct pair *pair;

	if (S_ISLNK(a->mode) != S_ISLNK(b->mode)) {
		add(out, a, b, "a link in one of them");
	} else if (a->size != b->size) {
		add(out, a, b, NULL);
	} else {
		ARRAY_GROW(pairs->pair, pairs->nr + 1, pairs->alloc);
		pair = &pairs->pair[pairs->nr++];
		memset(pair, 0, sizeof(*pair));
		pair->a = a;
		pair->b = b;
	}
}

static void merge(struct findings *out, struct pairs *pairs,
		  const struct diff_tree *a, const struct diff_tree *b,
		  diff_wanted_fn wanted, void *data)
{
	size_t i = 0, j = 0;

	while (i < a->nr || j < b->nr) {
		const struct diff_file *one = i < a->nr ? &a->file[i] : NULL;
		const struct diff_file *two = j < b->nr ? &b->file[j] : NULL;
		int order = !one ? 1 : !two ? -1 :
			    strcmp(one->path, two->path);

		if (order <= 0)
			i++;
		else
			one = NULL;
		if (order >= 0)
			j++;
		else
			two = NULL;
		if (!wanted(one ? one->path : two->path, data))
			continue;
		if (one && two)
			meet(out, pairs, one, two);
		else
			add(out, one, two, NULL);
	}
}

static int open_dir(const struct diff_tree *tree)
{
	return tree->has_crc || !tree->dir ? -1 :
	       open(tree->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void tell(struct findings *out, const struct pair *pair)
{
	struct strbuf shown = STRBUF_INIT;

	if (pair->error) {
		quote_terminal(&shown, pair->a->path, strlen(pair->a->path));
		strvec_pushf(&out->unknown, "'%s' cannot be read: %s",
			     shown.buf, strerror(pair->error));
	} else if (pair->differs) {
		add(out, pair->a, pair->b, NULL);
	} else if (S_ISREG(pair->a->mode) &&
		   (pair->a->mode ^ pair->b->mode) & S_IXUSR) {
		add(out, pair->a, pair->b, pair->b->mode & S_IXUSR ?
		    "is executable" : "is not executable");
	}
	strbuf_release(&shown);
}

void diff_files(struct findings *out, const struct diff_tree *a,
		const struct diff_tree *b, diff_wanted_fn wanted, void *data)
{
	struct pairs pairs = { NULL, 0, 0 };
	struct workers *workers;
	int fd_a = open_dir(a), fd_b = open_dir(b);
	size_t i;

	merge(out, &pairs, a, b, wanted, data);
	workers = workers_start(pairs.nr > 16 ? workers_with_files(
				workers_default(), 4) : 1);
	for (i = 0; i < pairs.nr; i++) {
		struct pair *pair = &pairs.pair[i];

		pair->fd_a = fd_a;
		pair->fd_b = fd_b;
		if (!pair->a->size)
			continue;
		pair->work.fn = compare_pair;
		workers_add(workers, &pair->work);
	}
	workers_wait_all(workers);
	workers_stop(&workers);
	for (i = 0; i < pairs.nr; i++)
		tell(out, &pairs.pair[i]);
	if (fd_a >= 0)
		close(fd_a);
	if (fd_b >= 0)
		close(fd_b);
	free(pairs.pair);
}

const char *diff_file_path(const struct finding *finding)
{
	return strchr(finding->name, ':') + 1;
}

bool diff_tree_text(const struct diff_tree *tree, const char *path,
		    int64_t size, struct strbuf *out)
{
	struct stat st;
	bool good = false;
	int dirfd, fd;

	if (size < 0)
		return true;
	if (!tree->dir || size > DIFF_TEXT_MAX)
		return false;
	dirfd = open(tree->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	fd = dirfd < 0 ? -1 : open_beneath(dirfd, path,
					   O_RDONLY | O_NONBLOCK);
	if (fd >= 0 && !fstat(fd, &st) && S_ISREG(st.st_mode) &&
	    !strbuf_read_fd(out, fd, DIFF_TEXT_MAX))
		good = !line_diff_is_binary(out->buf, out->len);
	if (fd >= 0)
		close(fd);
	if (dirfd >= 0)
		close(dirfd);
	return good;
}

static void add_head(struct strbuf *out, const char *sign, const char *prefix,
		     const char *path, bool there)
{
	struct strbuf full = STRBUF_INIT;

	strbuf_addf(out, "%s ", sign);
	if (there) {
		strbuf_addf(&full, "%s%s", prefix, path);
		quote_c(out, full.buf, full.len);
	} else {
		strbuf_addstr(out, "/dev/null");
	}
	strbuf_addch(out, '\n');
	strbuf_release(&full);
}

bool diff_file_lines(struct finding *finding, const struct diff_tree *a,
		     const struct diff_tree *b,
		     const struct line_diff_options *options,
		     struct line_diff_sum *sum, struct strbuf *out)
{
	const char *path = diff_file_path(finding);
	struct strbuf old = STRBUF_INIT, new = STRBUF_INIT;
	struct strbuf hunks = STRBUF_INIT;
	bool good = diff_tree_text(a, path, finding->size_a, &old) &&
		    diff_tree_text(b, path, finding->size_b, &new);

	if (good) {
		line_diff(out ? &hunks : NULL, old.buf, old.len, new.buf,
			  new.len, options, sum);
		finding->added = (int64_t)sum->added;
		finding->removed = (int64_t)sum->removed;
	}
	if (good && out && hunks.len) {
		add_head(out, "---", "a/", path, finding->size_a >= 0);
		add_head(out, "+++", "b/", path, finding->size_b >= 0);
		strbuf_addbuf(out, &hunks);
	}
	strbuf_release(&hunks);
	strbuf_release(&new);
	strbuf_release(&old);
	return good;
}
