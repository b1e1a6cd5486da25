// Series into a Prometheus as if it had scraped them: sent in order of time, with the stale marker a scrape leaves behind
// a series that it does not find any more. Prometheus's remote-write 1.0: a protobuf WriteRequest in Snappy's block format.
import type { Labels } from '../../../src/model/series.ts'

export interface History {
  readonly labels: Labels
  /** Seconds since 1970, ascending. */
  readonly points: ReadonlyArray<readonly [number, string]>
  /** Seconds between two samples while the series is there. */
  readonly every: number
}

const STALE = 0x7ff0000000000002n

export async function remoteWrite(url: string, series: readonly History[], until: number): Promise<void> {
  const byTime = new Map<number, Buffer[]>()
  for (const { labels, points, every } of series) {
    const head = Object.keys(labels)
      .toSorted()
      .map((name) => field(1, Buffer.concat([field(1, text(name)), field(2, text(labels[name]!))])))
    const put = (at: number, value: Buffer): void => {
      const sample = field(
        2,
        Buffer.concat([Buffer.from([0x09]), value, Buffer.from([0x10]), varint(BigInt(at))]),
      )
      const written = field(1, Buffer.concat([...head, sample]))
      byTime.set(at, [...(byTime.get(at) ?? []), written])
    }
    for (const [i, [seconds, value]] of points.entries()) {
      const at = Math.round(seconds * 1000)
      const next = points[i + 1]
      put(at, double(value))
      // What is there to the end goes with the target, as when a scrape fails.
      if (next === undefined) put(Math.min(at + every * 1000, Math.round(until * 1000) + 1), marker())
      else if (next[0] - seconds > every * 1.5) put(at + every * 1000, marker())
    }
  }
  for (const [, written] of [...byTime].toSorted(([a], [b]) => a - b)) {
    const response = await fetch(`${url}/api/v1/write`, {
      method: 'POST',
      headers: {
        'content-encoding': 'snappy',
        'content-type': 'application/x-protobuf',
        'x-prometheus-remote-write-version': '0.1.0',
      },
      body: uncompressed(Buffer.concat(written)),
    })
    if (!response.ok) throw new Error(`POST /api/v1/write: ${response.status} ${await response.text()}`)
  }
}

const text = (value: string): Buffer => Buffer.from(value, 'utf8')

/** A length-delimited field of protobuf. */
const field = (number: number, value: Buffer): Buffer =>
  Buffer.concat([Buffer.from([(number << 3) | 2]), varint(BigInt(value.length)), value])

function varint(value: bigint): Buffer {
  const bytes: number[] = []
  for (let rest = value; ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)])
    bytes.push(Number(rest & 127n) | 128)
  }
}

const SPECIAL: Readonly<Record<string, number>> = { '+Inf': Infinity, '-Inf': -Infinity, NaN }

function double(value: string): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeDoubleLE(SPECIAL[value] ?? Number(value))
  return bytes
}

function marker(): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(STALE)
  return bytes
}

/** Snappy's block format with literals only. */
function uncompressed(data: Buffer): Buffer {
  const pieces: Buffer[] = [varint(BigInt(data.length))]
  for (let from = 0; from < data.length; from += 0x1_0000) {
    const literal = data.subarray(from, from + 0x1_0000)
    const length = literal.length - 1
    pieces.push(Buffer.from([61 << 2, length & 0xff, length >> 8]), literal)
  }
  return Buffer.concat(pieces)
}
