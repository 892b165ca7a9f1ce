// minidock-image's command line: one job a process, run by `minidock` with its standard streams inherited.
//
//   minidock-image --root DIR --state DIR [--error-fd N] [--debug]
//     pull   [--platform os/arch[/variant]] [--progress tty|plain|quiet] [--progress-fd N]
//            [--insecure-registry HOST[:PORT]]… REFERENCE
//     load   [--input FILE] [--platform P] [--quiet]
//     compress-log FILE
//     read-log
//     import [--change INSTRUCTION]… [--message TEXT] [--platform P] FILE|- [REFERENCE]
//     copy   [--source-fd N [--source-base NAME] [--source-name NAME] [--source-userns-fd N] [--exclude PATH]…]
//            [--target-fd N [--target-directory PATH] [--target-userns-fd N] [--root-owned]] [--announce DESTINATION]
//     commit --upper-fd N --config-fd N --image ID [--layer DIFF_ID]… [--exclude PATH]… [--userns-fd N] [--author TEXT]
//            [--message TEXT] [--change INSTRUCTION]… [--created-by TEXT] [REFERENCE]
//
// compress-log compresses the rotated predecessors of a container's log (storage/unpack/log_compression.h); read-log
// writes what the compressed log on standard input holds to standard output. Neither touches the instance.
//
// pull writes docker's lines to the progress descriptor (standard output by default); with "quiet" it writes nothing
// but the image's id, to standard output. load prints "Loaded image: NAME" or "Loaded image ID: sha256:…" a line an
// image; import prints the image's id.
//
// copy moves files. Its source is the object NAME (default: all that is in it) of the directory that descriptor
// --source-fd holds, under --source-name in the archive ("": without a name of its own); without a source descriptor a
// tar on standard input, plain or compressed with gzip or zstd. Its target is the directory PATH below the root
// --target-fd; without a target descriptor a tar on standard output. The userns descriptors are user namespaces:
// owners of that side are told and set as ids inside. --root-owned gives all files to root instead of their owners.
// --announce prints docker's "Successfully copied SIZE to DESTINATION" to standard error.
//
// commit makes an image of a container's upper directory on top of the layers (bottom first); --config-fd is a file
// with the "config" part of its document, where null removes a key of the parent image's. Prints the image's id.
//
// Exit code 0, or 1 after an error: with --error-fd one JSON object {"kind", "errno", "message"} is written there (kind
// as to_string(ErrorKind)), else "minidock-image: MESSAGE" to standard error. Exit code 2: the command line is wrong.
#pragma once

namespace minidock::image {

int run_job(int argc, char** argv);

}  // namespace minidock::image
