#include "CTerminal.h"

#include <locale.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <wchar.h>

// ncurses moves its cursor by wcwidth(), so layout must ask the same function. The tables are
// those of a UTF-8 locale even when the process runs under LANG=C or when tests never call
// setlocale(). A page of 256 widths is read once; afterwards a lookup is two loads.
enum { page_bits = 8, page_size = 1 << page_bits, pages = 0x110000 >> page_bits };

static _Atomic(const int8_t *) table[pages];
static locale_t utf8;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void find_locale(void)
{
    static const char *const names[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names && !utf8; i++)
        utf8 = newlocale(LC_CTYPE_MASK, names[i], (locale_t)0);
}

static const int8_t *read_page(uint32_t page)
{
    pthread_once(&once, find_locale);
    int8_t *widths = malloc(page_size);
    if (!widths)
        return NULL;
    locale_t before = utf8 ? uselocale(utf8) : (locale_t)0;
    for (uint32_t i = 0; i < page_size; i++) {
        int width = wcwidth((wchar_t)(page << page_bits | i));
        widths[i] = (int8_t)(width > 2 ? 2 : width);
    }
    if (utf8)
        uselocale(before);
    const int8_t *expected = NULL;
    if (!atomic_compare_exchange_strong(&table[page], &expected, widths)) {
        free(widths);
        return expected;
    }
    return widths;
}

int cterm_width(uint32_t code_point)
{
    if (code_point >= 0x110000)
        return -1;
    uint32_t page = code_point >> page_bits;
    const int8_t *widths = atomic_load_explicit(&table[page], memory_order_acquire);
    if (!widths)
        widths = read_page(page);
    return widths ? widths[code_point & (page_size - 1)] : 1;
}
