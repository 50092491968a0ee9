/* HMAC, MD5 and CRC32C of the door to libcrypto. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest-crc32c.h"
#include "lib/wrap/digest-hmac.h"
#include "lib/wrap/digest-md5.h"
#include "lib/wrap/digest.h"
#include "t/unit/unit.h"

/* Vectors: RFC 4231, cases 1, 2, 6 and 7. */
static void test_hmac(void)
{
	static const struct {
		char fill;
		size_t fill_len;
		const char *key, *data, *hex;
	} vector[] = {
		{ 0x0b, 20, NULL, "Hi There",
		  "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e3"
		  "2cff7" },
		{ 0, 0, "Jefe", "what do ya want for nothing?",
		  "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964e"
		  "c3843" },
		{ (char)0xaa, 131, NULL,
		  "Test Using Larger Than Block-Size Key - Hash Key First",
		  "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee"
		  "37f54" },
		{ (char)0xaa, 131, NULL,
		  "This is a test using a larger than block-size key and a "
		  "larger than block-size data. The key needs to be hashed "
		  "before being used by the HMAC algorithm.",
		  "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3"
		  "a35e2" }
	};
	struct strbuf hex = STRBUF_INIT, err = STRBUF_INIT;
	unsigned char raw[DIGEST_RAWSZ];
	char fill[131];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vector); i++) {
		memset(fill, vector[i].fill, sizeof(fill));
		check(!hmac_sha256(raw, vector[i].key ? vector[i].key : fill,
				   vector[i].key ? strlen(vector[i].key) :
				   vector[i].fill_len, vector[i].data,
				   strlen(vector[i].data), &err), "an HMAC");
		strbuf_reset(&hex);
		digest_hex(&hex, raw);
		check_str(hex.buf, vector[i].hex, "is that of RFC 4231");
	}
	/* the result takes the place of the key: how keys are derived */
	memcpy(raw, "01234567890123456789012345678901", sizeof(raw));
	check(!hmac_sha256(raw, raw, sizeof(raw), "x", 1, &err), "in place");
	strbuf_reset(&hex);
	digest_hex(&hex, raw);
	memset(raw, 0, sizeof(raw));
	check(!hmac_sha256(raw, "01234567890123456789012345678901", 32, "x", 1,
			   &err), "elsewhere");
	strbuf_reset(&err);
	digest_hex(&err, raw);
	check_str(hex.buf, err.buf, "the key may be where the result goes");
	strbuf_release(&hex);
	strbuf_release(&err);
}

/* Vectors: RFC 1321, appendix A.5. */
static void test_md5(void)
{
	static const char digits[] = "1234567890123456789012345678901234567890"
		"1234567890123456789012345678901234567890";
	struct strbuf hex = STRBUF_INIT, err = STRBUF_INIT;
	unsigned char raw[MD5_RAWSZ];
	struct md5 *m = NULL;
	size_t i;

	md5_drop(&m);
	check(!md5_memory(raw, "", 0, &err), "MD5 of nothing");
	digest_hex_of(&hex, raw, sizeof(raw));
	check_str(hex.buf, "d41d8cd98f00b204e9800998ecf8427e", "of nothing");

	check(!md5_start(&m, &err), "MD5 in pieces");
	for (i = 0; i < strlen(digits); i++)
		md5_add(m, digits + i, 1);
	md5_next(m, raw);
	strbuf_reset(&hex);
	digest_hex_of(&hex, raw, sizeof(raw));
	check_str(hex.buf, "57edf4a22be3c955ac49da2e2107b67a", "of digits");
	md5_add(m, "message digest", 14);
	md5_finish(&m, raw);
	check(!m, "finish frees");
	strbuf_reset(&hex);
	digest_hex_of(&hex, raw, sizeof(raw));
	check_str(hex.buf, "f96b697d7cb7938d525a2f31aaf161d0",
		  "of the message behind it");
	strbuf_release(&hex);
	strbuf_release(&err);
}

/* Vectors: RFC 3720, appendix B.4, which writes the lowest byte first. */
static void test_crc32c(void)
{
	unsigned char bytes[32], raw[CRC32C_RAWSZ];
	int i;

	memset(bytes, 0, sizeof(bytes));
	check(crc32c(0, bytes, 32) == 0x8a9136aau, "32 zeroes");
	memset(bytes, 0xff, sizeof(bytes));
	check(crc32c(0, bytes, 32) == 0x62a8ab43u, "32 ones");
	for (i = 0; i < 32; i++)
		bytes[i] = (unsigned char)i;
	check(crc32c(0, bytes, 32) == 0x46dd794eu, "32 that rise");
	for (i = 0; i < 32; i++)
		bytes[i] = (unsigned char)(31 - i);
	check(crc32c(0, bytes, 32) == 0x113fdb5cu, "32 that fall");
	check(crc32c(0, "123456789", 9) == 0xe3069283u, "digits");
	check(crc32c_by_tables(0, "123456789", 9) == 0xe3069283u, "by tables");
	check(crc32c(0, NULL, 0) == 0, "of nothing");
	crc32c_raw(raw, 0xe3069283u);
	check(!memcmp(raw, "\xe3\x06\x92\x83", sizeof(raw)), "as bytes");
}

static void test_crc32c_pieces(void)
{
	const size_t len = 100003;
	unsigned char *bytes = xmalloc(len);
	uint32_t whole, first, x = 1;
	bool good = true, joined = true, tables = true;
	size_t i;

	for (i = 0; i < len; i++) {
		x = x * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(x >> 24);
	}
	whole = crc32c(0, bytes, len);
	for (i = 0; i < 70; i++) {
		size_t cut = i < 35 ? i : i * 1409 % len;

		first = crc32c(0, bytes, cut);
		good = good && crc32c(first, bytes + cut, len - cut) == whole;
		joined = joined &&
			 crc32c_join(first, crc32c(0, bytes + cut, len - cut),
				     len - cut) == whole;
		tables = tables && first == crc32c_by_tables(0, bytes, cut) &&
			 crc32c_by_tables(first, bytes + cut, len - cut) ==
			 whole;
	}
	check(good, "in pieces as in one");
	check(joined, "two are joined");
	check(tables, "tables say the same");
	free(bytes);
}

int main(void)
{
	test_hmac();
	test_md5();
	test_crc32c();
	test_crc32c_pieces();
	return unit_done();
}
