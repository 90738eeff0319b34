#ifndef CKERNELS_H
#define CKERNELS_H

#include "sampling.h"

#endif
