/*
 * What is noted of an upload, for whoever goes on with it: the name of the
 * temporary file there. What that holds, the host alone says.
 * Source: resutilformat-upload(5), "The state of ssh".
 */
#include "lib/base/compat.h"
#include "lib/base/error.h"
#include "lib/wrap/json.h"
#include "transport/ssh/ssh-put.h"

#define STATE_VERSION 1
#define SEGMENT_MAX ((int64_t)1 << 30)
/* dd there counts in such blocks. */
#define SEGMENT_UNIT 65536

static bool read_state(struct ssh_noted *n, const struct value *root,
		       const char *key)
{
	const char *of = value_get_text(root, "key");
	const char *hex = value_get_text(root, "temporary");
	const char *sum = value_get_text(root, "sum");
	int64_t version, segment;

	if (!value_get_int(root, "version", &version) ||
	    version != STATE_VERSION || !of || strcmp(of, key) || !hex ||
	    !ssh_temporary_read(&n->temporary, hex) || !sum ||
	    strlen(sum) >= sizeof(n->sum) ||
	    !value_get_int(root, "segment", &segment) || segment <= 0 ||
	    segment > SEGMENT_MAX || segment % SEGMENT_UNIT)
		return false;
	n->segment = (uint64_t)segment;
	snprintf(n->sum, sizeof(n->sum), "%s", sum);
	return true;
}

int ssh_state_read(struct ssh_noted *n, const char *key, const char *state,
		   struct strbuf *err)
{
	struct value *root = NULL;
	int ret = json_parse(&root, state, strlen(state), "the note of an "
			     "upload", err);

	if (!ret && !read_state(n, root, key))
		ret = fail(err, ERR_CONTENT, "what was noted is no upload of "
			   "'%s'", key);
	value_free(root);
	return ret ? ERR_CONTENT : 0;
}

int ssh_state_save(const struct ssh_noted *n, const struct put_request *r,
		   struct strbuf *err)
{
	struct value *root = value_new_map();
	struct strbuf text = STRBUF_INIT;
	int ret;

	value_map_set_int(root, "version", STATE_VERSION);
	value_map_set_str(root, "key", r->key);
	value_map_set_str(root, "temporary", n->temporary.hex);
	value_map_set_int(root, "segment", (int64_t)n->segment);
	value_map_set_str(root, "sum", n->sum);
	json_write(&text, root);
	ret = r->resume->save(r->resume, text.buf, err);
	value_free(root);
	strbuf_release(&text);
	return ret;
}
