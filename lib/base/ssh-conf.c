#include "lib/base/compat.h"
#include "lib/base/ssh-conf.h"

#include "lib/base/alloc.h"
#include "lib/base/error.h"
#include "lib/base/path.h"
#include "lib/base/store-conf.h"

#define HOST_MAX_LEN 255
#define USER_MAX_LEN 255
#define PATH_MAX_LEN 4096
#define PORT_MAX 65535

#define DIGITS "0123456789"
#define ALNUM "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS

const char *const ssh_conf_keys[] = {
	"host", "path", "user", "port", "ssh_config", NULL
};

/* ---- one of them -------------------------------------------------------- */

/* ssh takes what begins with '-' for an option. */
static bool is_word(const char *text, size_t len, size_t max,
		    const char *chars)
{
	return len && len <= max && *text != '-' && strspn(text, chars) >= len;
}

/* A directory service has names with a domain in them: DOMAIN\me, me@domain.
 * It is an argument of ssh alone, and never a word of a shell. */
static bool is_user(const char *text, size_t len)
{
	return is_word(text, len, USER_MAX_LEN, ALNUM "._-+@\\$") &&
	       text[len - 1] != '\\' && text[len - 1] != '@';
}

/* An IPv6 address has two ':' at least; behind '%' stands the interface. */
static bool is_address(const char *text, size_t len)
{
	const char *percent = memchr(text, '%', len);
	size_t main_len = percent ? (size_t)(percent - text) : len;
	const char *colon = memchr(text, ':', main_len);

	return len <= HOST_MAX_LEN && colon &&
	       memchr(colon + 1, ':', (size_t)(text + main_len - colon - 1)) &&
	       strspn(text, DIGITS "abcdefABCDEF:.") == main_len &&
	       (!percent || is_word(percent + 1, len - main_len - 1,
				    HOST_MAX_LEN, ALNUM "._-"));
}

static bool is_host(const char *text, size_t len)
{
	if (*text == '[')
		return len > 2 && text[len - 1] == ']' &&
		       is_address(text + 1, len - 2);
	return is_address(text, len) ||
	       is_word(text, len, HOST_MAX_LEN, ALNUM "._-");
}

int ssh_check_host(const char *text, struct strbuf *err)
{
	const char *at = strrchr(text, '@');
	const char *host = at ? at + 1 : text;

	/* It is not repeated: that is the secret. */
	if (at && memchr(text, ':', (size_t)(at - text)))
		return fail(err, ERR_USAGE, "a password cannot stand in the "
			    "conf of a project; let ssh use a key");
	if (at && !is_user(text, (size_t)(at - text)))
		return fail(err, ERR_USAGE, "the user in the host '%.100s' is "
			    "not the name of one", text);
	if (!is_host(host, strlen(host)))
		return fail(err, ERR_USAGE, "'%.100s' cannot be a host; it is "
			    "a name as ssh knows it, or an address, and a port "
			    "stands in 'port'", host);
	return 0;
}

int ssh_check_user(const char *text, struct strbuf *err)
{
	if (strchr(text, ':'))
		return fail(err, ERR_USAGE, "a password cannot stand in the "
			    "conf of a project; let ssh use a key");
	if (!is_user(text, strlen(text)))
		return fail(err, ERR_USAGE, "'%.100s' cannot be a user; it is "
			    "a name of letters, digits and '._-+', not '-' "
			    "first", text);
	return 0;
}

int ssh_check_port(const char *text, struct strbuf *err)
{
	size_t len = strspn(text, DIGITS);
	long nr = len && len < 6 && !text[len] ? strtol(text, NULL, 10) : 0;

	if (nr < 1 || nr > PORT_MAX)
		return fail(err, ERR_USAGE, "the port '%.100s' is not a number "
			    "from 1 to 65535", text);
	return 0;
}

int ssh_check_path(const char *text, struct strbuf *err)
{
	if (strlen(text) > PATH_MAX_LEN)
		return fail(err, ERR_USAGE, "the path on the host has at most "
			    "%d bytes", PATH_MAX_LEN);
	if (*text == '~' && text[1] && text[1] != '/')
		return fail(err, ERR_USAGE, "'%.100s': the home directory of "
			    "somebody else is not looked up; write the "
			    "absolute path, or './%.100s'", text, text);
	return 0;
}

/* ---- all of them -------------------------------------------------------- */

static int check_path_value(const struct value *config, struct strbuf *err)
{
	const struct value *v = value_map_get(config, "path");
	const char *text = value_text(v);

	if (!v || v->type == VALUE_NULL || v->type == VALUE_INT)
		return 0;
	if (!text || strlen(text) != v->u.text.len)
		return fail(err, ERR_USAGE, "'path' in storage_config is not a "
			    "text; put it in quotes");
	return ssh_check_path(text, err);
}

int ssh_conf_check(const struct value *config, struct strbuf *err)
{
	static const struct store_conf_key keys[] = {
		{ "host", ssh_check_host, false },
		{ "user", ssh_check_user, false },
		{ "port", ssh_check_port, false },
		{ "ssh_config", store_conf_any, false }
	};
	int ret = store_conf_check(config, keys, ARRAY_SIZE(keys), err);

	/* a directory may have any name, also one with a line end in it */
	return ret ? ret : check_path_value(config, err);
}

/* "~/x" and "~" of a shell are "x" and "." here. */
static const char *below_home(const char *path)
{
	if (*path != '~' || (path[1] && path[1] != '/'))
		return path;
	path++;
	path += strspn(path, "/");
	return *path ? path : ".";
}

/* "me@[::1]" is me and ::1; *user stays NULL where there is none. */
static void split_host(const char *text, char **user, char **host)
{
	const char *at = strrchr(text, '@');
	size_t len;

	if (at)
		*user = xmemdupz(text, (size_t)(at - text));
	text = at ? at + 1 : text;
	len = strlen(text);
	*host = *text == '[' ? xmemdupz(text + 1, len - 2) : xstrdup(text);
}

int ssh_place_read(struct ssh_place *out, const struct value *config,
		   const char *base_dir, struct strbuf *err)
{
	struct ssh_place p = { 0 };
	struct strbuf file = STRBUF_INIT;
	char *host = store_conf_text(config, "host");
	char *path = store_conf_text(config, "path");
	char *user = store_conf_text(config, "user");
	char *port = store_conf_text(config, "port");
	char *name = store_conf_text(config, "ssh_config");
	int ret = ssh_conf_check(config, err);

	if (!ret && (!host || !path))
		ret = fail(err, ERR_USAGE, "storage_config lacks '%s', which "
			   "storage_type 'ssh' needs", host ? "path" : "host");
	if (ret)
		goto cleanup;
	split_host(host, &p.user, &p.host);
	if (user) {
		free(p.user);
		p.user = user;
		user = NULL;
	}
	if (port)
		p.port = (unsigned)strtoul(port, NULL, 10);
	p.path = xstrdup(below_home(path));
	if (name) {
		ssh_config_path(&file, base_dir, name);
		p.config = strbuf_detach(&file, NULL);
	}
	*out = p;

cleanup:
	free(host);
	free(path);
	free(user);
	free(port);
	free(name);
	strbuf_release(&file);
	return ret;
}

void ssh_place_release(struct ssh_place *p)
{
	free(p->host);
	free(p->user);
	free(p->path);
	free(p->config);
	memset(p, 0, sizeof(*p));
}

void ssh_config_path(struct strbuf *out, const char *base_dir,
		     const char *text)
{
	const char *home = getenv("HOME");

	if (!strncmp(text, "~/", 2) && home && *home == '/')
		path_absolute(out, home, text + 2);
	else
		path_absolute(out, base_dir, text);
}

int ssh_conf_fit(struct value *config, struct strbuf *err)
{
	char *text = store_conf_text(config, "host");
	char *path = store_conf_text(config, "path");
	char *port = store_conf_text(config, "port");
	char *user = NULL, *host = NULL;
	int ret = ssh_conf_check(config, err);

	if (!ret && text)
		split_host(text, &user, &host);
	if (!ret && user && value_map_get(config, "user"))
		ret = fail(err, ERR_USAGE, "the user stands in 'host' and in "
			   "'user'; one of them is enough");
	if (ret)
		goto cleanup;
	if (user)
		value_map_set_str(config, "user", user);
	if (host)
		value_map_set_str(config, "host", host);
	if (path)
		value_map_set_str(config, "path", below_home(path));
	if (port)
		value_map_set_int(config, "port", strtol(port, NULL, 10));

cleanup:
	free(text);
	free(path);
	free(port);
	free(user);
	free(host);
	return ret;
}
