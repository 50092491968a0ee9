#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"
#include "t/unit/unit.h"

#include <pthread.h>

static void hash(struct strbuf *hex, const char *text, size_t len,
		 size_t chunk)
{
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d;

	strbuf_reset(hex);
	if (digest_start(&d, hex))
		return;
	for (; len; text += MINIMUM(len, chunk), len -= MINIMUM(len, chunk))
		digest_add(d, text, MINIMUM(len, chunk));
	digest_finish(&d, raw);
	check(!d, "finish frees");
	digest_hex(hex, raw);
}

/* Vectors: FIPS 180-2 appendix B, and NIST's for the empty message. */
static void test_vectors(void)
{
	static const struct { const char *text, *hex; } vector[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991"
		  "b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410"
		  "ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419d"
		  "b06c1" }
	};
	struct strbuf hex = STRBUF_INIT, text = STRBUF_INIT;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		hash(&hex, vector[i].text, strlen(vector[i].text), 64);
		check_str(hex.buf, vector[i].hex, "in one piece");
		hash(&hex, vector[i].text, strlen(vector[i].text), 3);
		check_str(hex.buf, vector[i].hex, "in pieces");
	}
	for (i = 0; i < 1000000; i++)
		strbuf_addch(&text, 'a');
	hash(&hex, text.buf, text.len, 4096);
	check_str(hex.buf, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e04"
		  "6d39ccc7112cd0", "a million times a");
	strbuf_release(&hex);
	strbuf_release(&text);
}

/* One context for many hashes. */
static void test_next(void)
{
	static const char nothing[] = "e3b0c44298fc1c149afbf4c8996fb92427ae41e"
				      "4649b934ca495991b7852b855";
	static const char abc[] = "ba7816bf8f01cfea414140de5dae2223b00361a3961"
				  "77a9cb410ff61f20015ad";
	const char *const want[] = { abc, nothing, abc, abc, nothing };
	struct strbuf hex = STRBUF_INIT;
	unsigned char raw[DIGEST_RAWSZ];
	struct digest *d = NULL;
	size_t i;

	digest_drop(&d);
	if (digest_start(&d, NULL))
		abort();
	for (i = 0; i < ARRAY_SIZE(want); i++) {
		if (i == 2) {
			digest_once(d, "abc", 3, raw);
		} else {
			if (want[i] == abc) {
				digest_add(d, "a", 1);
				digest_add(d, "bc", 2);
			}
			digest_next(d, raw);
		}
		strbuf_reset(&hex);
		digest_hex(&hex, raw);
		check_str(hex.buf, want[i], "one context, one after another");
	}
	digest_add(d, "left over", 9);
	digest_drop(&d);
	check(!d, "dropped in the middle");
	strbuf_release(&hex);
}

static void test_fd(void)
{
	char path[] = "/tmp/resutil-digest.XXXXXX";
	struct strbuf hex = STRBUF_INIT, err = STRBUF_INIT;
	int fd = mkstemp(path);

	check(fd >= 0 && write(fd, "xabc", 4) == 4, "a file");
	unlink(path);
	check(lseek(fd, 1, SEEK_SET) == 1, "one byte read");
	check(!digest_fd(&hex, fd, &err), "the rest of it is hashed");
	check_str(hex.buf, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb4"
		  "10ff61f20015ad", "from where it stands");
	close(fd);
	strbuf_reset(&hex);
	check(digest_fd(&hex, fd, &err) < 0, "a closed descriptor fails");
	check(!hex.len && strstr(err.buf, "cannot read"), "and says so");
	strbuf_release(&hex);
	strbuf_release(&err);
}

static void *hash_often(void *data)
{
	struct strbuf hex = STRBUF_INIT;
	bool *good = data;
	int i;

	*good = true;
	for (i = 0; i < 200; i++) {
		unsigned char raw[DIGEST_RAWSZ];
		struct digest *d;

		if (digest_start(&d, NULL)) {
			*good = false;
			break;
		}
		digest_add(d, "abc", 3);
		digest_finish(&d, raw);
		strbuf_reset(&hex);
		digest_hex(&hex, raw);
		*good = *good && !strncmp(hex.buf, "ba7816bf", 8);
	}
	strbuf_release(&hex);
	return NULL;
}

/* Before anything else: the library is opened by whoever comes first. */
static void test_threads(void)
{
	pthread_t thread[8];
	bool good[8];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(thread); i++)
		if (pthread_create(&thread[i], NULL, hash_often, &good[i]))
			abort();
	for (i = 0; i < ARRAY_SIZE(thread); i++) {
		pthread_join(thread[i], NULL);
		check(good[i], "eight threads hash at once");
	}
}

int main(void)
{
	test_threads();
	test_vectors();
	test_next();
	test_fd();
	return unit_done();
}
