#include "lib/base/compat.h"
#include "lib/base/secret.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

static void takes(const char *text, const char *secret, const char *want)
{
	struct strbuf sb = STRBUF_INIT;

	strbuf_addstr(&sb, text);
	secret_take_out(&sb, secret);
	check_str(sb.buf, want, text);
	strbuf_release(&sb);
}

static void test_take_out(void)
{
	takes("no 1//0abcdefgh here", "1//0abcdefgh", "no [redacted] here");
	takes("abcdefghijkabcdefghijk", "abcdefghijk",
	      "[redacted][redacted]");
	takes("a word is left", "word", "a word is left");
	takes("nothing to take", NULL, "nothing to take");
	takes("nothing to take", "", "nothing to take");
	/* what is like the mark must end */
	takes("[redacted]", "[redacted]", "[redacted]");
	takes("d]xxxxxxxxxxxxxxxx", "d]xxxxxxxx", "[redacted]xxxxxxxx");
	takes("", "0123456789", "");
}

/* The room stays, and holds nothing. */
static void test_reset(void)
{
	struct strbuf sb = STRBUF_INIT;
	size_t i, left = 0;

	strbuf_addstr(&sb, "a long secret that is to be gone");
	strbuf_setlen(&sb, 3);
	secret_reset(&sb);
	for (i = 0; i < sb.alloc; i++)
		left += sb.buf[i] != '\0';
	check(!sb.len && sb.alloc && !left, "all of the room is wiped");
	secret_release(&sb);
	secret_release(&sb);
	check_str(sb.buf, "", "released, and usable");
}

static void test_nothing(void)
{
	secret_free(NULL);
	secret_free_value(NULL);
	check(true, "NULL is fine");
}

int main(void)
{
	test_take_out();
	test_reset();
	test_nothing();
	return unit_done();
}
