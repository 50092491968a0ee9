/* Signatures, with the examples that AWS prints and what botocore signs. */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/http.h"
#include "transport/aws/sigv4.h"
#include "t/unit/unit.h"

#define NOTHING								\
	"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HOST "examplebucket.s3.amazonaws.com"
#define SCOPE "AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request"

static const struct sigv4 day = { "us-east-1", "s3", 1369353600 };

static const struct aws_keys keys = {
	(char *)"AKIAIOSFODNN7EXAMPLE",
	(char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", NULL, 0, false
};

static const struct aws_keys session = {
	(char *)"AKIAIOSFODNN7EXAMPLE",
	(char *)"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
	(char *)"tok/en+=", 0, false
};

static void check_headers(const struct sigv4_request *r,
			  const struct aws_keys *k, const char *names,
			  const char *signature, const char *what)
{
	struct strbuf want = STRBUF_INIT, err = STRBUF_INIT;
	struct strvec out = STRVEC_INIT;

	strbuf_addf(&want, "Authorization: AWS4-HMAC-SHA256 Credential=" SCOPE
		    ", SignedHeaders=%s, Signature=%s", names, signature);
	check(!sigv4_headers(&out, &day, k, r, &err), what);
	check_str(out.nr ? out.v[out.nr - 1] : NULL, want.buf, what);
	check_str(out.nr ? out.v[0] : NULL, "x-amz-date: 20130524T000000Z",
		  "the date");
	strvec_release(&out);
	strbuf_release(&err);
	strbuf_release(&want);
}

/* Amazon S3 API Reference, "Signature Calculations for the Authorization
 * Header: Transferring Payload in a Single Chunk". */
static void test_published(void)
{
	struct strvec headers = STRVEC_INIT, query = STRVEC_INIT;
	struct strbuf sum = STRBUF_INIT, err = STRBUF_INIT;
	struct sigv4_request r = { "GET", HOST, "/test.txt", &query, &headers,
				   NOTHING };

	strvec_push(&headers, "Range: bytes=0-9");
	check_headers(&r, &keys, "host;range;x-amz-content-sha256;x-amz-date",
		      "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c"
		      "6036bdb41", "GET Object");

	strvec_clear(&headers);
	strvec_push(&headers, "x-amz-storage-class: REDUCED_REDUNDANCY");
	strvec_push(&headers, "Date: Fri, 24 May 2013 00:00:00 GMT");
	check(!digest_memory(&sum, "Welcome to Amazon S3.", 21, &err), "sum");
	r.method = "PUT";
	r.path = "/test%24file.text";
	r.payload = sum.buf;
	check_headers(&r, &keys, "date;host;x-amz-content-sha256;x-amz-date;"
		      "x-amz-storage-class",
		      "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af"
		      "0ece108bd", "PUT Object");

	strvec_clear(&headers);
	strvec_push(&query, "lifecycle=");
	r.method = "GET";
	r.path = "/";
	r.payload = NOTHING;
	check_headers(&r, &keys, "host;x-amz-content-sha256;x-amz-date",
		      "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a01"
		      "36783543", "GET Bucket Lifecycle");

	strvec_clear(&query);
	strvec_pushl(&query, "prefix=J", "max-keys=2", NULL);
	check_headers(&r, &keys, "host;x-amz-content-sha256;x-amz-date",
		      "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711e"
		      "f69dc6f7", "Get Bucket (List Objects)");
	strvec_release(&query);
	strvec_release(&headers);
	strbuf_release(&sum);
	strbuf_release(&err);
}

/* What botocore 1.29 makes of the same requests. */
static void test_odd(void)
{
	static const char key[] = "/b/a b/+=&?#%~!'()*//./\xc3\xa9/";
	struct strvec query = STRVEC_INIT;
	struct strbuf path = STRBUF_INIT, sum = STRBUF_INIT, err = STRBUF_INIT;
	struct sigv4_request r = { "PUT", "h:8000", NULL, &query, NULL, NULL };

	http_escape(&path, key, strlen(key), true);
	check_str(path.buf, "/b/a%20b/%2B%3D%26%3F%23%25~%21%27%28%29%2A//./"
		  "%C3%A9/", "a path is escaped strictly");
	check(!digest_memory(&sum, "x", 1, &err), "sum");
	strvec_pushl(&query, "uploads=", "a-b=1", "a=2", "A=\xc3\xa9 /",
		     "partNumber=10", NULL);
	r.path = path.buf;
	r.payload = sum.buf;
	check_headers(&r, &session, "host;x-amz-content-sha256;x-amz-date;"
		      "x-amz-security-token",
		      "02fbdb8b577ce8b73170908a1b8fef933f16cd8f6b55fa2510a5d789"
		      "f9b72073", "an odd key, odd parameters, a session");
	strvec_release(&query);
	strbuf_release(&path);
	strbuf_release(&sum);
	strbuf_release(&err);
}

static void test_query_order(void)
{
	struct strvec query = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT;

	sigv4_join_query(&out, NULL);
	sigv4_join_query(&out, &query);
	check_str(out.buf, "", "no parameters");

	/* '-' and '0' are before '=', '%' is before letters */
	strvec_pushl(&query, "a=2", "a-b=1", "a0=3", "A=1", "\xc3\xa9=x",
		     "a=10", "novalue", "empty=", "z=b=c", "z=b c", "~=t",
		     NULL);
	sigv4_join_query(&out, &query);
	check_str(out.buf, "%C3%A9=x&A=1&a=10&a=2&a-b=1&a0=3&empty=&novalue=&"
		  "z=b%20c&z=b%3Dc&~=t", "sorted by name, then by value");
	strvec_release(&query);
	strbuf_release(&out);
}

/* Amazon S3 API Reference, "Authenticating Requests: Using Query
 * Parameters"; the second by botocore. */
static void test_presigned(void)
{
	struct strvec query = STRVEC_INIT;
	struct strbuf out = STRBUF_INIT, err = STRBUF_INIT;
	struct sigv4_request r = { "GET", HOST, "/test.txt", NULL, NULL,
				   SIGV4_UNSIGNED };

	check(!sigv4_query(&out, &day, &keys, &r, 86400, &err), "presigned");
	check_str(out.buf, "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
		  "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1"
		  "%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
		  "X-Amz-Expires=86400&X-Amz-SignedHeaders=host&"
		  "X-Amz-Signature=aeeed9bbccd4d02ee5c0109b86d86835f995330da4c2"
		  "65957d157751f604d404", "as AWS prints it");

	strbuf_reset(&out);
	strvec_push(&query, "versionId=a b");
	r.host = "h:8000";
	r.path = "/b/a%20b/%2B%3D%26%3F%23%25~%21%27%28%29%2A//./%C3%A9/";
	r.query = &query;
	check(!sigv4_query(&out, &day, &session, &r, 60, &err),
	      "with a parameter and a session");
	check_str(out.buf, "X-Amz-Algorithm=AWS4-HMAC-SHA256&"
		  "X-Amz-Credential=AKIAIOSFODNN7EXAMPLE%2F20130524%2Fus-east-1"
		  "%2Fs3%2Faws4_request&X-Amz-Date=20130524T000000Z&"
		  "X-Amz-Expires=60&X-Amz-Security-Token=tok%2Fen%2B%3D&"
		  "X-Amz-SignedHeaders=host&versionId=a%20b&"
		  "X-Amz-Signature=e5402a04bfb95f73fd43476b1bcac88a5bacecb4c192"
		  "f82924518ee2cdf81411", "as botocore signs it");

	check(sigv4_query(&out, &day, &keys, &r, 0, &err) == ERR_USAGE,
	      "for no time");
	strbuf_reset(&err);
	check(sigv4_query(&out, &day, &keys, &r, SIGV4_EXPIRES_MAX + 1, &err) ==
	      ERR_USAGE, "for longer than a week");
	check_str(err.buf, "a URL cannot hold for 604801 seconds: 1 to 604800 "
		  "(a week)", "says how long it may be");
	strvec_release(&query);
	strbuf_release(&out);
	strbuf_release(&err);
}

static void test_others(void)
{
	static const struct sigv4 never = { "r", "s3", INT64_MAX };
	struct aws_keys nobody = AWS_KEYS_INIT;
	struct strvec out = STRVEC_INIT, odd = STRVEC_INIT, even = STRVEC_INIT;
	struct strbuf url = STRBUF_INIT, err = STRBUF_INIT;
	struct sigv4_request r = { "GET", HOST, "/", NULL, &odd, NOTHING };

	nobody.anonymous = true;
	check(!sigv4_headers(&out, &day, &nobody, &r, &err) && !out.nr,
	      "anonymous: nothing is added");
	check(sigv4_query(&url, &day, &nobody, &r, 60, &err) ==
	      ERR_CREDENTIALS && !url.len, "anonymous: no URL is signed");
	strbuf_reset(&err);
	check(sigv4_headers(&out, &never, &keys, &r, &err) == ERR_FAILED &&
	      err.len && !out.nr, "a clock beyond all years");

	strbuf_reset(&err);
	strvec_push(&odd, "X-Amz-Meta-A: \t two   blanks\t here  ");
	check(!sigv4_headers(&out, &day, &keys, &r, &err), "odd blanks");
	strvec_push(&even, "x-amz-meta-a:two blanks here");
	r.headers = &even;
	check(!sigv4_headers(&out, &day, &keys, &r, &err), "even ones");
	check(out.nr == 6, "three headers each");
	check_str(out.v[2], out.v[5], "blanks are signed as one");
	strvec_release(&odd);
	strvec_release(&even);
	strvec_release(&out);
	strbuf_release(&url);
	strbuf_release(&err);
}

int main(void)
{
	test_published();
	test_odd();
	test_query_order();
	test_presigned();
	test_others();
	return unit_done();
}
