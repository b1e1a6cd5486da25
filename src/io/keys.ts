// Object keys: which ones stay below their root, and the order in which stores list them.
import { SourceError } from '../model/errors.ts'

const KEY_LIMIT = 4_096

/**
 * Refuses a key that could lead out of its root. Keys come out of table logs, so they are hostile: S3 itself would
 * take `..` literally, but proxies and local file systems resolve it.
 */
export function checkKey(key: string, urlOf: (key: string) => string): string {
  const found =
    key.length > KEY_LIMIT
      ? `is ${key.length} characters long, ${KEY_LIMIT} are allowed`
      : key.startsWith('/')
        ? 'is absolute'
        : key.includes('\0')
          ? 'contains a NUL character'
          : key.split('/').includes('..')
            ? "contains '..'"
            : undefined
  if (found === undefined) return key
  const shown = JSON.stringify(key.slice(0, 200))
  throw new SourceError(
    'outside-root',
    `The key ${shown} ${found}; only keys below ${urlOf('')} are opened`,
    { subject: `${urlOf('')}/${key.slice(0, 200).replaceAll('\0', '\\0')}` },
  )
}

/** A folder without its trailing slash, checked: '' is the root. */
export const checkFolder = (folder: string, urlOf: (key: string) => string): string =>
  checkKey(folder.replace(/\/+$/, ''), urlOf)

/** `a` and `b` joined by a slash, where either may be empty. */
export const joinKeys = (a: string, b: string): string => (a === '' || b === '' ? a + b : `${a}/${b}`)

/** Lifts UTF-16 code units so that comparing them orders text as its UTF-8 bytes would: surrogates come last. */
const rank = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800)

/** Orders keys by their UTF-8 bytes, as S3 lists them. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i += 1) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}
