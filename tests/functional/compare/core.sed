# The core of an engine's message: without the program's name, without who says it, without where to find help.
s/\bminidock\b/docker/g
s/^docker: //
s/^(Error|ERROR): //
s/^Error response from daemon: //
# Ids and the test's own directory
s/[0-9a-f]{64}/ID/g
s#/var/tmp/[^ ]*/cramtests-[^/]*/[^/]*/##g
# docker's way to its runtime and back
s/^failed to create shim task: OCI runtime create failed: runc create failed: (unable to start container process: )?//
s/: unknown(\.?)$/\1/
/^time="[^"]*" level=error msg="error waiting for container: context canceled"$/d
# docker's client ends the daemon's sentence with a full stop, or not.
s/([^.])\.$/\1/
s/: No such file or directory/: no such file or directory/
/^See 'docker (container )?(run|create) --help'$/d
# After its usage line a verb's help is each engine's own.
/^Usage:/,${/^Usage:/!d}
/^$/d
