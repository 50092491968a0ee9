/*
 * What the files behind aws-credentials.h share; nobody else includes this.
 *
 *	aws-credentials.c	where is looked, in which order; keys kept and
 *				renewed
 *	aws-find.c		regions, endpoints, buckets; .env
 *	aws-ini.c		the form of ~/.aws/config
 *	aws-profile.c		profiles
 *	aws-process.c		programs that say keys
 *	aws-metadata.c		containers and instances
 *	aws-sts.c		roles
 *	aws-keys.c		keys as text, checked and wiped
 */
#ifndef TRANSPORT_AWS_INTERNAL_H
#define TRANSPORT_AWS_INTERNAL_H

#include "lib/base/compat.h"

#include "lib/base/strbuf.h"
#include "transport/aws/aws-credentials.h"

#define AWS_FILE_MAX (1u << 20)
#define AWS_ANSWER_MAX (64u << 10)
/* Roles that are taken on with the keys of other roles. */
#define AWS_ROLES_MAX 5

/* Not an error: the place says nothing, the next is looked at. */
#define AWS_NOT_HERE 1

/* One search for keys. */
struct aws_search {
	const struct aws_source *source;
	struct strbuf origin;	/* where they are from, for messages */
	struct strbuf looked;	/* "; "-separated: what had none, and why */
	struct strbuf warning;	/* sentences, a line each */
	bool renewable;		/* asking again may give others */
};

/* Each: 0, AWS_NOT_HERE, or an error with a sentence. */
int aws_from_key_file(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err);
int aws_from_profile(struct aws_search *s, const char *name, bool named,
		     struct aws_keys *out, struct strbuf *err);
int aws_from_environment(struct aws_search *s, struct aws_keys *out,
			 struct strbuf *err);
int aws_from_env_file(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err);
int aws_from_web_identity(struct aws_search *s, struct aws_keys *out,
			  struct strbuf *err);
int aws_from_container(struct aws_search *s, struct aws_keys *out,
		       struct strbuf *err);
int aws_from_instance(struct aws_search *s, struct aws_keys *out,
		      struct strbuf *err);

/** The keys that a program of the user's own files says. */
int aws_from_process(struct aws_search *s, const char *command,
		     const char *where, struct aws_keys *out,
		     struct strbuf *err);

/* A role to be taken on; all but the first may be NULL. */
struct aws_role {
	const char *arn, *session, *external_id, *duration, *region;
};

int aws_assume_role(struct aws_search *s, const struct aws_role *role,
		    const struct aws_keys *with, struct aws_keys *out,
		    struct strbuf *err);
/** token_file: holds a token of the identity provider. */
int aws_assume_web_identity(struct aws_search *s, const struct aws_role *role,
			    const char *token_file, struct aws_keys *out,
			    struct strbuf *err);

/** Whether plain HTTP to this URL stays on this machine, or goes to what only
 *  the machine's own metadata service answers. */
bool aws_is_near(const char *url);

/*
 * Text.
 */

/** 0, or ERR_USAGE: it cannot be part of a host name. */
int aws_check_region(const char *region, struct strbuf *err);

/** The value of a variable of the environment; NULL when empty, too. */
const char *aws_env(const char *name);

/* A variable that is looked for, and its value: to be wiped and freed. */
struct aws_want {
	const char *name;
	char *value;		/* NULL: it is not there, or empty */
};
void aws_want_release(struct aws_want *want, size_t nr);

/** Fills in what .env in base_dir says; nothing when there is none. */
int aws_env_file(const struct aws_source *s, struct aws_want *want, size_t nr,
		 struct strbuf *err);
void aws_env_file_path(struct strbuf *out, const struct aws_source *s);

/** What profile is meant where nobody said: never NULL, to be freed. named: it
 *  was asked for by name. */
int aws_profile_name(const struct aws_source *s, char **out, bool *named,
		     struct strbuf *err);

/** A setting of a profile of ~/.aws/config (or credentials); NULL. */
int aws_profile_setting(const struct aws_source *s, const char *key,
			char **out, struct strbuf *err);
/** The endpoint of S3 of a profile: its own, or that of its services. */
int aws_profile_endpoint(const struct aws_source *s, char **out,
			 struct strbuf *err);

/**
 * Fills `out` with copies. 0; ERR_CONTENT: something that no key has (blanks,
 * control characters, other than ASCII, too long); where: "'FILE', line 3".
 */
int aws_keys_set(struct aws_keys *out, const char *id, const char *secret,
		 const char *token, const char *where, struct strbuf *err);
/** The JSON of metadata services and programs; token_name: "Token" or
 *  "SessionToken". The text is wiped. */
int aws_keys_from_json(struct aws_keys *out, struct strbuf *text,
		       const char *token_name, const char *where,
		       struct strbuf *err);
/** "2024-07-04T10:15:55Z" into seconds since 1970. */
int aws_keys_expire(struct aws_keys *out, const char *text, const char *where,
		    struct strbuf *err);

/** Warns of a file with keys that everybody can read. */
void aws_warn_readable(struct aws_search *s, const char *path);
/** Notes where nothing was found. */
void aws_looked(struct aws_search *s, const char *fmt, ...)
	PRINTF_LIKE(2, 3);

/*
 * Files of sections with NAME = VALUE lines.
 */

struct aws_ini_item {
	char *section;
	char *key;		/* "endpoint_url"; nested: "s3.endpoint_url" */
	char *value;
	unsigned line;
};

struct aws_ini {
	struct aws_ini_item *item;
	size_t nr, alloc;
	char **section;		/* also those that hold nothing */
	size_t sections, sections_alloc;
};

#define AWS_INI_INIT { NULL, 0, 0, NULL, 0, 0 }
void aws_ini_release(struct aws_ini *ini);

/** name: of the file, for messages. ERR_CONTENT: malformed, with its line. */
int aws_ini_parse(struct aws_ini *ini, const char *text, size_t len,
		  const char *name, struct strbuf *err);
/** The same for a file. ERR_NOT_FOUND. */
int aws_ini_read(struct aws_ini *ini, const char *path, struct strbuf *err);

bool aws_ini_has(const struct aws_ini *ini, const char *section);
/** The last of that name (case does not matter), or NULL. */
const struct aws_ini_item *aws_ini_find(const struct aws_ini *ini,
					const char *section, const char *key);
/** Its value, NULL when empty. */
const char *aws_ini_get(const struct aws_ini *ini, const char *section,
			const char *key);
/** A copy without a comment that follows a blank; to be wiped and freed. */
char *aws_ini_plain(const char *value);

#endif
