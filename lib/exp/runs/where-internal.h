/*
 * What the files of where.h share: words of an expression, and what it is when
 * it has been read.
 */
#ifndef LIB_EXP_RUNS_WHERE_INTERNAL_H
#define LIB_EXP_RUNS_WHERE_INTERNAL_H

#include "lib/base/compat.h"
#include "lib/base/strbuf.h"
#include "lib/base/strvec.h"
#include "lib/exp/runs/literal.h"
#include "lib/exp/runs/where.h"

/* ---- words (where-lex.c) ---- */

enum token_type {
	TOKEN_END,
	TOKEN_WORD,	/* bare */
	TOKEN_QUOTED,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
	TOKEN_EQ, TOKEN_NE, TOKEN_LT, TOKEN_LE, TOKEN_GT, TOKEN_GE,
	TOKEN_MATCH, TOKEN_NO_MATCH
};

struct lexer {
	const char *text;
	size_t len;
	enum token_type type;	/* the word that is to be read next */
	size_t start, end;	/* where it stands */
	struct strbuf *err;
};

/** Goes on to the word behind. ERR_USAGE. */
int lex_next(struct lexer *lex);
/** What stands at `from` again, as if all before it had been read. */
int lex_from(struct lexer *lex, size_t from);
/** Whether a bare word is `word`, in any case of letters. */
bool lex_is_word(const struct lexer *lex, const char *word);
/** A quoted text without its quotes. */
void lex_unquote(struct strbuf *out, const struct lexer *lex);
/** ERR_USAGE: the sentence, the expression, and a caret below byte `at`. */
int lex_error(struct lexer *lex, size_t at, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* ---- patterns (where-regex.c) ---- */

struct where_regex;

/** An extended regular expression of POSIX, with bounds. ERR_USAGE: why not. */
int where_regex_new(struct where_regex **out, const char *pattern,
		    struct strbuf *err);
void where_regex_free(struct where_regex *regex);	/* NULL is fine */
/** Whether it is found anywhere in the text. Thread-safe. */
bool where_regex_finds(const struct where_regex *regex, const char *text,
		       size_t len);

/* ---- the tree ---- */

enum node_type {
	NODE_AND, NODE_OR, NODE_NOT,	/* of their children */
	NODE_COMPARE,	/* left OP right */
	NODE_IN,	/* left is one of the items */
	NODE_HAS,	/* left, a list or a text, has right in it */
	NODE_MATCH,	/* left ~ regex */
	NODE_EXISTS,	/* has left */
	NODE_TRUTH	/* left alone */
};

struct operand {
	bool is_field;
	bool is_quoted;
	size_t slot;		/* of a field */
	char *text;		/* what the literal lends */
	struct literal literal;
};

struct node {
	enum node_type type;
	enum token_type op;	/* TOKEN_EQ ... TOKEN_GE */
	bool negated;		/* not in, not has, !~ */
	bool is_state;		/* left is the field `state` */
	struct operand left, right;
	struct operand *item;
	size_t nr, alloc;
	struct where_regex *regex;
	struct node **child;
	size_t child_nr, child_alloc;
};

struct where {
	struct node *root;
	struct strvec fields;
};

#endif
