#include "engine/seccomp/seccomp.h"
