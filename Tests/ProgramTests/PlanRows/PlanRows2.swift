import Foundation
import Testing

/// Three enterprises: 甲 and 乙 of 海州区, 丙 of 东海县. Their ids.
struct Firms {
  let a, b, c: String
}

extension Trait where Self == SharedTown {
  /// 海州区 and 东海县 with three enterprises that the city knows.
  static var twoCounties: SharedTown {
    .town([("haizhou", "320706"), ("donghai", "320722")]) { town in
      for (home, code, name) in [
        ("haizhou", TestCode.haizhou[0], "甲"), ("haizhou", TestCode.haizhou[1], "乙"),
        ("donghai", TestCode.donghai[0], "丙"),
      ] {
        try await town.enter(home, "enterprise", "uscc=\(code)", "name=\(name)")
      }
      try await town.syncAll()
    }
  }
}

extension Town {
  func syncAll() async throws {
    for home in ["haizhou", "donghai"] { try await sync(home) }
  }

  func firms() async throws -> Firms {
    let ids = Dictionary(
      try await rows("city", "enterprise").map { ($0["name"] as? String ?? "", $0["id"] as? String ?? "") },
      uniquingKeysWith: { first, _ in first })
    return Firms(a: try #require(ids["甲"]), b: try #require(ids["乙"]), c: try #require(ids["丙"]))
  }
}
