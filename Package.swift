// swift-tools-version: 6.1
import PackageDescription

// The C kernels are built with optimisation in every configuration: at -O0 a test on the
// real model would take minutes. No -march and no -ffast-math: each fast path names its
// instruction set in a function attribute and is chosen at run time.
let kernelSettings: [CSetting] = [
    .unsafeFlags(["-O3", "-Wall", "-Wextra", "-fno-math-errno"]),
    .define("_GNU_SOURCE", .when(platforms: [.linux])),
]

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
]

// What a person waits for is in the C kernels, on the disk, or in the model: the Swift around
// them compiles a fifth faster when optimised for size, and reads, samples and tokenizes as
// fast.
let smallSettings = swiftSettings + [.unsafeFlags(["-Osize"], .when(configuration: .release))]

let package = Package(
    name: "riposte",
    platforms: [.macOS(.v15)],
    products: [.executable(name: "riposte", targets: ["riposte"])],
    dependencies: [
        // SQLite with FTS5: conversations, candidates, rankings.
        .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
        // Command-line parsing, help and shell completions.
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        // Template files and configuration.
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        // Ordered dictionaries (JSON objects, Jinja mappings). Of its products only the one that
        // is used: the umbrella product costs a minute of compilation.
        .package(url: "https://github.com/apple/swift-collections", from: "1.6.0"),
        // Diagnostics to a file; the screen belongs to curses.
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    ],
    targets: [
        .target(name: "CKernels", cSettings: kernelSettings, linkerSettings: [.linkedLibrary("m")]),
        .target(
            name: "CTerminal",
            cSettings: [.define("_GNU_SOURCE", .when(platforms: [.linux]))],
            linkerSettings: [
                .linkedLibrary("ncursesw"), .linkedLibrary("tinfo", .when(platforms: [.linux])),
                .linkedLibrary("readline"),
            ]),
        .target(
            name: "JSON",
            dependencies: [.product(name: "OrderedCollections", package: "swift-collections")],
            swiftSettings: swiftSettings),
        // Apart from the language model because it needs nothing of it: the two compile beside
        // each other, and not one after the other.
        .target(name: "ChatTemplates", dependencies: ["JSON"], swiftSettings: smallSettings),
        .target(
            name: "LanguageModel",
            dependencies: [
                "CKernels", "JSON", "ChatTemplates",
                .product(name: "OrderedCollections", package: "swift-collections"),
            ],
            swiftSettings: smallSettings),
        .target(
            name: "Engine",
            dependencies: [
                "LanguageModel", "ChatTemplates", "JSON", "Yams",
                .product(name: "GRDB", package: "GRDB.swift"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: smallSettings),
        .target(
            name: "Training", dependencies: ["LanguageModel", "JSON", "Engine", "CKernels"],
            swiftSettings: swiftSettings),
        // What a program on a terminal needs that knows no language model: it compiles beside
        // the engine.
        .target(name: "TerminalKit", dependencies: ["CTerminal"], swiftSettings: smallSettings),
        .target(
            name: "TUI", dependencies: ["Engine", "TerminalKit"], swiftSettings: smallSettings),
        .executableTarget(
            name: "riposte",
            dependencies: [
                "LanguageModel", "ChatTemplates", "JSON", "Engine", "Training", "TerminalKit",
                "TUI",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: smallSettings),
        .testTarget(
            name: "LanguageModelTests",
            dependencies: ["LanguageModel", "ChatTemplates", "JSON", "CKernels"],
            resources: [.copy("Goldens")], swiftSettings: swiftSettings),
        .testTarget(
            name: "EngineTests", dependencies: ["Engine", "Training", "ChatTemplates", "JSON"],
            resources: [.copy("Goldens")], swiftSettings: swiftSettings),
        .testTarget(
            name: "TrainingTests",
            dependencies: ["Training", "Engine", "LanguageModel", "CKernels", "ChatTemplates"],
            resources: [.copy("Goldens")], swiftSettings: swiftSettings),
        .testTarget(
            name: "TUITests", dependencies: ["TUI", "TerminalKit", "ChatTemplates"],
            resources: [.copy("Goldens")], swiftSettings: swiftSettings),
    ]
)
