// The identity of a label set as Alertmanager computes it: FNV-1a, 64 bits, over the sorted labels.
import type { Labels } from '../model/series.ts'

const SEPARATOR = 0xff

/** Sixteen hexadecimal digits (prometheus/common, model.LabelSet.Fingerprint). */
export function fingerprintOf(labels: Labels): string {
  // The 64-bit hash in two halves: BigInt would cost ten times as much for each of thousands of alerts.
  let high = 0xcbf29ce4
  let low = 0x84222325
  const add = (byte: number) => {
    low = (low ^ byte) >>> 0
    // × 0x100000001b3 modulo 2^64
    const product = low * 0x1b3
    high = (Math.imul(high, 0x1b3) + Math.imul(low, 0x100) + Math.floor(product / 0x1_0000_0000)) >>> 0
    low = product >>> 0
  }
  for (const name of Object.keys(labels).toSorted(compareBytes)) {
    for (const byte of Buffer.from(name)) add(byte)
    add(SEPARATOR)
    for (const byte of Buffer.from(labels[name]!)) add(byte)
    add(SEPARATOR)
  }
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}

/** Go orders strings by their UTF-8 bytes, JavaScript by UTF-16 units: they differ beyond the basic plane. */
export const compareBytes = (a: string, b: string): number => Buffer.compare(Buffer.from(a), Buffer.from(b))

/** `{a="b", c="d"}`, as Alertmanager prints a label set in a groupKey. */
export const printLabels = (labels: Labels): string =>
  `{${Object.keys(labels)
    .toSorted(compareBytes)
    .map((name) => `${name}=${goQuote(labels[name]!)}`)
    .join(', ')}}`

/** A string literal as Go's %q prints it, for the characters that occur in labels. */
export const goQuote = (text: string): string =>
  `"${text.replace(/["\\\p{Cc}]/gu, (char) => GO_ESCAPES[char] ?? `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`)}"`

const GO_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\u0007': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\v': '\\v',
}
