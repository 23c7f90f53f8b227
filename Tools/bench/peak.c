/* peak FILE COMMAND [ARGUMENT ...]: runs a command and writes the most memory that it held, in bytes, into a file.
 *
 * A child counts what its parent held until it became another program, so the parent must be small: this one.
 */
#include <stdio.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(int argc, char **argv) {
  if (argc < 3) return 64;
  pid_t child = fork();
  if (child == 0) {
    execvp(argv[2], argv + 2);
    _exit(127);
  }
  int status;
  struct rusage usage;
  if (child < 0 || wait4(child, &status, 0, &usage) != child) return 71;
  FILE *file = fopen(argv[1], "w");
  if (!file || fprintf(file, "%ld\n", usage.ru_maxrss * 1024L) < 0 || fclose(file) != 0) return 73;
  return WIFEXITED(status) ? WEXITSTATUS(status) : 70;
}
