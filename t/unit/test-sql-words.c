#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/sql-words.h"
#include "t/unit/unit.h"

static void words_are(const char *sql, const char *want, const char *what)
{
	struct strvec words = STRVEC_INIT;
	struct strbuf got = STRBUF_INIT;
	size_t i;

	sql_words(&words, sql, strlen(sql));
	for (i = 0; i < words.nr; i++)
		strbuf_addf(&got, "%s%s", i ? "," : "", words.v[i]);
	check_str(got.buf, want, what);
	strvec_release(&words);
	strbuf_release(&got);
}

int main(void)
{
	struct strvec words = STRVEC_INIT;

	words_are("SELECT a, b_2, a FROM t$x", "SELECT,a,b_2,FROM,t$x",
		  "bare words, each once");
	words_are("\"params.lr\" [info.a b] `c``d` \"q\"\"q\"",
		  "params.lr,info.a b,c`d,q\"q", "each kind of quotes");
	words_are("'no' 'it''s no' x'00' y", "x,y", "not what is text");
	words_are("a -- no \"no\"\nb /* no */ c --", "a,b,c",
		  "nor what is a comment");
	words_are("a-b - -c a/b", "a,b,c", "a sign begins none");
	words_are("/* a", "", "an open comment");
	words_are("/*/ a */ b", "b", "one that is not closed by its own star");
	words_are("\"open", "open", "an open quote");
	words_are("0x1F 1e5 12ab 5 r.x", "r,x", "numbers hold none");
	words_are("\346\227\245 \"\"", "\346\227\245", "UTF-8, none empty");
	sql_words(&words, "\"a\0b\" c\0d", 9);
	check(words.nr == 2 && !strcmp(words.v[0], "c") &&
	      !strcmp(words.v[1], "d"), "a NUL is in no name");
	strvec_release(&words);
	return unit_done();
}
