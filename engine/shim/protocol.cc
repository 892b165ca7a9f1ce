#include "engine/shim/protocol.h"
