/* Source: getdents(2), struct linux_dirent64. */
#include "lib/base/compat.h"
#include "lib/base/dir-names.h"

#include <sys/syscall.h>

#define AT_LENGTH 16	/* two bytes, behind an inode and an offset */
#define AT_TYPE 18
#define AT_NAME 19

void dir_names_begin(struct dir_names *names, int fd)
{
	names->fd = fd;
	names->at = names->len = 0;
}

const char *dir_names_next(struct dir_names *names, unsigned char *type)
{
	const char *entry;
	uint16_t len;

	if (names->at == names->len) {
		long got = syscall(SYS_getdents64, names->fd, names->room,
				   sizeof(names->room));

		names->at = 0;
		names->len = got > 0 ? (size_t)got : 0;
		if (!got)
			errno = 0;
		if (got <= 0)
			return NULL;
	}
	entry = names->room + names->at;
	memcpy(&len, entry + AT_LENGTH, sizeof(len));
	names->at += len;
	if (type)
		*type = (unsigned char)entry[AT_TYPE];
	return entry + AT_NAME;
}
