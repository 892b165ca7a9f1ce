#include "engine/streams/client_streams.h"
