import SyncCore
import Testing

@testable import Presentation

struct LanguageTests {
  @Test(
    arguments: [
      (nil, [:], .en), (nil, ["LANG": "zh_CN.UTF-8"], .zh), (nil, ["LC_MESSAGES": "zh_TW"], .zh),
      (nil, ["LC_ALL": "C", "LANG": "zh_CN"], .en), (nil, ["LC_ALL": "", "LANG": "ZH_CN"], .zh),
      (nil, ["LC_ALL": "zh", "LC_MESSAGES": "en", "LANG": "en"], .zh), ("en", ["LANG": "zh_CN"], .en),
      ("zh-Hans", ["LANG": "en"], .zh), ("fr", ["LANG": "zh_CN"], .zh), ("fr", [:], .en),
    ] as [(String?, [String: String], Language)])
  func fromFlagAndEnvironment(flag: String?, environment: [String: String], expected: Language) {
    #expect(Language.from(flag: flag) { environment[$0] } == expected)
  }

  @Test func labelSpeaksBothLanguages() {
    let label = Label(zh: "企业", en: "enterprise")
    #expect(label.text(.zh) == "企业")
    #expect(label.text(.en) == "enterprise")
  }

  @Test(
    arguments: [
      (.usage, "usage"), (.data, "data"), (.notFound, "not_found"), (.unreachable, "unreachable"), (.defect, "defect"),
      (.disk, "disk"), (.busy, "busy"), (.protocolViolation, "protocol"), (.notAllowed, "not_allowed"),
      (.configuration, "configuration"),
    ] as [(Failure.Kind, String)])
  func failureWord(kind: Failure.Kind, word: String) {
    #expect(kind.word == word)
  }
}
