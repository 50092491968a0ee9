/*
 * The grammar, of which each rule is a function:
 *
 *	or      = and { "or" and }
 *	and     = not { "and" not }
 *	not     = "not" not | "(" or ")" | "has" FIELD | test
 *	test    = left [ OP right | ["not"] "in" "(" right { "," right } ")" |
 *		  ["not"] "in" FIELD | ["not"] "has" right | "~" PATTERN ]
 *
 * A bare word on the left is a field, on the right it is text; but where the
 * left side is a value the right one is a field, so that `0.9 < params.lr` says
 * what it seems to say.
 */
#include "lib/base/compat.h"
#include "lib/exp/runs/where-internal.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/field-path.h"
#include "lib/exp/sheet/exp-fields.h"

#define MAX_FIELDS 1000
/* Of one value: 1 w 2 d 3 h 4 min 5 s. */
#define MAX_WORDS 10

struct parser {
	struct lexer lex;
	struct where *where;
	const struct moment *now;
	unsigned depth;
};

static int parse_or(struct parser *p, struct node **out);

static void operand_release(struct operand *operand)
{
	free(operand->text);
}

static void node_free(struct node *node)
{
	size_t i;

	if (!node)
		return;
	for (i = 0; i < node->child_nr; i++)
		node_free(node->child[i]);
	for (i = 0; i < node->nr; i++)
		operand_release(&node->item[i]);
	operand_release(&node->left);
	operand_release(&node->right);
	where_regex_free(node->regex);
	free(node->child);
	free(node->item);
	free(node);
}

static struct node *node_new(enum node_type type)
{
	struct node *node = xcalloc(1, sizeof(*node));

	node->type = type;
	return node;
}

static void add_child(struct node *node, struct node *child)
{
	ARRAY_GROW(node->child, node->child_nr + 1, node->child_alloc);
	node->child[node->child_nr++] = child;
}

/* ---- operands ---- */

static int add_field(struct parser *p, struct operand *out, size_t start,
		     size_t len)
{
	struct strvec *fields = &p->where->fields;
	size_t i;

	if (len > FIELD_PATH_MAX)
		return lex_error(&p->lex, start, "this field is too long");
	out->is_field = true;
	for (i = 0; i < fields->nr; i++)
		if (strlen(fields->v[i]) == len &&
		    !memcmp(fields->v[i], p->lex.text + start, len))
			break;
	if (i == MAX_FIELDS)
		return lex_error(&p->lex, start, "these are more than %d "
				 "fields", MAX_FIELDS);
	if (i == fields->nr)
		strvec_pushn(fields, p->lex.text + start, len);
	out->slot = i;
	return lex_from(&p->lex, start + len);
}

/* A path stands for itself where a field is expected; elsewhere with a dot. */
static size_t path_at(const struct lexer *lex, bool bare, size_t *start)
{
	*start = lex->start;
	if (lex->type == TOKEN_WORD && lex->text[*start] == '.')
		(*start)++;
	else if (!bare)
		return 0;
	if (lex->type != TOKEN_WORD && lex->text[*start] != '"')
		return 0;
	return field_path_span(lex->text + *start, lex->len - *start);
}

static const struct {
	const char *word, *meant;
} hints[] = {
	{ "&&", "and" }, { "&", "and" }, { "||", "or" }, { "|", "or" },
	{ "is", "=" }, { "equals", "=" }, { "eq", "=" }, { "ne", "!=" },
	{ "lt", "<" }, { "le", "<=" }, { "gt", ">" }, { "ge", ">=" },
	{ "contains", "has" }, { "include", "has" }, { "includes", "has" },
	{ "like", "~ and a regular expression" },
	{ "ilike", "~ and a regular expression" },
	{ "rlike", "~ and a regular expression" },
	{ "matches", "~ and a regular expression" },
	{ "regexp", "~ and a regular expression" },
	{ "between", ">= A and FIELD <= B" }, { "exists", "has FIELD" },
};

static const char *hint_for(const struct lexer *lex)
{
	size_t i;

	for (i = 0; i < ARRAY_SIZE(hints); i++)
		if (lex_is_word(lex, hints[i].word))
			return hints[i].meant;
	return NULL;
}

static bool is_keyword(const struct lexer *lex)
{
	static const char *const words[] = { "and", "or", "not", "in", "has" };
	size_t i;

	for (i = 0; i < ARRAY_SIZE(words); i++)
		if (lex_is_word(lex, words[i]))
			return true;
	return false;
}

static int expected(struct parser *p, const char *what)
{
	struct lexer *lex = &p->lex;

	if (lex->type == TOKEN_END)
		return lex_error(lex, lex->start, "%s is missing at the end",
				 what);
	return lex_error(lex, lex->start, "%s is expected here", what);
}

static void set_literal(struct parser *p, struct operand *out,
			const char *text, size_t len, bool quoted)
{
	out->text = xmemdupz(text, len);
	out->is_quoted = quoted;
	if (quoted)
		literal_read_quoted(&out->literal, out->text, len, p->now);
	else
		literal_read(&out->literal, out->text, len, p->now);
}

/* Where the value ends that begins with a digit at `start`: `90 min`,
 * `1 min 30 s`, `2 days ago` and `2026-11-20 10:00` are one value each. */
static size_t find_end(const struct lexer *lex, const struct moment *now)
{
	const size_t start = lex->start;
	struct lexer ahead = *lex;
	struct literal literal;
	size_t end = lex->end, i;

	for (i = 0; i < MAX_WORDS; i++) {
		size_t from = ahead.end;

		/* Quoted texts and operators end it. */
		while (from < lex->len && isspace((unsigned char)
						  lex->text[from]))
			from++;
		if (from == lex->len || !isalnum((unsigned char)
						 lex->text[from]))
			break;
		if (lex_from(&ahead, from) || is_keyword(&ahead))
			break;
		literal_read(&literal, lex->text + start, ahead.end - start,
			     now);
		if (literal.number.type != CELL_NONE || literal.has_time)
			end = ahead.end;
	}
	return end;
}

static int parse_bare(struct parser *p, struct operand *out)
{
	struct lexer *lex = &p->lex;
	const char *text = lex->text + lex->start;
	bool may_go_on = isdigit((unsigned char)*text) ||
			 strchr("+-.", *text);
	size_t end = may_go_on ? find_end(lex, p->now) : lex->end;
	int ret;

	set_literal(p, out, text, end - lex->start, false);
	ret = lex_from(lex, end);
	if (ret)
		return ret;
	if (lex->type == TOKEN_WORD && !is_keyword(lex) && !hint_for(lex) &&
	    out->literal.number.type != CELL_NONE)
		return lex_error(lex, lex->start, "this is no unit; write text "
				 "with blanks in quotes");
	return 0;
}

static int parse_quoted(struct parser *p, struct operand *out)
{
	struct strbuf text = STRBUF_INIT;

	lex_unquote(&text, &p->lex);
	set_literal(p, out, text.buf, text.len, true);
	strbuf_release(&text);
	return lex_next(&p->lex);
}

/* `params.a > params.b` compares with a text, and nobody means that. */
static int refuse_likely_field(struct parser *p)
{
	static const char *const roots[] = {
		"params.", "info.", "result.", "metrics.", "meta.", "at.",
		"usage.", "git.", NULL
	};
	struct lexer *lex = &p->lex;
	size_t len = lex->end - lex->start, i;
	const char *text = lex->text + lex->start;

	for (i = 0; roots[i]; i++)
		if (!strncmp(text, roots[i], strlen(roots[i])) &&
		    len > strlen(roots[i]) &&
		    field_path_span(text, len) == len)
			return lex_error(lex, lex->start, "a word here is a "
					 "text; write .%.*s for the field, "
					 "'%.*s' for the text", (int)len, text,
					 (int)len, text);
	return 0;
}

static int parse_right(struct parser *p, struct operand *out)
{
	struct lexer *lex = &p->lex;
	size_t start, len = path_at(lex, false, &start);
	int ret;

	if (len)
		return add_field(p, out, start, len);
	if (lex->type == TOKEN_QUOTED)
		return parse_quoted(p, out);
	if (lex->type != TOKEN_WORD || is_keyword(lex))
		return expected(p, "a value");
	ret = refuse_likely_field(p);
	return ret ? ret : parse_bare(p, out);
}

static int parse_field(struct parser *p, struct operand *out)
{
	size_t start, len = path_at(&p->lex, true, &start);

	if (!len || is_keyword(&p->lex))
		return expected(p, "a field");
	return add_field(p, out, start, len);
}

/* Whether an `in` comes behind this word that no list follows: then this is a
 * value, as in `gpu in tags`. */
static bool is_sought(struct parser *p)
{
	struct lexer ahead = p->lex;
	struct strbuf ignored = STRBUF_INIT;
	bool sought;

	ahead.err = &ignored;
	sought = !lex_next(&ahead);
	if (sought && lex_is_word(&ahead, "not"))
		sought = !lex_next(&ahead);
	sought = sought && lex_is_word(&ahead, "in") && !lex_next(&ahead) &&
		 ahead.type != TOKEN_OPEN;
	strbuf_release(&ignored);
	return sought;
}

static int parse_left(struct parser *p, struct operand *out)
{
	struct lexer *lex = &p->lex;
	size_t start, len = path_at(lex, true, &start);
	struct cell number;

	if (lex->type == TOKEN_QUOTED &&
	    (lex->text[lex->start] == '\'' || is_sought(p)))
		return parse_quoted(p, out);
	if (lex->type == TOKEN_WORD && !is_keyword(lex)) {
		if (literal_number(&number, lex->text + lex->start,
				   lex->end - lex->start))
			return parse_bare(p, out);
		if (lex->text[lex->start] != '.' && is_sought(p)) {
			int ret = refuse_likely_field(p);

			return ret ? ret : parse_bare(p, out);
		}
	}
	if (!len || is_keyword(lex))
		return expected(p, "a field");
	return add_field(p, out, start, len);
}

/* ---- tests ---- */

static enum token_type mirrored(enum token_type op)
{
	switch (op) {
	case TOKEN_LT:
		return TOKEN_GT;
	case TOKEN_LE:
		return TOKEN_GE;
	case TOKEN_GT:
		return TOKEN_LT;
	case TOKEN_GE:
		return TOKEN_LE;
	default:
		return op;
	}
}

static bool is_comparison(const struct lexer *lex)
{
	return lex->type >= TOKEN_EQ && lex->type <= TOKEN_NO_MATCH;
}

/* A state that there is not finds nothing, and says nothing. */
static int check_state(struct parser *p, const struct operand *value,
		       size_t at)
{
	struct strbuf known = STRBUF_INIT;
	size_t i;
	int ret;

	if (value->is_field || value->is_quoted || !strcmp(value->text, "?"))
		return 0;
	for (i = 0; exp_state_words[i]; i++)
		if (!strcmp(exp_state_words[i], value->text))
			return 0;
	for (i = 0; exp_state_words[i]; i++)
		strbuf_addf(&known, "%s%s", i ? ", " : "",
			    exp_state_words[i]);
	ret = lex_error(&p->lex, at, "there is no state '%.40s'; there are %s",
			value->text, known.buf);
	strbuf_release(&known);
	return ret;
}

/* Something in digits that is no number would be compared as a text. */
static int check_order(struct parser *p, const struct operand *value,
		       size_t at)
{
	const struct literal *literal = &value->literal;
	const char *text = value->text;

	if (value->is_field || value->is_quoted || literal->has_time ||
	    literal->number.type != CELL_NONE || !isdigit((unsigned char)*text))
		return 0;
	if (text[strspn(text, "0123456789.")] == 'k')
		return lex_error(&p->lex, at, "'%.40s' is no number that "
				 "everybody reads alike; write 1e3, or 1K, "
				 "which is 1024", text);
	return lex_error(&p->lex, at, "'%.40s' is no number, duration, size or "
			 "time", text);
}

static bool is_state(const struct parser *p, const struct operand *operand)
{
	return operand->is_field &&
	       !strcmp(p->where->fields.v[operand->slot], "state");
}

static int parse_comparison(struct parser *p, struct node *node)
{
	size_t at;
	int ret;

	node->op = p->lex.type;
	ret = lex_next(&p->lex);
	if (ret)
		return ret;
	at = p->lex.start;
	ret = node->left.is_field ? parse_right(p, &node->right) :
				    parse_field(p, &node->right);
	if (ret)
		return ret;
	if (!node->left.is_field) {
		struct operand left = node->left;

		node->left = node->right;
		node->right = left;
		node->op = mirrored(node->op);
	}
	node->is_state = is_state(p, &node->left);
	if (node->op > TOKEN_NE)
		ret = check_order(p, &node->right, at);
	else if (node->is_state)
		ret = check_state(p, &node->right, at);
	if (!ret && is_comparison(&p->lex))
		ret = lex_error(&p->lex, p->lex.start, "two comparisons are "
				"joined by 'and': FIELD > A and FIELD < B");
	return ret;
}

static int parse_list(struct parser *p, struct node *node)
{
	int ret;

	do {
		size_t at;

		ret = lex_next(&p->lex);
		if (ret)
			return ret;
		at = p->lex.start;
		ARRAY_GROW(node->item, node->nr + 1, node->alloc);
		memset(&node->item[node->nr], 0, sizeof(*node->item));
		ret = parse_right(p, &node->item[node->nr++]);
		if (!ret && node->is_state)
			ret = check_state(p, &node->item[node->nr - 1], at);
		if (ret)
			return ret;
	} while (p->lex.type == TOKEN_COMMA);
	if (p->lex.type != TOKEN_CLOSE)
		return expected(p, "a comma or ')'");
	return lex_next(&p->lex);
}

/* Behind `in`: a list of values, or a field that is one. */
static int parse_in(struct parser *p, struct node *node)
{
	struct operand left = node->left;
	int ret;

	ret = lex_next(&p->lex);
	if (ret)
		return ret;
	node->type = NODE_IN;
	node->is_state = is_state(p, &node->left);
	if (p->lex.type == TOKEN_OPEN) {
		if (!left.is_field)
			return lex_error(&p->lex, p->lex.start, "a field is "
					 "to stand on the left of this list");
		return parse_list(p, node);
	}
	if (p->lex.type == TOKEN_WORD && p->lex.text[p->lex.start] == '[')
		return lex_error(&p->lex, p->lex.start, "a list stands in "
				 "parentheses: (a, b)");
	node->type = NODE_HAS;
	node->right = left;
	memset(&node->left, 0, sizeof(node->left));
	return parse_field(p, &node->left);
}

static int parse_has(struct parser *p, struct node *node)
{
	int ret;

	node->type = NODE_HAS;
	if (!node->left.is_field)
		return lex_error(&p->lex, p->lex.start, "a field is to stand "
				 "on the left of 'has'");
	ret = lex_next(&p->lex);
	return ret ? ret : parse_right(p, &node->right);
}

static int parse_match(struct parser *p, struct node *node)
{
	struct strbuf why = STRBUF_INIT;
	size_t at;
	int ret;

	node->type = NODE_MATCH;
	node->negated = p->lex.type == TOKEN_NO_MATCH;
	if (!node->left.is_field)
		return lex_error(&p->lex, p->lex.start, "a field is to stand "
				 "on the left of '~'");
	ret = lex_next(&p->lex);
	if (ret)
		return ret;
	at = p->lex.start;
	if (p->lex.type == TOKEN_QUOTED)
		ret = parse_quoted(p, &node->right);
	else if (p->lex.type == TOKEN_WORD)
		ret = parse_bare(p, &node->right);
	else
		ret = expected(p, "a regular expression (with special "
			       "characters in quotes)");
	if (ret)
		return ret;
	if (where_regex_new(&node->regex, node->right.text, &why))
		ret = lex_error(&p->lex, at, "%s", why.buf);
	strbuf_release(&why);
	return ret;
}

static int parse_test(struct parser *p, struct node **out)
{
	struct node *node = *out = node_new(NODE_TRUTH);
	struct lexer *lex = &p->lex;
	int ret;

	ret = parse_left(p, &node->left);
	if (ret)
		return ret;
	if (lex->type >= TOKEN_EQ && lex->type <= TOKEN_GE) {
		node->type = NODE_COMPARE;
		return parse_comparison(p, node);
	}
	if (lex->type == TOKEN_MATCH || lex->type == TOKEN_NO_MATCH)
		return parse_match(p, node);
	if (lex_is_word(lex, "not")) {
		node->negated = true;
		ret = lex_next(lex);
		if (ret)
			return ret;
		if (!lex_is_word(lex, "in") && !lex_is_word(lex, "has"))
			return expected(p, "'in' or 'has'");
	}
	if (lex_is_word(lex, "in"))
		return parse_in(p, node);
	if (lex_is_word(lex, "has"))
		return parse_has(p, node);
	if (!node->left.is_field)
		return expected(p, "an operator (=, !=, <, <=, >, >=)");
	return 0;
}

/* ---- and, or, not ---- */

static int parse_exists(struct parser *p, struct node **out)
{
	int ret;

	*out = node_new(NODE_EXISTS);
	ret = lex_next(&p->lex);
	return ret ? ret : parse_field(p, &(*out)->left);
}

static int parse_group(struct parser *p, struct node **out)
{
	size_t at = p->lex.start;
	int ret;

	ret = lex_next(&p->lex);
	if (!ret)
		ret = parse_or(p, out);
	if (ret)
		return ret;
	if (p->lex.type == TOKEN_END)
		return lex_error(&p->lex, at, "this '(' has no ')'");
	if (p->lex.type != TOKEN_CLOSE)
		return expected(p, "'and', 'or' or ')'");
	return lex_next(&p->lex);
}

static int parse_not(struct parser *p, struct node **out)
{
	struct node *child = NULL;
	int ret;

	if (p->depth >= WHERE_MAX_DEPTH)
		return lex_error(&p->lex, p->lex.start, "this is nested more "
				 "than %d times", WHERE_MAX_DEPTH);
	p->depth++;
	if (lex_is_word(&p->lex, "not")) {
		*out = node_new(NODE_NOT);
		ret = lex_next(&p->lex);
		if (!ret)
			ret = parse_not(p, &child);
		if (child)
			add_child(*out, child);
	} else if (p->lex.type == TOKEN_OPEN) {
		ret = parse_group(p, out);
	} else if (lex_is_word(&p->lex, "has")) {
		ret = parse_exists(p, out);
	} else {
		ret = parse_test(p, out);
	}
	p->depth--;
	return ret;
}

/* One child stays as it is; several get a node. */
static int parse_chain(struct parser *p, struct node **out, const char *word,
		       enum node_type type,
		       int (*parse)(struct parser *p, struct node **out))
{
	struct node *child;
	int ret;

	ret = parse(p, out);
	if (ret || !lex_is_word(&p->lex, word))
		return ret;
	child = *out;
	*out = node_new(type);
	add_child(*out, child);
	while (!ret && lex_is_word(&p->lex, word)) {
		child = NULL;
		ret = lex_next(&p->lex);
		if (!ret)
			ret = parse(p, &child);
		if (child)
			add_child(*out, child);
	}
	return ret;
}

static int parse_and(struct parser *p, struct node **out)
{
	return parse_chain(p, out, "and", NODE_AND, parse_not);
}

static int parse_or(struct parser *p, struct node **out)
{
	return parse_chain(p, out, "or", NODE_OR, parse_and);
}

static int refuse_rest(struct parser *p)
{
	struct lexer *lex = &p->lex;
	const char *meant = hint_for(lex);

	if (lex->type == TOKEN_END)
		return 0;
	if (meant)
		return lex_error(lex, lex->start, "'%.*s' is written '%s' here",
				 (int)(lex->end - lex->start),
				 lex->text + lex->start, meant);
	if (lex->type == TOKEN_CLOSE)
		return lex_error(lex, lex->start, "this ')' has no '('");
	if (lex->type == TOKEN_COMMA)
		return lex_error(lex, lex->start, "conditions are joined by "
				 "'and' or 'or'");
	return lex_error(lex, lex->start, "'and', 'or' or an operator is "
			 "expected here");
}

int where_parse(struct where **out, const char *text,
		const struct moment *now, struct strbuf *err)
{
	struct parser p = {
		.lex = { .text = text, .len = strlen(text), .err = err },
		.now = now
	};
	int ret;

	*out = NULL;
	if (p.lex.len > WHERE_MAX_BYTES)
		return fail(err, ERR_USAGE, "the expression is longer than %u "
			    "bytes", WHERE_MAX_BYTES);
	p.where = xcalloc(1, sizeof(*p.where));
	strvec_init(&p.where->fields);
	ret = lex_from(&p.lex, 0);
	if (!ret && p.lex.type == TOKEN_END)
		ret = fail(err, ERR_USAGE, "the expression is empty; it is to "
			   "be one like 'params.lr > 0.1 and state = done'");
	if (!ret)
		ret = parse_or(&p, &p.where->root);
	if (!ret)
		ret = refuse_rest(&p);
	if (ret)
		where_free(p.where);
	else
		*out = p.where;
	return ret;
}

void where_free(struct where *where)
{
	if (!where)
		return;
	node_free(where->root);
	strvec_release(&where->fields);
	free(where);
}

size_t where_fields_nr(const struct where *where)
{
	return where->fields.nr;
}

const char *where_field(const struct where *where, size_t slot)
{
	return where->fields.v[slot];
}
