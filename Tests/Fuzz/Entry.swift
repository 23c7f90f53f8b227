import Foundation
import FuzzReaders

// libFuzzer's own `main` is not used: the package manager gives the program's entry its name, and the linker takes that as main.

private typealias Arguments = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>

@_silgen_name("LLVMFuzzerRunDriver")
private func runFuzzer(
  _ count: UnsafeMutablePointer<CInt>, _ arguments: UnsafeMutablePointer<Arguments?>,
  _ read: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// With the options of libFuzzer and folders of inputs, or with `--seeds FOLDER`.
@_cdecl("fuzz_main")
public func start(_ count: CInt, _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?) -> CInt {
  guard Target.chosen != nil else {
    print("TRIBUTARY_FUZZ names one of \(Target.names.joined(separator: ", "))")
    return 64
  }
  let words = CommandLine.arguments
  if words.count == 3, words[1] == "--seeds" {
    ignoreLeaks()
    return writeSeeds(to: words[2])
  }
  warmUp()
  var (count, arguments) = (count, arguments)
  return runFuzzer(&count, &arguments, testOneInput)
}

/// What libFuzzer calls with every input that it invents.
@_cdecl("LLVMFuzzerTestOneInput")
public func testOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  if let finding = Target.chosen?.finding(Array(UnsafeBufferPointer(start: start, count: count))) {
    FileHandle.standardError.write(Data("FINDING: \(finding)\n".utf8))
    abort()
  }
  return 0
}

@_silgen_name("__lsan_disable") private func ignoreLeaks()
@_silgen_name("__lsan_enable") private func seeLeaks()

/// What is made once stays, and the leak checker does not understand every pointer to it.
private func warmUp() {
  ignoreLeaks()
  for bytes in (try? Target.chosen?.seeds()) ?? [] { _ = Target.chosen?.finding(bytes) }
  seeLeaks()
}

private func writeSeeds(to folder: String) -> CInt {
  do {
    for (index, bytes) in (try Target.chosen?.seeds() ?? []).enumerated() {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(folder)/seed-\(index)"))
    }
    return 0
  } catch {
    print(error)
    return 1
  }
}

/// What gets the inputs.
enum Target {
  case reader(Reader)
  case routes

  static let names = Reader.allCases.map(\.rawValue) + ["routes"]
  static let chosen: Target? = {
    let name = ProcessInfo.processInfo.environment["TRIBUTARY_FUZZ"] ?? ""
    return name == "routes" ? .routes : Reader(rawValue: name).map(Target.reader)
  }()

  func finding(_ bytes: [UInt8]) -> String? {
    switch self {
    case .reader(let reader): reader.finding(bytes)
    case .routes: Door.shared.finding(bytes)
    }
  }

  func seeds() throws -> [[UInt8]] {
    switch self {
    case .reader(let reader): try reader.seeds()
    case .routes: Door.seeds
    }
  }
}
