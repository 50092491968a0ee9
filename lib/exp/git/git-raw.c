#include "lib/base/compat.h"
#include "lib/exp/git/git-raw.h"
#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/strbuf.h"

enum raw_state { RAW_META, RAW_PATH, RAW_PATCH };

#define HEADER "diff --git "
#define HEADER_LEN (sizeof(HEADER) - 1)
#define SUBPROJECT "+Subproject commit "

/* ":100644 100755 <hash> <hash> M", with hashes of up to 64 digits */
#define META_MAX 160

void git_raw_init(struct git_raw *raw)
{
	memset(raw, 0, sizeof(*raw));
	strbuf_init(&raw->hold);
	strbuf_init(&raw->header);
	raw->line_start = true;
	raw->skip = true;
}

void git_raw_release(struct git_raw *raw)
{
	size_t i;

	for (i = 0; i < raw->nr; i++) {
		free(raw->entry[i].path);
		free(raw->entry[i].subproject);
	}
	free(raw->entry);
	strbuf_release(&raw->hold);
	strbuf_release(&raw->header);
	memset(raw, 0, sizeof(*raw));
}

bool git_raw_is_listed(const struct git_raw *raw)
{
	return raw->state == RAW_PATCH;
}

static bool read_mode(unsigned *mode, const char **text)
{
	int i;

	*mode = 0;
	for (i = 0; i < 6; i++, (*text)++) {
		if (**text < '0' || **text > '7')
			return false;
		*mode = *mode * 8 + (unsigned)(**text - '0');
	}
	return *(*text)++ == ' ';
}

static bool skip_hash(const char **text)
{
	const char *start = *text;

	while (isxdigit((unsigned char)**text))
		(*text)++;
	return *text > start && *(*text)++ == ' ';
}

static int take_meta(struct git_raw *raw, struct strbuf *err)
{
	struct git_raw_entry entry = { 0 };
	const char *text = raw->hold.buf;

	if (*text++ != ':' || !read_mode(&entry.old_mode, &text) ||
	    !read_mode(&entry.new_mode, &text) || !skip_hash(&text) ||
	    !skip_hash(&text) || !*text || !strchr("ADMTU", *text) ||
	    strlen(text) != 1 || strlen(raw->hold.buf) != raw->hold.len)
		return fail(err, ERR_CONTENT,
			    "cannot read the list of changes of git");
	if (raw->nr >= GIT_RAW_MAX_ENTRIES)
		return fail(err, ERR_CONTENT,
			    "more than %d changed files", GIT_RAW_MAX_ENTRIES);
	entry.status = *text;
	ARRAY_GROW(raw->entry, raw->nr + 1, raw->alloc);
	raw->entry[raw->nr] = entry;
	return 0;
}

static int take_path(struct git_raw *raw, struct strbuf *err)
{
	if (!raw->hold.len)
		return fail(err, ERR_CONTENT,
			    "cannot read the list of changes of git");
	raw->entry[raw->nr++].path = xmemdupz(raw->hold.buf, raw->hold.len);
	return 0;
}

/* One NUL-ended item of the list, or the NUL alone that ends it. */
static int feed_list(struct git_raw *raw, const char **buf, size_t *len,
		     struct strbuf *err)
{
	size_t max = raw->state == RAW_META ? META_MAX : GIT_RAW_MAX_PATH;
	const char *end = memchr(*buf, '\0', *len);
	size_t n = end ? (size_t)(end - *buf) : *len;
	int ret = 0;

	if (raw->hold.len + n > max)
		return fail(err, ERR_CONTENT,
			    "cannot read the list of changes of git");
	strbuf_add(&raw->hold, *buf, n);
	*buf += n;
	*len -= n;
	if (!end)
		return 0;
	(*buf)++;
	(*len)--;
	if (raw->state == RAW_PATH) {
		ret = take_path(raw, err);
		raw->state = RAW_META;
	} else if (raw->hold.len) {
		ret = take_meta(raw, err);
		raw->state = RAW_PATH;
	} else {
		raw->state = RAW_PATCH;
		if (raw->listed)
			ret = raw->listed(raw, raw->data);
	}
	strbuf_reset(&raw->hold);
	return ret;
}

/*
 * A path in a patch's header as git writes it with core.quotePath=no: bytes
 * above 0x7f stay, whatever they mean; so this is not quote_c().
 */
static void add_name(struct strbuf *out, const char *prefix, const char *path)
{
	static const char letters[] = "abtnvfr";
	const unsigned char *p;
	bool quote = false;

	for (p = (const unsigned char *)path; *p && !quote; p++)
		quote = *p < 0x20 || *p == 0x7f || *p == '"' || *p == '\\';
	if (quote)
		strbuf_addch(out, '"');
	strbuf_addstr(out, prefix);
	for (p = (const unsigned char *)path; *p; p++) {
		if (*p == '"' || *p == '\\')
			strbuf_addf(out, "\\%c", *p);
		else if (*p >= '\a' && *p <= '\r')
			strbuf_addf(out, "\\%c", letters[*p - '\a']);
		else if (*p < 0x20 || *p == 0x7f)
			strbuf_addf(out, "\\%03o", *p);
		else
			strbuf_addch(out, *p);
	}
	if (quote)
		strbuf_addch(out, '"');
}

static bool is_header_of(struct git_raw *raw, const char *path)
{
	strbuf_reset(&raw->header);
	strbuf_addstr(&raw->header, HEADER);
	add_name(&raw->header, "a/", path);
	strbuf_addch(&raw->header, ' ');
	add_name(&raw->header, "b/", path);
	strbuf_addch(&raw->header, '\n');
	return raw->header.len == raw->hold.len &&
	       !memcmp(raw->header.buf, raw->hold.buf, raw->hold.len);
}

/*
 * The parts of a patch stand in the order of the list, but not every entry
 * has one: what only looked changed (by its times) has none.
 */
static int take_header(struct git_raw *raw, struct strbuf *err)
{
	size_t i = raw->current;
	struct git_raw_entry *entry;
	bool again;
	int ret = 0;

	while (i < raw->nr && !is_header_of(raw, raw->entry[i].path))
		i++;
	if (i == raw->nr)
		return fail(err, ERR_CONTENT,
			    "the patch of git is about a file not in its list");
	raw->current = i;
	entry = &raw->entry[i];
	again = entry->patched;
	entry->patched = true;
	raw->skip = entry->drop;
	if (raw->skip)
		return 0;
	if (raw->part)
		ret = raw->part(entry, again, raw->data);
	if (!ret && raw->text)
		ret = raw->text(raw->hold.buf, raw->hold.len, raw->data);
	return ret;
}

static void note_subproject(struct git_raw *raw)
{
	struct git_raw_entry *entry = &raw->entry[raw->current];
	size_t skip = sizeof(SUBPROJECT) - 1;

	if (entry->subproject || raw->hold.len <= skip ||
	    strncmp(raw->hold.buf, SUBPROJECT, skip))
		return;
	entry->subproject = xmemdupz(raw->hold.buf + skip,
				     strcspn(raw->hold.buf + skip, "\n"));
}

/* A whole line, held because its beginning was of interest. */
static int take_line(struct git_raw *raw, struct strbuf *err)
{
	int ret = 0;

	if (!strncmp(raw->hold.buf, HEADER, HEADER_LEN)) {
		ret = take_header(raw, err);
	} else if (raw->hold.buf[0] == '*') {
		raw->skip = true;	/* "* Unmerged path x" is no patch */
	} else if (raw->skip) {
		if (raw->current < raw->nr)
			note_subproject(raw);
	} else if (raw->text) {
		ret = raw->text(raw->hold.buf, raw->hold.len, raw->data);
	}
	strbuf_reset(&raw->hold);
	return ret;
}

/*
 * Within a part no line begins with "diff --git " or "*": lines of text begin
 * with one of " +-\@", lines of binary data hold no blank and begin with a
 * letter. Only lines that may be told from their beginning are held whole.
 */
static bool is_of_interest(const struct git_raw *raw, char first)
{
	return first == 'd' || first == '*' || (raw->skip && first == '+');
}

static int feed_patch(struct git_raw *raw, const char **buf, size_t *len,
		      struct strbuf *err)
{
	const char *end = memchr(*buf, '\n', *len);
	size_t n = end ? (size_t)(end + 1 - *buf) : *len;
	const char *text = *buf;
	bool hold = raw->hold.len ||
		    (raw->line_start && is_of_interest(raw, *text));

	*buf += n;
	*len -= n;
	raw->line_start = !!end;
	if (hold && raw->hold.len + n <= 4 * GIT_RAW_MAX_PATH) {
		strbuf_add(&raw->hold, text, n);
		return end ? take_line(raw, err) : 0;
	}
	if (hold) {	/* longer than any header: let it go as it is */
		int ret = 0;

		if (!raw->skip && raw->text)
			ret = raw->text(raw->hold.buf, raw->hold.len,
					raw->data);
		strbuf_reset(&raw->hold);
		if (ret)
			return ret;
	}
	return raw->skip || !raw->text ? 0 : raw->text(text, n, raw->data);
}

int git_raw_feed(struct git_raw *raw, const char *buf, size_t len,
		 struct strbuf *err)
{
	int ret = 0;

	while (len && !ret) {
		if (raw->state == RAW_PATCH)
			ret = feed_patch(raw, &buf, &len, err);
		else
			ret = feed_list(raw, &buf, &len, err);
	}
	return ret;
}

int git_raw_end(struct git_raw *raw, struct strbuf *err)
{
	if (raw->state == RAW_PATCH)
		return raw->hold.len ? take_line(raw, err) : 0;
	if (raw->state == RAW_PATH || raw->hold.len)
		return fail(err, ERR_CONTENT,
			    "the list of changes of git ends too early");
	raw->state = RAW_PATCH;
	return raw->listed ? raw->listed(raw, raw->data) : 0;
}
