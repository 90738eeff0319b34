#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <readline/history.h>
#include <readline/readline.h>

// Readline as an editor of a buffer: keys come out of a queue, nothing is drawn. It jumps out
// of functions with longjmp, so every hook stays in C; the one call to Swift (completion)
// calls nothing of readline.

static uint8_t *queue;
static size_t queue_start, queue_end, queue_capacity;
static FILE *nowhere;
static bool is_open, was_set_up;
static char *accepted, *offered, *shown_prompt;
static bool ended;
static cterm_complete complete;
static void *complete_context;

static int next_byte(FILE *stream)
{
    (void)stream;
    // Keys come whole, so this asks for more only where a command wants an argument at once:
    // ^G takes that command back. The end of a file would end the session.
    return queue_start < queue_end ? queue[queue_start++] : 7;
}

static int has_bytes(void)
{
    return queue_start < queue_end;
}

static void no_display(void) {}

static void on_line(char *line)
{
    if (!line) {
        ended = true;
        return;
    }
    free(accepted);
    accepted = line;
}

static char **on_complete(const char *text, int start, int end)
{
    (void)text;
    (void)start;
    rl_attempted_completion_over = 1;
    if (!complete)
        return NULL;
    int suffix = 0;
    char *words = complete(complete_context, rl_line_buffer, end, &suffix);
    if (!words)
        return NULL;
    size_t count = 1;
    for (const char *p = words; *p; p++)
        count += *p == '\n';
    char **matches = calloc(count + 1, sizeof *matches);
    if (matches) {
        char *rest = words;
        for (size_t i = 0; i < count; i++)
            matches[i] = strdup(strsep(&rest, "\n"));
        // Readline takes a first entry without others for the sole match.
        if (count == 2) {
            free(matches[1]);
            matches[1] = NULL;
        }
    }
    free(words);
    rl_completion_append_character = suffix;
    return matches;
}

static void on_offer(char **matches, int count, int longest)
{
    (void)longest;
    size_t length = 1;
    for (int i = 1; i <= count; i++)
        length += strlen(matches[i]) + 1;
    free(offered);
    offered = calloc(length, 1);
    if (!offered)
        return;
    char *end = offered;
    for (int i = 1; i <= count; i++) {
        if (i > 1)
            *end++ = '\n';
        end = stpcpy(end, matches[i]);
    }
}

static void bind(const char *sequence, rl_command_func_t *function)
{
    rl_bind_keyseq_if_unbound_in_map(sequence, function, emacs_standard_keymap);
    rl_bind_keyseq_if_unbound_in_map(sequence, function, vi_insertion_keymap);
    rl_bind_keyseq_if_unbound_in_map(sequence, function, vi_movement_keymap);
}

static void bind_keys(void)
{
    static const struct {
        const char *sequence;
        rl_command_func_t *function;
    } keys[] = {
        {"\033[A", rl_get_previous_history}, {"\033OA", rl_get_previous_history},
        {"\033[B", rl_get_next_history},     {"\033OB", rl_get_next_history},
        {"\033[C", rl_forward_char},         {"\033OC", rl_forward_char},
        {"\033[D", rl_backward_char},        {"\033OD", rl_backward_char},
        {"\033[H", rl_beg_of_line},          {"\033OH", rl_beg_of_line},
        {"\033[1~", rl_beg_of_line},         {"\033[7~", rl_beg_of_line},
        {"\033[F", rl_end_of_line},          {"\033OF", rl_end_of_line},
        {"\033[4~", rl_end_of_line},         {"\033[8~", rl_end_of_line},
        {"\033[3~", rl_delete},              {"\033[2~", rl_overwrite_mode},
        {"\033[1;5C", rl_forward_word},      {"\033[1;5D", rl_backward_word},
        {"\033[1;3C", rl_forward_word},      {"\033[1;3D", rl_backward_word},
        {"\033[5C", rl_forward_word},        {"\033[5D", rl_backward_word},
        {"\033Oc", rl_forward_word},         {"\033Od", rl_backward_word},
        {"\033\033[C", rl_forward_word},     {"\033\033[D", rl_backward_word},
        {"\033[3;5~", rl_kill_word},         {"\033[3;3~", rl_kill_word},
    };
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        bind(keys[i].sequence, keys[i].function);
    // It leaves pointers into the history behind, which a search then follows; and ^O is the
    // external editor's key with us.
    rl_unbind_function_in_map(rl_operate_and_get_next, emacs_standard_keymap);
    rl_unbind_function_in_map(rl_operate_and_get_next, vi_insertion_keymap);
    rl_unbind_function_in_map(rl_operate_and_get_next, vi_movement_keymap);
}

void cterm_line_open(
    const char *program, const char *prompt, cterm_complete function, void *context)
{
    if (is_open)
        cterm_line_close();
    complete = function;
    complete_context = context;
    if (!was_set_up) {
        cterm_use_utf8();
        nowhere = fopen("/dev/null", "w");
        rl_readline_name = strdup(program);
        rl_catch_signals = 0;
        rl_catch_sigwinch = 0;
        rl_change_environment = 0;
        rl_prep_term_function = NULL;
        rl_deprep_term_function = NULL;
        rl_instream = stdin;
        rl_outstream = nowhere ? nowhere : stderr;
        rl_getc_function = next_byte;
        rl_input_available_hook = has_bytes;
        rl_redisplay_function = no_display;
        rl_attempted_completion_function = on_complete;
        rl_completion_display_matches_hook = on_offer;
        rl_completer_word_break_characters = " \t\n";
        rl_completer_quote_characters = "";
        rl_sort_completion_matches = 0;
        // The person's inputrc, read next, may change these.
        rl_variable_bind("show-all-if-ambiguous", "on");
        rl_variable_bind("bell-style", "none");
        rl_initialize();
        // And these must hold whatever it says.
        rl_variable_bind("enable-bracketed-paste", "off");
        rl_variable_bind("blink-matching-paren", "off");
        rl_variable_bind("completion-query-items", "0");
        rl_variable_bind("horizontal-scroll-mode", "off");
        rl_variable_bind("bell-style", "none");
        bind_keys();
        using_history();
        was_set_up = true;
    }
    rl_callback_handler_install(prompt, on_line);
    is_open = true;
}

void cterm_line_close(void)
{
    if (!is_open)
        return;
    rl_callback_handler_remove();
    queue_start = queue_end = 0;
    free(accepted);
    free(offered);
    accepted = offered = NULL;
    ended = false;
    is_open = false;
}

/// Readline 8.2 can let a line and a history entry own one list of undo steps after walks
/// through the history, and frees it twice when the line is accepted. After each walk, and
/// before a line is accepted, the lists are let go: what was edited on a line that was left
/// can then not be undone.
static void let_undo_lists_go(void)
{
    rl_undo_list = NULL;
    HIST_ENTRY **entries = history_list();
    for (int i = 0; entries && entries[i]; i++)
        entries[i]->data = NULL;
}

static void run_queue(void)
{
    while (queue_start < queue_end) {
        int place = where_history();
        uint8_t byte = queue[queue_start];
        // Enter, and the command of vi that makes a comment.
        if (byte == '\r' || byte == '\n'
            || (byte == '#' && rl_get_keymap() == vi_movement_keymap))
            let_undo_lists_go();
        rl_callback_read_char();
        if (place != where_history())
            let_undo_lists_go();
    }
    queue_start = queue_end = 0;
}

static bool in_search(void)
{
    return RL_ISSTATE(RL_STATE_ISEARCH | RL_STATE_NSEARCH) != 0;
}

/// Takes a half-typed command back: an argument, an operator of vi, the start of a sequence.
static void finish_command(void)
{
    if (RL_ISSTATE(
            RL_STATE_MULTIKEY | RL_STATE_VIMOTION | RL_STATE_NUMERICARG | RL_STATE_CHARSEARCH
            | RL_STATE_METANEXT))
        cterm_line_feed((const uint8_t *)"\a", 1);
}

void cterm_line_feed(const uint8_t *bytes, size_t count)
{
    if (!is_open || count == 0)
        return;
    if (count == 1 && bytes[0] == 4 && rl_end == 0 && !in_search()
        && !RL_ISSTATE(RL_STATE_MULTIKEY | RL_STATE_VIMOTION | RL_STATE_NUMERICARG)) {
        ended = true;
        return;
    }
    // A function key that nothing is bound to would be taken apart: Escape, then its digits as
    // text or, in vi's command mode, as commands.
    if (count > 2 && bytes[0] == 27) {
        int type = 0;
        rl_command_func_t *bound = rl_function_of_keyseq_len(
            (const char *)bytes, count, rl_get_keymap(), &type);
        if (!bound || type == ISKMAP)
            return;
    }
    // Readline 8.2 reads through a null pointer when a search gets a prefix such as ^X and then
    // a key that is not bound behind it: the search ends first.
    if (count == 1 && bytes[0] != 27 && RL_ISSTATE(RL_STATE_ISEARCH)
        && rl_get_keymap()[bytes[0]].type == ISKMAP)
        cterm_line_feed((const uint8_t *)"\033", 1);
    if (queue_end + count > queue_capacity) {
        size_t capacity = (queue_end + count) * 2;
        uint8_t *larger = realloc(queue, capacity);
        if (!larger)
            return;
        queue = larger;
        queue_capacity = capacity;
    }
    memcpy(queue + queue_end, bytes, count);
    queue_end += count;
    run_queue();
}

void cterm_line_insert(const char *text)
{
    if (!is_open || !*text)
        return;
    if (in_search()) {
        char *keys = strdup(text);
        if (!keys)
            return;
        for (char *p = keys; *p; p++)
            if ((unsigned char)*p < 0x20)
                *p = ' ';
        cterm_line_feed((const uint8_t *)keys, strlen(keys));
        free(keys);
        return;
    }
    finish_command();
    rl_begin_undo_group();
    rl_insert_text(text);
    rl_end_undo_group();
}

void cterm_line_set(const char *text)
{
    if (!is_open)
        return;
    if (in_search())
        cterm_line_feed((const uint8_t *)"\a", 1);
    finish_command();
    rl_begin_undo_group();
    rl_delete_text(0, rl_end);
    rl_point = 0;
    rl_insert_text(text);
    rl_end_undo_group();
    rl_mark = 0;
}

void cterm_line_interrupt(void)
{
    if (!is_open)
        return;
    if (in_search()) {
        cterm_line_feed((const uint8_t *)"\a", 1);
        return;
    }
    rl_callback_sigcleanup();
    let_undo_lists_go();
    rl_free_line_state();
    queue_start = queue_end = 0;
    // A new line, with the place in the history at its end, begins with the handler.
    char *prompt = strdup(rl_prompt ? rl_prompt : "");
    rl_callback_handler_install(prompt, on_line);
    free(prompt);
    rl_replace_line("", 1);
    rl_point = rl_mark = 0;
}

/// Start of the line that holds a place.
static int line_start(int place)
{
    while (place > 0 && rl_line_buffer[place - 1] != '\n')
        place--;
    return place;
}

static int line_end(int place)
{
    while (place < rl_end && rl_line_buffer[place] != '\n')
        place++;
    return place;
}

/// Columns from one byte to another on a line.
static int columns_between(int from, int to)
{
    int columns = 0;
    while (from < to) {
        wchar_t character;
        int length = mbtowc(&character, rl_line_buffer + from, (size_t)(rl_end - from));
        if (length <= 0)
            length = 1;
        else
            columns += cterm_width((uint32_t)character) > 0 ? cterm_width((uint32_t)character) : 0;
        from += length;
    }
    return columns;
}

bool cterm_line_move(int direction)
{
    if (!is_open || in_search())
        return false;
    int start = line_start(rl_point);
    int end = line_end(rl_point);
    if (direction < 0 ? start == 0 : end == rl_end)
        return false;
    int wanted = columns_between(start, rl_point);
    int target = direction < 0 ? line_start(start - 1) : end + 1;
    int limit = line_end(target);
    int column = 0;
    while (target < limit && column < wanted) {
        wchar_t character;
        int length = mbtowc(&character, rl_line_buffer + target, (size_t)(rl_end - target));
        if (length <= 0)
            length = 1;
        else
            column += cterm_width((uint32_t)character) > 0 ? cterm_width((uint32_t)character) : 0;
        target += length;
    }
    rl_point = target;
    return true;
}

void cterm_line_set_prompt(const char *prompt)
{
    if (is_open)
        rl_set_prompt(prompt);
}

void cterm_line_set_size(int columns, int rows)
{
    if (is_open)
        rl_set_screen_size(rows, columns);
}

const char *cterm_line_text(void)
{
    return is_open && rl_line_buffer ? rl_line_buffer : "";
}

int cterm_line_cursor(void)
{
    // In a search the place of the last match can stand behind a shorter line.
    int length = (int)strlen(cterm_line_text());
    int point = is_open ? rl_point : 0;
    return point < 0 ? 0 : point > length ? length : point;
}

const char *cterm_line_prompt(void)
{
    // Marks of invisible parts are for readline's own display.
    const char *source = is_open && rl_display_prompt ? rl_display_prompt : "";
    char *copy = malloc(strlen(source) + 1);
    if (!copy)
        return "";
    char *end = copy;
    for (const char *p = source; *p; p++)
        if (*p != 1 && *p != 2)
            *end++ = *p;
    *end = 0;
    free(shown_prompt);
    shown_prompt = copy;
    return shown_prompt;
}

const char *cterm_line_mode(void)
{
    const char *name = is_open ? rl_get_keymap_name(rl_get_keymap()) : NULL;
    return name ? name : "";
}

bool cterm_line_is_searching(void)
{
    return is_open && in_search();
}

char *cterm_line_take_accepted(void)
{
    char *line = accepted;
    accepted = NULL;
    return line;
}

bool cterm_line_take_end(void)
{
    bool was = ended;
    ended = false;
    return was;
}

char *cterm_line_take_offered(void)
{
    char *words = offered;
    offered = NULL;
    return words;
}

void cterm_history_add(const char *entry)
{
    if (*entry)
        add_history(entry);
    using_history();
}

void cterm_history_clear(void)
{
    clear_history();
    using_history();
}
