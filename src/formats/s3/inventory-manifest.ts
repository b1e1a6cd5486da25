// The manifest of an S3 Inventory report: which files list the objects, and how. AWS S3 user guide, "Inventory manifest".
import { SourceError } from '../../model/errors.ts'
import { type Timestamp, timestamp } from '../../model/units.ts'
import { arrayOf, numberOf, objectOf, parseJsonObject, stringOf } from '../json.ts'

export interface InventoryFile {
  /** In the destination bucket, from its root. */
  readonly key: string
  readonly size: number
  /** Hexadecimal MD5 of the file. */
  readonly md5: string
}

export interface InventoryManifest {
  readonly sourceBucket: string
  readonly destinationBucket: string
  readonly created: Timestamp
  readonly format: 'CSV' | 'Parquet'
  /** Of CSV files, in their order; of Parquet files the files say it themselves. */
  readonly columns: readonly string[]
  readonly files: readonly InventoryFile[]
}

/** Throws SourceError 'corrupt', or 'unsupported' for ORC. */
export function readInventoryManifest(text: string, subject: string): InventoryManifest {
  const json = parseJsonObject(text, { subject })
  const corrupt = (what: string) =>
    new SourceError('corrupt', `${subject} is no manifest of S3 Inventory: ${what}`, { subject })
  const sourceBucket = stringOf(json['sourceBucket'])
  const destinationBucket = stringOf(json['destinationBucket'])?.replace(/^arn:aws[\w-]*:s3:::/, '')
  const created = numberOf(json['creationTimestamp'])
  const format = stringOf(json['fileFormat'])
  if (sourceBucket === null || destinationBucket === undefined || created === null || format === null)
    throw corrupt('it lacks sourceBucket, destinationBucket, creationTimestamp or fileFormat')
  if (format !== 'CSV' && format !== 'Parquet')
    throw new SourceError(
      'unsupported',
      `${subject} lists its objects in ${format.slice(0, 20)} files, which are not read: set the format of the inventory to CSV or Parquet`,
      { subject },
    )
  const files = arrayOf(json['files']).map((one) => {
    const file = objectOf(one)
    const key = stringOf(file['key'])
    const size = numberOf(file['size'])
    const md5 = stringOf(file['MD5checksum'])
    if (key === null || size === null || md5 === null || !/^[0-9a-f]{32}$/i.test(md5))
      throw corrupt('one of its files lacks key, size or MD5checksum')
    return { key, size, md5: md5.toLowerCase() }
  })
  const columns = (stringOf(json['fileSchema']) ?? '').split(',').map((name) => name.trim())
  if (format === 'CSV' && (!columns.includes('Key') || !columns.includes('Size')))
    throw corrupt('its fileSchema has no Key or no Size')
  return { sourceBucket, destinationBucket, created: timestamp(created), format, columns, files }
}
