import Foundation

enum SystemMessage {
    /// What the C library says about an error number.
    static func text(_ code: Int32) -> String {
        String(cString: strerror(code))
    }
}
