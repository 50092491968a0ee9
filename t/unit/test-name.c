#include "lib/base/compat.h"
#include "lib/base/date.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/utf8.h"
#include "lib/exp/record/name.h"
#include "t/unit/unit.h"

/* A title without the bytes that are tested: TAP has one line a check. */
static const char *title(const char *what, size_t i)
{
	static char text[64];

	snprintf(text, sizeof(text), "%s %zu", what, i);
	return text;
}

static const struct {
	const char *stamp, *prefix;
} vectors[] = {
	{ "20240704T191555", "aapfup" },
	{ "20240511T174522", "aakuqj" },
	{ "20240606T135747", "aamxrp" },
	{ "20240101T000000", "aaaaaa" },
	{ "20240101T000059", "aaaaaa" },
	{ "20240101T000100", "aaaaab" },
	{ "20240101T002559", "aaaaaz" },
	{ "20240101T002600", "aaaaba" },
	{ "20240101T235959", "aaacdj" },
	{ "20240229T120000", "aaewtk" },
	{ "20241231T235959", "abdzqt" },
	{ "20250101T000000", "abdzqu" },
	{ "20260101T000000", "achxee" },
	{ "20260115T093000", "acjbvm" },
	{ "20300101T000000", "agxpjc" },
	{ "21000101T000000", "djmhpo" },
	{ "20231231T235959", "aaaaaa" },
	{ "20231231T235900", "zzzzzz" },
	{ "20231231T235859", "zzzzzz" },
	{ "20231231T235800", "zzzzzy" },
	{ "20200101T000000", "zvkhvc" },
	{ "26110508T201559", "zzzzzz" },
	{ "26110508T201600", "aaaaaa" },
};

static void test_vectors(void)
{
	struct strbuf name = STRBUF_INIT, want = STRBUF_INIT;
	struct tm tm;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(vectors); i++) {
		strbuf_reset(&name);
		strbuf_reset(&want);
		strbuf_addf(&want, "%s_%s", vectors[i].prefix,
			    vectors[i].stamp);
		if (name_parse_stamp(&tm, vectors[i].stamp))
			name_make(&name, &tm, NULL);
		check_str(name.buf, want.buf, vectors[i].stamp);
	}
	strbuf_release(&want);
	strbuf_release(&name);
}

static uint64_t random_state = 20240704;

static uint64_t next_random(void)	/* xorshift64 */
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

/* make -> parse -> decode gives the time back, for all years. */
static void test_round_trip(void)
{
	const int64_t first = INT64_C(-62167219200);	/* 0000-01-01 */
	const int64_t last = INT64_C(253402300799);	/* 9999-12-31 */
	const int64_t begin = INT64_C(1704067200);	/* 2024-01-01 */
	const int64_t end = begin + INT64_C(308915776) * 60;
	bool parsed = true, stamps = true, decoded = true, libc = true;
	int i;

	for (i = 0; i < 20000; i++) {
		struct strbuf name = STRBUF_INIT;
		struct name_parts parts;
		struct moment m = { 0 };
		struct tm tm, stamp, prefix, want;
		time_t t;

		m.sec = first + (int64_t)(next_random() %
					  (uint64_t)(last - first));
		if (i % 2)	/* half of them where the prefix is exact */
			m.sec = begin + (int64_t)(next_random() %
						  (uint64_t)(end - begin));
		t = (time_t)m.sec;
		name_local_time(&tm, &m);
		gmtime_r(&t, &want);
		libc = libc && tm.tm_year == want.tm_year &&
		       tm.tm_mon == want.tm_mon && tm.tm_mday == want.tm_mday &&
		       tm.tm_hour == want.tm_hour && tm.tm_min == want.tm_min &&
		       tm.tm_sec == want.tm_sec && tm.tm_wday == want.tm_wday &&
		       tm.tm_yday == want.tm_yday;
		name_make(&name, &tm, i % 3 ? "x_y" : NULL);
		parsed = parsed && name_parse(&parts, name.buf) &&
			 (i % 3 ? parts.comment && !strcmp(parts.comment, "x_y")
				: !parts.comment);
		stamps = stamps && name_parse_stamp(&stamp, parts.stamp) &&
			 timegm(&stamp) == t;
		if (m.sec >= begin && m.sec < end)
			decoded = decoded &&
				  name_decode_prefix(&prefix, parts.prefix) &&
				  timegm(&prefix) == t - t % 60;
		strbuf_release(&name);
	}
	check(libc, "calendar as the C library's, 0000 to 9999");
	check(parsed, "what was made is parsed");
	check(stamps, "the timestamp gives the second back");
	check(decoded, "the prefix gives the minute back, 2024 to 2611");
}

static void test_next_second(void)
{
	static const struct {
		const char *from, *to;
	} steps[] = {
		{ "20240704T191555", "20240704T191556" },
		{ "20240704T191559", "20240704T191600" },
		{ "20240704T195959", "20240704T200000" },
		{ "20240430T235959", "20240501T000000" },
		{ "20240228T235959", "20240229T000000" },
		{ "20240229T235959", "20240301T000000" },
		{ "20230228T235959", "20230301T000000" },
		{ "21000228T235959", "21000301T000000" },
		{ "20000228T235959", "20000229T000000" },
		{ "20231231T235959", "20240101T000000" },
		{ "99991231T235959", "00000101T000000" },
	};
	struct strbuf name = STRBUF_INIT;
	struct tm tm;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(steps); i++) {
		strbuf_reset(&name);
		if (name_parse_stamp(&tm, steps[i].from)) {
			name_next_second(&tm);
			name_make(&name, &tm, "");
		}
		check_str(name.len > NAME_PREFIX_LEN ?
			  name.buf + NAME_PREFIX_LEN + 1 : "",
			  steps[i].to, steps[i].from);
	}
	strbuf_release(&name);
}

static void test_local_time(void)
{
	struct moment m = { .sec = 1720088155, .offset = 9 * 3600 };
	struct strbuf name = STRBUF_INIT;
	struct tm tm;

	name_local_time(&tm, &m);
	name_make(&name, &tm, "nice");
	check_str(name.buf, "aapfup_20240704T191555_nice", "own offset");

	m.sec = INT64_MAX;
	strbuf_reset(&name);
	name_local_time(&tm, &m);
	name_make(&name, &tm, NULL);
	check(name_is_valid(name.buf), "a clock at its end makes a name");
	m.sec = INT64_MIN;
	strbuf_reset(&name);
	name_local_time(&tm, &m);
	name_make(&name, &tm, NULL);
	check(name_is_valid(name.buf), "a clock at its start makes a name");
	strbuf_release(&name);
}

static int comment_status(const char *text, size_t len)
{
	struct strbuf err = STRBUF_INIT;
	int ret = name_check_comment(text, len, &err);

	if (!ret != !err.len)
		ret = 1000;	/* a sentence, if and only if it is refused */
	strbuf_release(&err);
	return ret;
}

#define COMMENT(text) comment_status(text, sizeof(text) - 1)

static void test_comment_length(void)
{
	struct strbuf text = STRBUF_INIT;
	int i;

	for (i = 0; i < 193; i++)
		strbuf_addch(&text, 'a');
	for (i = 0; i < 7; i++)
		strbuf_addstr(&text, "\xc3\xa9");
	check(utf8_length(text.buf, text.len) == 200 && text.len == 207 &&
	      !comment_status(text.buf, text.len),
	      "200 characters, 230 bytes in all");
	text.buf[0] = '\xc3';	/* 192 + 1 + 7 characters: one byte too many */
	strbuf_splice(&text, 1, 0, "\xa9", 1);
	check(utf8_length(text.buf, text.len) == 200 &&
	      comment_status(text.buf, text.len) == ERR_USAGE,
	      "200 characters, 231 bytes in all");
	strbuf_reset(&text);
	for (i = 0; i < 200; i++)
		strbuf_addch(&text, 'a');
	check(!comment_status(text.buf, text.len), "200 characters");
	strbuf_addch(&text, 'a');
	check(comment_status(text.buf, text.len) == ERR_USAGE,
	      "201 characters");
	strbuf_release(&text);
}

static void test_comments(void)
{
	static const char bad[] = "\\/:*?\"<>|";
	static const char *const kept[] = {
		"a_b_c", "_", "__", " both ends ", ".", "..", "...", ".hidden",
		"dot.", "-n", "@", "a=b,c", "[bold]", "~", "\xe6\x97\xa5", "%s",
		"\xf0\x9f\x98\x80", "#", "'", "$(x)", "a  b"
	};
	struct tm tm;
	size_t i;

	for (i = 0; i < sizeof(bad) - 1; i++) {
		char text[] = "a_b";

		text[1] = bad[i];
		check(comment_status(text, 3) == ERR_USAGE,
		      title("forbidden character", i));
	}
	check(!name_check_comment("", 0, NULL), "empty");
	check(COMMENT("a\nb") == ERR_USAGE, "newline");
	check(COMMENT("a\tb") == ERR_USAGE, "tab");
	check(COMMENT("a\0b") == ERR_USAGE, "NUL");
	check(COMMENT("\x1b[31m") == ERR_USAGE, "escape");
	check(COMMENT("\x7f") == ERR_USAGE, "DEL");
	check(COMMENT("\xc2\x9b") == ERR_USAGE, "C1 control");
	check(!COMMENT("\xc2\xa0"), "no-break space");
	check(COMMENT("\xff") == ERR_USAGE, "no UTF-8");
	check(COMMENT("a\xc3") == ERR_USAGE, "cut UTF-8");
	check(COMMENT("\xc0\xaf") == ERR_USAGE, "overlong slash");
	check(COMMENT("\xed\xa0\x80") == ERR_USAGE, "surrogate");

	name_parse_stamp(&tm, "20240704T191555");
	for (i = 0; i < ARRAY_SIZE(kept); i++) {
		struct strbuf name = STRBUF_INIT;
		struct name_parts parts;

		name_make(&name, &tm, kept[i]);
		check(!comment_status(kept[i], strlen(kept[i])) &&
		      name_parse(&parts, name.buf) && parts.comment &&
		      !strcmp(parts.comment, kept[i]), title("kept", i));
		strbuf_release(&name);
	}
}

static void test_refused(void)
{
	static const char *const bad[] = {
		"", ".", "..", "_debug", "aapfup", "aapfup_", "x",
		"aapfup_20240704T19155", "aapfup_20240704T1915555",
		"aapfup-20240704T191555", "aapfup_20240704t191555",
		"aapfup_20240704T191555x", "aapfup_20240704T191555-x",
		"Aapfup_20240704T191555", "aapfu_20240704T191555",
		"aapfupa_20240704T191555", "aap1up_20240704T191555",
		"aapfup_20241304T191555", "aapfup_20240004T191555",
		"aapfup_20240700T191555", "aapfup_20240732T191555",
		"aapfup_20230229T191555", "aapfup_21000229T191555",
		"aapfup_20240704T241555", "aapfup_20240704T196055",
		"aapfup_20240704T191560", "aapfup_2024 704T191555",
		"aapfup_-0240704T191555", "aapfup_+2240704T191555",
		"aapfup_20240704T191555_a/b", "aapfup_20240704T191555_a\nb",
		"aapfup_20240704T191555_\xff", "../aapfup_20240704T191555",
		" aapfup_20240704T191555", ".aapfup_20240704T191555.1.tmp"
	};
	struct name_parts parts;
	struct tm tm;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(!name_parse(&parts, bad[i]) && !name_is_valid(bad[i]),
		      title("no name", i));
	check(name_is_valid("aapfup_20240229T000000"), "leap day");
	check(name_is_valid("qqqqqq_20240704T191555"), "any prefix");
	check(name_parse(&parts, "aapfup_20240704T191555_") && !parts.comment,
	      "one '_' at the end: no comment");
	check(name_parse(&parts, "aapfup_20240704T191555_a_b") &&
	      !strcmp(parts.prefix, "aapfup") &&
	      !strcmp(parts.stamp, "20240704T191555") &&
	      !strcmp(parts.comment, "a_b"), "all three parts");
	check(!name_decode_prefix(&tm, "aaaaa") &&
	      !name_decode_prefix(&tm, "aaaaaaa") &&
	      !name_decode_prefix(&tm, "aaaAaa") &&
	      !name_decode_prefix(&tm, ""),
	      "what is no prefix");
	check(!name_parse_stamp(&tm, "") && !name_parse_stamp(&tm, "2024") &&
	      !name_parse_stamp(&tm, "20240704T1915550"), "what is no stamp");
	check(name_moment("aapfup_20240704T191555").sec -
	      name_moment("aaaaaa_20240704T191554_a b").sec == 1 &&
	      !name_moment("results").sec, "when that was here");
}

static void test_in_path(void)
{
	size_t len = 0;
	const char *found = name_in_path(
		"/x/aapfup_20240704T191555_a b/sub/f.txt", &len);

	check(found && len == 26 && !strncmp(found, "aapfup_", 7),
	      "a name in a path");
	found = name_in_path("results//aapfup_20240704T191555", &len);
	check(found && len == 22 && !found[len], "a name at the end");
	found = name_in_path("aapfup_20240704T191555/aakuqj_20240511T174522",
			     &len);
	check(found && !strncmp(found, "aapfup", 6), "the first of two");
	check(!name_in_path("a/b/c", &len) && !name_in_path("", &len) &&
	      !name_in_path("/", &len) &&
	      !name_in_path("xaapfup_20240704T191555/", &len), "no name");
}

int main(void)
{
	test_vectors();
	test_round_trip();
	test_next_second();
	test_local_time();
	test_comment_length();
	test_comments();
	test_refused();
	test_in_path();
	return unit_done();
}
