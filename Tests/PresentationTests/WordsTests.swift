import SyncCore
import Testing

@testable import Presentation

struct WordsTests {
  @Test(
    arguments: [
      ("What waits. And when. 状态", "What waits. And when.", "状态"), ("zh or en. 语言", "zh or en.", "语言"),
      ("HOST:PORT 监听地址", "HOST:PORT", "监听地址"), ("Version 1.5 of it. 第 1. 5 版", "Version 1.5 of it.", "第 1. 5 版"),
      ("No Chinese. At all", "No Chinese. At all", "No Chinese. At all"), ("状态", "", "状态"), ("", "", ""),
      ("Give one. U盘", "Give one.", "U盘"),
    ])
  func theChineseSentenceBeginsAfterTheLastFullStop(both: String, en: String, zh: String) {
    #expect(Words.split(both) == Label(zh: zh, en: en))
  }
}
