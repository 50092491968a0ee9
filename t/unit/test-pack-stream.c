#include "lib/base/compat.h"
#include "t/unit/unit.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/tempfile.h"
#include "lib/sync/pack-stream.h"
#include "lib/wrap/zstream.h"

#define BIG ((size_t)12 << 20)

static const struct pack_options plain = { .level = ZSTREAM_LEVEL_DEFAULT };

/* What does not compress, so that the pack is as long as the file. */
static void write_noise(const char *path, size_t len, uint64_t seed)
{
	unsigned char *noise = xmalloc(len);
	size_t i;

	for (i = 0; i < len; i++) {
		seed = seed * UINT64_C(6364136223846793005) + 1;
		noise[i] = seed >> 56;
	}
	if (write_file_atomic(path, noise, len, 0644, 0, NULL))
		bug_at(__FILE__, __LINE__, "cannot write '%s'", path);
	free(noise);
}

static int add(void *data, const void *buf, size_t len,
	       struct strbuf *err UNUSED)
{
	strbuf_add(data, buf, len);
	return 0;
}

static void pack_at_once(const char *dir, struct strbuf *out)
{
	const struct pack_sink sink = { .write = add, .data = out };
	struct pack_result result = PACK_RESULT_INIT;

	check(!pack_write(dir, &plain, &sink, &result, NULL), "it is packed");
	pack_result_release(&result);
}

/* Reads to the end, or `max` bytes, in pieces of odd sizes. */
static int read_some(struct put_source *s, struct strbuf *out, size_t max,
		     struct strbuf *err)
{
	size_t piece = 1, got = 1, len = 0;
	int ret = 0;

	while (!ret && got && len < max) {
		size_t want = MINIMUM(piece, max - len);

		strbuf_grow(out, want);
		ret = s->read(s, out->buf + out->len, want, &got, err);
		if (!ret)
			strbuf_setlen(out, out->len + got);
		len += got;
		piece = piece % 700001 * 3 + 1;
	}
	return ret;
}

static bool same_from(const struct strbuf *all, size_t from,
		      const struct strbuf *part)
{
	return part->len == all->len - from &&
	       !memcmp(all->buf + from, part->buf, part->len);
}

static void check_whole(const char *dir, uint64_t bytes, const char *what)
{
	const uint64_t offset[] = { 0, 1, 70000, 1048576, 5000000 };
	struct strbuf want = STRBUF_INIT, got = STRBUF_INIT;
	struct strbuf err = STRBUF_INIT;
	struct pack_stream *s = NULL;
	struct put_source *source;
	size_t i;

	printf("# %s\n", what);
	pack_at_once(dir, &want);
	check(!pack_stream_open(&s, dir, bytes, &plain, &err), "it opens");
	source = pack_stream_source(s);
	check(!read_some(source, &got, SIZE_MAX, &err) &&
	      same_from(&want, 0, &got), "without open it begins at 0");
	check(pack_stream_result(s) &&
	      pack_stream_result(s)->packed == want.len,
	      "at the end there is a result");
	for (i = 0; i < ARRAY_SIZE(offset) && offset[i] < want.len; i++) {
		strbuf_reset(&got);
		check(!source->open(source, offset[i], &err) &&
		      !read_some(source, &got, SIZE_MAX, &err) &&
		      same_from(&want, offset[i], &got),
		      "begun again at an offset it gives the same");
	}
	strbuf_reset(&got);
	check(!source->open(source, want.len, &err) &&
	      !read_some(source, &got, SIZE_MAX, &err) && !got.len,
	      "at its end there is nothing");
	check(source->open(source, want.len + 1, &err) ||
	      read_some(source, &got, SIZE_MAX, &err),
	      "behind it is an error");
	pack_stream_release(s);
	strbuf_release(&err);
	strbuf_release(&got);
	strbuf_release(&want);
}

/* A part is read, then a file changes in what was read, or behind it. */
static void check_change(const char *dir, const char *file)
{
	struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;
	struct pack_stream *s = NULL;
	struct put_source *source;
	int ret;

	check(!pack_stream_open(&s, dir, BIG, &plain, &err), "it opens");
	source = pack_stream_source(s);
	check(!source->open(source, 0, &err) &&
	      !read_some(source, &got, 3000000, &err), "a part is read");
	check(!pack_stream_result(s), "there is no result yet");
	write_noise(file, 50000, 99);
	check(!source->open(source, got.len, &err), "it is begun again");
	ret = read_some(source, &got, SIZE_MAX, &err);
	check(ret == ERR_CONFLICT && strstr(err.buf, "changed since"),
	      "other bytes are noticed");
	check(pack_stream_failed(s) == ERR_CONFLICT && !pack_stream_result(s),
	      "and there is no pack");
	strbuf_reset(&got);
	strbuf_reset(&err);
	pack_stream_release(s);
	strbuf_release(&err);
	strbuf_release(&got);
}

static void check_abandoned(const char *dir)
{
	struct strbuf got = STRBUF_INIT;
	struct pack_stream *s = NULL;
	struct put_source *source;

	check(!pack_stream_open(&s, dir, BIG, &plain, NULL), "it opens");
	source = pack_stream_source(s);
	check(!source->open(source, 0, NULL) &&
	      !read_some(source, &got, 100, NULL), "a little is read");
	check(!pack_stream_failed(s), "that is no failure");
	pack_stream_release(s);
	check(true, "and the rest is not waited for");

	check(!pack_stream_open(&s, dir, BIG, &plain, NULL), "it opens");
	pack_stream_release(s);
	strbuf_release(&got);
}

static void check_live(const char *dir)
{
	struct pack_options live = plain;
	struct strbuf want = STRBUF_INIT, got = STRBUF_INIT;
	struct pack_stream *s = NULL;
	struct put_source *source;

	live.live = true;
	pack_at_once(dir, &want);
	check(!pack_stream_open(&s, dir, BIG, &live, NULL) &&
	      pack_stream_result(s), "what still runs is packed first");
	source = pack_stream_source(s);
	check(source->size == want.len, "and its size is known");
	check(!source->open(source, 20000000, NULL) &&
	      !read_some(source, &got, SIZE_MAX, NULL) &&
	      same_from(&want, 20000000, &got),
	      "a large one is read back from a file");
	pack_stream_release(s);
	strbuf_release(&got);
	strbuf_release(&want);
}

int main(void)
{
	struct tempfile *scratch = NULL;
	struct strbuf dir = STRBUF_INIT, file = STRBUF_INIT;
	struct pack_stream *s = NULL;
	struct strbuf err = STRBUF_INIT;

	if (tempfile_scratch_dir(&scratch, NULL))
		return 1;
	strbuf_addf(&dir, "%s/x", tempfile_path(scratch));
	check(pack_stream_open(&s, dir.buf, 0, &plain, &err) ==
	      ERR_NOT_FOUND && !s, "a tree that is not there");

	sys_mkdir(dir.buf, 0755);
	check_whole(dir.buf, 0, "an empty tree");
	strbuf_addf(&file, "%s/a", dir.buf);
	write_noise(file.buf, 200000, 1);
	check_whole(dir.buf, 200000, "a small one");

	strbuf_reset(&file);
	strbuf_addf(&file, "%s/b", dir.buf);
	write_noise(file.buf, BIG, 2);
	check_whole(dir.buf, BIG, "a large one");
	check_abandoned(dir.buf);
	strbuf_reset(&file);
	strbuf_addf(&file, "%s/a", dir.buf);
	check_change(dir.buf, file.buf);

	strbuf_reset(&file);
	strbuf_addf(&file, "%s/c", dir.buf);
	write_noise(file.buf, BIG, 3);
	check_live(dir.buf);

	tempfile_delete(&scratch);
	strbuf_release(&err);
	strbuf_release(&file);
	strbuf_release(&dir);
	return unit_done();
}
