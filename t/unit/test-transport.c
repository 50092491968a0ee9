#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/tempfile.h"
#include "lib/base/value.h"
#include "transport/transport.h"
#include "transport/transport-ops.h"
#include "t/unit/unit.h"

#include <dirent.h>
#include <sys/wait.h>

static void check_key(const char *key, bool good)
{
	struct strbuf err = STRBUF_INIT;
	char what[128];

	snprintf(what, sizeof(what), "key '%.60s' is %s", key,
		 good ? "taken" : "refused");
	check((object_key_check(key, &err) == 0) == good &&
	      (err.len == 0) == good, what);
	strbuf_release(&err);
}

static void check_prefix(const char *prefix, bool good)
{
	char what[128];

	snprintf(what, sizeof(what), "prefix '%.60s' is %s", prefix,
		 good ? "taken" : "refused");
	check(object_prefix_check(prefix, NULL) == (good ? 0 : ERR_USAGE),
	      what);
}

static void test_keys(void)
{
	char longest[OBJECT_KEY_MAX + 2];

	check_key("a", true);
	check_key("Project/aapfup_20240704T191555.zip", true);
	check_key(".hidden/..x/...", true);
	check_key("a b%#?+\xff", true);
	check_key("", false);
	check_key("/", false);
	check_key("/a", false);
	check_key("a/", false);
	check_key("a//b", false);
	check_key(".", false);
	check_key("..", false);
	check_key("a/./b", false);
	check_key("a/../b", false);
	check_key("a/..", false);
	memset(longest, 'k', sizeof(longest));
	longest[OBJECT_KEY_MAX] = '\0';
	check_key(longest, true);
	longest[OBJECT_KEY_MAX] = 'k';
	longest[OBJECT_KEY_MAX + 1] = '\0';
	check_key(longest, false);

	check_prefix("", true);
	check_prefix("a", true);
	check_prefix("a/", true);
	check_prefix("a/b", true);
	check_prefix(".", true);
	check_prefix("a/..", true);
	check_prefix("/", false);
	check_prefix("/a", false);
	check_prefix("a//", false);
	check_prefix("a//b", false);
	check_prefix("../", false);
	check_prefix("../a", false);
	check_prefix("a/./b", false);
}

static int open_store(struct transport **t, const char *path,
		      struct strbuf *err)
{
	struct value *config = value_new_map();
	struct transport_config c = { .type = "dir", .config = config,
				      .base_dir = NULL };
	int ret;

	value_map_set_str(config, "path", path);
	ret = transport_open(t, &c, err);
	value_free(config);
	return ret;
}

static void test_open(void)
{
	struct value *config = value_new_map();
	struct transport_config c = { .type = "dir", .config = config };
	struct strbuf err = STRBUF_INIT;
	struct transport *t = NULL;

	check(transport_open(&t, &c, &err) == ERR_USAGE &&
	      strstr(err.buf, "'path'"), "a missing key is named");
	strbuf_reset(&err);
	value_map_set_int(config, "path", 7);
	check(transport_open(&t, &c, &err) == ERR_USAGE &&
	      strstr(err.buf, "'path'"), "a key that is no text is named");
	strbuf_reset(&err);
	c.type = "cloud";
	check(transport_open(&t, &c, &err) == ERR_USAGE &&
	      strstr(err.buf, "'cloud'") && strstr(err.buf, "dir"),
	      "an unknown type is named, and those that are known");
	strbuf_release(&err);
	value_free(config);
	check_str(transport_types()[0], "dir", "the types can be asked for");
}

static int put_text(struct transport *t, const char *key, const char *text,
		    enum put_expect expect, const char *version,
		    struct object *out, struct strbuf *err)
{
	struct put_memory source;
	struct put_request r = { .key = key, .expect = expect,
				 .version = version };

	put_memory_init(&source, text, strlen(text));
	r.source = &source.source;
	return transport_put(t, &r, out, err);
}

static int add_key(const struct object *o, void *data)
{
	strvec_push(data, o->key);
	return 0;
}

static void test_use(void)
{
	struct strbuf err = STRBUF_INIT;
	struct object o = OBJECT_INIT;
	struct strvec keys = STRVEC_INIT;
	struct transport *t = NULL;
	char buf[8];

	check(!open_store(&t, "store", &err), "a store opens");
	check(transport_stat(t, "a", &o, &err) == ERR_UNREACHABLE &&
	      strstr(err.buf, "make it"), "what is not there is unreachable");
	strbuf_reset(&err);
	check(!mkdir("store", 0777) && !put_text(t, "p/a", "text",
						 EXPECT_ABSENT, NULL, &o, &err),
	      "an object is put");
	check(!transport_read(t, "p/a", o.version, buf, 4, 0, &err) &&
	      !memcmp(buf, "text", 4), "and read");
	check(transport_read(t, "p/a", o.version, buf, 5, 0, &err) ==
	      ERR_CONTENT, "a read behind the end is an error");
	strbuf_reset(&err);
	check(put_text(t, "p/a", "other", EXPECT_ABSENT, NULL, NULL, &err) ==
	      ERR_CONFLICT, "it is not put twice");
	strbuf_reset(&err);
	check(!put_text(t, "p/a", "other", EXPECT_VERSION, o.version, &o,
			&err), "but replaced by its version");
	check(!transport_rename(t, "p/a", "q/b", o.version, &err),
	      "and renamed");
	check(!transport_list(t, "", 0, add_key, &keys, &err) &&
	      keys.nr == 1 && !strcmp(keys.v[0], "q/b"), "and listed");
	check(access("store/p", F_OK), "an empty directory is removed");
	check(!transport_remove(t, "q/b", NULL, &err), "and removed");
	check_str(err.buf, "", "no word of success");
	transport_close(t);
	strvec_release(&keys);
	object_release(&o);
	strbuf_release(&err);
}

/* Where a store cannot rename: get, put and remove. */
static void test_rename_by_hand(void)
{
	struct strbuf err = STRBUF_INIT;
	struct object o = OBJECT_INIT;
	struct transport *t = NULL;
	char buf[8];

	check(!open_store(&t, "store", &err) &&
	      !put_text(t, "from", "text", EXPECT_ABSENT, NULL, &o, &err) &&
	      !put_text(t, "other", "others", EXPECT_ABSENT, NULL, NULL, &err),
	      "two objects");
	t->caps &= ~(unsigned)TRANSPORT_CAN_RENAME;
	check(transport_rename(t, "from", "other", NULL, &err) ==
	      ERR_CONFLICT && !transport_stat(t, "from", &o, NULL),
	      "renaming by hand replaces nothing");
	strbuf_reset(&err);
	check(transport_rename(t, "from", "to", "1-2-3", &err) ==
	      ERR_CONFLICT, "and moves no other version");
	strbuf_reset(&err);
	check(!transport_rename(t, "from", "to", o.version, &err) &&
	      !transport_read(t, "to", NULL, buf, 4, 0, &err) &&
	      !memcmp(buf, "text", 4) &&
	      transport_stat(t, "from", &o, NULL) == ERR_NOT_FOUND,
	      "but moves the one that is there");
	check(!transport_remove(t, "to", NULL, &err) &&
	      !transport_remove(t, "other", NULL, &err), "and all is removed");
	transport_close(t);
	object_release(&o);
	strbuf_release(&err);
}

static int die_in_read(struct put_source *source UNUSED, void *buf,
		       size_t len, size_t *got, struct strbuf *err UNUSED)
{
	static int calls;

	if (calls++)
		raise(SIGTERM);
	*got = len;
	memset(buf, 'x', len);
	return 0;
}

static int is_temporary(const struct dirent *d)
{
	return !strncmp(d->d_name, ".resutil-put-", 13);
}

static void test_signal(void)
{
	struct put_source source = { OBJECT_SIZE_UNKNOWN, NULL, die_in_read };
	struct put_request r = { .key = "p/dies", .source = &source };
	struct strbuf err = STRBUF_INIT;
	struct dirent **list = NULL;
	struct transport *t;
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		tempfile_on_signals();
		if (!open_store(&t, "store", &err))
			transport_put(t, &r, NULL, &err);
		_exit(1);
	}
	check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) &&
	      WTERMSIG(status) == SIGTERM, "a put dies of a signal");
	check(!scandir("store/p", &list, is_temporary, alphasort),
	      "and leaves no temporary file");
	free(list);
	check(access("store/p/dies", F_OK) && !rmdir("store/p"),
	      "and no object");
}

int main(void)
{
	char dir[] = "/tmp/resutil-unit-XXXXXX";

	if (!mkdtemp(dir) || chdir(dir))
		return 1;
	test_keys();
	test_open();
	test_use();
	test_rename_by_hand();
	test_signal();
	if (unlink("store/.resutil-lock") || rmdir("store") || chdir("/") ||
	    rmdir(dir))
		return 1;
	return unit_done();
}
