import CKernels
import Testing

@testable import LanguageModel

/// The fast attention against the reference, over pages, chunks, windows and caches.
@Suite struct AttentionKernelTests {
    struct Shape: CustomTestStringConvertible {
        var heads: Int
        var kvHeads: Int
        var headSize: Int
        var position: Int
        var rows: Int
        var window: Int32 = 0
        var softCap: Float = 0
        var testDescription: String {
            "\(heads)/\(kvHeads) heads of \(headSize), \(rows) rows at \(position)"
        }
    }

    static let shapes = [
        Shape(heads: 9, kvHeads: 3, headSize: 64, position: 5, rows: 1),
        Shape(heads: 9, kvHeads: 3, headSize: 64, position: 300, rows: 4),
        Shape(heads: 4, kvHeads: 4, headSize: 32, position: 130, rows: 7),
        Shape(heads: 8, kvHeads: 2, headSize: 128, position: 700, rows: 2, window: 100),
        Shape(heads: 4, kvHeads: 1, headSize: 80, position: 65, rows: 3, softCap: 20),
        Shape(heads: 2, kvHeads: 1, headSize: 12, position: 40, rows: 2),
        Shape(heads: 5, kvHeads: 1, headSize: 48, position: 190, rows: 3, window: 31),
    ]

    static let caches = [RK_CACHE_F32, RK_CACHE_F16, RK_CACHE_Q8].map(\.rawValue)

    @Test(arguments: shapes, caches)
    func equalsReference(shape: Shape, cacheType: UInt32) {
        withCache(of: shape, cacheType) { layout, table, queries in
            let expected = attend(
                rk_kernels_get(RK_KERNELS_REFERENCE)!, shape, layout, table, queries)
            for choice in MatrixKernelTests.choices() {
                let found = attend(rk_kernels_get(choice)!, shape, layout, table, queries)
                #expect(worstError(found, expected) < tolerance(cacheType))
            }
        }
    }

    /// Shapes of long prompts beside those above.
    static let promptShapes =
        shapes + [
            Shape(heads: 9, kvHeads: 3, headSize: 64, position: 0, rows: 100),
            Shape(heads: 9, kvHeads: 3, headSize: 64, position: 470, rows: 75),
            Shape(heads: 2, kvHeads: 2, headSize: 128, position: 240, rows: 33, window: 50),
            Shape(heads: 4, kvHeads: 1, headSize: 256, position: 250, rows: 40, softCap: 30),
            Shape(heads: 2, kvHeads: 1, headSize: 48, position: 500, rows: 65, window: 290),
        ]

    @Test(
        .enabled(if: rk_kernels_get(RK_KERNELS_AMX) != nil), arguments: promptShapes, caches)
    func tilesEqualReference(shape: Shape, cacheType: UInt32) {
        let tiles = rk_kernels_get(RK_KERNELS_AMX)!
        withCache(of: shape, cacheType) { layout, table, queries in
            let expected = attend(
                rk_kernels_get(RK_KERNELS_REFERENCE)!, shape, layout, table, queries)
            let found = attend(tiles, shape, layout, table, queries, form: RK_INPUTS_BF16)
            #expect(worstError(found, expected) < tolerance(cacheType))
            // The same bits with other neighbours.
            let cut = attend(
                tiles, shape, layout, table, queries, form: RK_INPUTS_BF16, rowsOfItem: 7)
            let isTiled = cacheType != RK_CACHE_F32.rawValue && shape.headSize % 16 == 0
            if isTiled { #expect(cut == found) }
        }
    }

    /// Beside 8-bit elements, which are off by up to 4e-3 themselves, queries and weights are
    /// rounded to 2^-16 of their largest.
    func tolerance(_ cacheType: UInt32) -> Float {
        cacheType == RK_CACHE_Q8.rawValue ? 1e-4 : 2e-5
    }

    func worstError(_ found: [Float], _ expected: [Float]) -> Float {
        zip(found, expected).map { $0.isNaN ? .infinity : abs($0 - $1) }.max() ?? 0
    }

    /// A cache with noise in all positions that the shape's rows look at, and rubbish in the
    /// rest of the last page, as of a page that was used before; and noise as queries.
    func withCache(
        of shape: Shape, _ cacheType: UInt32,
        _ body: (rk_cache_layout, UnsafePointer<UnsafeMutablePointer<UInt8>?>, [Float]) -> Void
    ) {
        var noise = MatrixKernelTests.Noise(state: 7919 + UInt64(shape.position))
        var layout = rk_cache_layout()
        rk_cache_layout_make(
            &layout, Int32(cacheType), Int32(shape.kvHeads), Int32(shape.headSize),
            Int32(shape.headSize))
        let length = shape.position + shape.rows
        let pages = (0...length / Int(RK_PAGE)).map { _ -> UnsafeMutablePointer<UInt8>? in
            let page = UnsafeMutablePointer<UInt8>.allocate(capacity: Int(layout.layer_bytes))
            page.initialize(repeating: 0xFF, count: Int(layout.layer_bytes))
            return page
        }
        defer {
            for page in pages { page?.deallocate() }
        }
        let reference = rk_kernels_get(RK_KERNELS_REFERENCE)!
        let width = shape.heads * shape.headSize
        let queries = (0..<shape.rows * width).map { _ in noise.float() }
        pages.withUnsafeBufferPointer { table in
            for position in 0..<length {
                for head in 0..<shape.kvHeads {
                    let key = (0..<shape.headSize).map { _ in noise.float() * 3 }
                    let value = (0..<shape.headSize).map { _ in noise.float() }
                    var row = rk_row(pages: table.baseAddress, position: Int32(position))
                    reference.pointee.store(&layout, 0, &row, Int32(head), key, value)
                }
            }
            body(layout, table.baseAddress!, queries)
        }
    }

    func attend(
        _ kernels: UnsafePointer<rk_kernels>, _ shape: Shape, _ layout: rk_cache_layout,
        _ table: UnsafePointer<UnsafeMutablePointer<UInt8>?>, _ queries: [Float],
        form: rk_inputs = RK_INPUTS_INT, rowsOfItem: Int = .max
    ) -> [Float] {
        let chunks = (shape.position + shape.rows) / Int(RK_CHUNK) + 1
        let width = shape.heads * shape.headSize
        let rows = (0..<shape.rows).map {
            rk_row(pages: table, position: Int32(shape.position + $0))
        }
        let index = (0..<shape.rows).map { Int32($0) }
        var partials = [Float](
            repeating: 0, count: shape.rows * shape.heads * chunks * (shape.headSize + 2))
        var output = [Float](repeating: 0, count: shape.rows * width)
        rows.withUnsafeBufferPointer { rows in
            index.withUnsafeBufferPointer { index in
                queries.withUnsafeBufferPointer { queries in
                    partials.withUnsafeMutableBufferPointer { partials in
                        var attention = rk_attention(
                            cache: layout, layer_offset: 0, heads: Int32(shape.heads),
                            scale: 0.2, soft_cap: shape.softCap, window: shape.window,
                            rows: rows.baseAddress, row_index: index.baseAddress,
                            queries: queries.baseAddress, query_stride: Int64(width),
                            form: form, partials: partials.baseAddress, row_count: Int32(shape.rows)
                        )
                        let step = min(rowsOfItem, shape.rows)
                        for first in stride(from: 0, to: shape.rows, by: step) {
                            for chunk in 0..<chunks {
                                var item = rk_attention_item(
                                    first_row: Int32(first),
                                    row_count: Int32(min(step, shape.rows - first)),
                                    chunk: Int32(chunk))
                                for head in 0..<shape.kvHeads {
                                    kernels.pointee.attend(&attention, &item, Int32(head))
                                }
                            }
                        }
                        for row in 0..<shape.rows {
                            output.withUnsafeMutableBufferPointer {
                                kernels.pointee.merge(
                                    &attention, Int32(row), 0, Int32(shape.heads),
                                    $0.baseAddress! + row * width)
                            }
                        }
                    }
                }
            }
        }
        return output
    }
}
