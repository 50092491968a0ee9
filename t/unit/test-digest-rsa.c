/*
 * RSA signatures of the door to libcrypto. The keys were made for this test,
 * the signatures are those of `openssl dgst -sha256 -sign`.
 */
#include "lib/base/compat.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"
#include "lib/wrap/digest.h"
#include "lib/wrap/digest-rsa.h"
#include "t/unit/unit.h"

/* One key, in both forms. */
static const char pkcs1[] =
	"MIICXAIBAAKBgQCsa/wqsiqGmYYHGmTcZOib/7kYmDw3kbg5X1QzTk0+UPtgR0rR\n"
	"cIAfAXBEYdsed8W99PWoOLzHnmp8hYYlwMp+skp7N5GXMWDJl2N5/qPJJ26rXLzy\n"
	"kRAr+vIFwJWvLQPqsZdlt/GYAjNIIL0Mpjw8HjkxnLvUaPjVvndtfw3FBQIDAQAB\n"
	"AoGATMBg5syae4IZlE3eefD9Tnvd9CHIJGBcZkWWIKSJY+T+kRQLLQHsNmEYjYgV\n"
	"1xEv1+gT9kcTWbSd6EIzvdh9Cn9WiF6R6cZgJx35enETHFsOwHU3mFcZ8XIVX28G\n"
	"tAxThRvfQ5GD+FsgPiOydS+m/qnOOg2TcDTCVuP+4L1lol0CQQDidtZRcveWxPEU\n"
	"aF1V6XWftLkD5Kr20IIfv0F5THc+Ygmx+rbD/FlIUGNrAIfrEJ8/XtpFwdG7HFBD\n"
	"zpyBHiYTAkEAwujJR7cgEiVL92ETmSNe8f5YWcZJGxNRQt7ctIlY5oTfd9jZ8d1g\n"
	"pD3GtTjh1d8vvBGeHSA8wH7HU1kxM4OrhwJAZxTesw5Ywoj8j2R976gnwT1a5fnF\n"
	"FDmOsXK2E8eJk5y+ewP7AzSvUyo8Rq1kMMxNIGRFiHETzU6y/lpihKc7fwJBALmM\n"
	"zwFczkU4CGfKnNOunpaV4hok8De8XiHg9A9SqbVaTTtUz7a3X2c8AE1Jh4UJYfIS\n"
	"e4mSxQMkLjGkuXgnI0UCQGlGpnMogzCaxTOeflWUXMK0pA0Vrk9BiXRDj9zHU4b7\n"
	"Vo5p/+3l/rRnkSSe8ao1NtCrWwOc8V83juI3Q3FOMXc=\n";

static const char pkcs8[] =
	"MIICdgIBADANBgkqhkiG9w0BAQEFAASCAmAwggJcAgEAAoGBAKxr/CqyKoaZhgca\n"
	"ZNxk6Jv/uRiYPDeRuDlfVDNOTT5Q+2BHStFwgB8BcERh2x53xb309ag4vMeeanyF\n"
	"hiXAyn6ySns3kZcxYMmXY3n+o8knbqtcvPKRECv68gXAla8tA+qxl2W38ZgCM0gg\n"
	"vQymPDweOTGcu9Ro+NW+d21/DcUFAgMBAAECgYBMwGDmzJp7ghmUTd558P1Oe930\n"
	"IcgkYFxmRZYgpIlj5P6RFAstAew2YRiNiBXXES/X6BP2RxNZtJ3oQjO92H0Kf1aI\n"
	"XpHpxmAnHfl6cRMcWw7AdTeYVxnxchVfbwa0DFOFG99DkYP4WyA+I7J1L6b+qc46\n"
	"DZNwNMJW4/7gvWWiXQJBAOJ21lFy95bE8RRoXVXpdZ+0uQPkqvbQgh+/QXlMdz5i\n"
	"CbH6tsP8WUhQY2sAh+sQnz9e2kXB0bscUEPOnIEeJhMCQQDC6MlHtyASJUv3YROZ\n"
	"I17x/lhZxkkbE1FC3ty0iVjmhN932Nnx3WCkPca1OOHV3y+8EZ4dIDzAfsdTWTEz\n"
	"g6uHAkBnFN6zDljCiPyPZH3vqCfBPVrl+cUUOY6xcrYTx4mTnL57A/sDNK9TKjxG\n"
	"rWQwzE0gZEWIcRPNTrL+WmKEpzt/AkEAuYzPAVzORTgIZ8qc066elpXiGiTwN7xe\n"
	"IeD0D1KptVpNO1TPtrdfZzwATUmHhQlh8hJ7iZLFAyQuMaS5eCcjRQJAaUamcyiD\n"
	"MJrFM55+VZRcwrSkDRWuT0GJdEOP3MdThvtWjmn/7eX+tGeRJJ7xqjU20KtbA5zx\n"
	"XzeO4jdDcU4xdw==\n";

/* The same with the pass phrase "x". */
static const char sealed[] =
	"MIIC3TBXBgkqhkiG9w0BBQ0wSjApBgkqhkiG9w0BBQwwHAQIHW+TJOfvxLsCAggA\n"
	"MAwGCCqGSIb3DQIJBQAwHQYJYIZIAWUDBAEqBBAVe+0CX9EAYcX7FGGcFk5NBIIC\n"
	"gMzRyuuDDak9oJXCSSvz9XDHVTj+yIV8RtjjDtHaZEIHesjytPcWN6XlAhfnslde\n"
	"BJkM/xnFbz/5P3fyZWB+hvdzAuRZaNUz1MDZdUs9JFi5jIb3M8ou8HACqP9Ko+z+\n"
	"3oALVtj6uiP9Jl0v4YXJQgObnBh9AyGkzemZNtbQ8VfjxWkxB/6HV0TN3Mt0OiX5\n"
	"pJc7OjpBLudjnP+D10RIvFCYYQVKdgeCTkj/Jr+MFJQ92wKPUJSQ6+D3cpmLcn87\n"
	"5uaxr7ONyA619iVt4zF0Q4dTahuOB+zxEJVrVWZPmFYak6zO1A8Zeagl7aHlGodF\n"
	"QmaV1lVN+mMUt9tzVtiZeGcm5V9W/e4EaeI+FE8/FZp06yY3i291VOnr7C+o4E3F\n"
	"/M7JbtI6Tv2Rt1mdYaEv3Xs53xAVvlTnNh/IIHAXiWMd0qTkthVimmLcb36hmRSQ\n"
	"1+krmzBmzZ6v1T3T0CuksvLZQvKaHKKCpbHaFYODh9UPYmz4F+RsND+z9ot0/KfH\n"
	"MyXwEsl0Wyn5g5h2Z16HPiC6Pga6C6k3BBTeLnyeZqKUl3Hpp58KzWpZUPVQfK6t\n"
	"pFL2wWv1aSdAL1YAxVZUKVPb05vLy52Czv302xQR/ycqJG0szUoSH7XZIdvPoU2K\n"
	"ZUPkzwP6EvsxN1UNo5RQxkT6HS7P+8hiQ6K7uHk03+HkYUE7melAhgf3PtEi/M3X\n"
	"puRiGtF6FoyrQcnmHqSrUzG/mArFRyaFTKXMS0MUXNsFTkqAEmSxT9kzXeFjWlLp\n"
	"YAYe1MkZQZ+mAfQ3uFQY0v7yM6Jy/aT2da43fJh2T0qMgSwb22ifI9dz9xUK+5Im\n"
	"XgrhqtYkOYmyZ+41Szj2XD0=\n";

/* Of another kind: an elliptic curve. */
static const char curve[] =
	"MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgWKc1KnQZLhdLoTpK\n"
	"OBhyPcEMM854NbNYC8RXKYjtnjOhRANCAAQrwXhqgxuzCub3rAlYO0mSZN9taLQK\n"
	"NuZlMQBJolmQWy+5OdclXxQsGcb473+684GummqtXuiIT6wv/IRpEfrA\n";

/* Its lines stand here without their frame: what looks for keys in texts need
 * not find these. */
static char *pem_of(const char *kind, const char *lines)
{
	return xstrfmt("-----BEGIN %s-----\n%s-----END %s-----\n", kind, lines,
		       kind);
}

static char *pem_pkcs8(void)
{
	return pem_of("PRIVATE KEY", pkcs8);
}

static void signs(const char *pem, const void *data, size_t len,
		  const char *want, const char *what)
{
	struct strbuf raw = STRBUF_INIT, hex = STRBUF_INIT, err = STRBUF_INIT;
	int ret;

	strbuf_addstr(&raw, "x");
	ret = rsa_sha256_sign(&raw, pem, strlen(pem), data, len, &err);
	if (ret)
		printf("# %s\n", err.buf);
	if (!ret && raw.buf[0] == 'x')
		digest_hex_of(&hex, (unsigned char *)raw.buf + 1, raw.len - 1);
	check_str(hex.buf, want, what);
	strbuf_release(&raw);
	strbuf_release(&hex);
	strbuf_release(&err);
}

static void test_vectors(void)
{
	static const char text[] =
		"745e4c48c7af0695e2075bfb3bbbb9ad7db3f4819d949d1e80cf4145ba7e"
		"cd268dc3422793f678f8584688451d279186ab2985236934b499f5a4de13"
		"dd291a9de484caa03fbbb8d2acf9dfe43954ae8c69bd86eb120de73ae154"
		"fc9cd09a1fb7eddec967617184fda49c07d959a918e82d51ef5ad610bc78"
		"082ceb72cd1c2250";
	static const char empty[] =
		"5d1e895abc5b3069ba05325773a68115c5eae208d780e49932e8eae0bd7c"
		"7dfb948e266b0b7d900c33079906aee3cb67ee925cbbe9102b59805b33c3"
		"8102d75ad08c5f97561785f8ef2c5d4994fced1dc7875d9b9f5cef928ca8"
		"3b24d6bb2bfa8ab2586ca337e38d0af41b1cd225c1b39dbb651099aa0b93"
		"b7b4de2bd3a73b83";
	static const char bytes[] =
		"63d11a509535a69cc726282119cace8e99d0d457d64ae4f24e2e72594dd5"
		"4d20934d661e5d852cd900dedc8ff30764de1ed93b7c1a155ef467028f58"
		"b5d9fce795365746687d02cb18490700af8d94e02a13fd393d4944df7082"
		"31fe4cf621f9e40ff26ddc63a136568cbcf60594d420c336eb016f4c5e39"
		"4b9de41f773e87d1";
	char *first = pem_of("RSA PRIVATE KEY", pkcs1), *second = pem_pkcs8();
	unsigned char data[2048];
	size_t i;

	for (i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char)i;
	signs(first, "header.claims", 13, text, "a key of PKCS#1");
	signs(second, "header.claims", 13, text, "a key of PKCS#8");
	signs(second, "", 0, empty, "no bytes");
	signs(second, data, sizeof(data), bytes, "2048 bytes of all kinds");
	free(first);
	free(second);
}

static void refuses(const char *pem, size_t len, const char *what)
{
	struct strbuf raw = STRBUF_INIT, err = STRBUF_INIT;
	int ret = rsa_sha256_sign(&raw, pem, len, "x", 1, &err);

	printf("# %s\n", err.buf);
	check(ret == ERR_CONTENT && err.len && !raw.len, what);
	check(!strstr(err.buf, "MII") && !strstr(err.buf, "BEGIN"),
	      "nothing of it is repeated");
	strbuf_release(&raw);
	strbuf_release(&err);
}

static void test_refusals(void)
{
	char *locked = pem_of("ENCRYPTED PRIVATE KEY", sealed);
	char *other = pem_of("PRIVATE KEY", curve), *good = pem_pkcs8();
	char *lie = pem_of("PUBLIC KEY", pkcs8);
	char *long_lie = pem_of("PRIVATE KEY", pkcs1);

	refuses(locked, strlen(locked), "a key with a pass phrase");
	refuses(other, strlen(other), "a key of an elliptic curve");
	refuses(lie, strlen(lie), "what is called a public key");
	refuses("", 0, "nothing");
	refuses("-----BEGIN PRIVATE KEY-----\n", 28, "a first line");
	refuses("no key", 6, "other text");
	refuses(good, strlen(good) / 2, "half a key");
	good[100] ^= 1;
	good[101] = '!';
	refuses(good, strlen(good), "a key with a letter that is none");
	refuses(long_lie, strlen(long_lie), "PKCS#1 called PKCS#8");
	free(locked);
	free(other);
	free(good);
	free(lie);
	free(long_lie);
}

int main(void)
{
	test_vectors();
	test_refusals();
	return unit_done();
}
