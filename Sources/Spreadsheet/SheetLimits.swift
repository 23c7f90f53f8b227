/// What a workbook may hold. The first four are Excel's own limits.
public enum SheetLimits {
  public static let rows = 1_048_576
  public static let columns = 16_384
  /// UTF-16 units in one cell that we write.
  public static let cellText = 32_767
  /// UTF-16 units in the name of a sheet.
  public static let sheetName = 31
  /// Bytes of all parts of a file that is read, unpacked.
  public static let unpackedBytes = 256 << 20
  /// UTF-8 bytes of one text that is read; some programs allow more than Excel.
  public static let textBytes = 1 << 20
  /// Cells that hold something, and texts that cells share: in a file they may take five bytes each, in memory more.
  public static let cells = 10_000_000
  /// Cells with a problem.
  public static let problems = 10_000
  /// Files inside the package, and references from one to another.
  public static let parts = 10_000
  public static let mergedRanges = 65_536
  /// Digits of a number that every spreadsheet program keeps: files could hold 17, LibreOffice saves 15 of them.
  public static let digits = 15
}
