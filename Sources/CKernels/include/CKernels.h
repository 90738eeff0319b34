#ifndef CKERNELS_H
#define CKERNELS_H

#include "dequantize.h"

#include "sampling.h"
#include "sgemm.h"

#endif
