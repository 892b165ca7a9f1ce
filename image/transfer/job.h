// minidock-image's command line: one job a process, run by `minidock` with its standard streams inherited.
//
//   minidock-image --root DIR --state DIR [--error-fd N] [--debug]
//     pull   [--platform os/arch[/variant]] [--progress tty|plain|quiet] [--progress-fd N]
//            [--insecure-registry HOST[:PORT]]… REFERENCE
//     load   [--input FILE] [--platform P] [--quiet]
//     compress-log FILE
//     read-log
//     import [--change INSTRUCTION]… [--message TEXT] [--platform P] FILE|- [REFERENCE]
//
// compress-log compresses the rotated predecessors of a container's log (storage/unpack/log_compression.h); read-log
// writes what the compressed log on standard input holds to standard output. Neither touches the instance.
//
// pull writes docker's lines to the progress descriptor (standard output by default); with "quiet" it writes nothing
// but the image's id, to standard output. load prints "Loaded image: NAME" or "Loaded image ID: sha256:…" a line an
// image; import prints the image's id.
//
// Exit code 0, or 1 after an error: with --error-fd one JSON object {"kind", "errno", "message"} is written there (kind
// as to_string(ErrorKind)), else "minidock-image: MESSAGE" to standard error. Exit code 2: the command line is wrong.
#pragma once

namespace minidock::image {

int run_job(int argc, char** argv);

}  // namespace minidock::image
