// The environment variables that docker's legacy links give: DB_NAME, DB_PORT, DB_PORT_5432_TCP[_ADDR|_PORT|_PROTO],
// for three or more ports in a row also DB_PORT_8000_TCP_START and _END, and DB_ENV_* of the linked container.
#pragma once

#include <string>
#include <vector>

#include "engine/container_store.h"

namespace minidock {

// In docker's order. `name`: of the container that has the link.
std::vector<std::string> link_variables(const std::string& name, const std::string& alias, const Container& linked);

}  // namespace minidock
