#ifndef CTERMINAL_H
#define CTERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// ncurses draws, readline edits, and this is all that Swift sees of them. One terminal a
// process. All of it but cterm_width() belongs to the thread that opened the terminal.

// Widths -------------------------------------------------------------------------------------

/// Columns that the C library gives a code point in a UTF-8 locale, whatever the process's
/// own locale is: 0, 1 or 2, or -1 where it has no glyph. Safe from any thread.
int cterm_width(uint32_t code_point);

// Screen -------------------------------------------------------------------------------------

enum { cterm_marks = 4 };

/// One character of the screen with its marks, as ncurses keeps it.
typedef struct {
    /// A spacing code point and up to four marks; 0 ends them early.
    uint32_t text[1 + cterm_marks];
    /// From cterm_pair().
    int32_t pair;
    uint8_t attributes;
} cterm_cell;

enum {
    cterm_bold = 1,
    cterm_dim = 2,
    cterm_italic = 4,
    cterm_underline = 8,
    cterm_reverse = 16,
    cterm_strikethrough = 32,
};

/// Colours of the terminal type that TERM names, 0 for a monochrome or unknown one, or where
/// NO_COLOR is set. Needs no open terminal.
int cterm_color_count(void);

/// Takes the terminal on standard input and output over. 0, or -1 where TERM is unknown or
/// cannot move its cursor, or an error number.
int cterm_open(bool mouse);
/// Gives the terminal back. Does nothing where none is open.
void cterm_close(void);
/// Gives the terminal to another program for a while, and takes it back.
void cterm_leave(void);
void cterm_enter(void);
/// Stops the process group as ^Z does; returns when it is continued.
void cterm_stop(void);

void cterm_size(int *columns, int *rows);
/// Follows the terminal's size; the screen is blank afterwards.
void cterm_resize(void);
/// Forgets what is on the screen, so that the next flush paints all of it.
void cterm_invalidate(void);
/// A colour pair; -1 is the terminal's own colour.
int cterm_pair(int foreground, int background);
/// Puts characters from a place on; wide ones take two columns.
void cterm_put(int row, int column, const cterm_cell *cells, size_t count);
/// Paints what has changed; a negative row hides the cursor.
void cterm_flush(int cursor_row, int cursor_column);

void cterm_bell(void);
void cterm_set_mouse(bool on);
/// Control characters must not be in the title.
void cterm_set_title(const char *title);
/// Sends base64 to the clipboard of the terminal, through tmux too.
void cterm_copy(const char *base64);

// Signals ------------------------------------------------------------------------------------

/// Readable when a signal has come: a byte each, its number. -1 while no terminal is open.
int cterm_signal_descriptor(void);
/// Lets the process die by a signal, as if it had never been caught.
void cterm_die(int signal) __attribute__((noreturn));

/// Runs a shell command in the foreground of the terminal that was left, with a file on its
/// standard input or null. Its exit status, 128 + n for a signal, or -1 and an error number.
int cterm_run(const char *command, const char *input_path, int *error);

// Line editing -------------------------------------------------------------------------------

/// Candidates for the word that ends at the cursor: their common beginning, then each of them,
/// with line feeds between; allocated with malloc, null for none.
typedef char *(*cterm_complete)(
    void *context, const char *line, int cursor, int *suffix);

/// Sets readline up; TERM may be anything, a terminal need not be open.
void cterm_line_open(
    const char *program, const char *prompt, cterm_complete complete, void *context);
void cterm_line_close(void);
/// Gives complete keys to readline.
void cterm_line_feed(const uint8_t *bytes, size_t count);
/// Inserts text at the cursor as one undo step; during a search it is searched for.
void cterm_line_insert(const char *text);
/// Replaces the text, as one undo step, with the cursor at its end.
void cterm_line_set(const char *text);
/// What ^C does: leaves a search, else throws the line away.
void cterm_line_interrupt(void);
/// Moves the cursor a line up (-1) or down (1) in a text of several; false at the edge.
bool cterm_line_move(int direction);
void cterm_line_set_prompt(const char *prompt);
void cterm_line_set_size(int columns, int rows);

/// Valid until the next call.
const char *cterm_line_text(void);
/// Bytes before the cursor.
int cterm_line_cursor(void);
const char *cterm_line_prompt(void);
const char *cterm_line_mode(void);
bool cterm_line_is_searching(void);
/// The accepted line, once, allocated with malloc; null when none was accepted.
char *cterm_line_take_accepted(void);
/// Whether the end of input was typed (^D in an empty line), once.
bool cterm_line_take_end(void);
/// Completions to show, once, with line feeds between, allocated with malloc; null for none.
char *cterm_line_take_offered(void);

void cterm_history_add(const char *entry);
void cterm_history_clear(void);

#endif
