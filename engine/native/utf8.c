#include "utf8.h"

size_t utf8_length(const unsigned char *bytes, size_t available)
{
	unsigned char first = bytes[0], low = 0x80, high = 0xbf;
	size_t size;

	if (first >= 0xc2 && first <= 0xdf)
		size = 2;
	else if (first >= 0xe0 && first <= 0xef)
		size = 3;
	else if (first >= 0xf0 && first <= 0xf4)
		size = 4;
	else
		return 0;
	if (first == 0xe0)
		low = 0xa0;
	else if (first == 0xed)
		high = 0x9f;
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f;
	if (size > available || bytes[1] < low || bytes[1] > high)
		return 0;
	for (size_t i = 2; i < size; i++)
		if ((bytes[i] & 0xc0) != 0x80)
			return 0;
	return size;
}
