#define NCURSES_WIDECHAR 1
#include "internal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <term.h>
#include <unistd.h>

// term.h makes a macro of every capability's name.
#undef columns

static SCREEN *screen;
static bool has_left;
static bool mouse_on;
static bool has_strings;  // Whether titles and the clipboard's control strings are understood.
static bool title_saved;
static bool cursor_shown = true;

static void send_text(const char *text)
{
    // Through stdio, in order with what curses writes there.
    fflush(stdout);
    size_t length = strlen(text);
    while (length > 0) {
        ssize_t count = write(STDOUT_FILENO, text, length);
        if (count < 0) {
            if (errno == EINTR)
                continue;
            return;  // A terminal that is gone is noticed where input is read.
        }
        text += count;
        length -= (size_t)count;
    }
}

static const char mouse_begin[] = "\033[?1000h\033[?1002h\033[?1006h";
static const char mouse_end[] = "\033[?1006l\033[?1002l\033[?1000l";
// Bracketed paste and reports of the focus, and the question whether those will come.
static const char modes_begin[] = "\033[?2004h\033[?1004h\033[?1004$p";
static const char modes_end[] = "\033[?1004l\033[?2004l";

static void begin_modes(void)
{
    send_text(modes_begin);
    if (mouse_on)
        send_text(mouse_begin);
}

static void end_modes(void)
{
    if (mouse_on)
        send_text(mouse_end);
    send_text(modes_end);
}

/// Reads the description of TERM; false where it is not fit for a screen.
static bool describe(void)
{
    const char *name = getenv("TERM");
    if (!name || !*name)
        return false;
    int error = 0;
    if (setupterm((char *)name, STDOUT_FILENO, &error) != OK)
        return false;
    const char *move = tigetstr("cup");
    const char *clear = tigetstr("clear");
    return move && move != (char *)-1 && clear && clear != (char *)-1
        && tigetflag("hc") <= 0 && tigetflag("gn") <= 0;
}

int cterm_color_count(void)
{
    const char *no_color = getenv("NO_COLOR");
    if (no_color && *no_color)
        return 0;
    if (!screen && !describe())
        return 0;
    int count = tigetnum("colors");
    return count > 0 ? count : 0;
}

int cterm_open(bool mouse)
{
    if (screen)
        return EBUSY;
    cterm_use_utf8();
    if (!describe())
        return -1;
    const char *name = getenv("TERM");
    has_strings = strncmp(name, "linux", 5) != 0 && strncmp(name, "vt", 2) != 0
        && strncmp(name, "cons", 4) != 0 && strncmp(name, "eterm", 5) != 0;
    title_saved = false;

    char restore[512];
    const char *leave = tigetstr("rmcup");
    const char *show = tigetstr("cnorm");
    snprintf(
        restore, sizeof restore, "%s%s\033[0m%s%s%s\r", mouse_end, modes_end,
        show && show != (char *)-1 ? show : "\033[?25h",
        leave && leave != (char *)-1 ? leave : "\r\n",
        has_strings ? "\033[23;2t" : "");
    int error = cterm_signals_begin(restore);
    if (error)
        return error;
    // Our reading is our own, so that no key is lost in curses' input.
    screen = newterm(NULL, stdout, stdin);
    if (!screen) {
        cterm_signals_end();
        return -1;
    }
    set_term(screen);
    raw();
    noecho();
    nonl();
    typeahead(-1);
    intrflush(stdscr, FALSE);
    keypad(stdscr, FALSE);
    leaveok(stdscr, FALSE);
    scrollok(stdscr, FALSE);
    idlok(stdscr, FALSE);
    if (cterm_color_count() > 0) {
        start_color();
        use_default_colors();
    }
    mouse_on = mouse;
    has_left = false;
    cursor_shown = true;
    begin_modes();
    return 0;
}

void cterm_close(void)
{
    if (!screen)
        return;
    if (!has_left) {
        end_modes();
        if (!cursor_shown)
            curs_set(1);
        endwin();
        if (title_saved)
            send_text("\033[23;2t");
    }
    cterm_signals_end();
    delscreen(screen);
    screen = NULL;
}

void cterm_leave(void)
{
    if (!screen || has_left)
        return;
    end_modes();
    if (!cursor_shown)
        curs_set(1);
    endwin();
    has_left = true;
    cterm_signals_own_screen(false);
}

void cterm_enter(void)
{
    if (!screen)
        return;
    cterm_signals_own_screen(true);
    has_left = false;
    reset_prog_mode();
    clearok(curscr, TRUE);
    doupdate();
    cursor_shown = true;
    curs_set(1);
    begin_modes();
}

void cterm_stop(void)
{
    cterm_leave();
    cterm_signals_stop_by_default(true);
    kill(0, SIGTSTP);
    cterm_signals_stop_by_default(false);
    cterm_enter();
}

void cterm_size(int *columns, int *rows)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 && size.ws_row > 0) {
        *columns = size.ws_col;
        *rows = size.ws_row;
    } else {
        *columns = screen ? COLS : 80;
        *rows = screen ? LINES : 24;
    }
}

void cterm_resize(void)
{
    if (!screen)
        return;
    int columns, rows;
    cterm_size(&columns, &rows);
    if (columns != COLS || rows != LINES)
        resizeterm(rows, columns);
    werase(stdscr);
    clearok(curscr, TRUE);
}

void cterm_invalidate(void)
{
    if (screen)
        clearok(curscr, TRUE);
}

int cterm_pair(int foreground, int background)
{
    if (!screen || !has_colors() || (foreground < 0 && background < 0))
        return 0;
    int pair = alloc_pair(foreground, background);
    return pair < 0 ? 0 : pair;
}

void cterm_put(int row, int column, const cterm_cell *cells, size_t count)
{
    if (!screen || row < 0 || column < 0 || row >= LINES || column >= COLS)
        return;
    enum { batch = 256 };
    cchar_t line[batch + 1];
    size_t used = 0;
    wmove(stdscr, row, column);
    for (size_t i = 0; i < count; i++) {
        wchar_t text[cterm_marks + 2] = {0};
        for (int k = 0; k <= cterm_marks && cells[i].text[k]; k++)
            text[k] = (wchar_t)cells[i].text[k];
        attr_t attributes = A_NORMAL;
        if (cells[i].attributes & cterm_bold)
            attributes |= A_BOLD;
        // curses knows no line through text; such text is dimmed.
        if (cells[i].attributes & (cterm_dim | cterm_strikethrough))
            attributes |= A_DIM;
        if (cells[i].attributes & cterm_italic)
            attributes |= A_ITALIC;
        if (cells[i].attributes & cterm_underline)
            attributes |= A_UNDERLINE;
        if (cells[i].attributes & cterm_reverse)
            attributes |= A_REVERSE;
        int pair = cells[i].pair;
        if (setcchar(&line[used], text, attributes, (short)(pair & 0x7fff), &pair) != OK)
            setcchar(&line[used], L"?", attributes, (short)(pair & 0x7fff), &pair);
        if (++used == batch) {
            mvwadd_wchnstr(stdscr, row, column, line, (int)used);
            for (size_t k = 0; k < used; k++)
                column += cterm_width(cells[i + 1 - used + k].text[0]) == 2 ? 2 : 1;
            used = 0;
        }
    }
    if (used > 0)
        mvwadd_wchnstr(stdscr, row, column, line, (int)used);
}

void cterm_flush(int cursor_row, int cursor_column)
{
    if (!screen || has_left)
        return;
    bool shown = cursor_row >= 0 && cursor_row < LINES && cursor_column >= 0
        && cursor_column < COLS;
    // Hidden while painting where it was hidden before; shown only when it stands right.
    if (!shown && cursor_shown)
        curs_set(0);
    if (shown)
        wmove(stdscr, cursor_row, cursor_column);
    wnoutrefresh(stdscr);
    doupdate();
    if (shown && !cursor_shown) {
        curs_set(1);
        fflush(stdout);
    }
    cursor_shown = shown;
}

void cterm_bell(void)
{
    if (screen)
        send_text("\a");
}

void cterm_set_mouse(bool on)
{
    if (!screen || on == mouse_on)
        return;
    mouse_on = on;
    if (!has_left)
        send_text(on ? mouse_begin : mouse_end);
}

void cterm_set_title(const char *title)
{
    if (!screen || !has_strings || has_left)
        return;
    if (!title_saved) {
        send_text("\033[22;2t");
        title_saved = true;
    }
    send_text("\033]2;");
    send_text(title);
    send_text("\a");
}

void cterm_copy(const char *base64)
{
    if (!screen || !has_strings || has_left)
        return;
    send_text("\033]52;c;");
    send_text(base64);
    send_text("\a");
    if (getenv("TMUX")) {
        // The same, handed through to the terminal around tmux where that is allowed.
        send_text("\033Ptmux;\033\033]52;c;");
        send_text(base64);
        send_text("\a\033\\");
    }
}
