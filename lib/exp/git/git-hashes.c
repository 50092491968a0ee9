#include "lib/base/compat.h"
#include "lib/exp/git/git-internal.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/exp/conf/project.h"
#include "lib/wrap/digest.h"

#define MAX_HASHES 10000
#define MAX_BYTES (MAX_HASHES * 256u)
/* A time stamp younger than this may be given once more to other content
 * (the coarsest clock that file systems use). */
#define RACY_SECONDS 2

/*
 * What is left out is large, and mostly the same from run to run. A line:
 * the signature (device, inode, size, mtime and ctime in nanoseconds), a
 * blank, the hash. Oldest use first.
 */
struct known {
	char *signature;
	char hex[DIGEST_HEXSZ + 1];
};

struct git_hashes {
	const struct project *project;
	struct known *known;
	size_t nr, alloc;
	bool loaded, grown;
};

struct git_hashes *git_hashes_open(const struct project *project)
{
	struct git_hashes *hashes = xcalloc(1, sizeof(*hashes));

	hashes->project = project;
	return hashes;
}

static void add_known(struct git_hashes *hashes, const char *signature,
		      size_t len, const char *hex)
{
	struct known *known;

	ARRAY_GROW(hashes->known, hashes->nr + 1, hashes->alloc);
	known = &hashes->known[hashes->nr++];
	known->signature = xmemdupz(signature, len);
	memcpy(known->hex, hex, DIGEST_HEXSZ);
	known->hex[DIGEST_HEXSZ] = '\0';
}

/* A line that is not as we write them is not worth a word: hash again. */
static void load_line(struct git_hashes *hashes, const char *line, size_t len)
{
	size_t head;

	if (len < DIGEST_HEXSZ + 2 || hashes->nr >= MAX_HASHES)
		return;
	head = len - DIGEST_HEXSZ - 1;
	if (line[head] != ' ' || strspn(line, "0123456789 .") < head ||
	    strspn(line + head + 1, "0123456789abcdef") < DIGEST_HEXSZ)
		return;
	add_known(hashes, line, head, line + head + 1);
}

static int cache_path(const struct git_hashes *hashes, struct strbuf *path)
{
	if (!hashes->project || project_cache(hashes->project, path, NULL))
		return -1;
	strbuf_complete_slash(path);
	strbuf_addstr(path, "left-out-hashes");
	return 0;
}

static void load(struct git_hashes *hashes)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	const char *p, *newline;

	hashes->loaded = true;
	if (!cache_path(hashes, &path) &&
	    !read_file(&text, path.buf, MAX_BYTES, NULL))
		for (p = text.buf; (newline = strchr(p, '\n')); p = newline + 1)
			load_line(hashes, p, (size_t)(newline - p));
	strbuf_release(&path);
	strbuf_release(&text);
}

static void sign(struct strbuf *out, const struct stat *st)
{
	strbuf_reset(out);
	strbuf_addf(out, "%ju %ju %jd %jd.%09ld %jd.%09ld",
		    (uintmax_t)st->st_dev, (uintmax_t)st->st_ino,
		    (intmax_t)st->st_size, (intmax_t)st->st_mtim.tv_sec,
		    st->st_mtim.tv_nsec, (intmax_t)st->st_ctim.tv_sec,
		    st->st_ctim.tv_nsec);
}

/* Used: to the end, so that the oldest are dropped first. */
static const char *look_up(struct git_hashes *hashes, const char *signature)
{
	size_t i;

	for (i = hashes->nr; i--;) {
		struct known found = hashes->known[i];

		if (strcmp(found.signature, signature))
			continue;
		memmove(hashes->known + i, hashes->known + i + 1,
			(hashes->nr - i - 1) * sizeof(found));
		hashes->known[hashes->nr - 1] = found;
		return hashes->known[hashes->nr - 1].hex;
	}
	return NULL;
}

/* As git with its index: what changed at the time of reading may change
 * again without its times showing it. */
static bool is_racy(const struct stat *st, time_t now)
{
	return st->st_mtim.tv_sec > now - RACY_SECONDS ||
	       st->st_ctim.tv_sec > now - RACY_SECONDS;
}

static int hash_open(struct git_hashes *hashes, int fd, const char *path,
		     struct strbuf *hex, struct strbuf *err)
{
	struct strbuf before = STRBUF_INIT, after = STRBUF_INIT;
	const char *known = NULL;
	size_t start = hex->len;
	time_t now = time(NULL);
	struct stat st;
	int ret = 0;

	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		ret = fail(err, ERR_FAILED, "'%s' is no regular file", path);
		goto cleanup;
	}
	sign(&before, &st);
	known = look_up(hashes, before.buf);
	if (known) {
		strbuf_addstr(hex, known);
		goto cleanup;
	}
	ret = digest_fd(hex, fd, err);
	if (ret || fstat(fd, &st))
		goto cleanup;
	sign(&after, &st);
	if (strcmp(before.buf, after.buf)) {
		strbuf_setlen(hex, start);
		ret = fail(err, ERR_FAILED, "'%s' changed while read", path);
	} else if (!is_racy(&st, now)) {
		add_known(hashes, before.buf, before.len, hex->buf + start);
		hashes->grown = true;
	}

cleanup:
	strbuf_release(&before);
	strbuf_release(&after);
	return ret;
}

int git_hashes_get(struct git_hashes *hashes, int dirfd, const char *path,
		   struct strbuf *hex, struct strbuf *err)
{
	int fd = openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK |
			O_CLOEXEC);
	int ret;

	if (fd < 0)
		return fail_errno(err, "cannot read '%s'", path);
	if (!hashes->loaded)
		load(hashes);
	ret = hash_open(hashes, fd, path, hex, err);
	close(fd);
	return ret;
}

void git_hashes_close(struct git_hashes *hashes)
{
	struct strbuf path = STRBUF_INIT, text = STRBUF_INIT;
	size_t first = hashes->nr > MAX_HASHES ? hashes->nr - MAX_HASHES : 0;
	size_t i;

	if (hashes->grown && !cache_path(hashes, &path)) {
		for (i = first; i < hashes->nr; i++)
			strbuf_addf(&text, "%s %s\n",
				    hashes->known[i].signature,
				    hashes->known[i].hex);
		/* unsynced: a lost cache costs time, nothing else */
		write_file_atomic(path.buf, text.buf, text.len, 0600, 0, NULL);
	}
	for (i = 0; i < hashes->nr; i++)
		free(hashes->known[i].signature);
	free(hashes->known);
	free(hashes);
	strbuf_release(&path);
	strbuf_release(&text);
}
