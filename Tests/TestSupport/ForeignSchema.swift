import SchemaFile
import SyncCore

/// A schema of some other application: composite keys, blobs, reals, 64-bit numbers, reserved words, Chinese names.
public let foreignSchemaYAML = """
  schema: 仓库
  version: 3
  title: Warehouse
  units: site.code
  records:
    select:
      key: [order, 行号]
      scope: {via: order}
      unique: [[order, barcode]]
      fields:
        order: {type: integer, references: order.id}
        行号: {type: integer, min: -9223372036854775808, max: 9223372036854775807}
        barcode: {max_length: 13}
        weight: {type: real, min: 0, policy: max}
        photo: {type: blob, max_length: 1000000, policy: latest}
        group: {values: [yes, no, null, 1]}
        where: {references: place.address, weak: true}
    order:
      label: {zh: 订单, en: Order}
      key: id
      scope: {field: site}
      fields:
        id: {type: integer}
        site: {required: true, references: site.code}
        amount: {type: money}
        placed on: {type: date, policy: min}
        table: {type: boolean}
        from:
    site:
      key: code
      owner: city
      fields:
        code:
        名称: {required: true, unique: true}
        parent: {references: site.code}
    place:
      key: [lat, lng, digest]
      scope: {field: site}
      edits: propose
      fields:
        lat: {type: real}
        lng: {type: real}
        digest: {type: blob}
        site: {required: true, references: site.code}
        address: {unique: true, policy: county}
  """

extension Schema {
  /// The foreign schema as read.
  public static func foreign() throws -> Schema { try SchemaFile.read(foreignSchemaYAML) }
}
