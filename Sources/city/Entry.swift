import CityCommands
import Commands

@main
enum Entry {
  @MainActor static func main() async {
    Start.prepare(isServer: City.isServer(CommandLine.arguments))
    await City.main()
  }
}
