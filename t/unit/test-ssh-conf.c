#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/ssh-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

#define LONG "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static const char *verdict(int ret, const struct strbuf *err)
{
	if (ret)
		printf("# %s\n", err->buf);
	return !ret ? "ok" : ret == ERR_USAGE && err->len ? "refused" :
	       "another error";
}

static void all(const char *key, const char *want, const char *const *texts)
{
	struct strbuf label = STRBUF_INIT, err = STRBUF_INIT;

	for (; *texts; texts++) {
		struct value *config = value_new_map();

		value_map_set_str(config, key, *texts);
		strbuf_reset(&err);
		strbuf_reset(&label);
		strbuf_addf(&label, "%s=", key);
		quote_terminal(&label, *texts, strlen(*texts));
		check_str(verdict(ssh_conf_check(config, &err), &err), want,
			  label.buf);
		value_free(config);
	}
	strbuf_release(&label);
	strbuf_release(&err);
}

static void test_hosts(void)
{
	static const char *const good[] = {
		"box", "box.lab.org", "lab_1", "10.1.2.3", "::1", "[::1]",
		"fe80::1%eth0", "me@box", "me@[::1]", "LAB\\me@box",
		"me@lab.org@box", LONG LONG LONG, NULL
	};
	static const char *const bad[] = {
		"-oProxyCommand=x", "-l", "me@-oProxyCommand=x", "-me@box",
		"@box", "me@", "box:22", "b x", "box;x", "$(x)", "`x`", "b\nx",
		"[::1", "[box]", "[]", "box/x", "me:hunter2@box",
		"b\xc3\xbc" "cher", "%h", LONG LONG LONG LONG, NULL
	};

	all("host", "ok", good);
	all("host", "refused", bad);
}

static void test_users(void)
{
	static const char *const good[] = {
		"me", "me.too", "m-e_2", "LAB\\me", "me@lab.org", "host$", NULL
	};
	static const char *const bad[] = {
		"-oProxyCommand=x", "me:hunter2", "m e", "me;x", "$(x)",
		"`x`", "me\\", "me@", "'me'", NULL
	};

	all("user", "ok", good);
	all("user", "refused", bad);
}

static void test_others(void)
{
	static const char *const ports[] = { "1", "22", "65535", NULL };
	static const char *const no_ports[] = {
		"0", "65536", "22x", "+22", "-1", " 22", "99999999999", NULL
	};
	static const char *const paths[] = {
		"/srv/s", "s", "~", "~/s", "./~me", "a b", "it's $HOME",
		"-rf", "a\nb", "\xff", NULL
	};
	static const char *const no_paths[] = { "~me", "~me/s", NULL };
	static const char *const no_files[] = { "a\nb", "\xff", NULL };

	all("port", "ok", ports);
	all("port", "refused", no_ports);
	all("path", "ok", paths);
	all("path", "refused", no_paths);
	all("ssh_config", "refused", no_files);
}

/* "KEY=VALUE", ended by NULL, as a map. */
static struct value *map(const char *const *pairs)
{
	struct value *config = value_new_map();

	for (; *pairs; pairs += 2)
		value_map_set_str(config, pairs[0], pairs[1]);
	return config;
}

static void reads(const char *const *pairs, const char *want)
{
	struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;
	struct value *config = map(pairs);
	struct ssh_place p;

	if (ssh_place_read(&p, config, "/base", &err)) {
		printf("# %s\n", err.buf);
		strbuf_addstr(&got, "refused");
	} else {
		strbuf_addf(&got, "%s %s %u %s %s", p.host,
			    p.user ? p.user : "-", p.port, p.path,
			    p.config ? p.config : "-");
		ssh_place_release(&p);
	}
	check_str(got.buf, want, want);
	value_free(config);
	strbuf_release(&got);
	strbuf_release(&err);
}

static void test_places(void)
{
	static const char *const plain[] = {
		"host", "box", "path", "/srv/s", NULL
	};
	static const char *const whole[] = {
		"host", "a@[::1]", "user", "b", "port", "2222", "path", "~/s",
		"ssh_config", "ssh/../c", NULL
	};
	static const char *const in_host[] = {
		"host", "me@box", "path", "~", "ssh_config", "~/c", NULL
	};
	static const char *const no_path[] = { "host", "box", NULL };
	static const char *const no_host[] = { "path", "/s", NULL };
	static const char *const empty[] = { "path", "", "host", "b", NULL };

	setenv("HOME", "/home/me", 1);
	reads(plain, "box - 0 /srv/s -");
	reads(whole, "::1 b 2222 s /base/c");
	reads(in_host, "box me 0 . /home/me/c");
	reads(no_path, "refused");
	reads(no_host, "refused");
	reads(empty, "refused");
}

static void fits(const char *const *pairs, const char *want)
{
	struct strbuf got = STRBUF_INIT, err = STRBUF_INIT;
	struct value *config = map(pairs);
	const struct value *v;
	size_t i;

	if (ssh_conf_fit(config, &err)) {
		printf("# %s\n", err.buf);
		strbuf_addstr(&got, "refused");
	}
	for (i = 0; !err.len && i < config->u.map.nr; i++) {
		v = config->u.map.pair[i].value;
		strbuf_addf(&got, "%s%s=", got.len ? " " : "",
			    config->u.map.pair[i].key);
		value_format(&got, v);
		strbuf_addstr(&got, v->type == VALUE_INT ? "(number)" : "");
	}
	check_str(got.buf, want, want);
	value_free(config);
	strbuf_release(&got);
	strbuf_release(&err);
}

static void test_fit(void)
{
	static const char *const whole[] = {
		"host", "me@[::1]", "path", "~/s", "port", "022", NULL
	};
	static const char *const some[] = { "user", "me", NULL };
	static const char *const twice[] = {
		"host", "me@box", "user", "you", NULL
	};

	fits(whole, "host=::1 path=s port=22(number) user=me");
	fits(some, "user=me");
	fits(twice, "refused");
}

int main(void)
{
	test_hosts();
	test_users();
	test_others();
	test_places();
	test_fit();
	return unit_done();
}
