#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/quote.h"
#include "lib/base/strbuf.h"
#include "lib/base/value.h"
#include "t/unit/unit.h"

static const char *verdict(int ret, const struct strbuf *err)
{
	if (ret)
		printf("# %s\n", err->buf);
	return !ret ? "ok" : ret == ERR_USAGE && err->len ? "refused" :
	       "another error";
}

/* What the check of `key` says of a text. */
static const char *of(const char *key, const char *text)
{
	struct value *config = value_new_map();
	struct strbuf err = STRBUF_INIT;
	const char *ret;

	value_map_set_str(config, key, text);
	if (!strcmp(key, "base_folder_id"))
		ret = verdict(gdrive_conf_check(config, &err), &err);
	else
		ret = verdict(gcs_conf_check(config, &err), &err);
	value_free(config);
	strbuf_release(&err);
	return ret;
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
		"lab", "lab-results", "lab_results", "lab.example.com", "0lab0",
		"123", "1.2.3", "", NULL
	};
	static const char *const bad[] = {
		"ab", "-lab", "lab-", ".lab", "_lab", "a..b", "a/b", "a b",
		"Lab", "gs://lab", "10.1.2.3", "lab:x", "b\xc3\xbc" "cher",
		"lab?x", "lab%20", "l\nb", "../lab", NULL
	};
	char name[65];

	all("bucket_name", "ok", good);
	all("bucket_name", "refused", bad);
	all("backet_name", "ok", good);
	all("backet_name", "refused", bad);
	memset(name, 'a', sizeof(name));
	name[63] = '\0';
	check_str(of("bucket_name", name), "ok", "63 letters");
	name[63] = 'a';
	name[64] = '\0';
	check_str(of("bucket_name", name), "refused", "64 letters");
}

static const char *both(const char *one, const char *two)
{
	struct value *config = value_new_map();
	struct strbuf err = STRBUF_INIT;
	const char *ret;

	value_map_set_str(config, "backet_name", one);
	value_map_set_str(config, "bucket_name", two);
	ret = verdict(gcs_conf_check(config, &err), &err);
	value_free(config);
	strbuf_release(&err);
	return ret;
}

static void test_two_names(void)
{
	check_str(both("lab", "lab"), "ok", "one name twice");
	check_str(both("lab", ""), "ok", "one is empty");
	check_str(both("lab", NULL), "ok", "one is null");
	check_str(both("lab", "bal"), "refused", "two names");
}

static void test_roots(void)
{
	static const char *const good[] = {
		"https://storage.googleapis.com", "http://127.0.0.1:4443",
		"https://storage-lab.p.googleapis.com/", "https://[::1]:9",
		"https://gateway.lab/gcs", "", NULL
	};
	static const char *const bad[] = {
		"storage.googleapis.com", "ftp://host", "https://",
		"https://u:hunter2@host", "https://host?x=1", "https://host/#x",
		"https://host/../x", "https://storage.googleapis.com\\@evil",
		"https://host\r\nHeader: x", NULL
	};
	struct strbuf err = STRBUF_INIT;

	all("api_root", "ok", good);
	all("api_root", "refused", bad);
	check(google_check_api_root("https://u:hunter2@h", &err) == ERR_USAGE &&
	      !strstr(err.buf, "hunter2"), "a secret is not repeated");
	strbuf_release(&err);
}

static void test_projects(void)
{
	static const char *const good[] = {
		"my-lab-1234", "example.com:lab", "123456", NULL
	};
	static const char *const bad[] = { "my lab", "a/b", "a\nb", NULL };

	all("user_project", "ok", good);
	all("user_project", "refused", bad);
}

static void id_is(const char *text, const char *want)
{
	struct strbuf id = STRBUF_INIT, err = STRBUF_INIT;
	int ret = gdrive_folder_id(&id, text, &err);

	if (ret)
		printf("# %s\n", err.buf);
	check_str(!ret ? id.buf : ret == ERR_USAGE && !id.len ? "refused" :
		  "another error", want, text);
	strbuf_release(&id);
	strbuf_release(&err);
}

#define ID "1aB_-9dEfGhIjKlMnOpQrStUvWxYz0123"
#define DRIVE "https://drive.google.com/"

static void test_folders(void)
{
	static const char *const folders[] = {
		ID, DRIVE "drive/folders/" ID, DRIVE "drive/folders/" ID "/",
		DRIVE "drive/folders/" ID "?usp=sharing",
		DRIVE "drive/folders/" ID "?resourcekey=0-xyz&usp=drive_link",
		DRIVE "drive/u/0/folders/" ID,
		DRIVE "drive/u/12/folders/" ID "?hl=ja#top",
		DRIVE "drive/mobile/folders/" ID,
		DRIVE "open?id=" ID, DRIVE "open?usp=x&id=" ID "&authuser=0",
		DRIVE "folderview?id=" ID "#list",
		DRIVE "a/example.com/drive/folders/" ID,
		DRIVE "a/example.com/folders/" ID,
		DRIVE "a/example.com/open?id=" ID,
		"drive.google.com/drive/folders/" ID, NULL
	};
	static const char *const others[] = {
		"", " ", ID "/", "a b", "a/b", "a'b", "../" ID,
		DRIVE, DRIVE "drive/my-drive", DRIVE "drive/folders/",
		DRIVE "drive/folders/?usp=sharing",
		DRIVE "drive/folders/a'b", DRIVE "drive/u/x/folders/" ID,
		DRIVE "open?uid=" ID, DRIVE "open?x=1#id=" ID,
		DRIVE "file/d/" ID "/view", DRIVE "uc?id=" ID,
		DRIVE "a/example.com/file/d/" ID "/view",
		DRIVE "a/folders/" ID, DRIVE "a//folders/" ID,
		"https://docs.google.com/document/d/" ID "/edit",
		"http://drive.google.com/drive/folders/" ID,
		"https://drive.google.com.evil.org/drive/folders/" ID,
		"https://drive.google.com@evil.org/drive/folders/" ID,
		"gdrive://" ID, NULL
	};
	size_t i;
	char id[130];

	for (i = 0; folders[i]; i++)
		id_is(folders[i], ID);
	for (i = 0; others[i]; i++)
		id_is(others[i], "refused");
	memset(id, 'a', sizeof(id));
	id[129] = '\0';
	id_is(id, "refused");
	check_str(of("base_folder_id", ID), "ok", "in storage_config");
	check_str(of("base_folder_id", DRIVE "file/d/" ID), "refused",
		  "a file in storage_config");
}

static void test_hosts(void)
{
	static const char *const own[] = {
		"googleapis.com", "www.googleapis.com", "oauth2.googleapis.com",
		"STORAGE.GoogleAPIs.com", "storage.googleapis.com:443",
		"accounts.google.com", "storage-x.p.googleapis.com", NULL
	};
	static const char *const others[] = {
		"", "google.com", "evilgoogleapis.com", "googleapis.com.evil",
		"googleapis.com@evil", "evil#.googleapis.com",
		"evil/.googleapis.com", "x.accounts.google.com", "localhost",
		"evil:1.googleapis.com", "www.googleapis.com:", ".googleapis",
		"127.0.0.1", "googleapis.co", NULL
	};
	size_t i;

	for (i = 0; own[i]; i++)
		check(google_host_is_own(own[i]), own[i]);
	for (i = 0; others[i]; i++)
		check(!google_host_is_own(others[i]), others[i]);
}

int main(void)
{
	test_buckets();
	test_two_names();
	test_roots();
	test_projects();
	test_folders();
	test_hosts();
	return unit_done();
}
