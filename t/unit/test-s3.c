/*
 * The addresses of S3 that no test server has, as URLs for everybody show
 * them; and ETags.
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "transport/s3/s3-internal.h"
#include "transport/transport.h"
#include "t/unit/unit.h"

static struct strbuf err = STRBUF_INIT;

/* "key=value;key=value" as storage_config, without keys to sign with. */
static int open_s3(struct transport **t, const char *settings)
{
	struct value *config = value_new_map();
	struct transport_config c = { .type = "s3", .config = config,
				      .base_dir = "." };
	int ret;

	value_map_set(config, "anonymous", value_new_bool(true));
	while (*settings) {
		size_t len = strcspn(settings, ";");
		size_t key = strcspn(settings, "=");
		struct strbuf name = STRBUF_INIT;

		strbuf_add(&name, settings, key);
		value_map_set(config, name.buf,
			      value_new_text(settings + key + 1,
					     len - key - 1));
		strbuf_release(&name);
		settings += len + (settings[len] == ';');
	}
	strbuf_reset(&err);
	ret = transport_open(t, &c, &err);
	value_free(config);
	return ret;
}

static void check_url(const char *settings, const char *key, const char *want)
{
	struct transport *t = NULL;
	struct strbuf url = STRBUF_INIT;

	if (open_s3(&t, settings) ||
	    transport_presign(t, key, 60, &url, &err))
		strbuf_addstr(&url, err.buf);
	check_str(url.buf, want, settings);
	strbuf_release(&url);
	transport_close(t);
}

#define B "bucket_name=lab;"

static void test_aws(void)
{
	check_url(B, "k", "https://lab.s3.us-east-1.amazonaws.com/k");
	check_url(B "region=eu-north-1", "k",
		  "https://lab.s3.eu-north-1.amazonaws.com/k");
	check_url(B "region=cn-north-1", "k",
		  "https://lab.s3.cn-north-1.amazonaws.com.cn/k");
	check_url(B "endpoint_url=https://s3.eu-west-2.amazonaws.com", "k",
		  "https://lab.s3.eu-west-2.amazonaws.com/k");
	check_url(B "endpoint_url=https://s3.amazonaws.com/", "k",
		  "https://lab.s3.us-east-1.amazonaws.com/k");
	check_url(B "endpoint_url=https://s3.eu-west-2.amazonaws.com;"
		  "addressing=path", "k",
		  "https://s3.eu-west-2.amazonaws.com/lab/k");
	check_url("bucket_name=my.lab", "k",
		  "https://s3.us-east-1.amazonaws.com/my.lab/k");
	check_url("bucket_name=Lab", "k",
		  "https://s3.us-east-1.amazonaws.com/Lab/k");
	check_url(B "endpoint_url=https://vpce-1.s3.eu-west-2.vpce."
		  "amazonaws.com", "k",
		  "https://lab.vpce-1.s3.eu-west-2.vpce.amazonaws.com/k");
	check_url(B "endpoint_url=https://s3.amazonaws.com.evil.org", "k",
		  "https://s3.amazonaws.com.evil.org/lab/k");
}

static void test_others(void)
{
	check_url(B "endpoint_url=http://host:9000", "k",
		  "http://host:9000/lab/k");
	check_url(B "endpoint_url=https://host:443/", "k",
		  "https://host/lab/k");
	check_url(B "endpoint_url=http://host:80", "k", "http://host/lab/k");
	check_url(B "endpoint_url=http://host:443", "k",
		  "http://host:443/lab/k");
	check_url(B "endpoint_url=http://[::1]:9000", "k",
		  "http://[::1]:9000/lab/k");
	check_url(B "endpoint_url=https://host/s3/v1/", "k",
		  "https://host/s3/v1/lab/k");
	check_url(B "endpoint_url=https://host/s3;addressing=virtual", "k",
		  "https://lab.host/s3/k");
	check_url(B "endpoint_url=http://host;prefix=a b", "c d/+=&?#%~!'()*",
		  "http://host/lab/a%20b/c%20d/%2B%3D%26%3F%23%25~%21%27%28"
		  "%29%2A");
	check_url(B "endpoint_url=http://host", "\xe5\xae\x9f",
		  "http://host/lab/%E5%AE%9F");
}

static void test_etags(void)
{
	static const char *const bad[] = {
		"", "\"\"", "\"a b\"", "\"a\"b\"", "\"\x01\"", "\"\xc3\xa9\"",
		"a\nb",
	};
	struct strbuf out = STRBUF_INIT;
	unsigned char raw[16];
	size_t i;

	check(!s3_etag(&out, "\"abc-2\"", &err) && !strcmp(out.buf, "abc-2"),
	      "an ETag is what stands between the quotes");
	check(!s3_etag(&out, "abc", &err) && !strcmp(out.buf, "abc"),
	      "or what stands there");
	check(!s3_etag(&out, "W/\"abc\"", &err) && !strcmp(out.buf, "abc"),
	      "also of a weak one");
	for (i = 0; i < ARRAY_SIZE(bad); i++)
		check(s3_etag(&out, bad[i], NULL) == ERR_CONTENT &&
		      !strcmp(out.buf, "abc"), "what is none is refused");
	check(s3_etag_md5(raw, "000102030405060708090a0b0c0d0e0f", NULL) &&
	      raw[0] == 0 && raw[15] == 15, "an MD5 is 32 digits");
	check(!s3_etag_md5(raw, "000102030405060708090a0b0c0d0e0f-2", NULL) &&
	      !s3_etag_md5(raw, "000102030405060708090a0b0c0d0e0g", NULL) &&
	      !s3_etag_md5(raw, "", NULL), "and nothing else");
	strbuf_release(&out);
}

int main(void)
{
	unsetenv("AWS_ENDPOINT_URL");
	unsetenv("AWS_ENDPOINT_URL_S3");
	unsetenv("S3_ENDPOINT_URL");
	unsetenv("AWS_REGION");
	unsetenv("AWS_DEFAULT_REGION");
	unsetenv("AWS_PROFILE");
	setenv("HOME", "/nonexistent", 1);
	test_aws();
	test_others();
	test_etags();
	strbuf_release(&err);
	return unit_done();
}
