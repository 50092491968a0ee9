/* Files of profiles, keys as text, and which places are near. */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "transport/aws/aws-internal.h"
#include "t/unit/unit.h"

static void check_ini(const char *text, const char *want)
{
	struct aws_ini ini = AWS_INI_INIT;
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	size_t i;

	if (aws_ini_parse(&ini, text, strlen(text), "f", &err))
		strbuf_addf(&out, "error: %s", err.buf);
	for (i = 0; i < ini.nr; i++)
		strbuf_addf(&out, "%u [%s] %s=%s|", ini.item[i].line,
			    ini.item[i].section, ini.item[i].key,
			    ini.item[i].value);
	check_str(out.buf, want, *want ? want : "nothing");
	aws_ini_release(&ini);
	strbuf_release(&err);
	strbuf_release(&out);
}

static void test_ini(void)
{
	check_ini("", "");
	check_ini("\n# c\n; c\n \n", "");
	check_ini("[a]\nx=1\ny = 2 3 \n[b]\nx : 4\n",
		  "2 [a] x=1|3 [a] y=2 3|5 [b] x=4|");
	check_ini("[a]\r\nx=1\r\n", "2 [a] x=1|");
	check_ini("\xef\xbb\xbf[a]\nx=1", "2 [a] x=1|");
	check_ini("[ profile   \"two words\" ]\nx=1\n",
		  "2 [profile two words] x=1|");
	check_ini("[a]\nx=a=b:c\ny:a=b\n", "2 [a] x=a=b:c|3 [a] y=a=b|");
	check_ini("[a]\nx=\n", "2 [a] x=|");
	check_ini("[a] trailing\nx=1\n", "2 [a] x=1|");
	check_ini("[a]\nx=1\n[b]\ny=2\n[a]\nx=3\n",
		  "2 [a] x=1|4 [b] y=2|6 [a] x=3|");
}

static void test_nested(void)
{
	check_ini("[a]\ns3 =\n  region = x\n  url=y\nregion = z\n",
		  "2 [a] s3=|3 [a] s3.region=x|4 [a] s3.url=y|"
		  "5 [a] region=z|");
	check_ini("[a]\nx = 1\n  more of it\n  y=2\nz=3\n",
		  "2 [a] x=1|5 [a] z=3|");
	check_ini("[a]\n  x = 1\n  y = 2\n", "2 [a] x=1|3 [a] y=2|");
	check_ini("[a]\n  s3 =\n    x = 1\n  y = 2\n",
		  "2 [a] s3=|3 [a] s3.x=1|4 [a] y=2|");
	check_ini("[a]\ns3 =\n  x = 1\n[b]\ny = 2\n",
		  "2 [a] s3=|3 [a] s3.x=1|5 [b] y=2|");
}

static void test_malformed(void)
{
	check_ini("x=1\n",
		  "error: 'f', line 1: a setting before the first section");
	check_ini("[a\nx=1\n",
		  "error: 'f', line 1: a section without ']'");
	check_ini("[a]\nx=1\nsesame\n", "error: 'f', line 3: no section and "
		  "no NAME = VALUE2 [a] x=1|");
	check_ini("[a]\n=1\n", "error: 'f', line 2: a setting without a name");
	check_ini("[a]\n  [b]\n",
		  "error: 'f', line 2: no section and no NAME = VALUE");
}

static void test_ini_find(void)
{
	static const char text[] = "[a]\nx=1\nX=2\nempty=\n[b]\n";
	struct aws_ini ini = AWS_INI_INIT;
	struct strbuf err = STRBUF_INIT;
	char *large = xcalloc(1, AWS_FILE_MAX + 1), *plain;

	check(!aws_ini_parse(&ini, text, strlen(text), "f", &err), "it parses");
	check_str(aws_ini_get(&ini, "a", "x"), "2", "the last one counts");
	check_str(aws_ini_get(&ini, "a", "empty"), NULL, "empty is none");
	check(aws_ini_find(&ini, "a", "empty"), "but it is there");
	check_str(aws_ini_get(&ini, "b", "x"), NULL, "of another section");
	check(aws_ini_has(&ini, "b") && !aws_ini_has(&ini, "c"), "sections");
	aws_ini_release(&ini);

	check(aws_ini_parse(&ini, large, AWS_FILE_MAX + 1, "f", &err) ==
	      ERR_CONTENT, "too large");
	check(aws_ini_parse(&ini, "[a]\0x", 5, "f", &err) == ERR_CONTENT,
	      "a NUL");
	free(large);

	plain = aws_ini_plain("a#b;c # d");
	check_str(plain, "a#b;c", "a comment behind a blank");
	free(plain);
	plain = aws_ini_plain("a \t; b");
	check_str(plain, "a", "and a semicolon");
	free(plain);
	aws_ini_release(&ini);
	strbuf_release(&err);
}

static void test_near(void)
{
	check(aws_is_near("http://127.0.0.1/x"), "loopback");
	check(aws_is_near("http://127.1.2.3:80/x"), "any of it");
	check(aws_is_near("http://LocalHost:1338/"), "localhost");
	check(aws_is_near("http://[::1]:1/"), "loopback of IPv6");
	check(aws_is_near("http://169.254.170.2/v2/x"), "ECS");
	check(aws_is_near("http://169.254.170.23/v1"), "EKS");
	check(aws_is_near("http://[fd00:ec2::23]/v1"), "EKS by IPv6");
	check(!aws_is_near("http://127.0.0.1.example.org/"), "a host name");
	check(!aws_is_near("http://127.0.0.1@example.org/"), "a user");
	check(!aws_is_near("http://example.org/127.0.0.1"), "a path");
	check(!aws_is_near("http://127.0.0.256/"), "no address");
	check(!aws_is_near("http://127.0.0/"), "a short one");
	check(!aws_is_near("http://[::1/"), "an open bracket");
	check(!aws_is_near("http:///x"), "no host");
	check(!aws_is_near("127.0.0.1"), "no URL");
	check(!aws_is_near("http://localhost\\@example.org/"), "a backslash");
	check(!aws_is_near("http://169.254.169.254/"), "the instance's");
}

static int from_json(struct aws_keys *k, const char *json)
{
	struct strbuf text = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	strbuf_addstr(&text, json);
	ret = aws_keys_from_json(k, &text, "Token", "it", &err);
	check(!text.len, "the text is wiped");
	check(!ret == !err.len, "an error has a sentence");
	check(!strstr(err.buf, "sesame"), "without what is secret");
	strbuf_release(&text);
	strbuf_release(&err);
	return ret;
}

#define KEYS "\"AccessKeyId\":\"I\",\"SecretAccessKey\":\"sesame/+=\""

static void test_json(void)
{
	struct aws_keys k = AWS_KEYS_INIT;

	check(!from_json(&k, "{" KEYS "}"), "id and secret");
	check_str(k.id, "I", "the id");
	check_str(k.secret, "sesame/+=", "the secret");
	check(!k.token && !k.expires, "no more");
	check(!from_json(&k, "{" KEYS ",\"Token\":\"t\",\"Expiration\":"
			 "\"2024-07-04T10:15:55Z\"}"), "and a token");
	check_str(k.token, "t", "the token");
	check(k.expires == 1720088155, "when they expire");
	aws_keys_release(&k);
	check(from_json(&k, "{" KEYS ",\"Expiration\":\"soon\"}") ==
	      ERR_CONTENT, "a time that is none");
	check(!k.id, "nothing is half there");
	check(from_json(&k, "{\"AccessKeyId\":\"I\"}") == ERR_CONTENT,
	      "no secret");
	check(from_json(&k, "{" KEYS) == ERR_CONTENT, "no JSON");
	check(from_json(&k, "[\"sesame\"]") == ERR_CONTENT, "a list");
	check(from_json(&k, "") == ERR_CONTENT, "nothing");
	check(from_json(&k, "{\"AccessKeyId\":\"I\",\"SecretAccessKey\":"
			"\"sesame\\r\\nX: y\"}") == ERR_CONTENT,
	      "a line end in a key");
	check(from_json(&k, "{\"AccessKeyId\":5,\"SecretAccessKey\":[]}") ==
	      ERR_CONTENT, "other types");
	aws_keys_release(&k);
}

static void test_take_out(void)
{
	struct strbuf text = STRBUF_INIT;
	struct aws_keys k = AWS_KEYS_INIT;

	check(!aws_keys_set(&k, "AKI", "secret-secret", "token-token-", "it",
			    NULL), "keys");
	strbuf_addstr(&text, "AKI secret-secret token-token-token-token- x");
	aws_keys_take_out(&k, &text);
	check_str(text.buf, "AKI [redacted] [redacted][redacted] x",
		  "both are taken out, wherever they are");
	strbuf_reset(&text);
	strbuf_add(&text, "a\0secret-secret", 15);
	aws_keys_take_out(&k, &text);
	check(text.len == 12 && !memcmp(text.buf, "a\0[redacted]", 12),
	      "behind a NUL, too");
	aws_keys_release(&k);
	aws_keys_take_out(&k, &text);
	check(text.len == 12, "no keys");
	strbuf_release(&text);
}

int main(void)
{
	test_ini();
	test_nested();
	test_malformed();
	test_ini_find();
	test_near();
	test_json();
	test_take_out();
	return unit_done();
}
