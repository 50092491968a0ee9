/*
 * zstream-tool LEVEL: standard input as one deflate stream, in chunks as in a
 * pack.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/wrap/zstream.h"

int main(int argc, char **argv)
{
	unsigned char *buf = xcalloc(1, ZSTREAM_DICT + 2 * ZSTREAM_CHUNK);
	unsigned char *in = buf + ZSTREAM_DICT;
	unsigned char *out = xmalloc(zdeflate_bound(ZSTREAM_CHUNK));
	struct zdeflate *z;
	size_t have, next, n;
	unsigned i;

	if (argc != 2 || !isdigit((unsigned char)*argv[1]))
		die_status(EXIT_USAGE, "usage: zstream-tool LEVEL");
	z = zdeflate_new(*argv[1] - '0');
	have = fread(in, 1, ZSTREAM_CHUNK, stdin);
	for (i = 0; ; i++) {
		/* One chunk ahead: the last one must be known. */
		next = fread(in + have, 1, ZSTREAM_CHUNK, stdin);
		n = zdeflate_chunk(z, in, i % ZSTREAM_GROUP ? ZSTREAM_DICT : 0,
				   have, !next, out);
		if (fwrite(out, 1, n, stdout) != n)
			die("cannot write");
		if (!next)
			break;
		memmove(buf, in + have - ZSTREAM_DICT, ZSTREAM_DICT + next);
		have = next;
	}
	zdeflate_free(z);
	free(out);
	free(buf);
	return fflush(stdout) ? 1 : 0;
}
