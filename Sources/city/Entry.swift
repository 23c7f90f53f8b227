import CityCommands

@main
enum Entry {
  static func main() async { await City.main() }
}
