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
        let kernels = KernelChoice.allCases.filter { $0 != .auto && $0.table != nil }
        let best = KernelChoice.auto.table
        return Processor(
            kernels: kernels, chosen: kernels.first { $0.table == best } ?? .reference,
            physicalCores: Int(rk_physical_cores()))
    }
}
