#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Columns that the C library gives a code point in a UTF-8 locale, whatever the process's
/// own locale is: 0, 1 or 2, or -1 where it has no glyph. Safe from any thread.
int cterm_width(uint32_t code_point);

#endif
