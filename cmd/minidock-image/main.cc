#include "image/transfer/job.h"

int main(int argc, char** argv) { return minidock::image::run_job(argc, argv); }
