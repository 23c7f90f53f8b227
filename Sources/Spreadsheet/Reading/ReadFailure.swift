import SyncCore

/// Why a file cannot be read as a workbook.
enum ReadFailure {
  static func damaged(_ zh: String, _ en: String) -> Failure {
    Failure(
      .data, zh: "工作簿已损坏（\(zh)），请在表格软件中打开并重新另存为 .xlsx",
      en: "the workbook is damaged (\(en)); open it in a spreadsheet program and save it again as .xlsx")
  }

  static let encrypted = Failure(
    .data, zh: "工作簿有密码，请在表格软件中取消密码后重新保存",
    en: "the workbook has a password; remove it in the spreadsheet program and save again")

  static func otherFormat(_ zh: String, _ en: String) -> Failure {
    Failure(
      .data, zh: "这是\(zh)，不是 .xlsx 工作簿，请在表格软件中另存为“Excel 工作簿 (.xlsx)”",
      en: "this is \(en) and no .xlsx workbook; save it as \"Excel workbook (.xlsx)\" in the spreadsheet program")
  }

  static let text = Failure(
    .data, zh: "这是文本文件，不是 .xlsx 工作簿；若是 CSV，请把文件名改为 .csv",
    en: "this is a text file and no .xlsx workbook; if it is CSV, rename it to end with .csv")

  static let notPackage = otherFormat("其他格式的文件", "a file of another format")

  static func tooLarge(_ zh: String, _ en: String) -> Failure {
    Failure(.data, zh: "工作簿太大（\(zh)），请拆成几个文件", en: "the workbook is too large (\(en)); split it")
  }

  /// Refuses one more than the limit.
  static func limit(_ count: Int, _ most: Int, _ zh: String, _ en: String) throws(Failure) {
    if count > most { throw tooLarge("超过 \(most) 个\(zh)", "it has more than \(most) \(en)") }
  }

  static let memory = Failure(
    .busy, zh: "内存不足，请关闭其他程序后重试", en: "there is not enough memory; close other programs and try again")
}
