#ifndef CKERNELS_H
#define CKERNELS_H

#include "dequantize.h"
#include "kernels.h"
#include "sha256.h"

#include "sampling.h"
#include "sgemm.h"
#include "training.h"
#include "team.h"

#endif
