#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>

#include "image/transfer/job.h"

int main(int argc, char** argv) {
  // A job ends with the command that asked for it: what it leaves unfinished is resumed or swept up by the next one.
  const pid_t parent = getppid();
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) return 1;
  return minidock::image::run_job(argc, argv);
}
