import Commands
import CountyCommands

@main
enum Entry {
  @MainActor static func main() async {
    Start.prepare()
    await County.main()
  }
}
