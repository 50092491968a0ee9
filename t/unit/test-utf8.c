#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "t/unit/unit.h"

/* Each code point, written and read back; surrogates are none. */
static void test_round_trip(void)
{
	struct strbuf sb = STRBUF_INIT;
	int32_t c, wrong = 0;

	for (c = 0; c <= 0x10ffff; c++) {
		const char *s;
		size_t len;
		bool surrogate = c >= 0xd800 && c <= 0xdfff;

		strbuf_reset(&sb);
		utf8_add(&sb, c);
		s = sb.buf;
		len = sb.len;
		if (utf8_next(&s, &len) != (surrogate ? -1 : c))
			wrong++;
		if (!surrogate && (len || s != sb.buf + sb.len))
			wrong++;
	}
	check(!wrong, "every code point is read as it is written");
	strbuf_release(&sb);
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"\200", "\277", "\300\200", "\301\277", "\302", "\302x",
		"\340\200\200", "\340\237\277", "\355\240\200", "\343\201",
		"\360\200\200\200", "\360\217\277\277", "\364\220\200\200",
		"\365\200\200\200", "\376", "\377", "\360\237\230",
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		const char *s = bad[i];
		size_t len = strlen(s);

		check(!utf8_is_valid(s, len), "a bad sequence");
		check(utf8_next(&s, &len) == -1 && s == bad[i] + 1 &&
		      len == strlen(bad[i]) - 1, "moves on by one byte");
	}
	check(utf8_is_valid("", 0) && utf8_is_valid("a\0b", 3), "NUL is valid");
	check(!utf8_is_valid("\343\201\202", 2), "a cut sequence is not");
}

static void test_width(void)
{
	check(utf8_width("abc", 3) == 3, "letters");
	check(utf8_width("\346\227\245\346\234\254", 6) == 4, "kanji are wide");
	check(utf8_width("e\314\201", 3) == 1, "a combining accent");
	check(utf8_width("\303\251", 2) == 1, "a letter with accent");
	check(utf8_width("\360\237\230\200", 4) == 2, "an emoji");
	check(utf8_width("\357\275\261", 3) == 1, "halfwidth katakana");
	check(utf8_width("\357\274\241", 3) == 2, "fullwidth A");
	check(utf8_width("\342\200\213", 3) == 0, "zero width space");
	check(utf8_width("\352\260\200", 3) == 2, "a hangul syllable");
	check(utf8_width("\360\240\200\200", 4) == 2, "plane 2");
	check(utf8_width("\377", 1) == 1, "a bad byte");
	check(utf8_width("", 0) == 0, "nothing");
	check(utf8_length("\346\227\245a", 4) == 2, "code points are counted");
}

int main(void)
{
	test_round_trip();
	test_bad();
	test_width();
	return unit_done();
}
