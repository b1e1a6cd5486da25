// What a receiver is: it turns a notification into one message somewhere else. It cannot name the store.
import type { z } from 'zod'
import type { HttpClient } from '../../io/http.ts'
import type { Egress } from '../../io/egress.ts'
import type { Log } from '../../io/log.ts'
import type { Notification } from '../../model/notice.ts'
import type { Millis, Timestamp } from '../../model/units.ts'
import type { Global } from './global.ts'
import type { Wording } from './wording.ts'

/** What a receiver gets of the world. */
export interface ReceiverIo {
  readonly http: HttpClient
  /** For receivers whose library opens its own connections. */
  readonly egress: Egress
  readonly log: Log
  readonly global: Global
  /** Texts: ours, or the user's templates. */
  readonly wording: Wording
  /** Reads a secret's file (`url_file` and so on), each time it is needed. */
  readSecret(file: string): string
}

/** One try to deliver. */
export interface Attempt {
  readonly notification: Notification
  /** What this integration said at its last message about the same incident, if anything. */
  readonly memo: string | undefined
  readonly at: Timestamp
  readonly signal: AbortSignal
}

export interface Receipt {
  /** The other side's answer, for explain: `200 OK`. */
  readonly answer: string
  /** Handed back with the next message of the same incident. */
  readonly memo?: string
}

export type Send = (attempt: Attempt) => Promise<Receipt>

export interface Receiver<T extends string = string, C extends z.ZodObject = z.ZodObject> {
  /** `webhook` is configured under `webhook_configs`. */
  readonly type: T
  /** Strict schema of one block, without send_resolved. */
  readonly Config: C
  /** What `send_resolved` is where the block does not say, as in Alertmanager. */
  readonly sendResolved: boolean
  /** Throws ConfigError for what is wrong; never touches the network. */
  connect(config: z.output<C>, io: ReceiverIo): Send
}

export const defineReceiver = <T extends string, C extends z.ZodObject>(
  receiver: Receiver<T, C>,
): Receiver<T, C> => receiver

export type Failure =
  | 'retry' // may work later
  | 'refused' // this message will hardly ever be taken
  | 'gone' // asked never to be called again

/** A message was not taken. */
export class SendError extends Error {
  override readonly name = 'SendError'
  readonly failure: Failure
  readonly retryAfter: Millis | null
  constructor(
    failure: Failure,
    message: string,
    options: { retryAfter?: Millis | null; cause?: unknown } = {},
  ) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.failure = failure
    this.retryAfter = options.retryAfter ?? null
  }
}
