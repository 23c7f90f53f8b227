import CountyCommands

@main
enum Entry {
  static func main() async { await County.main() }
}
