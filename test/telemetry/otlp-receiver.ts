// An OTLP collector for tests: takes http/protobuf or gRPC, decodes it with a reader of its own, remembers what it got.
// Field numbers: opentelemetry-proto v1, metrics.proto, trace.proto, logs.proto and common.proto.
import http from 'node:http'
import http2 from 'node:http2'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'

export interface Received {
  /** Of gRPC too: `/v1/metrics`, `/v1/traces`, `/v1/logs`. */
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly wireBytes: number
  readonly resource: Record<string, unknown>
  readonly points: ReadonlyArray<{
    name: string
    kind: string
    attributes: Record<string, unknown>
    value: unknown
  }>
  readonly spans: ReadonlyArray<{
    traceId: string
    spanId: string
    parentSpanId: string
    name: string
    kind: number
    startMs: number
    endMs: number
    attributes: Record<string, unknown>
    links: readonly string[]
    status: { code: number; message: string }
  }>
  readonly logs: ReadonlyArray<{
    severity: string
    event: string
    body: unknown
    attributes: Record<string, unknown>
  }>
}

export interface Receiver extends AsyncDisposable {
  readonly url: string
  readonly requests: Received[]
  /** What the next requests are answered with. */
  status: number
}

export async function startReceiver(port = 0): Promise<Receiver> {
  const requests: Received[] = []
  const receiver = { status: 200 }
  const server = http.createServer((request, response) => {
    const parts: Buffer[] = []
    request.on('data', (part: Buffer) => parts.push(part))
    request.on('end', () => {
      const wire = Buffer.concat(parts)
      const body = request.headers['content-encoding'] === 'gzip' ? zlib.gunzipSync(wire) : wire
      const { url: path = '', headers } = request
      if (receiver.status === 200) requests.push(received({ path, headers, wireBytes: wire.length }, body))
      response.writeHead(receiver.status, { 'content-type': 'application/x-protobuf' }).end()
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  })
}

/** The same by gRPC: messages have a length before them, and may be compressed each. */
export async function startGrpcReceiver(port = 0): Promise<Receiver> {
  const requests: Received[] = []
  const receiver = { status: 200 }
  const sessions = new Set<http2.ServerHttp2Session>()
  const server = http2.createServer()
  server.on('session', (session) => sessions.add(session))
  server.on('stream', (stream, headers) => {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('error', () => undefined)
    stream.on('end', () => {
      const wire = Buffer.concat(parts)
      const message = wire.subarray(5)
      const [, service = ''] = /v1\.(\w+)Service/.exec(String(headers[':path'])) ?? []
      const path = `/v1/${service.toLowerCase().replace(/^trace$/, 'traces')}`
      const told = { path, headers, wireBytes: wire.length }
      if (receiver.status === 200)
        requests.push(received(told, wire[0] === 1 ? zlib.gunzipSync(message) : message))
      stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true })
      // 3: what was asked is wrong, 14: unavailable.
      stream.on('wantTrailers', () =>
        stream.sendTrailers({
          'grpc-status': receiver.status === 200 ? '0' : receiver.status === 400 ? '3' : '14',
        }),
      )
      // An empty message: uncompressed, no bytes.
      stream.end(Buffer.alloc(5))
    })
  })
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve)
  })
  return Object.assign(receiver, {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      for (const session of sessions) session.destroy()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  })
}

function received(told: Pick<Received, 'path' | 'headers' | 'wireBytes'>, body: Buffer): Received {
  const { path } = told
  const [envelope] = fieldsOf(body).get(1) ?? []
  const root = message(envelope)
  const resource = attributesOf(message(root.get(1)?.[0]).get(1))
  const items = (root.get(2) ?? []).flatMap((scope) => message(scope).get(2) ?? [])
  return {
    ...told,
    resource,
    points: path.endsWith('/metrics') ? items.flatMap(pointsOf) : [],
    spans: path.endsWith('/traces') ? items.map(spanOf) : [],
    logs: path.endsWith('/logs') ? items.map(logOf) : [],
  }
}

function spanOf(item: Field): Received['spans'][number] {
  const span = message(item)
  const status = message(span.get(15)?.[0])
  return {
    traceId: hex(span.get(1)?.[0]),
    spanId: hex(span.get(2)?.[0]),
    parentSpanId: hex(span.get(4)?.[0]),
    name: text(span.get(5)?.[0]),
    kind: Number(span.get(6)?.[0]),
    startMs: milliseconds(span.get(7)?.[0]),
    endMs: milliseconds(span.get(8)?.[0]),
    attributes: attributesOf(span.get(9)),
    links: (span.get(13) ?? []).map((link) => hex(message(link).get(2)?.[0])),
    status: { code: Number(status.get(3)?.[0] ?? 0), message: text(status.get(2)?.[0]) },
  }
}

const KINDS: Readonly<Record<number, string>> = { 5: 'gauge', 7: 'sum', 9: 'histogram' }

function pointsOf(item: Field): Received['points'] {
  const metric = message(item)
  const name = text(metric.get(1)?.[0])
  return Object.entries(KINDS).flatMap(([number, kind]) =>
    (metric.get(Number(number)) ?? []).flatMap((data) =>
      (message(data).get(1) ?? []).map((one) => {
        const point = message(one)
        return kind === 'histogram'
          ? { name, kind, attributes: attributesOf(point.get(9)), value: Number(point.get(4)?.[0]) }
          : {
              name,
              kind,
              attributes: attributesOf(point.get(7)),
              value: point.get(4)?.[0] ?? point.get(6)?.[0],
            }
      }),
    ),
  )
}

function logOf(item: Field): Received['logs'][number] {
  const log = message(item)
  return {
    severity: text(log.get(3)?.[0]),
    event: text(log.get(12)?.[0]),
    body: anyValue(log.get(5)?.[0]),
    attributes: attributesOf(log.get(6)),
  }
}

const attributesOf = (pairs: readonly Field[] | undefined): Record<string, unknown> =>
  Object.fromEntries(
    (pairs ?? []).map((pair) => {
      const fields = message(pair)
      return [text(fields.get(1)?.[0]), anyValue(fields.get(2)?.[0])]
    }),
  )

function anyValue(field: Field | undefined): unknown {
  const fields = message(field)
  const [value] = fields.get(1) ?? []
  if (value !== undefined) return text(value)
  return fields.get(2)?.[0] ?? fields.get(3)?.[0] ?? fields.get(4)?.[0]
}

type Field = Buffer | number | bigint
const message = (field: Field | undefined): Map<number, Field[]> =>
  Buffer.isBuffer(field) ? fieldsOf(field) : new Map()
const text = (field: Field | undefined): string => (Buffer.isBuffer(field) ? field.toString('utf8') : '')

const hex = (field: Field | undefined): string => (Buffer.isBuffer(field) ? field.toString('hex') : '')

/** A fixed64 of nanoseconds, which fieldsOf read as a double: its bits are what counts. */
function milliseconds(field: Field | undefined): number {
  if (typeof field !== 'number') return Number.NaN
  const bits = Buffer.alloc(8)
  bits.writeDoubleLE(field)
  return Number(bits.readBigUInt64LE() / 1_000_000n)
}

/** Protobuf's wire format: tag, then a varint, eight bytes, a length and bytes, or four bytes. */
function fieldsOf(bytes: Buffer): Map<number, Field[]> {
  const fields = new Map<number, Field[]>()
  let at = 0
  const varint = (): bigint => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[at++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }
  while (at < bytes.length) {
    const tag = Number(varint())
    const wire = tag & 7
    let value: Field
    if (wire === 0) value = varint()
    else if (wire === 1) value = bytes.readDoubleLE((at += 8) - 8)
    else if (wire === 2) {
      const length = Number(varint())
      value = bytes.subarray(at, (at += length))
    } else if (wire === 5) value = bytes.readUInt32LE((at += 4) - 4)
    else throw new Error(`unknown wire type ${wire} at ${at}`)
    const number = tag >> 3
    fields.set(number, [...(fields.get(number) ?? []), value])
  }
  return fields
}
