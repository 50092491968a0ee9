#include "lib/base/compat.h"
#include "lib/base/hex.h"
#include "t/unit/unit.h"

int main(void)
{
	unsigned char raw[4];

	check(hex_digit('0') == 0 && hex_digit('9') == 9 &&
	      hex_digit('a') == 10 && hex_digit('f') == 15 &&
	      hex_digit('A') == 10 && hex_digit('F') == 15,
	      "digits of either case");
	check(hex_digit('g') < 0 && hex_digit('G') < 0 && hex_digit('/') < 0 &&
	      hex_digit(':') < 0 && hex_digit('@') < 0 && hex_digit('`') < 0 &&
	      hex_digit('\0') < 0 && hex_digit('\xe4') < 0, "no digits");
	check(hex_read(raw, 4, "00ff7a10") && !memcmp(raw, "\0\xff\x7a\x10", 4),
	      "two digits a byte");
	check(hex_read(raw, 1, "01-"), "what is behind is not looked at");
	check(!hex_read(raw, 2, "012") && !hex_read(raw, 1, ""), "too few");
	check(!hex_read(raw, 1, "0A") && !hex_read(raw, 1, "A0"),
	      "no large letters");
	return unit_done();
}
