/*
 * The numbers of the zip format, and its little-endian fields.
 * Source: PKWARE APPNOTE 6.3.10 (sections in comments), Info-ZIP's
 * extrafld.txt for 0x5455 and 0x7075; resutilformat-pack(5).
 */
#ifndef LIB_EXP_PACK_ZIP_FORMAT_H
#define LIB_EXP_PACK_ZIP_FORMAT_H

#include "lib/base/compat.h"

/* 4.3.7 local file header */
#define ZIP_LOCAL_SIG 0x04034b50u
#define ZIP_LOCAL_LEN 30
/* 4.3.9 data descriptor; the signature is optional for readers */
#define ZIP_DESC_SIG 0x08074b50u
/* 4.3.12 central directory header */
#define ZIP_CENTRAL_SIG 0x02014b50u
#define ZIP_CENTRAL_LEN 46
/* 4.3.14, 4.3.15 zip64 end of central directory record and locator */
#define ZIP_END64_SIG 0x06064b50u
#define ZIP_END64_LEN 56
#define ZIP_LOCATOR_SIG 0x07064b50u
#define ZIP_LOCATOR_LEN 20
/* 4.3.16 end of central directory record */
#define ZIP_END_SIG 0x06054b50u
#define ZIP_END_LEN 22

/* 4.4.4 general purpose flags */
#define ZIP_FLAG_ENCRYPTED 0x0001u
#define ZIP_FLAG_DESCRIPTOR 0x0008u
#define ZIP_FLAG_PATCHED 0x0020u
#define ZIP_FLAG_STRONG 0x0040u
#define ZIP_FLAG_UTF8 0x0800u
#define ZIP_FLAG_MASKED 0x2000u

/* 4.4.5 methods */
#define ZIP_STORED 0
#define ZIP_DEFLATED 8

/* 4.4.2 upper byte of "version made by" */
#define ZIP_HOST_FAT 0
#define ZIP_HOST_UNIX 3
#define ZIP_HOST_NTFS 10
#define ZIP_HOST_DARWIN 19

/* 4.5.2 and Info-ZIP: extra fields */
#define ZIP_EXTRA_ZIP64 0x0001
#define ZIP_EXTRA_NTFS 0x000a
#define ZIP_EXTRA_TIME 0x5455
#define ZIP_EXTRA_UNICODE_PATH 0x7075
#define ZIP_EXTRA_ASI 0x756e
/* ours: restart points, resutilformat-pack(5) */
#define ZIP_EXTRA_RESTART 0x5552

#define ZIP_MAX16 0xffffu
#define ZIP_MAX32 0xffffffffu

static inline uint16_t zip_get16(const unsigned char *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}

static inline uint32_t zip_get32(const unsigned char *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
	       (uint32_t)p[3] << 24;
}

static inline uint64_t zip_get64(const unsigned char *p)
{
	return zip_get32(p) | (uint64_t)zip_get32(p + 4) << 32;
}

static inline void zip_put16(unsigned char *p, unsigned v)
{
	p[0] = v & 0xff;
	p[1] = v >> 8 & 0xff;
}

static inline void zip_put32(unsigned char *p, uint32_t v)
{
	zip_put16(p, v & 0xffff);
	zip_put16(p + 2, v >> 16);
}

static inline void zip_put64(unsigned char *p, uint64_t v)
{
	zip_put32(p, (uint32_t)v);
	zip_put32(p + 4, (uint32_t)(v >> 32));
}

#endif
