// An OTLP collector for tests: takes http/protobuf, decodes it with a reader of its own, remembers what it got.
// Field numbers: opentelemetry-proto v1, metrics.proto, logs.proto and common.proto.
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'

export interface Received {
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
  readonly logs: ReadonlyArray<{ severity: string; body: unknown; attributes: Record<string, unknown> }>
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
      if (receiver.status === 200) requests.push(received(request, wire.length, body))
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

function received(request: http.IncomingMessage, wireBytes: number, body: Buffer): Received {
  const path = request.url ?? ''
  const [envelope] = fieldsOf(body).get(1) ?? []
  const root = message(envelope)
  const resource = attributesOf(message(root.get(1)?.[0]).get(1))
  const items = (root.get(2) ?? []).flatMap((scope) => message(scope).get(2) ?? [])
  return {
    path,
    headers: request.headers,
    wireBytes,
    resource,
    points: path.endsWith('/metrics') ? items.flatMap(pointsOf) : [],
    logs: path.endsWith('/logs') ? items.map(logOf) : [],
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
