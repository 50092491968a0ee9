#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "lib/exp/conf/store-url.h"
#include "t/unit/unit.h"

static void add_line(struct strbuf *out, const char *type,
		     const struct value *config, const char *project)
{
	size_t i;

	strbuf_addstr(out, type);
	for (i = 0; i < config->u.map.nr; i++) {
		strbuf_addf(out, " %s=", config->u.map.pair[i].key);
		value_format(out, config->u.map.pair[i].value);
	}
	if (project)
		strbuf_addf(out, " [%s]", project);
}

/* "TYPE KEY=VALUE... [PROJECT]" or, when refused, "ERR_USAGE". */
static char *parsed(const char *url, bool want_project)
{
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	char *type = NULL, *project = NULL;
	struct value *config = NULL;
	int ret = store_url_parse(url, &type, &config,
				  want_project ? &project : NULL, &err);

	if (!ret)
		add_line(&out, type, config, project);
	else
		strbuf_addstr(&out, ret == ERR_USAGE && err.len ? "refused" :
			      "another error");
	if (ret)
		printf("# %s\n", err.buf);
	free(type);
	free(project);
	value_free(config);
	strbuf_release(&err);
	return strbuf_detach(&out, NULL);
}

static void check_parsed(const char *url, bool want_project, const char *want)
{
	struct strbuf label = STRBUF_INIT;
	char *got = parsed(url, want_project);

	quote_terminal(&label, url, strlen(url));
	check_str(got, want, label.buf);
	strbuf_release(&label);
	free(got);
}

static void gives(const char *url, const char *want)
{
	check_parsed(url, false, want);
}

static void gives_project(const char *url, const char *want)
{
	check_parsed(url, true, want);
}

static void test_dir(void)
{
	setenv("HOME", "/home/me", 1);
	gives("dir:/srv/store", "dir path=/srv/store");
	gives("dir:/srv/store//", "dir path=/srv/store");
	gives("dir:../a b/\xc3\xa9", "dir path=../a b/\xc3\xa9");
	gives("dir:/", "dir path=/");
	gives("dir:100%25", "dir path=100%25");
	gives("dir:~/s", "dir path=/home/me/s");
	gives("dir:~", "dir path=/home/me");
	gives("dir:~me", "dir path=~me");
	gives("dir:./~", "dir path=./~");
	gives("dir://u:p@h/x", "dir path=//u:p@h/x");
	gives("dir:", "refused");
	gives("dir:a\nb", "refused");
	gives("dir:a\xff", "refused");
	unsetenv("HOME");
	gives("dir:~/s", "refused");
	setenv("HOME", "/home/me", 1);

	gives("file:///srv/a%20b", "dir path=/srv/a b");
	gives("file://localhost/srv", "dir path=/srv");
	gives("file:/srv", "dir path=/srv");
	gives("file:///~", "dir path=/~");
	gives("file://srv/x", "refused");
	gives("file:srv", "refused");
	gives("file:///a%0ab", "refused");
	gives("file:///a%00b", "refused");
	gives("file:///a%4", "refused");
	gives("file:///a%zz", "refused");
}

static void test_cloud_storage(void)
{
	gives("gs://lab-results", "gcs backet_name=lab-results");
	gives("gs://lab-results/", "gcs backet_name=lab-results");
	gives("gs://lab/a/b%20/", "gcs backet_name=lab prefix=a/b ");
	gives("gs://lab/a%3F?api_root=https://gcs.lab:4443&user_project=my-1",
	      "gcs backet_name=lab prefix=a? api_root=https://gcs.lab:4443 "
	      "user_project=my-1");
	gives("gs://lab?anonymous=1&key_file_path=~/k%26", "gcs "
	      "backet_name=lab anonymous=true key_file_path=~/k&");
	gives("gs://lab?", "gcs backet_name=lab");
	gives("gs://lab?region=x", "refused");
	gives("gs://lab?anonymous=perhaps", "refused");
	gives("gs://lab?api_root=ftp://x", "refused");
	gives("gs://lab?user_project=a b", "refused");
	gives("gs://lab?user_project=", "refused");
	gives("gs://lab?api_root=http://a&api_root=http://b", "refused");
	gives("gs://lab/a%2", "refused");
	gives("gs://lab/a%0a", "refused");
	gives("gs://Lab", "refused");
	gives("gs://", "refused");
	gives("gs:lab", "refused");
	gives("gs:///x", "refused");
	gives("gs://ab", "refused");
	gives("gs://-lab", "refused");
	gives("gs://la b", "refused");
	gives("gs://lab//x", "refused");
	gives("gs://lab/../x", "refused");
	gives("gs://lab/./x", "refused");
}

static void test_s3(void)
{
	gives("s3://lab.results", "s3 bucket_name=lab.results");
	gives("s3://lab/x", "s3 bucket_name=lab prefix=x");
	gives("s3://lab/x%20%3f/%E6%97%A5/", "s3 bucket_name=lab "
	      "prefix=x ?/\xe6\x97\xa5");
	gives("s3://lab?endpoint_url=http://minio.lab:9000/s3&region=x-1",
	      "s3 bucket_name=lab endpoint_url=http://minio.lab:9000/s3 "
	      "region=x-1");
	gives("s3://lab/a?profile=a%26b%3D%25&anonymous=yes&addressing=path"
	      "&key_file_path=~/k", "s3 bucket_name=lab prefix=a profile=a&b=% "
	      "anonymous=true addressing=path key_file_path=~/k");
	gives("s3://lab?", "s3 bucket_name=lab");
	gives("s3://KEY:SECRET@lab", "refused");
	gives("s3://KEY:SEC/RET@lab", "refused");
	gives("s3://lab?profile=a:b@c", "s3 bucket_name=lab profile=a:b@c");
	gives("s3://", "refused");
	gives("s3:///a", "refused");
	gives("s3://?region=x", "refused");
	gives("s3://lab/a%2", "refused");
	gives("s3://lab/a%00b", "refused");
	gives("s3://lab/a%0Ab", "refused");
	gives("s3://lab/a%2F%2Fb", "refused");
	gives("s3://lab/%2E%2E", "refused");
	gives("s3://lab/%ff", "refused");
	gives("s3://lab?endpoint=http://h", "refused");
	gives("s3://lab?bucket_name=b", "refused");
	gives("s3://lab?region", "refused");
	gives("s3://lab?region=", "refused");
	gives("s3://lab?region=a&region=b", "refused");
	gives("s3://lab?region=a&", "s3 bucket_name=lab region=a");
	gives("s3://lab?endpoint_url=http://id:pw@h", "refused");
	gives("s3://lab?endpoint_url=h:9000", "refused");
	gives("s3://lab?region=%0a", "refused");
	gives("s3://lab?profile=%00", "refused");
}

static void test_ssh(void)
{
	gives("ssh://box/srv/s", "ssh host=box path=/srv/s");
	gives("ssh://me@box.lab.org:2222/srv",
	      "ssh host=box.lab.org user=me port=2222 path=/srv");
	gives("ssh://box/~/s", "ssh host=box path=s");
	gives("ssh://box/~", "ssh host=box path=.");
	gives("ssh://box/%7E/s", "ssh host=box path=/~/s");
	gives("ssh://box/~/~", "ssh host=box path=./~");
	gives("ssh://box/~/~/s", "ssh host=box path=./~/s");
	gives("ssh://box/a%25b", "ssh host=box path=/a%b");
	gives("ssh://[::1]:22/s", "ssh host=::1 port=22 path=/s");
	gives("ssh://[fe80::1%eth0]/s", "ssh host=fe80::1%eth0 path=/s");
	gives("ssh://me%40lab.org@box/s",
	      "ssh host=box user=me@lab.org path=/s");
	gives("ssh://LAB\\me@box/s", "ssh host=box user=LAB\\me path=/s");
	gives("ssh://box/s?ssh_config=lab%26x",
	      "ssh host=box path=/s ssh_config=lab&x");
	gives("ssh://box/~?ssh_config=x", "ssh host=box path=. ssh_config=x");
	gives("ssh://box/a%3Fb", "ssh host=box path=/a?b");
	gives("ssh://box/s?", "ssh host=box path=/s");
	gives("ssh://box/s?ssh_config", "refused");
	gives("ssh://box/s?ssh_config=%0A", "refused");
	gives("ssh://box/s?proxy=x", "refused");
	gives("ssh://box?ssh_config=x", "refused");
	gives("ssh://%2DoProxyCommand=x@box/s", "refused");
	gives("ssh://me%00@box/s", "refused");
	gives("ssh://me%3Apw@box/s", "refused");
	gives("ssh://me%20x@box/s", "refused");
	gives("ssh://box/~/~you", "refused");
	gives("ssh://box", "refused");
	gives("ssh:///s", "refused");
	gives("ssh://-oProxyCommand=x/s", "refused");
	gives("ssh://-l@box/s", "refused");
	gives("ssh://@box/s", "refused");
	gives("ssh://me@you@box/s", "refused");
	gives("ssh://bo x/s", "refused");
	gives("ssh://box:0/s", "refused");
	gives("ssh://box:65536/s", "refused");
	gives("ssh://box:99999999999999999999/s", "refused");
	gives("ssh://box:+22/s", "refused");
	gives("ssh://box:22x/s", "refused");
	gives("ssh://box:/s", "refused");
	gives("ssh://[::1/s", "refused");
	gives("ssh://[box]/s", "refused");
	gives("ssh://[::1]x/s", "refused");
	gives("ssh://box/~//etc", "refused");
	gives("ssh://box/~/%2Fetc", "refused");
	gives("ssh://box/%0A", "refused");
}

static void test_drive(void)
{
	static const char want[] = "gdrive base_folder_id=1aB_-9";

	gives("gdrive://1aB_-9", want);
	gives("gdrive://1aB_-9/", want);
	gives("https://drive.google.com/drive/folders/1aB_-9", want);
	gives("https://drive.google.com/drive/folders/1aB_-9/", want);
	gives("https://drive.google.com/drive/folders/1aB_-9?usp=sharing",
	      want);
	gives("https://drive.google.com/drive/u/0/folders/1aB_-9", want);
	gives("https://drive.google.com/drive/u/12/folders/1aB_-9?hl=en#x",
	      want);
	gives("gdrive://1a/?api_root=https://drive.lab/x", "gdrive "
	      "base_folder_id=1a api_root=https://drive.lab/x");
	gives("gdrive://1a?key_file_path=k.json", "gdrive base_folder_id=1a "
	      "key_file_path=k.json");
	gives("gdrive://1a?user_project=x", "refused");
	gives("gdrive://?api_root=https://drive.lab", "refused");
	gives("gdrive://", "refused");
	gives("gdrive://a/b", "refused");
	gives("gdrive://a b", "refused");
	gives("https://drive.google.com/drive/folders/", "refused");
	gives("https://drive.google.com/drive/folders/a/b", "refused");
	gives("https://drive.google.com/drive/my-drive", "refused");
	gives("https://drive.google.com/file/d/1aB/view", "refused");
	gives("https://drive.google.com.evil.org/drive/folders/1aB",
	      "refused");
	gives("http://drive.google.com/drive/folders/1aB", "refused");
}

static void test_projects(void)
{
	gives_project("dir:/srv/MyProj", "dir path=/srv [MyProj]");
	gives_project("dir:/srv//MyProj//", "dir path=/srv [MyProj]");
	gives_project("dir:/MyProj", "dir path=/ [MyProj]");
	gives_project("dir:MyProj", "dir path=. [MyProj]");
	gives_project("dir:../My Proj", "dir path=.. [My Proj]");
	gives_project("file:///s/a%20b", "dir path=/s [a b]");
	gives_project("gs://lab/P", "gcs backet_name=lab [P]");
	gives_project("gs://lab/x/y/P", "gcs backet_name=lab prefix=x/y [P]");
	gives_project("s3://lab/P", "s3 bucket_name=lab [P]");
	gives_project("s3://lab/a/P%3F+%2B?region=x",
		      "s3 bucket_name=lab prefix=a region=x [P?++]");
	gives_project("s3://lab?region=x", "refused");
	gives_project("ssh://h/P", "ssh host=h path=/ [P]");
	gives_project("ssh://h/s/P", "ssh host=h path=/s [P]");
	gives_project("ssh://h/~/P", "ssh host=h path=. [P]");
	gives_project("gdrive://1a/P", "gdrive base_folder_id=1a [P]");
	gives_project("dir:/", "refused");
	gives_project("dir:..", "refused");
	gives_project("dir:/srv/.", "refused");
	gives_project("gs://lab/x/P?user_project=p-1",
		      "gcs backet_name=lab prefix=x user_project=p-1 [P]");
	gives_project("gdrive://1a/P?api_root=https://h", "gdrive "
		      "base_folder_id=1a api_root=https://h [P]");
	gives_project("gs://lab", "refused");
	gives_project("gs://lab/", "refused");
	gives_project("gs://lab//P", "refused");
	gives_project("ssh://h/", "refused");
	gives_project("ssh://h/~", "refused");
	gives_project("ssh://h/a%5Cb", "refused");
	gives_project("ssh://h/%20b", "refused");
	gives_project("gdrive://1a", "refused");
	gives_project("gdrive://1a/b/P", "refused");
	gives_project("https://drive.google.com/drive/folders/1a", "refused");
}

static void test_unknown(void)
{
	gives("box:/x", "refused");
	gives("http://h/x", "refused");
	gives("/srv/store", "refused");
	gives("origin", "refused");
	gives("", "refused");
	check(store_url_looks("dir:x"), "dir: looks like a URL");
	check(store_url_looks("gs:x"), "so does a URL with a mistake");
	check(store_url_looks("https://drive.google.com/drive/folders/1"),
	      "and one from a browser");
	check(!store_url_looks("origin"), "a name does not");
	check(!store_url_looks("d:x"), "nor what begins like a scheme");
	check(!store_url_looks(":x"), "nor a colon");
	check(!store_url_looks("/dir:x"), "nor a path");
}

/* What is given to everybody in a message holds no password. */
static void test_passwords(void)
{
	static const char *const urls[] = {
		"ssh://me:hunter2@box/s", "ssh://me:hunter2@x@box/s",
		"ssh://:hunter2@box", "s3://id:hunter2@lab",
		"s3://id:hunter2/@lab", "s3://id:hunter2?x@lab/a",
		"s3://lab?endpoint_url=https://id:hunter2@host",
		"gs://id:hunter2@lab/x", "https://me:hunter2@example.org/x",
		"nfs://me:hunter2@box/s"
	};
	size_t i;

	for (i = 0; i < ARRAY_SIZE(urls); i++) {
		struct strbuf err = STRBUF_INIT;
		char *type = NULL;
		struct value *config = NULL;

		check(store_url_parse(urls[i], &type, &config, NULL, &err) ==
		      ERR_USAGE && !type && !config, urls[i]);
		check(strstr(err.buf, "password") &&
		      !strstr(err.buf, "hunter2"), "is not repeated");
		strbuf_release(&err);
	}
}

static void formats(const char *type, const char *const *pairs,
		    const char *want)
{
	struct value *config = value_new_map();
	struct strbuf out = STRBUF_INIT;

	for (; *pairs; pairs += 2)
		value_map_set_str(config, pairs[0], pairs[1]);
	store_url_format(type, config, &out);
	check_str(out.buf, want, want);
	strbuf_release(&out);
	value_free(config);
}

static void test_format(void)
{
	static const char *const dir[] = { "path", "../s", NULL };
	static const char *const tilde[] = { "path", "~/s", NULL };
	static const char *const gcs[] = {
		"backet_name", "lab", "key_file_path", "key.json", NULL
	};
	static const char *const gcs_all[] = {
		"bucket_name", "lab", "prefix", "50%?/b", "api_root",
		"http://h:1", "user_project", "p", "anonymous", "true", NULL
	};
	static const char *const pasted[] = {
		"base_folder_id", "https://drive.google.com/drive/u/0/folders/"
		"1a?usp=sharing", NULL
	};
	static const char *const s3[] = {
		"bucket_name", "lab", "prefix", "a/b", NULL
	};
	static const char *const s3_all[] = {
		"bucket_name", "lab", "prefix", "50%?/b", "endpoint_url",
		"http://h:1/x", "region", "r", "profile", "a&b",
		"key_file_path", "k", NULL
	};
	static const char *const ssh[] = {
		"host", "box", "user", "me", "port", "22", "path", "/s%", NULL
	};
	static const char *const ssh_all[] = {
		"host", "[::1]", "user", "me@lab", "path", "~/a?b",
		"ssh_config", "x", NULL
	};
	static const char *const ssh_slashes[] = {
		"host", "box", "path", "~//s", NULL
	};
	static const char *const secret[] = {
		"host", "me:hunter2@box", "path", "s", NULL
	};
	static const char *const secret_user[] = {
		"host", "box", "user", "me:hunter2", "path", "/~/s", NULL
	};
	static const char *const drive[] = { "base_folder_id", "1a", NULL };

	formats("dir", dir, "dir:../s");
	formats("dir", tilde, "dir:./~/s");
	formats("gcs", gcs, "gs://lab");
	formats("gcs", gcs_all, "gs://lab/50%25%3F/b?api_root=http://h:1&"
		"user_project=p&anonymous=true");
	formats("gs", gcs, "gs://lab");
	formats("s3", s3, "s3://lab/a/b");
	formats("s3", s3_all, "s3://lab/50%25%3F/b?endpoint_url=http://h:1/x&"
		"region=r&profile=a%26b");
	formats("ssh", ssh, "ssh://me@box:22/s%25");
	formats("ssh", ssh_all, "ssh://me%40lab@[::1]/~/a%3Fb");
	formats("ssh", ssh_slashes, "ssh://box/~/s");
	formats("ssh", secret, "ssh://me@box/~/s");
	formats("ssh", secret_user, "ssh://me@box/%7E/s");
	formats("gdrive", drive, "gdrive://1a");
	formats("gdrive", pasted, "gdrive://1a");
}

int main(void)
{
	test_dir();
	test_cloud_storage();
	test_s3();
	test_ssh();
	test_drive();
	test_projects();
	test_unknown();
	test_passwords();
	test_format();
	return unit_done();
}
