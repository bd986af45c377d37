/* UTF-8, as Unicode has it. */
#ifndef TUG_UTF8_H
#define TUG_UTF8_H

#include <stddef.h>

/*
 * Bytes of the valid sequence that begins here with a byte above 0x7f, 0 when there is none (overlong forms, surrogates and what lies past U+10FFFF are
 * none, and so is a sequence that is cut off).
 */
size_t utf8_length(const unsigned char *bytes, size_t available);

#endif
