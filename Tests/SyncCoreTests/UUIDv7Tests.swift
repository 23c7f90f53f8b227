import SyncCore
import Testing

struct UUIDv7Tests {
  struct Fixed: RandomNumberGenerator {
    var word: UInt64
    mutating func next() -> UInt64 { word }
  }

  /// RFC 9562, appendix A.6, has this time.
  @Test func time() {
    var random = Fixed(word: 0)
    let id = UUIDv7.make(milliseconds: 0x017F_22E2_79B0, using: &random)
    #expect(id == "017f22e2-79b0-7000-8000-000000000000")
  }

  @Test(arguments: [Int64.min, -1, 0, 1, 1_800_000_000_000, 1 << 48 - 1, .max])
  func shape(milliseconds: Int64) {
    var random = SystemRandomNumberGenerator()
    let id = Array(UUIDv7.make(milliseconds: milliseconds, using: &random))
    #expect(id.count == 36)
    #expect(id.indices.filter { id[$0] == "-" } == [8, 13, 18, 23])
    #expect(id[14] == "7")
    #expect("89ab".contains(id[19]))
    #expect(id.allSatisfy { $0 == "-" || $0.isHexDigit && !$0.isUppercase })
  }

  @Test func laterSortsLater() {
    var random = SystemRandomNumberGenerator()
    let ids = (0..<100).map { UUIDv7.make(milliseconds: 1_800_000_000_000 + $0, using: &random) }
    #expect(ids == ids.sorted())
    #expect(Set((0..<100).map { _ in UUIDv7.make(milliseconds: 0, using: &random) }).count == 100)
  }

  /// A field of this shape passes the check of a `uuid` field.
  @Test func isAUUID() {
    var random = SystemRandomNumberGenerator()
    let field = Field(name: "id", label: Label(zh: "", en: ""), kind: .uuid)
    #expect(field.problem(with: .text(UUIDv7.make(milliseconds: 5, using: &random)), formats: [:]) == nil)
  }
}
