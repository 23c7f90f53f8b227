import Foundation
import SyncCore

/// What can be wrong with a bundle, for a person.
public enum BundleFailure {
  static func missing(_ file: String) -> Failure {
    Failure(.notFound, zh: "没有文件 \(file);请核对路径和U盘", en: "there is no file \(file); check the path and the stick")
  }

  static func notABundle(_ file: String) -> Failure {
    Failure(.data, zh: "\(file) 不是交换包;请核对文件名", en: "\(file) is not a bundle; check the file's name")
  }

  static func torn(_ file: String) -> Failure {
    Failure(
      .data, zh: "\(file) 不完整(复制中断?);未作任何更改,请从来源重新复制,或重新生成",
      en: "\(file) is cut short (a copy that broke off?); nothing was changed, copy it again or have it written anew")
  }

  static func missingPart(_ file: String) -> Failure {
    Failure(
      .data, zh: "缺少交换包的一部分 \(file);未作任何更改,请把全部分卷复制到同一目录",
      en: "the part \(file) of the bundle is missing; nothing was changed, put all its parts into one folder")
  }

  public static func damaged(_ file: String) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 已损坏或被改动;未作任何更改,请从来源重新复制,或重新生成",
      en: "\(file) was damaged or changed; nothing was changed here, copy it again or have it written anew")
  }

  static func newer(_ file: String) -> Failure {
    Failure(
      .protocolViolation, zh: "\(file) 由更新版本的程序写成;请升级本机程序后再读",
      en: "\(file) was written by a newer version of this program; upgrade, then read it")
  }

  static func renamed(_ file: String, is part: UInt32, not wanted: UInt32) -> Failure {
    Failure(
      .data, zh: "\(file) 是交换包的第 \(part) 部分,这里应为第 \(wanted) 部分;请恢复各部分原来的文件名(FILE、FILE.2、FILE.3…)",
      en:
        "\(file) is part \(part) of its bundle where part \(wanted) belongs; give the parts their names back (FILE, FILE.2, FILE.3 …)"
    )
  }

  static func otherBundle(_ file: String, than first: String) -> Failure {
    Failure(
      .data, zh: "\(file) 属于另一个交换包,与 \(first) 不是一套;请把同一次写出的全部分卷放在一起",
      en: "\(file) is a part of another bundle than \(first); put the parts that were written together into one folder")
  }

  static func direction(_ file: String, _ direction: BundleDirection) -> Failure {
    switch direction {
    case .up:
      Failure(
        .data, zh: "\(file) 是县区写给市里的交换包;请在市里用 city bundle read 读取",
        en: "\(file) goes from a county to the city; read it there with city bundle read")
    case .down:
      Failure(
        .data, zh: "\(file) 是市里给县区的回复;请在写出上报包的那台机器上用 county bundle read 读取",
        en:
          "\(file) is the city's answer to a county; read it with county bundle read on the machine that wrote to the city"
      )
    case .first:
      Failure(
        .data, zh: "\(file) 是新机器的初始数据;请用 county init --bundle 读取",
        en: "\(file) is for a new machine; read it with county init --bundle")
    }
  }

  static func receiver(_ file: String, _ direction: BundleDirection) -> Failure {
    switch direction {
    case .up:
      Failure(
        .protocolViolation, zh: "\(file) 是写给另一座城市的,本市无法打开;请交给正确的城市",
        en: "\(file) is for another city and cannot be opened here; take it to the right one")
    case .down:
      Failure(
        .protocolViolation,
        zh: "\(file) 是给另一台机器的回复,或是对本机更换编号之前所写上报包的回复,无法打开;"
          + "请在写出上报包的那台机器上读取,或在本机重新写一个交换包",
        en: "\(file) answers another machine, or this one before it got its present id, and cannot be opened here; "
          + "read it on the machine that wrote to the city, or write a new bundle here")
    case .first:
      Failure(
        .notAllowed, zh: "登记码打不开 \(file);请核对登记码,或请市里用 city snapshot 重新生成",
        en: "the code does not open \(file); check the code, or ask the city for a new file (city snapshot)")
    }
  }

  static func overwrites(_ file: String) -> Failure {
    Failure(
      .usage, zh: "\(file) 已存在且不是交换包,未覆盖;请换一个文件名",
      en: "\(file) exists and is not a bundle; it was left alone, use another name")
  }

  /// Of a backup, too: who names the stick alone has forgotten the file.
  public static func refuseFolder(_ file: String) throws {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: file, isDirectory: &isFolder), isFolder.boolValue else { return }
    throw Failure(
      .usage, zh: "\(file) 是目录;请写明其中的文件名", en: "\(file) is a folder; add the name of a file in it")
  }

  static func partSize(_ size: Int, least: Int) -> Failure {
    Failure(
      .usage, zh: "分卷大小 \(size) 字节太小;至少 \(least) 字节", en: "a part of \(size) bytes is too small; \(least) at least")
  }

  static func unwritable(_ file: String, _ code: Int32) -> Failure {
    if code == ENOSPC || code == EFBIG {
      return Failure(
        .disk, zh: "U盘或磁盘已满,\(file) 未写成;请腾出空间,或用 --part-size 分成更小的部分后重试",
        en: "the disk is full, \(file) was not written; free some space and write again (EFBIG: a smaller --part-size)")
    }
    return Failure(
      .disk, zh: "无法写入 \(file)(错误 \(code));请检查U盘和权限",
      en: "cannot write \(file) (error \(code)); check the stick and its permissions")
  }

  static func unreadable(_ file: String, _ code: Int32) -> Failure {
    Failure(
      .disk, zh: "无法读取 \(file)(错误 \(code));请检查U盘和权限",
      en: "cannot read \(file) (error \(code)); check the stick and its permissions")
  }
}
