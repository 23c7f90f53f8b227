import SyncCore
import Testing

/// The whole table; `Protocol/vectors/merge.json` is the same for other languages.
let mergeTable =
  uncontestedCases + policyCases + equalityCases + reviewCases + ownerCases + insertCases + deleteCases
  + resurrectionCases + mixedCases + sumCases + unionCases + textCases + deletePolicyCases + appendCases + lockCases
  + choiceCases

struct MergeLawTests {
  @Test(arguments: mergeTable)
  func table(_ item: MergeCase) throws { #expect(try item.merged() == item.result) }

  /// Merged again, a change that stands as sent does nothing more. A sum would count twice: a batch is merged once (I3).
  @Test(
    arguments: mergeTable.filter {
      $0.result.asSent && $0.result.image != nil && $0.underReview.isEmpty && $0.new["sum"] == nil
    })
  func again(_ item: MergeCase) throws {
    var second = item
    second.image = item.result.image
    second.tombstone = nil
    second.masterStamps.merge(item.result.stamps) { $1 }
    let result = try second.merged()
    #expect(result.image == item.result.image)
    #expect(result.contests == [])
    #expect(result.asSent)
  }

  /// The names in the vectors are the ways to find a case.
  @Test func namesAreUnique() { #expect(Set(mergeTable.map(\.name)).count == mergeTable.count) }
}
