// A version checksum file (`<v>.crc`, protocol "Version Checksum File"): what the writer counted at that version.
import { type Json, type JsonOrigin, arrayOf, isObject, numberOf, parseJsonObject } from '../json.ts'

export interface Checksum {
  readonly files: number | null
  readonly bytes: number | null
  readonly deletionVectors: number | null
  readonly deletedRows: number | null
  readonly histogram: FileSizeHistogram | null
}

export interface FileSizeHistogram {
  /** Lower bounds (inclusive) of the bins, ascending. */
  readonly boundaries: readonly number[]
  readonly counts: readonly number[]
  readonly bytes: readonly number[]
}

/** Writers leave any of the fields out, and old ones call the histogram `histogramOpt`. */
export function readChecksum(text: string, origin: JsonOrigin): Checksum {
  const crc = parseJsonObject(text, origin)
  return {
    files: numberOf(crc['numFiles']),
    bytes: numberOf(crc['tableSizeBytes']),
    deletionVectors: numberOf(crc['numDeletionVectorsOpt'] ?? crc['numDeletionVectors']),
    deletedRows: numberOf(crc['numDeletedRecordsOpt'] ?? crc['numDeletedRecords']),
    histogram: histogramOf(crc['fileSizeHistogram'] ?? crc['histogramOpt']),
  }
}

function histogramOf(value: Json | undefined): FileSizeHistogram | null {
  if (!isObject(value)) return null
  const numbers = (field: string): number[] => arrayOf(value[field]).map((one) => numberOf(one) ?? Number.NaN)
  const histogram = {
    boundaries: numbers('sortedBinBoundaries'),
    counts: numbers('fileCounts'),
    bytes: numbers('totalBytes'),
  }
  return histogram.boundaries.length === histogram.counts.length ? histogram : null
}
