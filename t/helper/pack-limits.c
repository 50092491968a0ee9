/*
 * What no packer can do without, and nothing else: the limit that benchmarks
 * compare with. pack-limits WORK THREADS DIR [OUT]. WORK:
 *
 *	read	reads all files below DIR
 *	store	and adds up their CRCs and writes their bytes into OUT
 *	deflate	and compresses each 1 MiB of a file at level 1 in between
 *	hash	and makes the SHA-256 of each of these pieces
 *
 * No headers, no names; OUT is no archive. Small files are taken together until
 * they fill 1 MiB.
 */
#include "lib/base/compat.h"

#include <dirent.h>
#include <pthread.h>

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/zstream.h"

enum kind { WORK_READ, WORK_STORE, WORK_DEFLATE, WORK_HASH };

struct file {
	char *path;
	uint64_t size;
};

/* A part of one file, or several files from first to last byte. */
struct piece {
	size_t first, nr;
	uint64_t offset;
	size_t len;
};

static struct file *files;
static size_t nr_files, alloc_files;
static struct piece *pieces;
static size_t nr_pieces, alloc_pieces;

static enum kind kind;
static int out = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t moved = PTHREAD_COND_INITIALIZER;
static size_t next_piece;	/* to be read */
static size_t next_written;	/* whose place in OUT is known */
static uint64_t end_of_out;

static void list(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *de;

	if (!dir)
		die("cannot read '%s'", path);
	while ((de = readdir(dir))) {
		struct stat st;
		char *below;

		if (!strcmp(de->d_name, ".") || !strcmp(de->d_name, ".."))
			continue;
		below = xstrfmt("%s/%s", path, de->d_name);
		if (fstatat(dirfd(dir), de->d_name, &st, AT_SYMLINK_NOFOLLOW))
			die("cannot look at '%s'", below);
		if (S_ISREG(st.st_mode)) {
			ARRAY_GROW(files, nr_files + 1, alloc_files);
			files[nr_files].path = below;
			files[nr_files++].size = (uint64_t)st.st_size;
			continue;
		}
		if (S_ISDIR(st.st_mode))
			list(below);
		free(below);
	}
	closedir(dir);
}

static void add_piece(size_t file, uint64_t offset, uint64_t len)
{
	struct piece *p;

	ARRAY_GROW(pieces, nr_pieces + 1, alloc_pieces);
	p = &pieces[nr_pieces++];
	p->first = file;
	p->nr = 1;
	p->offset = offset;
	p->len = (size_t)MINIMUM(len, ZSTREAM_CHUNK);
}

static void cut(void)
{
	size_t i;

	for (i = 0; i < nr_files; i++) {
		struct piece *p = nr_pieces ? &pieces[nr_pieces - 1] : NULL;
		uint64_t size = files[i].size, at;

		if (p && !p->offset && p->len + size <= ZSTREAM_CHUNK) {
			p->nr++;
			p->len += (size_t)size;
			continue;
		}
		for (at = 0; !at || at < size; at += ZSTREAM_CHUNK)
			add_piece(i, at, size - at);
	}
}

static void read_part(const struct file *f, unsigned char *buf, size_t len,
		      uint64_t offset)
{
	int fd = open(f->path, O_RDONLY | O_CLOEXEC);

	if (fd < 0 || pread(fd, buf, len, (off_t)offset) != (ssize_t)len)
		die("cannot read '%s'", f->path);
	close(fd);
}

/* Where the bytes of that piece belong: behind those of the one before. */
static uint64_t take_place(size_t nr, size_t len)
{
	uint64_t place;

	pthread_mutex_lock(&lock);
	while (next_written != nr)
		pthread_cond_wait(&moved, &lock);
	place = end_of_out;
	end_of_out += len;
	next_written++;
	pthread_cond_broadcast(&moved);
	pthread_mutex_unlock(&lock);
	return place;
}

static void *work(void *crc)
{
	unsigned char *in = xmalloc(ZSTREAM_CHUNK), *packed = NULL;
	unsigned char raw[DIGEST_RAWSZ];
	struct zdeflate *z = NULL;
	struct digest *digest = NULL;
	size_t nr, i, at, len;

	if (kind == WORK_HASH && digest_start(&digest, NULL))
		die("cannot hash");
	if (kind >= WORK_DEFLATE) {
		z = zdeflate_new(1);
		/* small files: a bound for each */
		packed = xmalloc(zdeflate_bound(ZSTREAM_CHUNK) * 2);
	}
	for (;;) {
		const struct piece *p;
		size_t filled = 0;

		pthread_mutex_lock(&lock);
		nr = next_piece++;
		pthread_mutex_unlock(&lock);
		if (nr >= nr_pieces)
			break;
		p = &pieces[nr];
		for (i = 0, at = 0; i < p->nr; i++, at += len) {
			len = p->nr == 1 ? p->len :
				(size_t)files[p->first + i].size;
			read_part(&files[p->first + i], in + at, len,
				  p->offset);
			if (kind == WORK_READ)
				continue;
			*(uint32_t *)crc ^= zcrc32(0, in + at, len);
			if (digest)
				digest_once(digest, in + at, len, raw);
			if (z && filled + zdeflate_bound(len) >
				 zdeflate_bound(ZSTREAM_CHUNK) * 2)
				die("no room for the small files of a piece");
			if (z)
				filled += zdeflate_chunk(z, in + at, 0, len,
							 true, packed + filled);
		}
		if (kind == WORK_READ)
			continue;
		len = z ? filled : p->len;
		if (pwrite(out, z ? packed : in, len,
			   (off_t)take_place(nr, len)) != (ssize_t)len)
			die("cannot write");
	}
	digest_drop(&digest);
	zdeflate_free(z);
	free(packed);
	free(in);
	return NULL;
}

int main(int argc, char **argv)
{
	static const char *const name[] = {
		"read", "store", "deflate", "hash"
	};
	uint32_t crc[64] = { 0 }, all = 0;
	pthread_t thread[64];
	long threads, i;

	for (kind = 0; argc > 1 && kind < ARRAY_SIZE(name); kind++)
		if (!strcmp(argv[1], name[kind]))
			break;
	if (argc != (kind == WORK_READ ? 4 : 5) || kind > WORK_HASH ||
	    (threads = strtol(argv[2], NULL, 10)) < 1 || threads > 64)
		die_status(EXIT_USAGE, "usage: pack-limits read|store|deflate|"
			   "hash THREADS DIR [OUT]");
	if (kind != WORK_READ)
		out = open(argv[4], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC,
			   0644);
	if (kind != WORK_READ && out < 0)
		die("cannot write '%s'", argv[4]);
	list(argv[3]);
	cut();
	for (i = 0; i < threads; i++)
		if (pthread_create(&thread[i], NULL, work, &crc[i]))
			die("cannot start a thread");
	for (i = 0; i < threads; i++) {
		pthread_join(thread[i], NULL);
		all ^= crc[i];
	}
	if (out >= 0 && close(out))
		die("cannot write '%s'", argv[4]);
	printf("%zu files, %08lx\n", nr_files, (unsigned long)all);
	return 0;
}
