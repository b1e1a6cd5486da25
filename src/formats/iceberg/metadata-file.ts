// The metadata files of an Iceberg table: what their names say, and their text whatever it is compressed with.
// Iceberg spec, "File System Tables" and "Metastore Tables".
import zlib from 'node:zlib'
import { SourceError } from '../../model/errors.ts'

/** A metadata file as stored, and inflated; a table with 10,000 snapshots has some 10 MB. */
export const MAX_METADATA_BYTES = 64 * 1_048_576
export const MAX_METADATA_INFLATED_BYTES = 64 * 1_048_576

/**
 * `hadoop`: vN.metadata.json, written by rename, so that the greatest N is the truth. `catalog`: NNNNN-uuid.metadata.json,
 * where only the catalog knows which one counts. `other`: a name that no writer of ours uses.
 */
export interface MetadataFileName {
  readonly name: string
  readonly naming: 'hadoop' | 'catalog' | 'other'
  /** -1 where the name has no number. */
  readonly version: number
  /** What follows the version of a hadoop name: `.metadata.json`, `.gz.metadata.json`, … */
  readonly suffix: string
}

const SUFFIX = /((?:\.(?:gz|gzip|zst|zstd))?\.metadata\.json(?:\.(?:gz|gzip|zst|zstd))?)$/
/** Greater numbers than this are not versions: they would not survive `version + 1`. */
const MAX_VERSION_DIGITS = 15

/** Null when it is not the name of a metadata file. */
export function parseMetadataName(name: string): MetadataFileName | null {
  const suffix = SUFFIX.exec(name)?.[1]
  if (suffix === undefined || name.startsWith('.')) return null
  const stem = name.slice(0, -suffix.length)
  const hadoop = /^v(\d+)$/.exec(stem)?.[1]
  if (hadoop !== undefined && hadoop.length <= MAX_VERSION_DIGITS) {
    return { name, naming: 'hadoop', version: Number(hadoop), suffix }
  }
  const catalog = /^(\d+)-/.exec(stem)?.[1]
  if (catalog !== undefined && catalog.length <= MAX_VERSION_DIGITS) {
    return { name, naming: 'catalog', version: Number(catalog), suffix }
  }
  return { name, naming: 'other', version: -1, suffix }
}

/** What version-hint.text points to: the file names to try in turn, empty when it holds nothing usable. */
export function hintedNames(hint: string): readonly string[] {
  const text = hint.trim()
  if (/^\d+$/.test(text) && text.length <= MAX_VERSION_DIGITS) {
    const version = Number(text)
    return [`v${version}.metadata.json`, `v${version}.gz.metadata.json`, `v${version}.metadata.json.gz`]
  }
  // Some tools write the name of a catalog's file without its ending.
  return /^[\w-][\w.-]{0,200}$/.test(text) ? [`${text}.metadata.json`] : []
}

/** The metadata files with the greatest number, all of them where that is not one; names without a number count last. */
export function newestNames(names: Iterable<string>): readonly MetadataFileName[] {
  let newest: MetadataFileName[] = []
  for (const name of names) {
    const file = parseMetadataName(name)
    if (file === null) continue
    const best = newest[0]?.version ?? -Infinity
    if (file.version > best) newest = [file]
    else if (file.version === best) newest.push(file)
  }
  return newest
}

/** The text of a metadata file; the compression is told by its first bytes, because names are not reliable. */
export function metadataText(bytes: Uint8Array, subject: string): string {
  const limit = { maxOutputLength: MAX_METADATA_INFLATED_BYTES }
  try {
    if (bytes[0] === 0x1f && bytes[1] === 0x8b) return zlib.gunzipSync(bytes, limit).toString('utf8')
    if (bytes[0] === 0x28 && bytes[1] === 0xb5 && bytes[2] === 0x2f && bytes[3] === 0xfd) {
      return zlib.zstdDecompressSync(bytes, limit).toString('utf8')
    }
  } catch (cause) {
    if (cause instanceof RangeError) {
      const message = `${subject} inflates to more than ${MAX_METADATA_INFLATED_BYTES} bytes`
      throw new SourceError('too-large', message, { subject, cause })
    }
    throw new SourceError('corrupt', `${subject} (${bytes.length} bytes) cannot be inflated`, {
      subject,
      cause,
    })
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}
