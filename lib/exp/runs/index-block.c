/*
 * The keys of a block: a head, the entries, and a fingerprint of all before it.
 *
 *	0	how many entries (4)
 *	4	length of the rows (4)
 *	8	how many fields there were (4), then 4 zeros
 *	16	sum of these fields (8)
 *	24	fingerprint of the rows (16)
 *	40	entries
 *
 * An entry: signature (16), length of the row (4), flags (1), how many files
 * (2), the name and its NUL, the files, each with its NUL.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/index-block.h"

#define MAGIC "resutil index 1"
#define HEAD_LEN 40
#define ENTRY_LEN (INDEX_SIGN_LEN + 7)	/* without texts */

static void add_number(struct strbuf *out, uint64_t number, unsigned nr)
{
	char bytes[8];
	unsigned i;

	for (i = 0; i < nr; i++)
		bytes[i] = (char)(number >> 8 * i & 0xff);
	strbuf_add(out, bytes, nr);
}

static uint64_t get_number(const unsigned char *at, unsigned nr)
{
	uint64_t number = 0;

	while (nr--)
		number = number << 8 | at[nr];
	return number;
}

static void sum_up(const void *data, size_t len, unsigned char *raw)
{
	struct fingerprint f = FINGERPRINT_INIT;

	fingerprint_add(&f, MAGIC, sizeof(MAGIC));
	fingerprint_add(&f, data, len);
	fingerprint_finish(&f, raw);
}

void index_block_pack(struct strbuf *keys, struct strbuf *rows,
		      const struct index_entry *entry, size_t nr,
		      const struct index_fields *fields)
{
	unsigned char raw[FINGERPRINT_RAWSZ];
	size_t len = 0, i;

	for (i = 0; i < nr; i++)
		len += entry[i].row_len;
	strbuf_grow(rows, len);
	for (i = 0; i < nr; i++)
		strbuf_add(rows, entry[i].row, entry[i].row_len);
	add_number(keys, nr, 4);
	add_number(keys, rows->len, 4);
	add_number(keys, fields->nr, 8);
	add_number(keys, fields->sum, 8);
	sum_up(rows->buf, rows->len, raw);
	strbuf_add(keys, raw, sizeof(raw));
	for (i = 0; i < nr; i++) {
		strbuf_add(keys, entry[i].sign, INDEX_SIGN_LEN);
		add_number(keys, entry[i].row_len, 4);
		add_number(keys, entry[i].flags, 1);
		add_number(keys, entry[i].nr_files, 2);
		strbuf_add(keys, entry[i].name, strlen(entry[i].name) + 1);
		strbuf_add(keys, entry[i].files, entry[i].files_len);
	}
	sum_up(keys->buf, keys->len, raw);
	strbuf_add(keys, raw, sizeof(raw));
}

/* The end of the NUL-ended text at `at`; NULL: there is none before `end`. */
static const unsigned char *behind_text(const unsigned char *at,
					const unsigned char *end)
{
	const unsigned char *nul = memchr(at, '\0', (size_t)(end - at));

	return nul ? nul + 1 : NULL;
}

/* A name of a file or directory and nothing else. */
static bool is_component(const char *name)
{
	return *name && strcmp(name, ".") && strcmp(name, "..") &&
	       !strchr(name, '/');
}

/* Moves behind it; NULL: it is none. */
static const unsigned char *parse_entry(struct index_entry *out,
					const unsigned char *at,
					const unsigned char *end)
{
	unsigned i;

	if ((size_t)(end - at) <= ENTRY_LEN)
		return NULL;
	out->sign = at;
	at += INDEX_SIGN_LEN;
	out->row_len = (size_t)get_number(at, 4);
	out->flags = at[4];
	out->nr_files = (unsigned)get_number(at + 5, 2);
	at += 7;
	out->name = (const char *)at;
	at = behind_text(at, end);
	out->files = (const char *)at;
	for (i = 0; at && i < out->nr_files; i++)
		at = behind_text(at, end);
	if (at)
		out->files_len = (size_t)(at - (const unsigned char *)
					  out->files);
	return at;
}

static bool are_components(const struct index_entry *entry)
{
	const char *file = entry->files;
	unsigned i;

	if (!is_component(entry->name) || entry->nr_files > INDEX_MAX_FILES)
		return false;
	for (i = 0; i < entry->nr_files; i++, file += strlen(file) + 1)
		if (!is_component(file))
			return false;
	return true;
}

/* Also what is whole is looked at: whoever wrote it could sum up. */
static bool check_entries(struct index_block *block)
{
	const unsigned char *at = block->keys + HEAD_LEN;
	const unsigned char *end = block->keys + block->len -
				   FINGERPRINT_RAWSZ;
	struct index_entry entry = { 0 };
	const char *last = NULL;
	size_t rows = 0, i;

	for (i = 0; i < block->nr; i++) {
		at = parse_entry(&entry, at, end);
		if (!at || !are_components(&entry) ||
		    (last && strcmp(last, entry.name) >= 0) ||
		    entry.row_len > block->rows_len - rows)
			return false;
		rows += entry.row_len;
		block->flags |= entry.flags;
		if (!last)
			block->first = entry.name;
		last = entry.name;
	}
	block->last = last;
	return at == end && rows == block->rows_len;
}

bool index_block_read(struct index_block *out, const unsigned char *keys,
		      size_t len)
{
	unsigned char raw[FINGERPRINT_RAWSZ];

	if (len < HEAD_LEN + FINGERPRINT_RAWSZ)
		return false;
	sum_up(keys, len - FINGERPRINT_RAWSZ, raw);
	if (memcmp(keys + len - FINGERPRINT_RAWSZ, raw, sizeof(raw)) ||
	    get_number(keys + 12, 4))
		return false;
	out->keys = keys;
	out->len = len;
	out->flags = 0;
	out->nr = (size_t)get_number(keys, 4);
	out->rows_len = (size_t)get_number(keys + 4, 4);
	out->fields.nr = (uint32_t)get_number(keys + 8, 4);
	out->fields.sum = get_number(keys + 16, 8);
	return out->nr && check_entries(out);
}

bool index_block_next(const struct index_block *block, size_t *at,
		      struct index_entry *out)
{
	const unsigned char *end = block->keys + block->len -
				   FINGERPRINT_RAWSZ;
	const unsigned char *from = block->keys + (*at ? *at : HEAD_LEN);
	size_t row_at = *at ? out->row_at + out->row_len : 0;
	const unsigned char *behind;

	if (from >= end)
		return false;
	behind = parse_entry(out, from, end);
	if (!behind)
		return false;
	out->row_at = row_at;
	out->row = NULL;
	*at = (size_t)(behind - block->keys);
	return true;
}

bool index_block_has_rows(const struct index_block *block,
			  const unsigned char *rows, size_t len)
{
	unsigned char raw[FINGERPRINT_RAWSZ];

	if (len != block->rows_len)
		return false;
	sum_up(rows, len, raw);
	return !memcmp(block->keys + 24, raw, sizeof(raw));
}
