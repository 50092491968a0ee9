/*
 * CRC32C (Castagnoli), the checksum that stores know: by ISA-L where it was
 * built in, else by the processor's own instruction, else by tables. It needs
 * no library to be loaded.
 * Source: RFC 3720, appendix B.4.
 */
#ifndef LIB_WRAP_DIGEST_CRC32C_H
#define LIB_WRAP_DIGEST_CRC32C_H

#include "lib/base/compat.h"

#define CRC32C_RAWSZ 4

/** That of what `crc` is of, with `data` behind it; 0 is that of nothing. */
uint32_t crc32c(uint32_t crc, const void *data, size_t len);

/** That of two pieces one behind the other; len: of the second. */
uint32_t crc32c_join(uint32_t first, uint32_t second, uint64_t len);

/** The bytes in which it travels: the highest first; and out of them. */
void crc32c_raw(unsigned char *raw, uint32_t crc);
uint32_t crc32c_of_raw(const unsigned char *raw);

/** For tests: by tables, whatever the processor can do. */
uint32_t crc32c_by_tables(uint32_t crc, const void *data, size_t len);

#endif
