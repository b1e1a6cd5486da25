// The daily export of S3 storage class analysis: bytes stored and retrieved by age. AWS S3 user guide, "Storage Class Analysis".
import { DAY, MIB } from '../../model/units.ts'
import { fieldsOf } from './csv.ts'

export interface AnalysisDay {
  /** Start of the day, epoch ms. */
  readonly at: number
  /** First day of the age group; null for the row of all ages. */
  readonly fromDays: number | null
  readonly storedBytes: number | null
  readonly retrievedBytes: number | null
  readonly gets: number | null
}

const NEEDED = ['Date', 'StorageClass', 'ObjectAge', 'Storage_MB', 'DataRetrieved_MB', 'GetRequestCount']

/** Undefined where the line is no header of such an export. The reader gives undefined for what is no row of it. */
export function analysisRows(header: string): ((line: string) => AnalysisDay | undefined) | undefined {
  const columns = fieldsOf(header.replace(/^\uFEFF/, ''))?.map((name) => name.trim()) ?? []
  const [date, storageClass, age, stored, retrieved, gets] = NEEDED.map((name) => columns.indexOf(name))
  if (NEEDED.some((name) => !columns.includes(name))) return undefined
  return (line) => {
    const fields = fieldsOf(line)?.map((field) => field.trim())
    if (fields?.length !== columns.length || fields[storageClass!] !== 'STANDARD') return undefined
    const at = /^\d{4}-\d\d-\d\d$/.test(fields[date!]!) ? Date.parse(fields[date!]!) : Number.NaN
    const [, from] = /^(\d{1,4})(?:-\d{1,4}|\+)$/.exec(fields[age!]!) ?? []
    if (Number.isNaN(at) || at % DAY !== 0 || (from === undefined && fields[age!] !== 'ALL')) return undefined
    const amount = (field: number, unit: number): number | null =>
      /^\d+(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(fields[field]!) ? Number(fields[field]) * unit : null
    return {
      at,
      fromDays: from === undefined ? null : Number(from),
      storedBytes: amount(stored!, MIB),
      retrievedBytes: amount(retrieved!, MIB),
      gets: amount(gets!, 1),
    }
  }
}
