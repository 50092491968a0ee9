#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/quote.h"
#include "lib/base/s3-conf.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

/* What the check of `key` says of a text: "ok", or "refused". */
static const char *of(const char *key, const char *text)
{
	struct value *config = value_new_map();
	struct strbuf err = STRBUF_INIT;
	int ret;

	value_map_set_str(config, key, text);
	ret = s3_conf_check(config, &err);
	if (ret)
		printf("# %s\n", err.buf);
	value_free(config);
	if (ret == ERR_USAGE && err.len) {
		strbuf_release(&err);
		return "refused";
	}
	strbuf_release(&err);
	return ret ? "another error" : "ok";
}

static void all(const char *key, const char *want, const char *const *texts)
{
	struct strbuf label = STRBUF_INIT;

	for (; *texts; texts++) {
		strbuf_reset(&label);
		quote_terminal(&label, *texts, strlen(*texts));
		check_str(of(key, *texts), want, label.buf);
	}
	strbuf_release(&label);
}

static void test_buckets(void)
{
	static const char *const good[] = {
		"lab", "lab-results", "lab.results.2024", "0lab0", "Old_Style",
		"123", "1.2.3", "1.2.3.4x", "", NULL
	};
	static const char *const bad[] = {
		"ab", "-lab", "lab-", ".lab", "lab.", "a..b", "a/b", "a b",
		"s3://lab", "s3://lab/x", "10.1.2.3", "lab:x",
		"b\xc3\xbc" "cher", "lab?x", "lab%20", "l\nb", NULL
	};
	char name[258];

	all("bucket_name", "ok", good);
	all("bucket_name", "refused", bad);
	memset(name, 'a', sizeof(name));
	name[255] = '\0';
	check_str(of("bucket_name", name), "ok", "255 letters");
	name[255] = 'a';
	name[256] = '\0';
	check_str(of("bucket_name", name), "refused", "256 letters");
}

static void test_endpoints(void)
{
	static const char *const good[] = {
		"https://s3.eu-central-1.amazonaws.com",
		"http://localhost:9000",
		"https://127.0.0.1:9000/", "https://[::1]:9000",
		"http://host_with_underscore", "https://proxy.lab/s3/v1",
		"https://a.r2.cloudflarestorage.com",
		"https://storage.googleapis.com", "", NULL
	};
	static const char *const bad[] = {
		"localhost:9000", "s3.amazonaws.com", "ftp://host", "https://",
		"https:///x", "https://:9000", "https://host:",
		"https://host:0", "https://host:65536", "https://host:99x",
		"https://id:secret@host", "https://host?x=1", "https://host/#x",
		"https://host/a//b", "https://host/../x", "https://ho st",
		"https://host/a b", "https://[::1", "https://[]:1",
		"https://[::1]x", "https://-host", "HTTPS://host",
		"https://host\\x", "https://host\r\nHeader: x", NULL
	};

	all("endpoint_url", "ok", good);
	all("endpoint_url", "refused", bad);
}

static void test_no_secret(void)
{
	struct strbuf err = STRBUF_INIT;

	check(s3_check_endpoint("https://id:hunter2@host", &err) == ERR_USAGE &&
	      !strstr(err.buf, "hunter2"), "a secret is not repeated");
	strbuf_release(&err);
}

static void test_words(void)
{
	static const char *const good[] = { "auto", "path", "virtual", NULL };
	static const char *const bad[] = { "host", "Path", "dns", NULL };
	static const char *const regions[] = {
		"us-east-1", "auto", "default", "EU", "x_1", NULL
	};
	static const char *const no_regions[] = {
		"eu west", "a/b", "eu\n", NULL
	};

	all("addressing", "ok", good);
	all("addressing", "refused", bad);
	all("region", "ok", regions);
	all("region", "refused", no_regions);
}

static void test_prefixes(void)
{
	static const char *const good[] = {
		"a", "a/b", "a/b/", "with blank/\xe6\x97\xa5", "...", NULL
	};
	static const char *const bad[] = {
		"/a", "a//b", ".", "a/..", "../a", "a/./b", "a\tb", NULL
	};

	all("prefix", "ok", good);
	all("prefix", "refused", bad);
}

static bool anonymous(struct value *v)
{
	struct value *config = value_new_map();
	bool ret;

	value_map_set(config, "anonymous", v);
	ret = !s3_conf_check(config, NULL) && s3_conf_anonymous(config);
	value_free(config);
	return ret;
}

static void test_anonymous(void)
{
	check(anonymous(value_new_bool(true)), "true");
	check(anonymous(value_new_str("yes")), "yes");
	check(anonymous(value_new_int(1)), "1");
	check(!anonymous(value_new_bool(false)), "false");
	check(!anonymous(value_new_str("off")), "off");
	check_str(of("anonymous", "perhaps"), "refused", "perhaps");
}

/* What the check says of a bucket_name that is `v`. */
static int bucket(struct value *v)
{
	struct value *config = value_new_map();
	int ret;

	value_map_set(config, "bucket_name", v);
	value_map_set(config, "another", value_new_list());
	ret = s3_conf_check(config, NULL);
	value_free(config);
	return ret;
}

static void test_types(void)
{
	check(!bucket(value_new_int(1234)), "an integer");
	check(!bucket(value_new_null()), "null");
	check(bucket(value_new_bool(true)) == ERR_USAGE, "a boolean");
	check(bucket(value_new_text("abc\0d", 5)) == ERR_USAGE, "a NUL");
	check(bucket(value_new_map()) == ERR_USAGE, "a map");
}

int main(void)
{
	test_buckets();
	test_endpoints();
	test_no_secret();
	test_words();
	test_prefixes();
	test_anonymous();
	test_types();
	return unit_done();
}
