/*
 * Hexadecimal digits, read.
 */
#ifndef LIB_BASE_HEX_H
#define LIB_BASE_HEX_H

#include "lib/base/compat.h"

/** The value of a digit of either case; -1: it is none. */
int hex_digit(char c);

/** `len` bytes out of two digits each, in lower case, as hashes are written.
 *  False: `text` does not begin with so many; what is behind them is not
 *  looked at. */
bool hex_read(unsigned char *raw, size_t len, const char *text);

#endif
