// A data file's identity without its path: 64 bits of hash, so that a million files cost megabytes, not a gigabyte.

/** Two independent 32-bit halves; at ten million files two of them collide once in 300,000 tables. */
export interface PathKey {
  high: number
  low: number
}

/**
 * Keys a path as a log spells it. Writers differ in how they percent-encode, and shallow clones spell the
 * table's own files absolutely, so both are undone first: the same file has the same key however it is written.
 */
export function keyOfPath(path: string, root: string, into: PathKey): void {
  let text = path
  if (root !== '' && text.startsWith(root)) text = text.slice(root.length).replace(/^\/+/, '')
  if (text.includes('%')) text = decodePath(text)
  let high = 0x811c9dc5
  let low = 0x9e3779b9
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code > 127) return keyOfBytes(Buffer.from(text, 'utf8'), into)
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low + code, 0x85ebca6b)
    low ^= low >>> 15
  }
  finish(high, low, text.length, into)
}

const PERCENT = 37
const COLON = 58

/** The same key from UTF-8 bytes, without making a string of them where nothing has to be undone. */
export function keyOfPathBytes(bytes: Uint8Array, root: string, into: PathKey): void {
  for (let i = 0; i < bytes.length; i++) {
    // A colon can only mean a scheme; a relative path has none unless it is encoded.
    if (bytes[i] === PERCENT || bytes[i] === COLON)
      return keyOfPath(Buffer.from(bytes).toString('utf8'), root, into)
  }
  if (bytes[0] === 47) return keyOfPath(Buffer.from(bytes).toString('utf8'), root, into)
  keyOfBytes(bytes, into)
}

function keyOfBytes(bytes: Uint8Array, into: PathKey): void {
  let high = 0x811c9dc5
  let low = 0x9e3779b9
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes[i]!
    high = Math.imul(high ^ code, 0x01000193)
    low = Math.imul(low + code, 0x85ebca6b)
    low ^= low >>> 15
  }
  finish(high, low, bytes.length, into)
}

function finish(high: number, low: number, length: number, into: PathKey): void {
  into.high = mix(high ^ length) >>> 0
  into.low = mix(low + into.high) >>> 0
}

/** Spreads each input bit over the whole word (the multipliers are murmur3's). */
function mix(word: number): number {
  let h = word
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return h ^ (h >>> 16)
}

/** Percent-decoded; as it is where the encoding is broken. */
export function decodePath(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

const scratch: PathKey = { high: 0, low: 0 }

/** 32 bits for a deletion vector's unique id, never 0: 0 says that a file has none. */
export function keyOfVector(id: string): number {
  keyOfPath(id, '', scratch)
  return scratch.low === 0 ? 1 : scratch.low
}
