// A place in [0, 1] for a label set, the one that Prometheus gives it: limit_ratio draws the same series.
import type { Metric } from './labels.ts'

const places = new WeakMap<Metric, number>()
const encoder = new TextEncoder()

export function hashRatio(metric: Metric): number {
  let place = places.get(metric)
  if (place === undefined) {
    place = Number(xxhash64(encode(metric))) / 2 ** 64
    places.set(metric, place)
  }
  return place
}

/** Names and values, each with its length in front: one byte, or 255 and three more. */
function encode({ pairs }: Metric): Uint8Array {
  const parts = pairs.flatMap((text) => {
    const encoded = encoder.encode(text)
    const { length } = encoded
    const head = length < 255 ? [length] : [255, length & 255, (length >> 8) & 255, (length >> 16) & 255]
    return [Uint8Array.from(head), encoded]
  })
  const bytes = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}

const P1 = 0x9e3779b185ebca87n
const P2 = 0xc2b2ae3d27d4eb4fn
const P3 = 0x165667b19e3779f9n
const P4 = 0x85ebca77c2b2ae63n
const P5 = 0x27d4eb2f165667c5n

const wrap = (x: bigint): bigint => BigInt.asUintN(64, x)
const rotate = (x: bigint, by: bigint): bigint => wrap((x << by) | (x >> (64n - by)))
const round = (lane: bigint, input: bigint): bigint => wrap(rotate(wrap(lane + input * P2), 31n) * P1)
const merge = (hash: bigint, lane: bigint): bigint => wrap((hash ^ round(0n, lane)) * P1 + P4)

/** XXH64 with seed 0 (github.com/Cyan4973/xxHash, doc/xxhash_spec.md). */
function xxhash64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  let at = 0
  let hash = P5
  if (bytes.length >= 32) {
    let [a, b, c, d] = [wrap(P1 + P2), P2, 0n, wrap(-P1)]
    for (; at + 32 <= bytes.length; at += 32) {
      a = round(a, view.getBigUint64(at, true))
      b = round(b, view.getBigUint64(at + 8, true))
      c = round(c, view.getBigUint64(at + 16, true))
      d = round(d, view.getBigUint64(at + 24, true))
    }
    hash = wrap(rotate(a, 1n) + rotate(b, 7n) + rotate(c, 12n) + rotate(d, 18n))
    hash = merge(merge(merge(merge(hash, a), b), c), d)
  }
  hash = wrap(hash + BigInt(bytes.length))
  for (; at + 8 <= bytes.length; at += 8)
    hash = wrap(rotate(hash ^ round(0n, view.getBigUint64(at, true)), 27n) * P1 + P4)
  if (at + 4 <= bytes.length) {
    hash = wrap(rotate(hash ^ wrap(BigInt(view.getUint32(at, true)) * P1), 23n) * P2 + P3)
    at += 4
  }
  for (; at < bytes.length; at++) hash = wrap(rotate(hash ^ wrap(BigInt(bytes[at]!) * P5), 11n) * P1)
  hash = wrap((hash ^ (hash >> 33n)) * P2)
  hash = wrap((hash ^ (hash >> 29n)) * P3)
  return hash ^ (hash >> 32n)
}
