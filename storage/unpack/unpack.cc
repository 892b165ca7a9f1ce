#include "storage/unpack/unpack.h"
