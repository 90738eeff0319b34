import CKernels

/// AdamW (Loshchilov & Hutter 2019, arXiv 1711.05101) over one flat vector, with a learning rate
/// for each of several ranges.
final class AdamW {
    struct Settings: Sendable, Equatable, Codable {
        var beta1: Float = 0.9
        var beta2: Float = 0.999
        var epsilon: Float = 1e-8
        var decay: Float = 0
    }

    struct Group {
        var range: Range<Int>
        var rate: Double
    }

    let settings: Settings
    let first: FloatBuffer
    let second: FloatBuffer
    /// Steps taken.
    var steps = 0

    init(count: Int, settings: Settings) {
        self.settings = settings
        first = FloatBuffer(count: count)
        second = FloatBuffer(count: count)
    }

    func step(parameters: FloatBuffer, gradient: FloatBuffer, groups: [Group]) {
        steps += 1
        let correction1 = 1 - power(Double(settings.beta1), Double(steps))
        let correction2 = 1 - power(Double(settings.beta2), Double(steps))
        for group in groups where !group.range.isEmpty {
            let start = group.range.lowerBound
            rk_adamw(
                group.range.count, Float(group.rate), settings.beta1, settings.beta2,
                settings.epsilon, settings.decay, Float(correction1), Float(correction2),
                gradient.pointer + start, parameters.pointer + start, first.pointer + start,
                second.pointer + start)
        }
    }
}

extension FloatBuffer {
    /// Euclidean norm; summed in double precision, in order.
    var norm: Double {
        var sum = 0.0
        for k in 0..<count { sum += Double(pointer[k]) * Double(pointer[k]) }
        return sum.squareRoot()
    }

    func scale(by factor: Float) {
        for k in 0..<count { pointer[k] *= factor }
    }
}
