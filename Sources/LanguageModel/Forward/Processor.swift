import CKernels

/// What the processor offers to the forward pass.
public struct Processor: Sendable {
    /// Kernels that run here, the reference first.
    public let kernels: [KernelChoice]
    /// What ``KernelChoice/auto`` means here.
    public let chosen: KernelChoice
    /// Cores this process may run on, not counting the second thread of one.
    public let physicalCores: Int

    public static var current: Processor {
        let table: [(KernelChoice, rk_kernel_choice)] = [
            (.reference, RK_KERNELS_REFERENCE), (.avx2, RK_KERNELS_AVX2),
            (.avx512, RK_KERNELS_AVX512), (.amx, RK_KERNELS_AMX), (.neon, RK_KERNELS_NEON),
        ]
        let best = rk_kernels_get(RK_KERNELS_AUTO)
        return Processor(
            kernels: table.filter { rk_kernels_get($0.1) != nil }.map(\.0),
            chosen: table.first { rk_kernels_get($0.1) == best }?.0 ?? .reference,
            physicalCores: Int(rk_physical_cores()))
    }
}
