// `inspect` of every kind of object: a list of documents, or a template on each.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "cmd/minidock/command.h"

namespace minidock::cmd {

using DocumentFinder = std::function<OrderedJson(Engine& engine, const std::string& name)>;

// Prints what `find` gives for each name: a list of documents, or the template's text for each. The exit code.
int print_documents(const Invocation& invocation, const std::vector<std::string>& names, const std::string& format,
                    const DocumentFinder& find);

// A whole verb with the options that all of them have.
int inspect_documents(const Invocation& invocation, const std::string& usage, const std::string& summary,
                      const DocumentFinder& find);

}  // namespace minidock::cmd
