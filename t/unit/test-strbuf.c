#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "t/unit/unit.h"

static void test_growth(void)
{
	struct strbuf sb = STRBUF_INIT;
	char *text;
	size_t len;
	int i;

	check_str(sb.buf, "", "an empty string is a string");
	strbuf_reset(&sb);
	strbuf_setlen(&sb, 0);
	for (i = 0; i < 10000; i++)
		strbuf_addch(&sb, 'a' + i % 26);
	check(sb.len == 10000 && sb.buf[9999] == 'a' + 9999 % 26 &&
	      !sb.buf[10000], "it grows by characters");
	strbuf_addbuf(&sb, &sb);
	check(sb.len == 20000 && !memcmp(sb.buf, sb.buf + 10000, 10000),
	      "it can be added to itself");
	text = strbuf_detach(&sb, &len);
	check(len == 20000 && strlen(text) == len, "the text is given away");
	free(text);
	check(!sb.len && !sb.alloc, "and what stays is empty");
	text = strbuf_detach(&sb, NULL);
	check_str(text, "", "an empty string is given away as memory");
	free(text);
	strbuf_add(&sb, "a\0b", 3);
	check(sb.len == 3 && !memcmp(sb.buf, "a\0b", 4), "NULs are kept");
	strbuf_release(&sb);
}

static void test_formatting(void)
{
	struct strbuf sb = STRBUF_INIT;
	char wide[300];

	memset(wide, 'w', sizeof(wide) - 1);
	wide[sizeof(wide) - 1] = '\0';
	strbuf_addf(&sb, "%d-%s", 7, "x");
	strbuf_addf(&sb, "%s", wide);
	check(sb.len == 3 + 299 && !strncmp(sb.buf, "7-xwww", 6),
	      "formats past the room that was there");
	strbuf_release(&sb);
}

static void test_editing(void)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, " \t  word word\n ");
	strbuf_trim(&sb);
	check_str(sb.buf, "word word", "white space is cut at both ends");
	strbuf_insert(&sb, 4, "s of", 4);
	check_str(sb.buf, "words of word", "text is put in");
	strbuf_splice(&sb, 0, 8, "a", 1);
	check_str(sb.buf, "a word", "text is replaced by less");
	strbuf_splice(&sb, 1, 0, "nother", 6);
	check_str(sb.buf, "another word", "text is replaced by more");
	strbuf_reset(&sb);
	strbuf_complete_slash(&sb);
	check_str(sb.buf, "", "the empty path gets no slash");
	strbuf_addstr(&sb, "dir");
	strbuf_complete_slash(&sb);
	strbuf_complete_slash(&sb);
	check_str(sb.buf, "dir/", "a path gets one slash");
	strbuf_release(&sb);
	strbuf_trim(&sb);
	check_str(sb.buf, "", "trimming nothing");
}

static int pipe_with(const char *text, size_t len)
{
	int fd[2];
	ssize_t put;

	if (pipe(fd) < 0)
		abort();
	put = write(fd[1], text, len);
	close(fd[1]);
	check(put == (ssize_t)len, "setup: a pipe with text");
	return fd[0];
}

static void test_reading(void)
{
	struct strbuf sb = STRBUF_INIT;
	FILE *stream;
	int fd;

	fd = pipe_with("0123456789", 10);
	strbuf_addstr(&sb, "x");
	check(!strbuf_read_fd(&sb, fd, 10), "as much as allowed is read");
	check_str(sb.buf, "x0123456789", "and added");
	close(fd);
	strbuf_reset(&sb);
	fd = pipe_with("0123456789", 10);
	check(strbuf_read_fd(&sb, fd, 9) < 0 && errno == EFBIG,
	      "one byte more is refused");
	close(fd);
	check(strbuf_read_fd(&sb, -1, 9) < 0 && errno == EBADF,
	      "what cannot be read says why");

	stream = fdopen(pipe_with("one\n\nthree", 10), "r");
	check(strbuf_getdelim(&sb, stream, '\n') == 1 &&
	      !strcmp(sb.buf, "one"), "a line");
	check(strbuf_getdelim(&sb, stream, '\n') == 1 && !sb.len,
	      "an empty line");
	check(strbuf_getdelim(&sb, stream, '\n') == 1 &&
	      !strcmp(sb.buf, "three"), "a last line without its end");
	check(strbuf_getdelim(&sb, stream, '\n') == 0, "the end");
	fclose(stream);
	stream = fdopen(pipe_with("a\nb\0\0", 5), "r");
	check(strbuf_getdelim(&sb, stream, '\0') == 1 &&
	      !strcmp(sb.buf, "a\nb"), "a record that ends in NUL");
	check(strbuf_getdelim(&sb, stream, '\0') == 1 && !sb.len &&
	      strbuf_getdelim(&sb, stream, '\0') == 0, "an empty record");
	fclose(stream);
	stream = fopen("/dev/zero", "r");
	check(strbuf_getdelim(&sb, stream, '\n') < 0 && errno == EFBIG,
	      "an endless line is refused");
	fclose(stream);
	strbuf_release(&sb);
}

int main(void)
{
	test_growth();
	test_formatting();
	test_editing();
	test_reading();
	return unit_done();
}
