#include "lib/base/compat.h"
#include "builtin/key-file.h"
#include "builtin/store-kind.h"
#include "builtin/trust-host.h"

#include "lib/base/error.h"
#include "lib/base/google-conf.h"
#include "lib/base/path.h"
#include "lib/base/store-conf.h"
#include "lib/base/term.h"

#define USUAL_KEY "key.json"

/* ---- the key file, which both kinds have -------------------------------- */

static int check_key(const struct init_plan *plan, struct strbuf *answer,
		     struct strbuf *err)
{
	struct strbuf path = STRBUF_INIT, why = STRBUF_INIT;
	struct key_file key = KEY_FILE_INIT;
	int ret;

	if (!strcmp(answer->buf, STORE_NO_KEY)) {
		strbuf_reset(answer);
		return 0;
	}
	key_file_path(&path, plan->root.buf, answer->buf);
	ret = key_file_read(&key, path.buf, answer->buf, &why);
	if (ret == ERR_NOT_FOUND && plan->offline)
		ret = 0;
	else if (ret == ERR_NOT_FOUND)
		ret = fail(err, ERR_NOT_FOUND, "%s; put it there, or name "
			   "another one, or give '%s' if Google's own tools "
			   "have signed you in", why.buf, STORE_NO_KEY);
	else if (ret)
		strbuf_addbuf(err, &why);
	key_file_release(&key);
	strbuf_release(&path);
	strbuf_release(&why);
	return ret;
}

static int find_key(struct init_plan *plan, const char *key UNUSED,
		    struct strbuf *out, struct strbuf *err UNUSED)
{
	struct strbuf path = STRBUF_INIT;

	/* A conf that has none gets in by something else. */
	if (plan->before)
		return 0;
	path_absolute(&path, plan->root.buf, USUAL_KEY);
	/* A person is asked what the Python tool asked. */
	if (term_is_interactive() || path_exists(path.buf) ||
	    !key_file_is_needless())
		strbuf_addstr(out, USUAL_KEY);
	strbuf_release(&path);
	return 0;
}

/* "yes" and "1" as the conf has them. */
static void spell_truth(struct value *settings, const char *key)
{
	if (value_map_get(settings, key))
		value_map_set(settings, key, value_new_bool(
				store_conf_truth(settings, key)));
}

/* Who else is to see what the key gives. */
static int agree(const char *root, const struct value *config,
		 struct strbuf *err)
{
	const char *api_root = value_get_text(config, "api_root");
	const char *name = value_get_text(config, "key_file_path");
	struct strbuf path = STRBUF_INIT, what = STRBUF_INIT;
	struct key_file key = KEY_FILE_INIT;
	size_t len = err->len, i;
	int ret = 0;

	if (store_conf_truth(config, "anonymous"))
		return 0;
	if (api_root)
		ret = trust_host(api_root, "the api_root is at", err);
	if (!ret && name) {
		key_file_path(&path, root, name);
		strbuf_addf(&what, _("the key file '%s' has tokens made by"),
			    name);
		ret = key_file_read(&key, path.buf, name, err);
		/* it may come later */
		if (ret == ERR_NOT_FOUND) {
			strbuf_setlen(err, len);
			ret = 0;
		}
	}
	for (i = 0; !ret && i < key.urls.nr; i++)
		ret = trust_host(key.urls.v[i], what.buf, err);
	key_file_release(&key);
	strbuf_release(&path);
	strbuf_release(&what);
	return ret;
}

/* ---- Google Cloud Storage ----------------------------------------------- */

static int check_bucket(const struct init_plan *plan UNUSED,
			struct strbuf *answer, struct strbuf *err)
{
	return gcs_check_bucket(answer->buf, err);
}

static bool is_anonymous(const struct init_plan *plan)
{
	const char *emulator = getenv("STORAGE_EMULATOR_HOST");

	if (value_map_get(plan->given, "anonymous"))
		return store_conf_truth(plan->given, "anonymous");
	if (store_conf_truth(plan->before, "anonymous"))
		return true;
	return emulator && *emulator && !value_map_get(plan->given, "api_root")
		&& !value_map_get(plan->before, "api_root");
}

/* `backet_name` (sic) is what the Python tool reads. */
static int fit_gcs(struct value *settings, struct strbuf *err)
{
	const struct value *bucket = value_map_get(settings, "bucket_name");
	int ret = store_kind_only(settings, "gcs", gcs_conf_keys, err);

	if (!ret)
		ret = gcs_conf_check(settings, err);
	if (ret)
		return ret;
	if (bucket) {
		value_map_set(settings, "backet_name", value_copy(bucket));
		value_map_remove(settings, "bucket_name");
	}
	spell_truth(settings, "anonymous");
	return 0;
}

static const struct store_setting gcs_settings[] = {
	{ .key = "key_file_path", .question = "Input key file_path",
	  .shown = "Key file", .optional = true, .is_key_file = true,
	  .check = check_key, .find = find_key, .needless = is_anonymous },
	{ .key = "backet_name", .question = "Input bucket name",
	  .shown = "Bucket name", .check = check_bucket },
	{ .key = NULL }
};

const struct store_kind store_kind_gcs = {
	.type = "gcs", .alias = "gs", .title = "Google Cloud Storage",
	.settings = gcs_settings, .fit = fit_gcs, .agree = agree,
	.page = "resutil-gcs"
};

/* ---- Google Drive ------------------------------------------------------- */

static int check_folder(const struct init_plan *plan UNUSED,
			struct strbuf *answer, struct strbuf *err)
{
	struct strbuf id = STRBUF_INIT;
	int ret = gdrive_folder_id(&id, answer->buf, err);

	if (!ret) {
		strbuf_reset(answer);
		strbuf_addbuf(answer, &id);
	}
	strbuf_release(&id);
	return ret;
}

static int fit_gdrive(struct value *settings, struct strbuf *err)
{
	const char *folder = value_get_text(settings, "base_folder_id");
	struct strbuf id = STRBUF_INIT;
	int ret = store_kind_only(settings, "gdrive", gdrive_conf_keys, err);

	if (!ret)
		ret = gdrive_conf_check(settings, err);
	if (!ret && folder)
		ret = gdrive_folder_id(&id, folder, err);
	if (!ret && folder)
		value_map_set_str(settings, "base_folder_id", id.buf);
	if (!ret)
		spell_truth(settings, "acknowledge_abuse");
	strbuf_release(&id);
	return ret;
}

static const struct store_setting gdrive_settings[] = {
	{ .key = "key_file_path", .question = "Input key file_path",
	  .shown = "Key file", .optional = true, .is_key_file = true,
	  .check = check_key, .find = find_key },
	{ .key = "base_folder_id", .question = "Input folder id of base dir",
	  .shown = "Base folder id", .check = check_folder },
	{ .key = NULL }
};

const struct store_kind store_kind_gdrive = {
	.type = "gdrive", .title = "Google Drive",
	.settings = gdrive_settings, .fit = fit_gdrive, .agree = agree,
	.page = "resutil-gdrive"
};
