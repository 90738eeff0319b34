#include "internal.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

void cterm_use_utf8(void)
{
    setlocale(LC_ALL, "");
    if (strcmp(nl_langinfo(CODESET), "UTF-8") == 0)
        return;
    static const char *const names[] = {"C.UTF-8", "C.utf8", "en_US.UTF-8", "UTF-8"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (!setlocale(LC_CTYPE, names[i]))
            continue;
        // LC_ALL would win over LC_CTYPE: its value moves to LANG, which the rest falls back to.
        const char *all = getenv("LC_ALL");
        if (all && *all) {
            setenv("LANG", all, 1);
            unsetenv("LC_ALL");
        }
        setenv("LC_CTYPE", names[i], 1);
        return;
    }
}
