import Presentation
import SyncCore

/// The sections of GB/T 4754-2017, by the letter with which an industry code begins.
enum IndustrySection {
  /// The letter and the name, or the letter alone when the standard has no such section.
  static func cell(_ letter: String) -> Report.Cell {
    guard let name = names[letter] else { return .text(letter) }
    return .label(Label(zh: "\(letter) \(name.zh)", en: "\(letter) \(name.en)"))
  }

  private static let names: [String: Label] = [
    "A": Label(zh: "农、林、牧、渔业", en: "Agriculture, forestry, animal husbandry, fishery"),
    "B": Label(zh: "采矿业", en: "Mining"),
    "C": Label(zh: "制造业", en: "Manufacturing"),
    "D": Label(zh: "电力、热力、燃气及水生产和供应业", en: "Electricity, heat, gas and water"),
    "E": Label(zh: "建筑业", en: "Construction"),
    "F": Label(zh: "批发和零售业", en: "Wholesale and retail"),
    "G": Label(zh: "交通运输、仓储和邮政业", en: "Transport, storage and post"),
    "H": Label(zh: "住宿和餐饮业", en: "Accommodation and catering"),
    "I": Label(zh: "信息传输、软件和信息技术服务业", en: "Information transmission, software, IT services"),
    "J": Label(zh: "金融业", en: "Finance"),
    "K": Label(zh: "房地产业", en: "Real estate"),
    "L": Label(zh: "租赁和商务服务业", en: "Leasing and business services"),
    "M": Label(zh: "科学研究和技术服务业", en: "Scientific research and technical services"),
    "N": Label(zh: "水利、环境和公共设施管理业", en: "Water, environment and public facilities"),
    "O": Label(zh: "居民服务、修理和其他服务业", en: "Household services, repair and other services"),
    "P": Label(zh: "教育", en: "Education"),
    "Q": Label(zh: "卫生和社会工作", en: "Health and social work"),
    "R": Label(zh: "文化、体育和娱乐业", en: "Culture, sports and entertainment"),
    "S": Label(zh: "公共管理、社会保障和社会组织", en: "Public administration, social security, organisations"),
    "T": Label(zh: "国际组织", en: "International organisations"),
  ]
}
