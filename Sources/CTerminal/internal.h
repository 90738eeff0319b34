#ifndef CTERMINAL_INTERNAL_H
#define CTERMINAL_INTERNAL_H

#include "CTerminal.h"

/// Makes sure that the character set is UTF-8: a locale that has none (LANG=C) is replaced in
/// the environment too, because readline asks it again for every line.
void cterm_use_utf8(void);

/// Catches the signals that concern a screen, and keeps what restores the terminal where the
/// process dies in a handler: `restore` is written, then the state of before is set.
int cterm_signals_begin(const char *restore);
void cterm_signals_end(void);
/// While false, the handlers leave the terminal as it is: another program has it.
void cterm_signals_own_screen(bool own);
/// Default or own handling of the stop key's signal.
void cterm_signals_stop_by_default(bool by_default);

#endif
