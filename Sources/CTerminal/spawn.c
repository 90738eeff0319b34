#include "internal.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

int cterm_run(const char *command, const char *input_path, int *error)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    if (input_path)
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input_path, O_RDONLY, 0);

    // The program gets the signals as a shell would give them. The keys ^C and ^\ are for it
    // alone; ^Z stops it and us together.
    static const int ours[] = {SIGWINCH, SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGTSTP, SIGCONT};
    sigset_t defaults, mask;
    sigemptyset(&defaults);
    sigemptyset(&mask);
    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        sigaddset(&defaults, ours[i]);
    posix_spawnattr_setsigdefault(&attributes, &defaults);
    posix_spawnattr_setsigmask(&attributes, &mask);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);

    struct sigaction ignore = {.sa_handler = SIG_IGN}, old_interrupt, old_quit;
    sigaction(SIGINT, &ignore, &old_interrupt);
    sigaction(SIGQUIT, &ignore, &old_quit);
    cterm_signals_stop_by_default(true);

    char *arguments[] = {"sh", "-c", (char *)command, NULL};
    pid_t child;
    int status = -1;
    *error = posix_spawn(&child, "/bin/sh", &actions, &attributes, arguments, environ);
    if (*error == 0) {
        while (waitpid(child, &status, 0) < 0) {
            if (errno != EINTR) {
                *error = errno;
                break;
            }
        }
    }
    cterm_signals_stop_by_default(false);
    sigaction(SIGINT, &old_interrupt, NULL);
    sigaction(SIGQUIT, &old_quit, NULL);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (*error)
        return -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
