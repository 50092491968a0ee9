#include "lib/base/compat.h"
#include "lib/exp/recording/ticket.h"

#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/sys.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

#define ID "11111111-2222-4333-8444-555555555555"

static struct project project;
static struct ticket_place place = { &project, ID, NULL };
static struct strbuf err = STRBUF_INIT;

static const char *file(void)
{
	static struct strbuf path = STRBUF_INIT;

	strbuf_reset(&path);
	strbuf_addf(&path, "%s/.resutil/live/" ID TICKET_SUFFIX, project.root);
	return path.buf;
}

static bool is_there(void)
{
	return !access(file(), F_OK);
}

static void put(const char *text)
{
	FILE *f = fopen(file(), "w");

	fputs(text, f);
	fclose(f);
}

static struct ticket *ask(bool want_idle, const char *what)
{
	struct ticket *t = NULL;
	bool idle = !want_idle;

	check(!ticket_ask(&t, &place, &idle, &err) && idle == want_idle, what);
	return t;
}

static enum ticket_turn take(struct ticket *t, unsigned flags)
{
	enum ticket_turn turn = TICKET_BUSY;

	check(!ticket_take(t, flags, &turn, &err), "the turn can be asked for");
	return turn;
}

static void test_one(void)
{
	struct ticket *t = NULL;

	check(ticket_open(&t, &place, &err) == ERR_NOT_FOUND && !is_there(),
	      "nothing was asked for, and nothing is made");
	strbuf_reset(&err);
	t = ask(true, "one request, and nobody sends");
	check(is_there() && ticket_any(&project), "which is noted");
	check(take(t, 0) == TICKET_OURS, "it is our turn");
	check(!ticket_finish(t, true) && !is_there() && !ticket_any(&project),
	      "nothing is left when it is done");
	ticket_free(t);
	ticket_free(NULL);
}

/* A sends; B, C and D ask meanwhile; B waits. */
static void test_many(void)
{
	struct ticket *a = ask(true, "a"), *b, *c, *d, *worker = NULL;

	check(take(a, 0) == TICKET_OURS, "a sends");
	b = ask(false, "b: somebody sends");
	c = ask(false, "c: somebody sends");
	check(take(b, 0) == TICKET_BUSY, "b would have to wait");
	check(ticket_finish(a, true), "more was asked for");
	check(take(a, 0) == TICKET_OURS, "a sends for b and c at once");
	d = ask(false, "d: somebody sends");
	check(ticket_finish(a, true), "d is not answered by that");
	ticket_free(a);		/* without a word, as if it was killed */

	check(take(b, TICKET_WAIT) == TICKET_DONE, "b is answered");
	check(take(c, TICKET_WAIT) == TICKET_DONE, "c is answered");
	check(is_there(), "and the request of d stays");
	check(!ticket_open(&worker, &place, &err), "somebody takes it over");
	check(take(worker, TICKET_STOPPABLE) == TICKET_OURS, "and sends");
	check(!ticket_finish(worker, false), "which fails");
	check(!is_there(), "nobody tries it again by itself");
	check(take(d, 0) == TICKET_OURS && is_there(),
	      "d is not answered, and may send itself");
	check(!ticket_finish(d, true) && !is_there(), "which is the end");
	ticket_free(b);
	ticket_free(c);
	ticket_free(d);
	ticket_free(worker);
}

static void test_stop(void)
{
	struct ticket *a, *last = NULL;

	ticket_stop(&last, &place);
	check(!last && !is_there(), "nothing is to be stopped, or made");
	a = ask(true, "a request that nobody answers");
	ticket_stop(&last, &place);
	check(last != NULL, "the end takes the turn");
	check(take(a, 0) == TICKET_BUSY, "nobody else sends then");
	check(!ticket_finish(last, true) && !is_there(), "all is answered");
	check(take(a, 0) == TICKET_DONE, "also that request");
	ticket_free(a);
	ticket_free(last);
}

static void test_stores(void)
{
	struct ticket_place other = { &project, ID, "dir:/x" };
	struct ticket_place origin = { &project, ID, "origin" };
	struct ticket *a = ask(true, "origin"), *b = NULL, *c = NULL;
	bool idle = false;

	check(take(a, 0) == TICKET_OURS, "which is sent to");
	check(!ticket_ask(&b, &other, &idle, &err) && idle,
	      "another store has requests of its own");
	check(!ticket_ask(&c, &origin, &idle, &err) && !idle,
	      "origin by its name is the same");
	check(take(b, 0) == TICKET_OURS && !ticket_finish(b, true), "b");
	ticket_finish(a, true);
	check(take(a, 0) == TICKET_OURS && !ticket_finish(a, true), "a");
	ticket_free(a);
	ticket_free(b);
	ticket_free(c);
	check(!ticket_any(&project), "both files are gone");
}

static void test_texts(void)
{
	static const char *const bad[] = {
		"", "x", "1 2 3\n", "1 2 1 0 0 -\n", "2 1 2 0 0 -\n",
		"18446744073709551615 1 1 0 0 -\n",
		"-1 -1 -1 0 0 -\n", "99999999999999999999999 0 0 0 0 -\n",
	};
	struct ticket *t;
	size_t i;

	for (i = 0; i < ARRAY_SIZE(bad); i++) {
		put(bad[i]);
		t = ask(true, "what cannot be numbers is none");
		check(take(t, 0) == TICKET_OURS && !ticket_finish(t, true) &&
		      !is_there(), "and it goes on from there");
		ticket_free(t);
	}
}

static void test_left(void)
{
	struct strbuf key = STRBUF_INIT;
	struct ticket *t = ask(true, "a request");

	check(ticket_is_left(file()), "nobody sends");
	check(take(t, 0) == TICKET_OURS && !ticket_is_left(file()),
	      "somebody sends");
	check(ticket_remove_left(file()) && is_there(), "so it stays");
	ticket_free(t);
	check(!ticket_remove_left(file()) && !is_there(), "now it goes");
	check(!ticket_remove_left(file()), "and is no error when it is gone");
	check(!ticket_is_left(file()), "nor is it left");

	check(ticket_name_parse(ID ".checkpoint", &key), "by id");
	check_str(key.buf, ID, "the id");
	strbuf_reset(&key);
	check(ticket_name_parse("aapfup_20240704T191555_a.checkpoint.0123cdef",
				&key), "by name, and of another store");
	check_str(key.buf, "aapfup_20240704T191555_a", "the name");
	strbuf_reset(&key);
	check(!ticket_name_parse(ID, &key) &&
	      !ticket_name_parse(".checkpoint", &key) &&
	      !ticket_name_parse("x.checkpoint", &key) &&
	      !ticket_name_parse(ID ".checkpoint.0123cdeg", &key) &&
	      !ticket_name_parse("../" ID ".checkpoint", &key) && !key.len,
	      "nothing else");
	strbuf_release(&key);
}

static void test_link(void)
{
	struct ticket *t = NULL;
	bool idle;

	check(!symlink("elsewhere", file()), "a link in its place");
	check(ticket_ask(&t, &place, &idle, &err) == ERR_FAILED,
	      "is not followed");
	strbuf_reset(&err);
	unlink(file());
}

int main(void)
{
	char dir[] = "/tmp/test-ticket.XXXXXX";
	struct value *record = value_new_map();

	if (!mkdtemp(dir))
		return 1;
	project.root = dir;
	value_map_set_str(record, "id", ID);
	check_str(ticket_key(record, "name"), ID, "a key is the id");
	value_map_set_str(record, "id", "../x");
	check_str(ticket_key(record, "name"), "name", "or the name");
	value_free(record);
	test_one();
	test_many();
	test_stop();
	test_stores();
	test_texts();
	test_left();
	test_link();
	check_str(err.buf, "", "no error that was not wanted");
	sys_remove_tree(dir);
	strbuf_release(&err);
	return unit_done();
}
