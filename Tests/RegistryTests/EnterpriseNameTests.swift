import Registry
import Testing

@Suite struct EnterpriseNameTests {
  @Test(
    "Which names may be one enterprise",
    arguments: [
      ("江苏恒瑞医药股份有限公司", "恒瑞医药", true),
      ("连云港市海洋科技有限公司", "连云港海洋科技有限责任公司", true),
      ("连云港 海洋科技 有限公司", "海洋科技", true),
      ("江苏豪森药业集团有限公司", "江苏豪森药业", true),
      ("海州硅材料科技有限公司", "海州硅村料科技有限公司", true),
      ("海州硅材料科技有限公司", "海州硅材料技术有限公司", false),
      ("东海一厂", "东海二厂", false),
      ("ABC科技(连云港)有限公司", "abc科技有限公司", true),
      ("连云港公司", "江苏公司", false),
    ])
  func near(_ a: String, _ b: String, _ expected: Bool) {
    #expect(EnterpriseName.areNear(a, b) == expected)
    #expect(EnterpriseName.areNear(b, a) == expected)
  }
}
