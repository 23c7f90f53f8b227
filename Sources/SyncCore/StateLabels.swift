// States and kinds in people's words. In JSON and on the wire they are called as the cases are.

extension Change.Kind {
  public var label: Label {
    switch self {
    case .insert: Label(zh: "新增", en: "insert")
    case .update: Label(zh: "修改", en: "update")
    case .delete: Label(zh: "删除", en: "delete")
    }
  }
}

extension Conflict.State {
  public var label: Label {
    switch self {
    case .open: Label(zh: "待裁决", en: "open")
    case .proposed: Label(zh: "待市里裁决", en: "proposed")
    case .rejected: Label(zh: "未采纳", en: "rejected")
    case .decided: Label(zh: "已裁决", en: "decided")
    }
  }
}

extension Decision.Choice {
  public var label: Label {
    switch self {
    case .keep: Label(zh: "保留主库的值", en: "keep")
    case .take: Label(zh: "采用主张", en: "take")
    case .value: Label(zh: "另定值", en: "value")
    case .remove: Label(zh: "删除此行", en: "remove")
    case .policy: Label(zh: "按规则", en: "policy")
    case .reopen: Label(zh: "重新审理", en: "reopen")
    }
  }
}

extension Decision {
  /// The reason of a decision that an official's edit of the cell makes.
  public static let byEdit = "edited at the city"

  /// Who decided, and why.
  public var account: Label {
    if choice == .policy {
      let rule = Policy.label(of: reason)
      return Label(zh: "规则:\(rule.zh)", en: "\(edit.actor): \(rule.en)")
    }
    return Label(zh: "\(edit.actor):\(why.zh)", en: "\(edit.actor): \(why.en)")
  }

  public var why: Label { Label(zh: reason == Self.byEdit ? "市里直接修改" : reason, en: reason) }
}

extension Policy {
  public var label: Label {
    switch self {
    case .review: Label(zh: "人工裁决", en: rawValue)
    case .city: Label(zh: "市里优先", en: rawValue)
    case .county: Label(zh: "县区优先", en: rawValue)
    case .latest: Label(zh: "后改优先", en: rawValue)
    case .max: Label(zh: "取较大值", en: rawValue)
    case .min: Label(zh: "取较小值", en: rawValue)
    case .sum: Label(zh: "累加", en: rawValue)
    case .union: Label(zh: "取并集", en: rawValue)
    case .text: Label(zh: "逐行合并", en: rawValue)
    }
  }

  /// The policy of a conflict; that about a whole row has `row`.
  public static func label(of name: String) -> Label {
    Policy(rawValue: name)?.label ?? Label(zh: name == "row" ? "整行" : name, en: name)
  }
}

extension Ruling.Verdict {
  public var label: Label {
    switch self {
    case .admit: Label(zh: "准予入库", en: "admit")
    case .dismiss: Label(zh: "不予入库", en: "dismiss")
    case .withdraw: Label(zh: "撤回", en: "withdraw")
    }
  }
}

extension ParkedState {
  public var label: Label {
    switch self {
    case .waiting: Label(zh: "待处理", en: "waiting")
    case .entered: Label(zh: "已自动入库", en: "entered")
    case .admitted: Label(zh: "已准予入库", en: "admitted")
    case .dismissed: Label(zh: "已退回", en: "dismissed")
    case .withdrawn: Label(zh: "已撤回", en: "withdrawn")
    case .superseded: Label(zh: "已被后来的修改取代", en: "superseded")
    case .merged: Label(zh: "已并入另一行", en: "merged")
    }
  }
}
