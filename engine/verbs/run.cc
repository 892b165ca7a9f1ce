#include "engine/runtime/spec.h"
