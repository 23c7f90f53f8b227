import ArgumentParser
import Commands
import Foundation

/// `measure`: what Tools/benchmarks measures from inside a process. Every command prints one JSON object; times are seconds,
/// sizes bytes.
struct Measure: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    abstract: "Measures parts of the engine from inside a process, as JSON.",
    subcommands: [OneSync.self, Load.self, DecideMany.self, LookUpHistory.self])
}

@main
enum Entry {
  static func main() async {
    Start.prepare()
    await Measure.main()
  }
}

func printJSON(_ report: [String: Any]) throws {
  let json = try JSONSerialization.data(withJSONObject: report, options: [.sortedKeys])
  print(String(decoding: json, as: UTF8.self))
}

extension Duration {
  var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}
