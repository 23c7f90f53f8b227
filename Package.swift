// swift-tools-version: 6.1
import PackageDescription

let sqlite: Target.Dependency = .product(name: "GRDB", package: "GRDB.swift")
let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")

let nio: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let log: Target.Dependency = .product(name: "Logging", package: "swift-log")

// Deliberate defects, in a build that is for nothing else: Tools/simulate --mutants.
let mutants: [SwiftSetting] = Context.environment["MUTANTS"] == nil ? [] : [.define("MUTANTS")]

// With TRIBUTARY_FUZZ set there is the product `fuzz`, and every target reports to libFuzzer where it has been (Tools/fuzz).
let isFuzzing = Context.environment["TRIBUTARY_FUZZ"] != nil
let sanitizers = ["-sanitize=fuzzer,address"]

let package = Package(
  name: "tributary",
  products: [
    .library(
      name: "TributaryReplica",
      targets: ["SyncCore", "SchemaFile", "SyncProtocol", "SQLiteStore", "Replica", "SyncClient"]),
    .library(
      name: "TributaryMaster",
      targets: ["SyncCore", "SchemaFile", "SyncProtocol", "SQLiteStore", "Master", "SyncServer"]),
    .executable(name: "county", targets: ["county"]),
    .executable(name: "city", targets: ["city"]),
  ],
  dependencies: [
    .package(url: "https://github.com/groue/GRDB.swift", from: "7.10.0"),
    .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1"),
    .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2"),
    .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
    .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
    .package(url: "https://github.com/apple/swift-nio-ssl", from: "2.37.6"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
    .package(url: "https://github.com/swiftcsv/SwiftCSV", from: "0.10.0"),
  ],
  targets: [
    // System libraries.
    .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
    .systemLibrary(name: "CZstd", pkgConfig: "libzstd", providers: [.apt(["libzstd-dev"])]),
    .systemLibrary(name: "CXlsxWriter", pkgConfig: "xlsxwriter", providers: [.apt(["libxlsxwriter-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .systemLibrary(name: "CHeap"),
    .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),

    // The engine, lowest first. It knows nothing of enterprises.
    .target(name: "SyncCore", swiftSettings: mutants),
    .target(name: "SchemaFile", dependencies: ["SyncCore", "Yams"]),
    .target(name: "SyncProtocol", dependencies: ["SyncCore", "CZstd", crypto], swiftSettings: mutants),
    .target(name: "SQLiteStore", dependencies: ["SyncCore", "CSQLite", sqlite], swiftSettings: mutants),
    .target(name: "Replica", dependencies: ["SQLiteStore", "SyncProtocol"], swiftSettings: mutants),
    .target(
      name: "SyncClient",
      dependencies: [
        "Replica", nio, nioSSL, .product(name: "NIOHTTP1", package: "swift-nio"),
        .product(name: "AsyncHTTPClient", package: "async-http-client"),
      ]),
    .target(name: "Master", dependencies: ["SQLiteStore", "SyncProtocol"], swiftSettings: mutants),
    .target(
      name: "SyncServer",
      dependencies: [
        "Master", nio, nioSSL, log, .product(name: "Hummingbird", package: "hummingbird"),
        .product(name: "HummingbirdTLS", package: "hummingbird"),
      ]),

    // The registry of the city's plan, on top of the engine.
    .target(
      name: "Registry", dependencies: ["SyncCore", "SchemaFile", "Yams"], exclude: ["README.md"],
      resources: [.embedInCode("Resources")]),

    .target(name: "Reports", dependencies: ["SQLiteStore", "SyncProtocol", "Registry", "Presentation", sqlite]),

    // The command line.
    .target(
      name: "Commands",
      dependencies: [
        "SQLiteStore", "SyncProtocol", "SchemaFile", "Registry", "Presentation", "Spreadsheet", "Reports", "CHeap",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),
    .target(name: "Presentation", dependencies: ["SyncCore", "SwiftCSV"]),
    .target(name: "Spreadsheet", dependencies: ["Presentation", "CXlsxWriter", "CZip", "CExpat"]),
    .target(name: "CountyCommands", dependencies: ["Commands", "Reports", "SyncClient", nioSSL]),
    .target(name: "CityCommands", dependencies: ["Commands", "SyncServer", "Reports", "CHeap", log, nioSSL]),
    .executableTarget(name: "county", dependencies: ["Commands", "CountyCommands"]),
    .executableTarget(name: "city", dependencies: ["Commands", "CityCommands"]),
    // For Tools/benchmarks.
    .executableTarget(
      name: "measure", dependencies: ["Commands", "CityCommands", "CountyCommands", "SyncClient", "Master"]),

    // A simulator that tries to break every promise.
    .target(name: "CSimulatedDisk", dependencies: ["CSQLite"]),
    .target(
      name: "Simulation", dependencies: ["SchemaFile", "SyncClient", "Master", "CSQLite", "CSimulatedDisk", sqlite]),
    .executableTarget(
      name: "simulate",
      dependencies: ["Simulation", .product(name: "ArgumentParser", package: "swift-argument-parser")],
      swiftSettings: mutants),

    // Tests, one folder a target.
    .target(
      name: "TestSupport", dependencies: ["SyncCore", "SchemaFile", "SyncClient", "Master"], path: "Tests/TestSupport"),
    .target(
      name: "FuzzReaders", dependencies: ["SyncProtocol", "SchemaFile", "Presentation", "Spreadsheet", "CZip"],
      path: "Tests/FuzzReaders"),
    .testTarget(name: "FuzzTests", dependencies: ["FuzzReaders", "SyncCore", "SyncProtocol"]),
    .testTarget(name: "SchemaFileTests", dependencies: ["SchemaFile", "SyncCore", "TestSupport"]),
    .testTarget(name: "RegistryTests", dependencies: ["Registry", "SchemaFile", "SyncCore"]),
    .testTarget(name: "ReportsTests", dependencies: ["Reports", "Registry", "SQLiteStore", "Presentation"]),
    .testTarget(name: "PresentationTests", dependencies: ["Presentation", "SyncCore"]),
    .testTarget(
      name: "SpreadsheetTests", dependencies: ["Spreadsheet", "Presentation", "SyncCore", "CZip"],
      resources: [.copy("Fixtures")]),
    .testTarget(name: "CommandsTests", dependencies: ["Commands", "Replica", "TestSupport"]),
    .testTarget(name: "SimulationTests", dependencies: ["Simulation"]),
    .testTarget(name: "SyncCoreTests", dependencies: ["SyncCore"]),
    .testTarget(name: "SyncProtocolTests", dependencies: ["SyncProtocol", "CSQLite", "TestSupport", crypto]),
    .testTarget(name: "ReplicaTests", dependencies: ["Replica", "TestSupport"]),
    .testTarget(
      name: "MasterTests",
      dependencies: ["Master", "Replica", "SyncClient", "SyncServer", "TestSupport", "CSimulatedDisk", nio, log]),
    .testTarget(
      name: "SyncClientTests",
      dependencies: [
        "SyncClient", nio, log, .product(name: "AsyncHTTPClient", package: "async-http-client"),
        .product(name: "Hummingbird", package: "hummingbird"),
      ]),
    .testTarget(name: "ProgramTests", dependencies: ["TestSupport", "SyncProtocol", "county", "city"]),
    .testTarget(name: "ReadmeTests", dependencies: ["SchemaFile", "SyncClient", "SyncServer", "county", "city"]),
  ],
  swiftLanguageModes: [.v6]
)

if isFuzzing {
  package.products.append(.executable(name: "fuzz", targets: ["fuzz"]))
  package.targets.append(
    .executableTarget(
      name: "fuzz",
      dependencies: [
        "FuzzReaders", "SyncServer", "CSQLite", .product(name: "Hummingbird", package: "hummingbird"), log,
        .product(name: "NIOEmbedded", package: "swift-nio"),
      ],
      path: "Tests/Fuzz", exclude: ["corpus", "dictionaries", "leaks"],
      linkerSettings: [.unsafeFlags(sanitizers)]))
  for target in package.targets where [.regular, .executable].contains(target.type) {
    target.swiftSettings = [.unsafeFlags(sanitizers)]
  }
}
