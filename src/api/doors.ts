// Where sources are told things: one route a path, bodies bounded before and after decompression, answered when durable.
import zlib from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { timingSafeEqual } from 'node:crypto'
import type { Door } from '../collectors/collector.ts'
import { ConfigError, SourceError, StoreError, explainError } from '../model/errors.ts'
import type { Fact } from '../model/facts.ts'
import type { Timestamp } from '../model/units.ts'

/** A source's door, and what to tell the source about those who knock. */
export interface OpenDoor {
  readonly source: string
  readonly door: Door
  readonly refused: (why: string) => void
  readonly taken: () => void
}

export interface DoorParts {
  readonly doors: readonly OpenDoor[]
  /** Resolves when the facts are durable. */
  readonly take: (facts: readonly Fact[], now: Timestamp) => Promise<void>
  readonly now: () => Timestamp
}

/** Senders that are asked to come again wait this long. */
const RETRY_AFTER_SECONDS = '5'

export function doorRoutes({ doors, take, now }: DoorParts): (app: FastifyInstance) => Promise<void> {
  // Doors with a token first: a request that carries it is meant for them.
  const guarded = doors.toSorted((a, b) => Number(a.door.token === null) - Number(b.door.token === null))
  const byPath = Map.groupBy(guarded, ({ door }) => door.path)
  for (const [path, sharing] of byPath) {
    const open = sharing.filter(({ door }) => door.token === null)
    if (open.length > 1) {
      const names = open.map(({ source }) => source).join(' and ')
      throw new ConfigError(
        `the sources ${names} both take POST ${path} without a token: give one of them a token`,
      )
    }
  }
  return async (app) => {
    await app.register(async (inner) => {
      inner.removeAllContentTypeParsers()
      inner.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
      for (const [path, sharing] of byPath) {
        // Where each source has its token, that is what is asked for.
        const ownTokens = sharing.every(({ door }) => door.token !== null)
        const bodyLimit = Math.max(...sharing.map(({ door }) => door.maxBytes))
        inner.post(path, { bodyLimit, config: { open: ownTokens } }, (request, reply) =>
          answer(request, reply, sharing),
        )
      }
    })
  }

  async function answer(request: FastifyRequest, reply: FastifyReply, sharing: readonly OpenDoor[]) {
    const chosen = sharing.find(({ door }) => mayEnter(door, request.headers.authorization))
    if (chosen === undefined) {
      const error = `expected the header Authorization: Bearer with the token of the source ${sharing.map(({ source }) => source).join(' or ')}`
      return reply.code(401).header('www-authenticate', 'Bearer').send({ status: 'error', error })
    }
    try {
      const at = now()
      const accepted = chosen.door.accept(parse(request, chosen.door.maxBytes), at)
      await take(accepted.facts, at)
      chosen.taken()
      for (const why of accepted.refused) chosen.refused(why)
      return reply.code(accepted.status).send(accepted.answer)
    } catch (error) {
      chosen.refused(explainError(error))
      const again =
        error instanceof StoreError || (error instanceof SourceError && error.reason === 'throttled')
      if (again) void reply.header('retry-after', RETRY_AFTER_SECONDS)
      const status = again ? 503 : error instanceof SourceError ? statusOf(error) : 500
      return reply.code(status).send({ status: 'error', error: explainError(error) })
    }
  }
}

const statusOf = ({ reason }: SourceError): number =>
  reason === 'too-large' ? 413 : reason === 'unsupported' ? 415 : 400

/** The one whose token the request carries; a door without a token takes what carries none of the others'. */
function mayEnter({ token }: Door, header: string | undefined): boolean {
  if (token === null) return true
  const given = Buffer.from(/^Bearer\s+(.+)$/i.exec(header ?? '')?.[1]?.trim() ?? '')
  const wanted = Buffer.from(token.reveal())
  return given.length === wanted.length && timingSafeEqual(given, wanted)
}

function parse(request: FastifyRequest, maxBytes: number): unknown {
  const subject = request.url
  const raw = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
  const text = decompress(raw, request.headers['content-encoding'], maxBytes, subject).toString('utf8')
  try {
    return JSON.parse(text) as unknown
  } catch (cause) {
    throw new SourceError('corrupt', `expected a JSON body, found ${text.length} characters that are not`, {
      subject,
      cause,
    })
  }
}

function decompress(raw: Buffer, encoding: string | undefined, maxBytes: number, subject: string): Buffer {
  const name = encoding?.trim().toLowerCase() ?? 'identity'
  if (name === 'identity' || name === '') return raw
  if (name !== 'gzip' && name !== 'x-gzip') {
    throw new SourceError(
      'unsupported',
      `expected Content-Encoding gzip or none, found ${JSON.stringify(name)}`,
      {
        subject,
      },
    )
  }
  try {
    return zlib.gunzipSync(raw, { maxOutputLength: maxBytes })
  } catch (cause) {
    const large = cause instanceof RangeError
    throw new SourceError(
      large ? 'too-large' : 'corrupt',
      large ? `the body is longer than ${maxBytes} bytes once decompressed` : 'the body is not valid gzip',
      { subject, cause },
    )
  }
}
