// The names of files in a table's `_delta_log` (Delta protocol, "Delta Table Specification"), both ways.

export const LOG_FOLDER = '_delta_log'
export const LAST_CHECKPOINT = '_last_checkpoint'

export type LogName =
  | { readonly kind: 'commit'; readonly version: number }
  | { readonly kind: 'checksum'; readonly version: number }
  | { readonly kind: 'compacted'; readonly version: number; readonly to: number }
  | { readonly kind: 'checkpoint'; readonly version: number; readonly form: 'classic' | 'json' | 'uuid' }
  | { readonly kind: 'part'; readonly version: number; readonly part: number; readonly parts: number }

const NAME =
  /^(\d{20})\.(?:(json)|(crc)|(\d{20})\.compacted\.json|checkpoint\.(?:(parquet)|(\d{10})\.(\d{10})\.parquet|([\w-]+)\.(json|parquet)))$/

/** Undefined for everything that is not part of the log: Hadoop's `.x.crc`, `_staged_commits`, temporary files. */
export function parseLogName(name: string): LogName | undefined {
  const match = NAME.exec(name)
  if (match === null) return undefined
  const [, digits, json, crc, to, classic, part, parts, , form] = match
  const version = Number(digits)
  if (!Number.isSafeInteger(version)) return undefined
  if (json) return { kind: 'commit', version }
  if (crc) return { kind: 'checksum', version }
  if (to) return { kind: 'compacted', version, to: Number(to) }
  if (classic) return { kind: 'checkpoint', version, form: 'classic' }
  if (part) return { kind: 'part', version, part: Number(part), parts: Number(parts) }
  return { kind: 'checkpoint', version, form: form === 'json' ? 'json' : 'uuid' }
}

export const padVersion = (version: number): string => String(version).padStart(20, '0')
export const commitName = (version: number): string => `${padVersion(version)}.json`
export const checksumName = (version: number): string => `${padVersion(version)}.crc`
