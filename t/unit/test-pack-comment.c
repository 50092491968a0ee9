#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/exp/pack/pack-comment.h"
#include "t/unit/unit.h"

#define HASH "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define ID "1f0e3dad-9990-4345-b743-9f8ffabdffc4"

static int read_text(struct pack_info *info, const char *text)
{
	struct strbuf err = STRBUF_INIT;
	int ret = pack_info_read(info, text, strlen(text), &err);

	if (!ret != !err.len)
		ret = 1;
	strbuf_release(&err);
	return ret;
}

static void test_write(void)
{
	struct pack_info info = { .version = PACK_FORMAT }, got;
	struct strbuf text = STRBUF_INIT;
	unsigned i;

	for (i = 0; i < DIGEST_RAWSZ; i++) {
		info.tree[i] = (unsigned char)i;
		info.record[i] = (unsigned char)i;
	}
	pack_info_write(&text, &info);
	check_str(text.buf, "resutil-pack 1 tree=" HASH, "without a record");

	strbuf_reset(&text);
	info.has_record = true;
	info.revision = UINT64_C(999999999999999999);
	memcpy(info.id, ID, sizeof(ID));
	pack_info_write(&text, &info);
	check_str(text.buf, "resutil-pack 1 tree=" HASH " record=" HASH
		  " id=" ID " revision=999999999999999999", "all words");
	check(text.len <= 300, "not longer than promised");
	check(!read_text(&got, text.buf) && !memcmp(&got, &info, sizeof(got)),
	      "what is written is read");
	strbuf_release(&text);
}

static void test_foreign(void)
{
	struct pack_info info;

	check(!read_text(&info, "") && !info.version, "no comment");
	check(!read_text(&info, "made by zip\r\n") && !info.version,
	      "a comment of another program");
	check(!read_text(&info, "resutil-packer 1") && !info.version,
	      "one that begins like ours");
}

static void test_unknown(void)
{
	struct pack_info info;

	check(!read_text(&info, "resutil-pack 1 new x=y tree=" HASH
			 " revisions=x") && info.version == 1 &&
	      info.tree[31] == 31 && !info.has_record && !*info.id &&
	      !info.revision, "words that are not known are left alone");
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"resutil-pack ",
		"resutil-pack 1",
		"resutil-pack 0 tree=" HASH,
		"resutil-pack 01 tree=" HASH,
		"resutil-pack 1x tree=" HASH,
		"resutil-pack 2 tree=" HASH,
		"resutil-pack 10000000000000000000 tree=" HASH,
		"resutil-pack  1 tree=" HASH,
		"resutil-pack 1  tree=" HASH,
		"resutil-pack 1 tree=" HASH " ",
		"resutil-pack 1 tree=" HASH "\n",
		"resutil-pack 1 tree=" HASH " caf\303\251",
		"resutil-pack 1 tree=" HASH "00",
		"resutil-pack 1 tree=00",
		"resutil-pack 1 tree=0001020304050607" "08090A0B0C0D0E0F"
			"1011121314151617" "18191a1b1c1d1e1f",
		"resutil-pack 1 tree=" HASH " tree=" HASH,
		"resutil-pack 1 tree=" HASH " record=",
		"resutil-pack 1 tree=" HASH " id=" ID "0",
		"resutil-pack 1 tree=" HASH " id=1f0e3dad",
		"resutil-pack 1 tree=" HASH
			" id=1f0e3dad-9990-4345-b743-9f8ffabdffcx",
		"resutil-pack 1 tree=" HASH " revision=0",
		"resutil-pack 1 tree=" HASH " revision=-1",
		"resutil-pack 1 tree=" HASH " revision=",
		"resutil-pack 1 tree=" HASH " revision=1000000000000000000",
		"resutil-pack 1 tree=" HASH " revision=1 revision=1",
	};
	struct pack_info info;
	char what[40];
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		snprintf(what, sizeof(what), "refused: %zu", i);
		check(read_text(&info, bad[i]) == ERR_CONTENT, what);
	}
	check(pack_info_read(&info, "resutil-pack 1\0 tree=" HASH, 85, NULL) ==
	      ERR_CONTENT, "refused: a NUL");
}

int main(void)
{
	test_write();
	test_foreign();
	test_unknown();
	test_bad();
	return unit_done();
}
