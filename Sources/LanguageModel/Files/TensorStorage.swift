import Foundation

/// Memory that tensors point into; it lives as long as any of them.
public protocol TensorStorage: AnyObject, Sendable {
    var bytes: UnsafeRawBufferPointer { get }
    /// Gives the memory's pages back to the system where their content can be had again.
    func releasePages()
}

/// A file mapped read-only into memory.
// Unchecked because of the pointer: the mapping is read-only, set once in init and undone only
// in deinit, so any number of threads may read it.
public final class MappedFile: TensorStorage, @unchecked Sendable {
    public let path: String
    public let bytes: UnsafeRawBufferPointer

    public init(path: String) throws {
        self.path = path
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.systemError(path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Self.systemError(path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw LanguageModelError.cannotRead(path: path, reason: "it is not a regular file")
        }
        let size = Int(status.st_size)
        guard size > 0 else {
            bytes = UnsafeRawBufferPointer(start: nil, count: 0)
            return
        }
        guard let address = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0),
            address != MAP_FAILED
        else { throw Self.systemError(path) }
        bytes = UnsafeRawBufferPointer(start: address, count: size)
    }

    deinit {
        guard let base = bytes.baseAddress else { return }
        munmap(UnsafeMutableRawPointer(mutating: base), bytes.count)
    }

    /// Drops the mapping's pages from this process; a later read brings them back from the
    /// file.
    public func releasePages() {
        guard let base = bytes.baseAddress else { return }
        madvise(UnsafeMutableRawPointer(mutating: base), bytes.count, Int32(MADV_DONTNEED))
    }

    private static func systemError(_ path: String) -> LanguageModelError {
        .cannotRead(path: path, reason: String(cString: strerror(errno)))
    }
}

/// Memory of the process's own, for tensors that no file has in that form.
// Unchecked because of the pointer: the closure of init fills it before anyone else sees the
// object, and afterwards it is only read.
public final class HeapStorage: TensorStorage, @unchecked Sendable {
    public let bytes: UnsafeRawBufferPointer

    public init(byteCount: Int, fill: (UnsafeMutableRawBufferPointer) -> Void) {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 64)
        fill(buffer)
        bytes = UnsafeRawBufferPointer(buffer)
    }

    deinit { bytes.deallocate() }

    public func releasePages() {}
}
