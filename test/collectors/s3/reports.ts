// What S3 delivers about a bucket: an inventory, access logs, a storage class analysis, in its own formats.
import { createHash } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { parquetWriteBuffer } from 'hyparquet-writer'
import { DAY } from '../../../src/model/units.ts'

export const COLUMNS =
  'Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, LastModifiedDate, StorageClass'

export interface Version {
  readonly key: string
  readonly size: number
  /** Epoch ms. */
  readonly modified: number
  readonly storageClass?: string
  readonly isLatest?: boolean
  readonly isDeleteMarker?: boolean
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex')
const encoded = (key: string): string => encodeURIComponent(key).replaceAll('%2F', '/').replaceAll('%20', '+')

export const csvOf = (bucket: string, rows: readonly Version[]): string =>
  rows
    .map(({ key, size, modified, storageClass = 'STANDARD', isLatest = true, isDeleteMarker = false }) =>
      [
        bucket,
        encoded(key),
        'v1',
        String(isLatest),
        String(isDeleteMarker),
        isDeleteMarker ? '' : String(size),
        new Date(modified).toISOString(),
        isDeleteMarker ? '' : storageClass,
      ]
        .map((field) => `"${field}"`)
        .join(','),
    )
    .join('\n')
    .concat('\n')

export const parquetOf = (bucket: string, rows: readonly Version[]): Uint8Array =>
  new Uint8Array(
    parquetWriteBuffer({
      columnData: [
        { name: 'bucket', data: rows.map(() => bucket), type: 'STRING' },
        { name: 'key', data: rows.map(({ key }) => key), type: 'STRING' },
        { name: 'is_latest', data: rows.map(({ isLatest = true }) => isLatest), type: 'BOOLEAN' },
        {
          name: 'is_delete_marker',
          data: rows.map(({ isDeleteMarker = false }) => isDeleteMarker),
          type: 'BOOLEAN',
        },
        {
          name: 'size',
          data: rows.map(({ size, isDeleteMarker = false }) => (isDeleteMarker ? null : BigInt(size))),
          type: 'INT64',
          nullable: true,
        },
        {
          name: 'last_modified_date',
          data: rows.map(({ modified }) => new Date(modified)),
          type: 'TIMESTAMP',
        },
        {
          name: 'storage_class',
          data: rows.map(({ storageClass = 'STANDARD' }) => storageClass),
          type: 'STRING',
        },
      ],
    }),
  )

/** Every object of one report: manifest, checksum, files. Keys are from the root of the destination bucket. */
export function inventoryReport(options: {
  readonly prefix: string
  readonly bucket: string
  readonly at: number
  readonly files: ReadonlyArray<readonly Version[]>
  readonly format?: 'CSV' | 'Parquet' | 'ORC'
}): Map<string, Uint8Array> {
  const { prefix, bucket, at, files, format = 'CSV' } = options
  const root = `${prefix}/${bucket}/daily`
  const made = files.map((rows, i) => {
    const bytes = format === 'CSV' ? gzipSync(csvOf(bucket, rows)) : parquetOf(bucket, rows)
    return { key: `${root}/data/${i}.${format === 'CSV' ? 'csv.gz' : 'parquet'}`, bytes }
  })
  const manifest = Buffer.from(
    JSON.stringify({
      sourceBucket: bucket,
      destinationBucket: 'arn:aws:s3:::reports',
      version: '2016-11-30',
      creationTimestamp: String(at),
      fileFormat: format,
      fileSchema: format === 'CSV' ? COLUMNS : 'message s3.inventory { required binary key (STRING); }',
      files: made.map(({ key, bytes }) => ({ key, size: bytes.length, MD5checksum: md5(bytes) })),
    }),
  )
  const folder = `${root}/${new Date(at).toISOString().slice(0, 16).replace(/:/, '-')}Z`
  return new Map([
    ...made.map(({ key, bytes }) => [key, bytes] as const),
    [`${folder}/manifest.json`, manifest],
    [`${folder}/manifest.checksum`, Buffer.from(`${md5(manifest)}\n`)],
  ])
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** One line as S3 writes it, of a read unless told otherwise. */
export function logLine(
  bucket: string,
  at: number,
  key: string,
  more: { readonly sent?: number | '-'; readonly operation?: string; readonly status?: string } = {},
): string {
  const { sent = 1_000, operation = 'REST.GET.OBJECT', status = '200' } = more
  const [day, time] = [new Date(at).toISOString().slice(0, 10), new Date(at).toISOString().slice(11, 19)]
  const [year, month, date] = day.split('-')
  const twice = encodeURIComponent(encodeURIComponent(key)).replaceAll('%252F', '/')
  return `79a59df900b949e55d96a1e698fbaced ${bucket} [${date}/${MONTHS[Number(month) - 1]}/${year}:${time} +0000] 192.0.2.3 arn:aws:iam::123456789012:role/etl 3E57427F3EXAMPLE ${operation} ${twice} "GET /${bucket}/${encodeURI(key)} HTTP/1.1" ${status} - ${sent} 4406583 41 28 "-" "aws-sdk-java/2.20" - key= SigV4 ECDHE AuthHeader ${bucket}.s3.amazonaws.com TLSV1.3`
}

export const ANALYSIS_HEADER =
  'Date,ConfigId,Filter,StorageClass,ObjectAge,ObjectCount,DataUploaded_MB,Storage_MB,DataRetrieved_MB,GetRequestCount,CumulativeAccessRatio,ObjectAgeForSIATransition,RecommendedObjectAgeForSIATransition'

/** `days` rows of each age group, the newest of the day before `until`; MiB stored and retrieved a day by group. */
export const analysisExport = (
  until: number,
  days: number,
  groups: ReadonlyArray<readonly [age: string, storedMib: number, retrievedMib: number]>,
): string =>
  [
    ANALYSIS_HEADER,
    ...groups.flatMap(([age, stored, retrieved]) =>
      Array.from({ length: days }, (_, i) => {
        const date = new Date(until - (days - i) * DAY).toISOString().slice(0, 10)
        return `${date},all,,STANDARD,${age},,0,${stored},${retrieved},${retrieved * 2},0.1,,`
      }),
    ),
  ].join('\n')
