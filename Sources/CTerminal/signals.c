#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

// A Swift trap, a failed assertion in C or a stray signal ends the process without unwinding,
// so the terminal is restored in the handler itself, with nothing but async-signal-safe calls.
static const int fatal[] = {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
// These come to the event loop as bytes in a pipe.
static const int forwarded[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};

enum { fatal_count = sizeof fatal / sizeof *fatal };
enum { forwarded_count = sizeof forwarded / sizeof *forwarded };

static struct sigaction fatal_before[fatal_count];
static struct sigaction forwarded_before[forwarded_count];
static int ends[2] = {-1, -1};
static struct termios before;
static char restore[512];
static size_t restore_length;
static volatile sig_atomic_t owns_screen;
static volatile sig_atomic_t deaths;
static atomic_bool active;
static void *stack_memory;

static void restore_terminal(void)
{
    if (!owns_screen)
        return;
    owns_screen = 0;
    size_t done = 0;
    while (done < restore_length) {
        ssize_t count = write(STDOUT_FILENO, restore + done, restore_length - done);
        if (count < 0 && errno != EINTR)
            break;
        if (count > 0)
            done += (size_t)count;
    }
    tcsetattr(STDIN_FILENO, TCSANOW, &before);
}

static void on_fatal(int number)
{
    int saved = errno;
    restore_terminal();
    for (int i = 0; i < fatal_count; i++)
        if (fatal[i] == number)
            sigaction(number, &fatal_before[i], NULL);
    // Blocked until this returns, then it goes to whoever handled it before us.
    raise(number);
    errno = saved;
}

static void on_forwarded(int number)
{
    int saved = errno;
    if (number == SIGTERM || number == SIGHUP || number == SIGINT || number == SIGQUIT) {
        // A second one means that the loop does not react: die at once, with a clean terminal.
        if (deaths++ > 0) {
            restore_terminal();
            struct sigaction action = {.sa_handler = SIG_DFL};
            sigaction(number, &action, NULL);
            raise(number);
            errno = saved;
            return;
        }
    }
    unsigned char byte = (unsigned char)number;
    ssize_t written = write(ends[1], &byte, 1);
    (void)written;  // A full pipe is being read already.
    errno = saved;
}

static void restore_at_exit(void)
{
    cterm_close();
}

int cterm_signals_begin(const char *sequence)
{
    if (ends[0] < 0) {
        if (pipe(ends) != 0)
            return errno;
        for (int i = 0; i < 2; i++) {
            fcntl(ends[i], F_SETFL, O_NONBLOCK);
            fcntl(ends[i], F_SETFD, FD_CLOEXEC);
        }
        atexit(restore_at_exit);
    }
    if (tcgetattr(STDIN_FILENO, &before) != 0)
        return errno;
    restore_length = strlen(sequence);
    if (restore_length > sizeof restore)
        restore_length = sizeof restore;
    memcpy(restore, sequence, restore_length);
    deaths = 0;

    // A stack overflow leaves no stack to run the handler on.
    if (!stack_memory) {
        enum { size = 64 * 1024 };
        stack_memory = malloc(size);
        if (stack_memory) {
            stack_t stack = {.ss_sp = stack_memory, .ss_size = size};
            sigaltstack(&stack, NULL);
        }
    }
    for (int i = 0; i < fatal_count; i++) {
        struct sigaction action = {.sa_handler = on_fatal, .sa_flags = SA_ONSTACK};
        sigfillset(&action.sa_mask);
        sigaction(fatal[i], &action, &fatal_before[i]);
    }
    for (int i = 0; i < forwarded_count; i++) {
        struct sigaction action = {.sa_handler = on_forwarded, .sa_flags = SA_RESTART};
        sigfillset(&action.sa_mask);
        sigaction(forwarded[i], &action, &forwarded_before[i]);
        // What the parent chose to ignore (nohup) stays ignored.
        if (forwarded_before[i].sa_handler == SIG_IGN)
            sigaction(forwarded[i], &forwarded_before[i], NULL);
    }
    owns_screen = 1;
    atomic_store(&active, true);
    return 0;
}

void cterm_signals_end(void)
{
    if (!atomic_exchange(&active, false))
        return;
    owns_screen = 0;
    for (int i = 0; i < fatal_count; i++)
        sigaction(fatal[i], &fatal_before[i], NULL);
    for (int i = 0; i < forwarded_count; i++)
        sigaction(forwarded[i], &forwarded_before[i], NULL);
}

void cterm_signals_own_screen(bool own)
{
    owns_screen = own;
}

void cterm_signals_stop_by_default(bool by_default)
{
    struct sigaction action = {
        .sa_handler = by_default ? SIG_DFL : on_forwarded, .sa_flags = SA_RESTART};
    sigfillset(&action.sa_mask);
    sigaction(SIGTSTP, &action, NULL);
}

int cterm_signal_descriptor(void)
{
    return atomic_load(&active) ? ends[0] : -1;
}

void cterm_die(int number)
{
    cterm_close();
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigaction(number, &action, NULL);
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    kill(getpid(), number);
    _exit(128 + number);
}
