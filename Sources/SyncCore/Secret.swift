/// The value of a restricted cell. A signed batch holds only its commitment, SHA-256(salt and the value's spelling); salt and
/// value travel and are kept beside it, where they can be erased without touching what was signed.
public struct Secret: Hashable, Sendable {
  public var commitment: [UInt8]
  public var salt: [UInt8]
  public var value: Value

  public init(commitment: [UInt8], salt: [UInt8], value: Value) {
    self.commitment = commitment
    self.salt = salt
    self.value = value
  }
}

/// A secret and the cell that it is of.
public struct SecretCell: Hashable, Sendable {
  public var ref: RowRef
  /// nil: the whole row, in the decision of a conflict about it.
  public var field: String?
  public var secret: Secret

  public init(ref: RowRef, field: String?, secret: Secret) {
    self.ref = ref
    self.field = field
    self.secret = secret
  }
}

extension Field {
  /// What a cell holds once its value was erased.
  public static let erasedText = "已删除"
  public var erased: Value { required ? .text(Self.erasedText) : .null }

  /// What becomes of a value that is erased: NULL stays NULL.
  public func erasing(_ value: Value) -> Value { value.isNull ? value : erased }

  /// Whether a cell of a batch is a commitment whose value is not there any more. A text is never a blob.
  public func isErased(_ value: Value?) -> Bool {
    if restricted, case .blob = value { true } else { false }
  }
}

extension RecordSchema {
  /// The columns of fields that are restricted and have one of these names.
  public func restrictedColumns(_ names: [String]) -> [Int] {
    restrictedIndices.filter { names.contains(fields[$0].name) }
  }

  /// The image of a row with these columns erased.
  /// - Parameter kept: values that are new, by column: they stay.
  public func erasing(_ columns: [Int], in image: [Value], but kept: [Int: Set<Value>] = [:]) -> [Value] {
    var image = image
    for column in columns where image.indices.contains(column) && kept[column]?.contains(image[column]) != true {
      image[column] = fields[column].erasing(image[column])
    }
    return image
  }
}

extension Change {
  /// The change without what was erased of it: a cell that it set to an erased value is not set at all, and one whose base
  /// was erased starts from what the erasure left.
  public func withoutErased(_ record: RecordSchema) -> Change {
    if record.restrictedIndices.isEmpty { return self }
    var change = self
    for column in record.restrictedIndices {
      let field = record.fields[column]
      if field.isErased(new[column]) {
        change.new[column] = kind == .insert ? field.erased : nil
        change.old[column] = nil
        change.cellEdits[column] = nil
      } else if field.isErased(old[column]) {
        change.old[column] = field.erased
      }
    }
    return change
  }

  /// The change for a person: what was erased is NULL, and its columns.
  public func showingErased(_ record: RecordSchema) -> (change: Change, erased: Set<Int>) {
    var (change, erased) = (self, Set<Int>())
    for column in record.restrictedIndices {
      let field = record.fields[column]
      if field.isErased(new[column]) { change.new[column] = .null } else if !field.isErased(old[column]) { continue }
      if field.isErased(old[column]) { change.old[column] = .null }
      erased.insert(column)
    }
    return (change, erased)
  }
}
