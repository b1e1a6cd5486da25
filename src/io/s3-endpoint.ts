// One S3 endpoint: its client, its limit on requests at once, its retries and its breaker.
import type * as Sdk from '@aws-sdk/client-s3'
import { SourceError } from '../model/errors.ts'
import { type Millis, MINUTE, SECOND, millis, readableDuration } from '../model/units.ts'
import { createBreaker } from './breaker.ts'
import type { Clock } from './clock.ts'
import { createLimiter } from './limiter.ts'
import type { ObjectCounters } from './object-store.ts'
import { type BodyLimits, timeoutError } from './s3-body.ts'
import { type Asked, type Verdict, judge } from './s3-errors.ts'

export interface S3Limits extends BodyLimits {
  /** Requests at once; streams have places of their own, because their consumers make requests meanwhile. */
  readonly requests: number
  readonly streams: number
  readonly attempts: number
  readonly connect: Millis
  /** From sending a request to the head of its answer (to its end for listings). */
  readonly answer: Millis
  /** After this no further attempt is made. */
  readonly overall: Millis
  readonly firstPause: Millis
  readonly longestPause: Millis
}

export const S3_LIMITS: S3Limits = {
  requests: 32,
  streams: 8,
  attempts: 4,
  connect: millis(5 * SECOND),
  answer: millis(15 * SECOND),
  bodyGrace: millis(15 * SECOND),
  slowest: 64 * 1_024,
  overall: MINUTE,
  firstPause: millis(200),
  longestPause: millis(5 * SECOND),
}

export interface S3Sdk {
  readonly s3: typeof Sdk
  /** Sends a command and waits for the head of its answer, or all of it for listings, as long as `answer` allows. */
  readonly send: <I extends Sdk.ServiceInputTypes, O extends Sdk.ServiceOutputTypes>(
    command: Command<I, O>,
    signal: AbortSignal,
  ) => Promise<O>
}
type Command<I extends Sdk.ServiceInputTypes, O extends Sdk.ServiceOutputTypes> = Parameters<
  typeof Sdk.S3Client.prototype.send<I, O>
>[0]

export interface S3Endpoint {
  /** For messages, without user and password. */
  readonly name: string
  readonly limits: S3Limits
  /** Waits for a stream's place; call the answer to give it back. */
  streams(signal: AbortSignal, url: string): Promise<() => void>
  readonly clock: Clock
  /** Makes attempts until one succeeds or none may follow. `counted` is told of each. */
  call<T>(call: S3Call<T>): Promise<T>
  /** What a failure means, told to the breaker too. `call` does this itself; bodies that are streamed fail later. */
  assess(thrown: unknown, asked: S3Call<unknown>['asked'], signal: AbortSignal): Verdict
}

export interface S3Call<T> {
  readonly asked: Omit<Asked, 'endpoint' | 'now'>
  readonly counters: ObjectCounters
  readonly counted: 'gets' | 'lists' | 'heads'
  readonly signal: AbortSignal
  attempt(sdk: S3Sdk): Promise<T>
}

export interface S3Place {
  readonly region: string | undefined
  readonly endpoint: string | undefined
  readonly forcePathStyle: boolean
  readonly credentials: Sdk.S3ClientConfig['credentials']
}

/** The host for messages: no user, password, path or query of what was configured. */
const nameOf = (place: S3Place): string =>
  place.endpoint === undefined
    ? `S3 in ${place.region ?? 'an unknown region'}`
    : new URL(place.endpoint).origin

/** Loaded at the first request: the SDK takes 200 ms to load, which local use need not pay. */
async function load(place: S3Place, limits: S3Limits): Promise<S3Sdk> {
  const [s3, { NodeHttpHandler }] = await Promise.all([
    import('@aws-sdk/client-s3'),
    import('@smithy/node-http-handler'),
  ])
  const agent = { keepAlive: true, maxSockets: limits.requests + limits.streams }
  const client = new s3.S3Client({
    ...(place.region === undefined ? {} : { region: place.region }),
    ...(place.endpoint === undefined ? {} : { endpoint: place.endpoint }),
    ...(place.credentials === undefined ? {} : { credentials: place.credentials }),
    forcePathStyle: place.forcePathStyle,
    // Attempts are ours, so that each is counted and waits for its turn.
    maxAttempts: 1,
    // A checksum of a ranged read says nothing, and that of a whole body costs more than it finds here.
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: new NodeHttpHandler({
      connectionTimeout: limits.connect,
      requestTimeout: limits.answer,
      throwOnRequestTimeout: true,
      httpAgent: agent,
      httpsAgent: agent,
    }),
  })
  return {
    s3,
    async send(command, signal) {
      const late = new AbortController()
      const timer = setTimeout(() => late.abort(), limits.answer)
      try {
        return await client.send(command, { abortSignal: AbortSignal.any([signal, late.signal]) })
      } catch (error) {
        if (!late.signal.aborted || signal.aborted) throw error
        throw timeoutError(`no answer within ${readableDuration(limits.answer)}`)
      } finally {
        clearTimeout(timer)
      }
    },
  }
}

export function createS3Endpoint(
  place: S3Place,
  world: { readonly clock: Clock; readonly random: () => number; readonly limits: S3Limits },
): S3Endpoint {
  const { clock, random, limits } = world
  const name = nameOf(place)
  const requests = createLimiter(limits.requests)
  const streams = createLimiter(limits.streams)
  const breaker = createBreaker(clock, random)
  let loading: Promise<S3Sdk> | undefined
  const sdk = () => (loading ??= load(place, limits))

  const refuse = (url: string, why: string): never => {
    throw new SourceError('unreachable', `${name} keeps failing and is left alone: ${why}`, { subject: url })
  }

  const stopped = (url: string, action: string, cause: unknown): SourceError =>
    new SourceError('timeout', `${action} ${url} was stopped before it was done`, { subject: url, cause })

  const assess: S3Endpoint['assess'] = (thrown, asked, signal) => {
    if (signal.aborted) {
      breaker.abandoned()
      const error = stopped(asked.url, asked.action, signal.reason)
      return { error, retry: false, after: null, endpoint: 'not asked' }
    }
    const verdict = judge(thrown, { ...asked, endpoint: name, now: clock.now() })
    if (verdict.endpoint === 'failed') breaker.failed(verdict.error.message)
    else if (verdict.endpoint === 'answered') breaker.succeeded()
    else breaker.abandoned()
    return verdict
  }

  const attempt = async <T>(call: S3Call<T>): Promise<{ value: T } | Verdict> => {
    const ready = await sdk()
    return requests.run(async () => {
      const refusal = breaker.refusal()
      if (refusal !== undefined) return refuse(call.asked.url, refusal)
      call.counters[call.counted] += 1
      try {
        const value = await call.attempt(ready)
        breaker.succeeded()
        return { value }
      } catch (thrown) {
        return assess(thrown, call.asked, call.signal)
      }
    }, call.signal)
  }

  const attempts = async <T>(call: S3Call<T>): Promise<T> => {
    const started = clock.monotonic()
    for (let n = 1; ; n += 1) {
      const outcome = await attempt(call)
      if ('value' in outcome) return outcome.value
      const jitter = random() * Math.min(limits.longestPause, limits.firstPause * 2 ** (n - 1))
      const pause = millis(Math.max(outcome.after ?? 0, jitter))
      const late = clock.monotonic() - started + pause > limits.overall
      if (!outcome.retry || n >= limits.attempts || late) throw outcome.error
      await clock.sleep(pause, call.signal)
      call.signal.throwIfAborted()
      call.counters.retries += 1
    }
  }

  return {
    name,
    limits,
    async streams(signal, url) {
      try {
        return await streams.take(signal)
      } catch (reason) {
        throw stopped(url, 'GetObject', reason)
      }
    },
    clock,
    assess,
    async call(call) {
      try {
        return await attempts(call)
      } catch (thrown) {
        const error =
          thrown instanceof SourceError ? thrown : stopped(call.asked.url, call.asked.action, thrown)
        if (error.reason !== 'missing') call.counters.failures += 1
        throw error
      }
    },
  }
}
