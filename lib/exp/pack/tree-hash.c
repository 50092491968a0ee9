#include "lib/base/compat.h"
#include "lib/exp/pack/tree-hash.h"

#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"

/* Lines are gathered: the digest is slower in many small pieces. */
#define GATHERED_MAX (32u << 10)

struct tree_hash {
	struct digest *digest;
	struct strbuf lines;
};

static const unsigned char hash_of_nothing[DIGEST_RAWSZ] = {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb, 0xf4,
	0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b,
	0x93, 0x4c, 0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55
};

int tree_hash_start(struct tree_hash **out, struct strbuf *err)
{
	struct digest *digest;
	struct tree_hash *h;
	int ret;

	ret = digest_start(&digest, err);
	if (ret)
		return ret;
	h = xcalloc(1, sizeof(*h));
	h->digest = digest;
	strbuf_init(&h->lines);
	*out = h;
	return 0;
}

static const char *mode_field(uint32_t mode)
{
	if (S_ISDIR(mode))
		return "040000 ";
	if (S_ISLNK(mode))
		return "120000 ";
	return mode & S_IXUSR ? "100755 " : "100644 ";
}

static void flush_lines(struct tree_hash *h)
{
	digest_add(h->digest, h->lines.buf, h->lines.len);
	strbuf_reset(&h->lines);
}

void tree_hash_add(struct tree_hash *h, uint32_t mode, uint64_t size,
		   const unsigned char *content, const char *path,
		   size_t path_len)
{
	char digits[20];	/* of 2^64 - 1 */
	size_t at = sizeof(digits);

	if (S_ISDIR(mode)) {
		size = 0;
		content = hash_of_nothing;
	}
	do {
		digits[--at] = (char)('0' + size % 10);
		size /= 10;
	} while (size);

	strbuf_addstr(&h->lines, mode_field(mode));
	strbuf_add(&h->lines, digits + at, sizeof(digits) - at);
	strbuf_addch(&h->lines, ' ');
	digest_hex(&h->lines, content);
	strbuf_addch(&h->lines, ' ');
	strbuf_add(&h->lines, path, path_len);
	strbuf_addch(&h->lines, '\0');
	if (h->lines.len >= GATHERED_MAX)
		flush_lines(h);
}

void tree_hash_finish(struct tree_hash **h, unsigned char *raw)
{
	flush_lines(*h);
	digest_finish(&(*h)->digest, raw);
	tree_hash_drop(h);
}

void tree_hash_drop(struct tree_hash **h)
{
	if (!*h)
		return;
	digest_drop(&(*h)->digest);
	strbuf_release(&(*h)->lines);
	free(*h);
	*h = NULL;
}
