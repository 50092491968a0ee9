#include "lib/base/compat.h"
#include "lib/base/s3-conf.h"

#include "lib/base/error.h"
#include "lib/base/store-conf.h"

/* 63 at AWS, where it is a part of the name of a host. */
#define BUCKET_MIN 3
#define BUCKET_MAX 255
#define REGION_MAX 64
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" \
	"0123456789"

const char *const s3_conf_keys[] = {
	"bucket_name", "endpoint_url", "region", "addressing", "prefix",
	"key_file_path", "profile", "anonymous", NULL
};

int s3_check_bucket(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!strncmp(name, "s3://", 5))
		return fail(err, ERR_USAGE, "'%.100s' is a URL; bucket_name "
			    "is the bucket alone, and what follows it is "
			    "'prefix'", name);
	if (len < BUCKET_MIN || len > BUCKET_MAX ||
	    name[strspn(name, ALNUM ".-_")] || !store_conf_is_alnum(name[0]) ||
	    !store_conf_is_alnum(name[len - 1]) || strstr(name, "..") ||
	    store_conf_is_address(name))
		return fail(err, ERR_USAGE, "'%.100s' cannot be the name of a "
			    "bucket; that has 3 to 63 small letters, digits, "
			    "'-' and '.', with a letter or digit at both ends",
			    name);
	return 0;
}

int s3_check_endpoint(const char *url, struct strbuf *err)
{
	return store_conf_check_url(url, "endpoint_url", "resutil-s3(7)",
				    "the bucket is named by bucket_name", err);
}

int s3_check_region(const char *name, struct strbuf *err)
{
	size_t len = strlen(name);

	if (!len || len > REGION_MAX || name[strspn(name, ALNUM "-_")])
		return fail(err, ERR_USAGE, "'%.100s' cannot be a region; it "
			    "is a word such as 'eu-central-1'", name);
	return 0;
}

int s3_check_addressing(const char *word, struct strbuf *err)
{
	if (!strcmp(word, "auto") || !strcmp(word, "path") ||
	    !strcmp(word, "virtual"))
		return 0;
	return fail(err, ERR_USAGE, "'%.100s' is no way of addressing; those "
		    "are auto, path (HOST/BUCKET) and virtual (BUCKET.HOST)",
		    word);
}

int s3_conf_check(const struct value *config, struct strbuf *err)
{
	static const struct store_conf_key keys[] = {
		{ "bucket_name", s3_check_bucket, false },
		{ "endpoint_url", s3_check_endpoint, false },
		{ "region", s3_check_region, false },
		{ "addressing", s3_check_addressing, false },
		{ "prefix", store_conf_check_prefix, false },
		{ "key_file_path", store_conf_any, false },
		{ "profile", store_conf_any, false },
		{ "anonymous", store_conf_check_anonymous, true }
	};

	return store_conf_check(config, keys, ARRAY_SIZE(keys), err);
}

bool s3_conf_anonymous(const struct value *config)
{
	return store_conf_truth(config, "anonymous");
}
