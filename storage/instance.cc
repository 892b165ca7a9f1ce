#include "storage/instance.h"
